//! A TFTP server in front of an HTTP server: fetches requested files from there, and keeps them in a directory.
//!
//! usage: mirror HOST:PORT CACHE [PORT]
//!
//! A cached file is served when the origin reports it as unchanged (ETag), or when the origin is down. All other files
//! are passed to the clients as they arrive, with one pass over the origin for all clients that request a file at the
//! same time. They are also written to the cache, where a file gets its final name when it is complete.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tftp_serve::{Answer, Refusal, Request, Server, Source};

/// The timeout of the origin.
const PATIENCE: Duration = Duration::from_secs(10);

/// A response of the origin.
struct Response {
    status: u16,
    length: Option<u64>,
    etag: String,
    body: BufReader<TcpStream>,
}

/// Sends a request to the origin with HTTP/1.0: the body ends with the connection.
fn ask(origin: &str, method: &str, name: &str, etag: &str) -> io::Result<Response> {
    let address = origin.to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "{method} /{name} HTTP/1.0\r\nHost: {origin}\r\nIf-None-Match: {etag}\r\n\r\n"
    )?;
    let mut body = BufReader::new(stream);
    let mut line = String::new();
    body.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let mut response = Response {
        status: status.ok_or(io::ErrorKind::InvalidData)?,
        length: None,
        etag: String::new(),
        body,
    };
    loop {
        line.clear();
        response.body.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                response.length = value.parse().ok();
            }
            Some((name, value)) if name.eq_ignore_ascii_case("etag") => value.clone_into(&mut response.etag),
            Some(_) => {}
            None => return Ok(response),
        }
    }
}

/// A file of the origin, which is written to the cache while it is read.
struct Fetched {
    origin: String,
    name: String,
    path: PathBuf,
    key: Arc<str>,
    size: Option<u64>,
    /// `None` before the first byte is read.
    reading: Option<(Response, File, u64)>,
}

impl Fetched {
    fn part(&self) -> PathBuf {
        self.path.with_extension(format!("{:p}.part", self))
    }

    /// Moves the complete file to its final name. Until the new ETag is written, the old one only causes the file to be
    /// fetched once more.
    fn keep(&self, etag: &str) -> io::Result<()> {
        fs::rename(self.part(), &self.path)?;
        fs::write(self.path.with_extension("etag"), etag)
    }
}

impl Source for Fetched {
    fn size(&self) -> Option<u64> {
        self.size
    }

    fn key(&self) -> Option<Arc<str>> {
        Some(Arc::clone(&self.key))
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if offset == 0 || self.reading.is_none() {
            let response = ask(&self.origin, "GET", &self.name, "")?;
            self.reading = Some((response, File::create(self.part())?, 0));
        }
        let path = self.part();
        let Some((response, file, at)) = &mut self.reading else {
            return Ok(0);
        };
        if *at != offset {
            // This source takes over from a download that has ended: copy the bytes that the other one has sent
            // already.
            let skipped = io::copy(&mut response.body.by_ref().take(offset - *at), file)?;
            *at += skipped;
        }
        let length = response.body.read(buffer)?;
        file.write_all(&buffer[..length])?;
        *at += length as u64;
        let is_whole = Some(*at) == self.size;
        let etag = response.etag.clone();
        match is_whole && path.exists() {
            true => self.keep(&etag).map(|()| length),
            false => Ok(length),
        }
    }
}

impl Drop for Fetched {
    fn drop(&mut self) {
        // Removes an incomplete file.
        let _ = fs::remove_file(self.part());
    }
}

fn answer(origin: &str, cache: &Path, request: &Request) -> Result<Answer, Refusal> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name = request.name();
    if name.is_empty() || name.starts_with('.') || !name.chars().all(is_name) {
        return Err(Refusal::not_found());
    }
    let path = cache.join(format!("{name}.file"));
    let known = match path.exists() {
        true => fs::read_to_string(path.with_extension("etag")).unwrap_or_default(),
        false => String::new(),
    };
    match ask(origin, "HEAD", name, &known) {
        Ok(response) if response.status == 200 => Ok(Answer::source(Fetched {
            origin: origin.to_owned(),
            name: name.to_owned(),
            path,
            key: format!("{name} {}", response.etag).into(),
            size: response.length,
            reading: None,
        })),
        Ok(response) if response.status == 404 => Err(Refusal::not_found()),
        // The file is unchanged, or the origin is down.
        _ if path.exists() => Ok(Answer::path(path)),
        _ => Err(Refusal::not_found()),
    }
}

/// Starts a mirror of `origin`, a host and a port.
pub fn serve(origin: String, cache: PathBuf, port: u16) -> Result<Server, Box<dyn Error>> {
    fs::create_dir_all(&cache)?;
    let server = Server::builder()
        .listen(([127, 0, 0, 1], port))
        .handler(move |request: Request| answer(&origin, &cache, &request))
        .start()?;
    Ok(server)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: mirror HOST:PORT CACHE [PORT]";
    let (origin, cache) = (arguments.next().ok_or(usage)?, arguments.next().ok_or(usage)?);
    let port = arguments.next().map_or(Ok(6969), |port| port.parse())?;
    let server = serve(origin, cache.into(), port)?;
    println!("listening on {}", server.local_addr());
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}
