//! The state of one client's transfer, and the answer to each of its packets.

use std::io;

use crate::frames::{Files, Frames};
use crate::stored::Stored;

/// A transfer under way.
pub enum Client {
    Reads {
        frames: Frames,
        window: usize,
    },
    Writes {
        blksize: usize,
        window: u64,
        next: u64,
        in_window: u64,
        /// The file, if uploads are stored.
        stored: Option<Stored>,
    },
}

/// The answer to a request.
pub enum First {
    Packet(Vec<u8>),
    Frames(&'static [u8]),
}

/// The answer to a packet of a transfer.
pub enum Next {
    /// No answer: the client has more to send.
    Nothing,
    /// DATA packets, contiguous in memory.
    Frames(&'static [u8]),
    Ack([u8; 4]),
    LastAck([u8; 4]),
    /// The transfer is over.
    Over,
}

/// Returns the transfer that a request begins, and the answer. Without a transfer the answer is an
/// ERROR.
///
/// # Errors
/// Those of creating the file of an upload, and of opening that of a download.
pub fn begin(files: &mut Files, request: &[u8]) -> io::Result<(Option<Client>, First)> {
    let mut fields = request[2..].split(|&byte| byte == 0);
    let (name, _mode) = (fields.next().unwrap_or(b""), fields.next());
    let mut oack = vec![0, 6];
    let (mut blksize, mut window) = (512, 1);
    while let (Some(option), Some(value)) = (fields.next(), fields.next()) {
        let Some(number) = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok())
        else {
            break;
        };
        match option {
            b"blksize" => blksize = number,
            b"windowsize" => window = number,
            _ => continue,
        }
        oack.extend([option, b"\0", value, b"\0"].concat());
    }
    let has_options = oack.len() > 2;
    if request[1] == 2 {
        let client = Client::Writes {
            blksize,
            window: window as u64,
            next: 1,
            in_window: 0,
            stored: files.store(name)?,
        };
        let answer = if has_options { oack } else { vec![0, 4, 0, 0] };
        return Ok((Some(client), First::Packet(answer)));
    }
    let Some(frames) = files.frames(name, blksize) else {
        return Ok((None, First::Packet(b"\0\x05\0\x01none\0".to_vec())));
    };
    files.open(name)?;
    let first = if has_options {
        First::Packet(oack)
    } else {
        First::Frames(frames.behind(0, window))
    };
    Ok((Some(Client::Reads { frames, window }), first))
}

impl Client {
    /// Returns the bytes of a DATA packet that is not the last, in either direction.
    pub fn stride(&self) -> usize {
        match self {
            Client::Reads { frames, .. } => frames.stride,
            Client::Writes { blksize, .. } => 4 + blksize,
        }
    }

    /// Returns whether several DATA packets are sent or received per ACK.
    pub fn has_windows(&self) -> bool {
        match self {
            Client::Reads { window, .. } => *window > 1,
            Client::Writes { window, .. } => *window > 1,
        }
    }

    /// Handles one packet and returns the answer.
    ///
    /// # Errors
    /// Those of storing it.
    #[inline]
    pub fn step(&mut self, packet: &[u8]) -> io::Result<Next> {
        let &[0, opcode, high, low, ref data @ ..] = packet else {
            return Ok(Next::Nothing);
        };
        let number = u16::from_be_bytes([high, low]);
        Ok(match (opcode, self) {
            (4, Client::Reads { frames, window }) => match frames.behind(number, *window) {
                [] => Next::Over,
                frames => Next::Frames(frames),
            },
            (
                3,
                Client::Writes {
                    blksize,
                    window,
                    next,
                    in_window,
                    stored,
                },
            ) => {
                if number != *next as u16 {
                    return Ok(Next::Nothing);
                }
                (*next, *in_window) = (*next + 1, *in_window + 1);
                let is_last = data.len() < *blksize;
                if let Some(stored) = stored {
                    stored.take(data)?;
                    if is_last {
                        stored.finish()?;
                    }
                }
                if is_last {
                    Next::LastAck([0, 4, high, low])
                } else if *in_window == *window {
                    *in_window = 0;
                    Next::Ack([0, 4, high, low])
                } else {
                    Next::Nothing
                }
            }
            (5, _) => Next::Over,
            _ => Next::Nothing,
        })
    }
}
