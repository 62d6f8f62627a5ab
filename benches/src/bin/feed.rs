//! The Rust library with sources behind its names. Says where it listens.
//!
//!     feed --dir DIR [--port N] [--origin HOST:PORT] [--cpu N]
//!
//! | name | what is served |
//! |---|---|
//! | `body.BYTES` | a body of the origin, by a reader; each download has its own |
//! | `one.BYTES` | a body of the origin that all downloads share |
//! | `made.BYTES` | bytes that are made when they are wanted, by a source |
//! | `streamed.BYTES` | the same, by a stream |
//! | another | a file of DIR |
//!
//! What follows BYTES and a dot is ignored: names may be many.

use std::convert::Infallible;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use tftp_serve::{Answer, Request, Server, Source};
use tftpserver_bench::{argument, content, number, pin_to};

/// Bytes of one piece of a stream.
const PIECE: u64 = 16 << 10;

/// Asks the origin for a body and its length.
fn fetch(origin: &str, size: u64) -> io::Result<(BufReader<TcpStream>, u64)> {
    let mut stream = TcpStream::connect(origin)?;
    write!(stream, "GET /{size} HTTP/1.0\r\n\r\n")?;
    let (mut body, mut length, mut line) = (BufReader::new(stream), None, String::new());
    while body.read_line(&mut line)? > 2 {
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.trim_end().parse().ok();
        }
        line.clear();
    }
    Ok((body, length.ok_or(io::ErrorKind::InvalidData)?))
}

/// A body that downloads share: fetched by the download that has to supply it.
struct Shared {
    origin: String,
    size: u64,
    body: Option<BufReader<TcpStream>>,
}

impl Source for Shared {
    fn size(&self) -> Option<u64> {
        Some(self.size)
    }

    fn key(&self) -> Option<Arc<str>> {
        Some(self.size.to_string().into())
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let body = match &mut self.body {
            Some(body) if offset > 0 => body,
            body => {
                let (mut fetched, _) = fetch(&self.origin, self.size)?;
                io::copy(&mut (&mut fetched).take(offset), &mut io::sink())?;
                body.insert(fetched)
            }
        };
        body.read(buffer)
    }
}

struct Made(u64);

impl Source for Made {
    fn size(&self) -> Option<u64> {
        Some(self.0)
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let length = (self.0 - offset).min(PIECE).min(buffer.len() as u64) as usize;
        buffer[..length].copy_from_slice(content::at(offset, length));
        Ok(length)
    }
}

/// From which offset on, and how much.
struct Streamed(u64, u64);

impl Stream for Streamed {
    type Item = Result<&'static [u8], Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Streamed(at, size) = *self;
        let length = (size - at).min(PIECE);
        self.0 += length;
        Poll::Ready((length > 0).then(|| Ok(content::at(at, length as usize))))
    }
}

fn answer(origin: &str, request: &Request) -> io::Result<Answer> {
    let mut words = request.name().split('.');
    let kind = words.next().unwrap_or_default();
    let Some(size) = words.next().and_then(|size| size.parse().ok()) else {
        return Ok(Answer::root());
    };
    Ok(match kind {
        "body" => {
            let (body, length) = fetch(origin, size)?;
            Answer::reader(body, Some(length))
        }
        "one" => Answer::source(Shared {
            origin: origin.to_owned(),
            size,
            body: None,
        }),
        "made" => Answer::source(Made(size)),
        "streamed" => Answer::stream(Streamed(0, size), Some(size)),
        _ => Answer::root(),
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if argument("cpu").is_some() {
        pin_to(number("cpu", 0) as usize)?;
    }
    let origin = argument("origin").unwrap_or_default();
    let server = Server::builder()
        .listen(([127, 0, 0, 1], number("port", 0) as u16))
        .root(argument("dir").ok_or("--dir DIR")?)
        .handler(move |request: Request| answer(&origin, &request))
        .start()?;
    println!("listening on {}", server.local_addr());
    loop {
        std::thread::park();
    }
}
