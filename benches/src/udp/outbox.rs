//! Sends many datagrams per system call.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

use libc::{c_int, c_void, iovec, mmsghdr, sockaddr_in};

use super::{Control, MOST_BYTES, SEGMENTS, Socket, check, to_name};

/// The most messages, pieces and copied bytes per sending call.
const MESSAGES: usize = 256;
const PIECES: usize = 8192;
const SMALL: usize = 64 << 10;

/// A batch of datagrams to be sent together.
pub struct Outbox {
    messages: Vec<Message>,
    pieces: Vec<Piece>,
    small: Vec<u8>,
    headers: Vec<mmsghdr>,
    vectors: Vec<iovec>,
    names: Vec<sockaddr_in>,
    controls: Vec<Control>,
    /// The total number of datagrams pushed so far.
    pub datagrams: u64,
}

struct Message {
    from: Option<Ipv4Addr>,
    to: SocketAddrV4,
    segment: u16,
    first_piece: usize,
}

enum Piece {
    Small(usize, usize),
    Static(&'static [u8]),
}

impl Default for Outbox {
    fn default() -> Outbox {
        Outbox {
            messages: Vec::with_capacity(MESSAGES),
            pieces: Vec::with_capacity(PIECES),
            small: Vec::with_capacity(SMALL),
            headers: Vec::with_capacity(MESSAGES),
            vectors: Vec::with_capacity(PIECES),
            names: Vec::with_capacity(MESSAGES),
            controls: Vec::with_capacity(MESSAGES),
            datagrams: 0,
        }
    }
}

impl Outbox {
    /// Adds one datagram. `from`: the source address, where the socket has several.
    pub fn push(&mut self, from: Option<Ipv4Addr>, to: SocketAddrV4, bytes: &[u8]) {
        self.begin(from, to, 0);
        self.copy(bytes);
        self.datagrams += 1;
    }

    /// Adds datagrams that are contiguous in memory, of `stride` bytes each; the last may be
    /// shorter. Sends the batch first if there is no room.
    ///
    /// # Errors
    /// Those of [`Outbox::flush`].
    pub fn push_frames(
        &mut self,
        socket: &Socket,
        to: SocketAddrV4,
        stride: usize,
        frames: &'static [u8],
    ) -> io::Result<()> {
        let most = stride * (MOST_BYTES / stride).clamp(1, SEGMENTS);
        for frames in frames.chunks(most) {
            self.make_room(socket)?;
            let is_several = frames.len() > stride;
            self.begin(None, to, if is_several { stride as u16 } else { 0 });
            self.pieces.push(Piece::Static(frames));
            self.datagrams += frames.len().div_ceil(stride) as u64;
        }
        Ok(())
    }

    /// Adds DATA packets with these block numbers, split by the kernel. `data` returns the bytes of
    /// one; all but the last are `blksize` long. Sends the batch first if there is no room.
    ///
    /// # Errors
    /// Those of [`Outbox::flush`].
    pub fn push_data(
        &mut self,
        socket: &Socket,
        (from, to): (Option<Ipv4Addr>, SocketAddrV4),
        blksize: usize,
        blocks: std::ops::Range<u64>,
        mut data: impl FnMut(u64) -> &'static [u8],
    ) -> io::Result<()> {
        let at_once = (MOST_BYTES / (blksize + 4)).clamp(1, SEGMENTS) as u64;
        let mut first = blocks.start;
        while first < blocks.end {
            let end = blocks.end.min(first + at_once);
            self.make_room(socket)?;
            self.begin(from, to, if end - first > 1 { blksize as u16 + 4 } else { 0 });
            self.datagrams += end - first;
            for block in first..end {
                let number = (block as u16).to_be_bytes();
                self.copy(&[0, 3, number[0], number[1]]);
                self.pieces.push(Piece::Static(data(block)));
            }
            first = end;
        }
        Ok(())
    }

    /// Sends the batch if another push may find no room.
    ///
    /// # Errors
    /// Those of [`Outbox::flush`].
    pub fn make_room(&mut self, socket: &Socket) -> io::Result<()> {
        let is_full = self.messages.len() >= MESSAGES
            || self.pieces.len() + 2 * SEGMENTS > PIECES
            || self.small.len() + 1024 > SMALL;
        if is_full { self.flush(socket) } else { Ok(()) }
    }

