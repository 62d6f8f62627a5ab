//! A client that reads a file, keeps its bytes, and may leave at any time.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use crate::bodies::input::Input;

/// Long enough for an answer over loopback; a later one is received by the next call.
const PATIENCE: Duration = Duration::from_millis(1);

/// Options of a request, and the block size that results.
const OPTIONS: [(&str, usize); 5] = [
    ("", 512),
    ("blksize\x001428\0", 1428),
    ("windowsize\x004\0", 512),
    ("blksize\x008\0windowsize\x0064\0", 8),
    ("blksize\x0065464\0tsize\x000\0", 65464),
];

pub struct Client {
    socket: UdpSocket,
    server: Option<SocketAddr>,
    blksize: usize,
    /// The bytes of its download so far.
    pub got: Vec<u8>,
    next: u16,
    /// Its download has ended with a short block.
    pub is_whole: bool,
    is_running: bool,
}

impl Client {
    pub fn new() -> Client {
        Client {
            socket: Client::socket(),
            server: None,
            blksize: 512,
            got: Vec::new(),
            next: 1,
            is_whole: false,
            is_running: false,
        }
    }

    fn socket() -> UdpSocket {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket
    }

    /// Returns true if no download is running.
    pub fn is_done(&self) -> bool {
        !self.is_running
    }

    /// Leaves a running download and sends a new request.
    pub fn begin(&mut self, port: u16, input: &mut Input<'_>) {
        self.leave();
        let (options, blksize) = input.pick(&OPTIONS);
        *self = Client {
            blksize,
            is_running: true,
            ..Client::new()
        };
        let request = format!("\0\x01file\0octet\0{options}");
        self.socket
            .send_to(request.as_bytes(), (Ipv4Addr::LOCALHOST, port))
            .unwrap();
    }

    /// Leaves the download, with an ERROR if the server's address is known.
    pub fn leave(&mut self) {
        if let Some(server) = self.server.filter(|_| self.is_running) {
            let _ = self.socket.send_to(b"\0\x05\0\0enough\0", server);
        }
        self.is_running = false;
    }

    /// Receives all packets that have arrived, and acknowledges each block.
    pub fn answer(&mut self) {
        let mut datagram = [0; 65536];
        while self.is_running {
            let Ok((length, from)) = self.socket.recv_from(&mut datagram) else {
                return;
            };
            self.server = Some(from);
            match &datagram[..length] {
                [0, 6, ..] => self.acknowledge(0),
                [0, 3, high, low, data @ ..] => self.take(u16::from_be_bytes([*high, *low]), data),
                [0, 5, ..] => self.is_running = false,
                other => panic!("{other:?} was sent"),
            }
        }
    }

    fn take(&mut self, block: u16, data: &[u8]) {
        if block == self.next {
            self.got.extend_from_slice(data);
            self.next = self.next.wrapping_add(1);
            self.is_whole = data.len() < self.blksize;
        }
        self.acknowledge(self.next.wrapping_sub(1));
        self.is_running = !self.is_whole;
    }

    fn acknowledge(&self, block: u16) {
        let [high, low] = block.to_be_bytes();
        if let Some(server) = self.server {
            let _ = self.socket.send_to(&[0, 4, high, low], server);
        }
    }
}
