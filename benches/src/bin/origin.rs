//! An HTTP/1.0 server on 127.0.0.1 with bodies of any length: GET /BYTES returns the pattern of the
//! benchmark files. It prints the address that it listens on, and for each line of its input the
//! number of bodies fetched so far.
//!
//!     origin [--port N] [--cpu N]

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tftpserver_bench::{argument, content, number, pin_to};

/// The bytes of one write.
const PIECE: u64 = 65_464;

static FETCHED: AtomicU64 = AtomicU64::new(0);

fn main() -> io::Result<()> {
    if argument("cpu").is_some() {
        pin_to(number("cpu", 0) as usize)?;
    }
    let listener = TcpListener::bind(("127.0.0.1", number("port", 0) as u16))?;
    println!("listening on {}", listener.local_addr()?);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that disconnects early is not an error.
            std::thread::spawn(move || drop(answer(stream)));
        }
    });
    for line in io::stdin().lines() {
        line?;
        println!("{}", FETCHED.load(Relaxed));
    }
    Ok(())
}

fn answer(mut stream: TcpStream) -> io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().unwrap_or(Ok(String::new()))?;
    while lines
        .next()
        .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
    {}
    let size = request
        .strip_prefix("GET /")
        .and_then(|rest| rest.split(' ').next()?.parse().ok());
    let Some(size) = size else {
        return stream.write_all(b"HTTP/1.0 404 Not Found\r\n\r\n");
    };
    FETCHED.fetch_add(1, Relaxed);
    write!(stream, "HTTP/1.0 200 OK\r\nContent-Length: {size}\r\n\r\n")?;
    let mut at: u64 = 0;
    while at < size {
        let length = (size - at).min(PIECE);
        stream.write_all(content::at(at, length as usize))?;
        at += length;
    }
    Ok(())
}
