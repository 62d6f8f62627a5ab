//! A TFTP client in the program itself. Most of its packets make sense, so that transfers run.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use crate::bodies::input::Input;

/// Long enough for an answer over loopback; a later one is received by the next call.
const PATIENCE: Duration = Duration::from_millis(2);

const NAMES: [&str; 6] = ["file", "empty", "new", "dir/file", "../file", "missing"];
const OPTIONS: [&str; 5] = [
    "",
    "blksize\x001000\0tsize\x000\0",
    "windowsize\x004\0",
    "blksize\x008\0windowsize\x0064\0",
    "timeout\x001\0",
];

pub struct Client {
    socket: UdpSocket,
    server: Option<SocketAddr>,
}

impl Client {
    pub fn new() -> Client {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Client {
            socket,
            server: None,
        }
    }

    /// Sends a request or any bytes to a server's port, whether or not it listens.
    pub fn ask(&mut self, port: u16, input: &mut Input<'_>) {
        let opcode = input.pick(&[1, 1, 2, 0]);
        let datagram = match opcode {
            0 => input.bytes().to_vec(),
            _ => {
                let mode = input.pick(&["octet", "netascii"]);
                format!(
                    "\0{}{}\0{mode}\0{}",
                    char::from(opcode),
                    input.pick(&NAMES),
                    input.pick(&OPTIONS)
                )
                .into_bytes()
            }
        };
        let _ = self.socket.send_to(&datagram, (Ipv4Addr::LOCALHOST, port.max(1)));
    }

    /// Receives a packet and answers it, as a client would or in another way.
    pub fn answer(&mut self, input: &mut Input<'_>) {
        let mut datagram = [0; 65536];
        let Ok((length, from)) = self.socket.recv_from(&mut datagram) else {
            return;
        };
        self.server = Some(from);
        let number = [datagram[2], datagram[3]];
        let next = (u16::from_be_bytes(number).wrapping_add(1)).to_be_bytes();
        let reply = match (input.byte() % 8, &datagram[..length]) {
            (0, _) => b"\0\x05\0\0enough".to_vec(),
            (1, _) => input.bytes().to_vec(),
            (_, [0, 3, ..]) => [[0, 4], number].concat(),
            (2, [0, 4, ..]) => [&[0, 3], &next[..], &[1; 512]].concat(),
            (_, [0, 4, ..]) => [&[0, 3], &next[..], b"the end"].concat(),
            (2..=4, [0, 6, ..]) => vec![0, 3, 0, 1],
            (_, [0, 6, ..]) => vec![0, 4, 0, 0],
            _ => return,
        };
        let _ = self.socket.send_to(&reply, from);
    }
}