    fn begin(&mut self, from: Option<Ipv4Addr>, to: SocketAddrV4, segment: u16) {
        let first_piece = self.pieces.len();
        self.messages.push(Message {
            from,
            to,
            segment,
            first_piece,
        });
    }

    fn copy(&mut self, bytes: &[u8]) {
        let start = self.small.len();
        self.small.extend_from_slice(bytes);
        self.pieces.push(Piece::Small(start, self.small.len()));
    }

    /// Sends the whole batch.
    ///
    /// # Errors
    /// Those of sendmmsg.
    pub fn flush(&mut self, socket: &Socket) -> io::Result<()> {
        self.arrange();
        let mut sent = 0;
        while sent < self.headers.len() {
            let rest = &mut self.headers[sent..];
            // SAFETY: `arrange` made every header point into the arrays of `self`, which do not
            // change meanwhile.
            let result = check(unsafe {
                libc::sendmmsg(socket.fd(), rest.as_mut_ptr(), rest.len() as u32, 0)
            });
            match result {
                Ok(count) => sent += count as usize,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.messages.clear();
        self.pieces.clear();
        self.small.clear();
        Ok(())
    }

    fn arrange(&mut self) {
        self.vectors.clear();
        self.names.clear();
        self.controls.clear();
        self.headers.clear();
        self.vectors.extend(self.pieces.iter().map(|piece| {
            let bytes = match piece {
                Piece::Small(start, end) => &self.small[*start..*end],
                Piece::Static(bytes) => bytes,
            };
            iovec {
                iov_base: bytes.as_ptr().cast_mut().cast(),
                iov_len: bytes.len(),
            }
        }));
        self.names
            .extend(self.messages.iter().map(|message| to_name(message.to)));
        self.controls.resize(self.messages.len(), [0; 8]);
        for (index, message) in self.messages.iter().enumerate() {
            let end = self
                .messages
                .get(index + 1)
                .map_or(self.pieces.len(), |next| next.first_piece);
            // SAFETY: integers and pointers only, for which zero is a value.
            let mut header: mmsghdr = unsafe { std::mem::zeroed() };
            let inner = &mut header.msg_hdr;
            inner.msg_name = (&raw mut self.names[index]).cast();
            inner.msg_namelen = size_of::<sockaddr_in>() as u32;
            inner.msg_iov = &raw mut self.vectors[message.first_piece];
            inner.msg_iovlen = (end - message.first_piece) as _;
            let length = write_control(&mut self.controls[index], message);
            if length > 0 {
                inner.msg_control = (&raw mut self.controls[index]).cast::<c_void>();
                inner.msg_controllen = length as _;
            }
            self.headers.push(header);
        }
    }
}

/// Writes the control messages that a message needs and returns their length.
fn write_control(control: &mut Control, message: &Message) -> usize {
    let mut used = 0;
    if let Some(from) = message.from {
        let mut info = [0u8; size_of::<libc::in_pktinfo>()];
        info[4..8].copy_from_slice(&from.octets());
        used += put(control, used, libc::IPPROTO_IP, libc::IP_PKTINFO, &info);
    }
    if message.segment > 0 {
        used += put(
            control,
            used,
            libc::SOL_UDP,
            libc::UDP_SEGMENT,
            &message.segment.to_ne_bytes(),
        );
    }
    used
}

/// Writes one control message in the layout of cmsg(3) on 64-bit Linux and returns its space.
fn put(control: &mut Control, at: usize, level: c_int, kind: c_int, data: &[u8]) -> usize {
    let mut bytes = [0u8; 32];
    let length = 16 + data.len();
    bytes[..8].copy_from_slice(&length.to_ne_bytes());
    bytes[8..12].copy_from_slice(&level.to_ne_bytes());
    bytes[12..16].copy_from_slice(&kind.to_ne_bytes());
    bytes[16..length].copy_from_slice(data);
    let words = length.div_ceil(8);
    for (word, chunk) in control[at / 8..]
        .iter_mut()
        .zip(bytes.chunks_exact(8))
        .take(words)
    {
        *word = u64::from_ne_bytes(chunk.try_into().expect("eight bytes"));
    }
    words * 8
}
