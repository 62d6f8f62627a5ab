//! The upper limit of TFTP throughput on this machine. Every file is in memory as the packets that
//! carry it, prepared before the first request, so that a window is one contiguous piece. There are
//! no timers, no files and no checks, and a client's state is only its next block. It is not a
//! usable server: a lost packet stalls the transfer.
//!
//!     limit --port N --dir DIR [--cpu N] [--sockets one|each] [--spin yes] [--store yes] [--open yes]
//!           [--prepare NAME:BLKSIZE]...
//!
//! With one socket for all clients, each turn is one receiving and one sending call. With a socket
//! per client, the sockets are connected, reused with another port each time, watched
//! edge-triggered, and take one plain call per packet or window. With --spin the process never
//! sleeps. With --store, files that clients write are written to DIR, by the same thread; without
//! it they are discarded. With --open, each read opens its file, looks at its length and time, and
//! closes it, as a server must that serves what the directory holds now. A file without --prepare
//! is converted at its first request.

mod client;
mod each;
mod frames;
mod one;
mod stored;

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

use frames::Files;
use tftpserver_bench::udp::Socket;
use tftpserver_bench::{argument, arguments, number, pin_to};

/// The kernel buffers of the socket at the server's port, in bytes.
const BUFFER: usize = 16 << 20;

fn main() -> io::Result<()> {
    if argument("cpu").is_some() {
        pin_to(number("cpu", 0) as usize)?;
    }
    let (stores, opens) = (argument("store").is_some(), argument("open").is_some());
    let mut files = Files::load(&argument("dir").expect("--dir DIR"), stores, opens)?;
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
