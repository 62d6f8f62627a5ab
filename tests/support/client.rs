//! A small blocking TFTP client, its own reading of the RFCs.
#![allow(dead_code, reason = "each test program uses its own part")]

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

/// The options of a client's request.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub blksize: Option<u16>,
    pub windowsize: Option<u16>,
}

impl Options {
    pub const NONE: Options = Options {
        blksize: None,
        windowsize: None,
    };

    pub const fn new(blksize: u16, windowsize: u16) -> Options {
        Options {
            blksize: Some(blksize),
            windowsize: Some(windowsize),
        }
    }

    fn blksize(self) -> usize {
        usize::from(self.blksize.unwrap_or(512))
    }

    fn windowsize(self) -> u64 {
        u64::from(self.windowsize.unwrap_or(1))
    }

    fn request(self, opcode: u16, name: &str) -> Vec<u8> {
        let mut packet = opcode.to_be_bytes().to_vec();
        packet.extend(format!("{name}\0octet\0").bytes());
        if let Some(blksize) = self.blksize {
            packet.extend(format!("blksize\0{blksize}\0").bytes());
        }
        if let Some(windowsize) = self.windowsize {
            packet.extend(format!("windowsize\0{windowsize}\0").bytes());
        }
        packet
    }

    fn any(self) -> bool {
        self.blksize.is_some() || self.windowsize.is_some()
    }
}

/// Returns whether the port becomes free soon: a process that another test has started has the
/// sockets until it runs its program.
pub fn becomes_free(address: SocketAddr) -> bool {
    (0..1000).any(|_| {
        let bound = UdpSocket::bind(address).is_ok();
        std::thread::sleep(Duration::from_millis(if bound { 0 } else { 5 }));
        bound
    })
}

/// The failure of a client's transfer.
#[derive(Debug, PartialEq, Eq)]
pub enum Failed {
    Error(u16, String),
    Silence,
}

pub struct Client {
    pub socket: UdpSocket,
    pub server: SocketAddr,
    transfer: Option<SocketAddr>,
    buffer: Vec<u8>,
}

impl Client {
    pub fn new(server: SocketAddr) -> Client {
        let local: SocketAddr = if server.is_ipv4() {
            "127.0.0.1:0"
        } else {
            "[::1]:0"
        }
        .parse()
        .unwrap();
        let socket = UdpSocket::bind(local).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Client {
            socket,
            server,
            transfer: None,
            buffer: vec![0; 65_536],
        }
    }

    /// Returns the address that has answered, which the transfer uses.
    pub fn transfer_address(&self) -> Option<SocketAddr> {
        self.transfer
    }

    pub fn get(&mut self, name: &str, options: Options) -> Result<Vec<u8>, Failed> {
        self.start(&options.request(1, name));
        let (mut file, mut block, mut in_window) = (Vec::new(), 0u64, 0);
        loop {
            let packet = self.receive()?;
            match u16::from_be_bytes([packet[0], packet[1]]) {
                6 => self.acknowledge(0),
                3 if packet[2..4] == ((block + 1) as u16).to_be_bytes() => {
                    block += 1;
                    in_window += 1;
                    file.extend_from_slice(&packet[4..]);
                    let last = packet.len() < 4 + options.blksize();
                    if last || in_window == options.windowsize() {
                        self.acknowledge(block as u16);
                        in_window = 0;
                    }
                    if last {
                        return Ok(file);
                    }
                }
                _ => {
                    self.acknowledge(block as u16);
                    in_window = 0;
                }
            }
        }
    }

    pub fn put(&mut self, name: &str, data: &[u8], options: Options) -> Result<(), Failed> {
        self.start(&options.request(2, name));
        let first = self.receive()?;
        assert_eq!(first[1], if options.any() { 6 } else { 4 });
        let blocks: Vec<&[u8]> = data.chunks(options.blksize()).collect();
        let empty_last = data.len().is_multiple_of(options.blksize());
        let count = (blocks.len() + usize::from(empty_last)) as u64;
        let mut acked = 0u64;
        while acked < count {
            for block in acked + 1..=(acked + options.windowsize()).min(count) {
                let bytes = blocks.get(block as usize - 1).copied().unwrap_or_default();
                let mut packet = vec![0, 3];
                packet.extend((block as u16).to_be_bytes());
                packet.extend(bytes);
                self.send(&packet);
            }
            let reply = self.receive()?;
            let ahead = u16::from_be_bytes([reply[2], reply[3]]).wrapping_sub(acked as u16);
            if u64::from(ahead) <= options.windowsize() {
                acked += u64::from(ahead);
            }
        }
        Ok(())
    }

    /// Sends to the listening port and forgets the transfer port.
    pub fn start(&mut self, packet: &[u8]) {
        self.transfer = None;
        self.socket.send_to(packet, self.server).unwrap();
    }

    /// Sends to the port that has answered.
    pub fn send(&self, packet: &[u8]) {
        self.socket
            .send_to(packet, self.transfer.expect("the server has answered"))
            .unwrap();
    }

    pub fn acknowledge(&self, block: u16) {
        let [high, low] = block.to_be_bytes();
        self.send(&[0, 4, high, low]);
    }

    /// Receives the next packet of any kind, calling `turn` until it arrives.
    pub fn poll(&mut self, turn: impl Fn()) -> Vec<u8> {
        self.socket
            .set_read_timeout(Some(Duration::from_millis(1)))
            .unwrap();
        let packet = (0..20_000).find_map(|_| {
            turn();
            let (length, from) = self.socket.recv_from(&mut self.buffer).ok()?;
            self.transfer = Some(from);
            Some(self.buffer[..length].to_vec())
        });
        packet.expect("the server answers")
    }

    /// Receives the next packet of this transfer; an ERROR is a failure.
    pub fn receive(&mut self) -> Result<Vec<u8>, Failed> {
        let packet = self.packet()?;
        if packet[..2] == [0, 5] {
            let code = u16::from_be_bytes([packet[2], packet[3]]);
            let text = String::from_utf8_lossy(&packet[4..packet.len() - 1]).into_owned();
            return Err(Failed::Error(code, text));
        }
        Ok(packet)
    }

    /// Receives the next packet of this transfer, of any kind.
    pub fn packet(&mut self) -> Result<Vec<u8>, Failed> {
        loop {
            let (length, from) = match self.socket.recv_from(&mut self.buffer) {
                Ok(received) => received,
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                    ) =>
                {
                    return Err(Failed::Silence);
                }
                Err(error) => panic!("receiving: {error}"),
            };
            if *self.transfer.get_or_insert(from) == from {
                return Ok(self.buffer[..length].to_vec());
            }
        }
    }

    /// Reads a file in blocks of 512 bytes to its end, from `block` on, which may have arrived
    /// already.
    pub fn finish(&mut self, mut block: u16) -> Result<Vec<u8>, Failed> {
        let mut file = Vec::new();
        if self.transfer.is_some() {
            self.acknowledge(block - 1);
        }
        loop {
            let packet = self.receive()?;
            if packet[..2] == [0, 3] && packet[2..4] == block.to_be_bytes() {
                file.extend_from_slice(&packet[4..]);
                self.acknowledge(block);
                block += 1;
                if packet.len() < 516 {
                    return Ok(file);
                }
            }
        }
    }
}

/// Returns bytes in which neighbouring blocks differ.
pub fn pattern(length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect()
}
