//! The limit: what a TFTP server can reach on this machine that has nothing else to do. Every file is in memory, one socket
//! serves everybody, one call receives and one sends what a turn brought; there are no timers, no files, no checks, and of a
//! client no more is known than which block comes next. It is no server: a lost packet stops it.
//!
//!     limit --port N --dir DIR [--cpu N]

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

use tftpserver_bench::udp::{Arrival, Inbox, Outbox, Socket};
use tftpserver_bench::{argument, number, pin_to};

type Files = HashMap<Vec<u8>, &'static [u8]>;

/// One multiplication: addresses of the bench are not out to collide.
#[derive(Default)]
struct Fast(u64);

impl Hasher for Fast {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are integers")
    }

    fn write_u64(&mut self, key: u64) {
        let product = u128::from(key) * 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835;
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }
}

type Clients = HashMap<u64, Client, BuildHasherDefault<Fast>>;

enum Client {
    Reads {
        file: &'static [u8],
        blksize: usize,
        window: u64,
    },
    Writes {
        blksize: usize,
        window: u64,
        next: u64,
        in_window: u64,
    },
}

struct Limit {
    socket: Socket,
    outbox: Outbox,
    files: Files,
    clients: Clients,
}

fn main() -> io::Result<()> {
    if argument("cpu").is_some() {
        pin_to(number("cpu", 0) as usize)?;
    }
    let files = load(&argument("dir").expect("--dir DIR"))?;
    let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, number("port", 0) as u16);
    let mut limit = Limit {
        socket: Socket::bind(address, 16 << 20)?,
        outbox: Outbox::default(),
        files,
        clients: Clients::default(),
    };
    let mut inbox = Inbox::new(65_536);
    loop {
        let count = match inbox.receive(&limit.socket, true) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            count => count?,
        };
        for index in 0..count {
            limit.handle(&inbox.get(index))?;
        }
        limit.outbox.flush(&limit.socket)?;
    }
}

fn load(dir: &str) -> io::Result<Files> {
    let mut files = Files::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let bytes: &'static [u8] = Box::leak(std::fs::read(entry.path())?.into_boxed_slice());
        files.insert(entry.file_name().into_encoded_bytes(), bytes);
    }
    Ok(files)
}

impl Limit {
    fn handle(&mut self, arrival: &Arrival<'_>) -> io::Result<()> {
        let &[0, opcode, high, low, ..] = arrival.bytes else {
            return Ok(());
        };
        let peer = arrival.peer;
        let key = u64::from(u32::from(*peer.ip())) << 16 | u64::from(peer.port());
        let number = u16::from_be_bytes([high, low]);
        match opcode {
            1 | 2 => self.request(key, arrival),
            3 => self.data(key, peer, number, arrival.bytes.len() - 4),
            4 => self.acknowledged(key, peer, number),
            _ => Ok(()),
        }
    }

    fn request(&mut self, key: u64, arrival: &Arrival<'_>) -> io::Result<()> {
        let mut fields = arrival.bytes[2..].split(|&byte| byte == 0);
        let (name, _mode) = (fields.next().unwrap_or(b""), fields.next());
        let mut oack = vec![0, 6];
        let (mut blksize, mut window) = (512, 1);
        while let (Some(option), Some(value)) = (fields.next(), fields.next()) {
            let Some(number) = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()) else {
                break;
            };
            match option {
                b"blksize" => blksize = number,
                b"windowsize" => window = number as u64,
                _ => continue,
            }
            oack.extend([option, b"\0", value, b"\0"].concat());
        }
        self.outbox.make_room(&self.socket)?;
        let has_options = oack.len() > 2;
        if arrival.bytes[1] == 2 {
            self.clients.insert(
                key,
                Client::Writes {
                    blksize,
                    window,
                    next: 1,
                    in_window: 0,
                },
            );
            let answer = if has_options { &oack } else { &vec![0, 4, 0, 0] };
            self.outbox.push(None, arrival.peer, answer);
            return Ok(());
        }
        let Some(&file) = self.files.get(name) else {
            self.outbox.push(None, arrival.peer, b"\0\x05\0\x01none\0");
            return Ok(());
        };
        self.clients.insert(
            key,
            Client::Reads {
                file,
                blksize,
                window,
            },
        );
        if has_options {
            self.outbox.push(None, arrival.peer, &oack);
            return Ok(());
        }
        self.acknowledged(key, arrival.peer, 0)
    }

    /// The window behind the block acknowledged; files of the bench have fewer than 65536 blocks.
    fn acknowledged(&mut self, key: u64, peer: SocketAddrV4, number: u16) -> io::Result<()> {
        let Some(&Client::Reads {
            file,
            blksize,
            window,
        }) = self.clients.get(&key)
        else {
            return Ok(());
        };
        let last = (file.len() / blksize) as u64 + 1;
        let first = u64::from(number) + 1;
        if first > last {
            self.clients.remove(&key);
            return Ok(());
        }
        let blocks = first..(first + window).min(last + 1);
        self.outbox
            .push_data(&self.socket, (None, peer), blksize, blocks, |block| {
                let start = (block as usize - 1) * blksize;
                &file[start..file.len().min(start + blksize)]
            })
    }

    fn data(&mut self, key: u64, peer: SocketAddrV4, number: u16, length: usize) -> io::Result<()> {
        let Some(Client::Writes {
            blksize,
            window,
            next,
            in_window,
        }) = self.clients.get_mut(&key)
        else {
            return Ok(());
        };
        if number != *next as u16 {
            return Ok(());
        }
        (*next, *in_window) = (*next + 1, *in_window + 1);
        let is_last = length < *blksize;
        if is_last || *in_window == *window {
            *in_window = 0;
            self.outbox.make_room(&self.socket)?;
            let [high, low] = number.to_be_bytes();
            self.outbox.push(None, peer, &[0, 4, high, low]);
        }
        if is_last {
            self.clients.remove(&key);
        }
        Ok(())
    }
}
