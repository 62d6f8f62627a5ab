//! The limit: what a TFTP server can reach on this machine that has nothing else to do. Every file is in memory as the
//! packets that carry it, prepared before the first request, so that a window is one piece; there are no timers, no files, no
//! checks, and of a client no more is known than which block comes next. It is no server: a lost packet stops it.
//!
//!     limit --port N --dir DIR [--cpu N] [--sockets one|each] [--spin yes] [--prepare NAME:BLKSIZE]...
//!
//! With one socket for all, one call receives and one sends what a turn brought. With a socket for each client these are
//! connected, used again with another port each time, watched edge-triggered, and have one plain call a packet or window.
//! With --spin it never sleeps. What is not prepared is made at its first request.

mod client;
mod each;
mod frames;
mod one;

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

use frames::Files;
use tftpserver_bench::udp::Socket;
use tftpserver_bench::{argument, arguments, number, pin_to};

/// What one socket of all may queue.
const BUFFER: usize = 16 << 20;

fn main() -> io::Result<()> {
    if argument("cpu").is_some() {
        pin_to(number("cpu", 0) as usize)?;
    }
    let mut files = Files::load(&argument("dir").expect("--dir DIR"))?;
    for wanted in arguments("prepare") {
        let (name, blksize) = wanted.split_once(':').expect("--prepare NAME:BLKSIZE");
        files.frames(name.as_bytes(), blksize.parse().expect("a block size"));
    }
    let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, number("port", 0) as u16);
    let socket = Socket::bind(address, BUFFER)?;
    let spins = argument("spin").is_some();
    match argument("sockets").as_deref() {
        None | Some("one") => one::serve(socket, files, spins),
        Some("each") => each::serve(socket, files, spins),
        Some(other) => panic!("--sockets {other}: one or each"),
    }
}
