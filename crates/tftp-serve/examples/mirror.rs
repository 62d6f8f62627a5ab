//! A TFTP server in front of an HTTP server: fetches requested files from there, and keeps them in
//! a directory.
//!
//! usage: mirror HOST:PORT CACHE [PORT]
//!
//! A cached version is served when the origin reports its ETag, and the newest one when the origin
//! is down. All other files are passed to the clients as they arrive, with one pass over the origin
//! for all clients that request a file at the same time. They are also written to the cache, where
//! a version gets its name when it is complete. Without room in the cache they are only passed on.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tftp_serve::{Answer, Refusal, Request, Server, Source};

/// The timeout of the origin.
const PATIENCE: Duration = Duration::from_secs(10);

/// The number of files that were begun in the cache.
static PARTS: AtomicU64 = AtomicU64::new(0);

/// The longest header of a response in bytes.
const HEADER: u64 = 64 << 10;

/// A response of the origin.
struct Response {
    status: u16,
    length: Option<u64>,
    etag: String,
    body: BufReader<TcpStream>,
}

fn broken(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// Sends a request to the origin with HTTP/1.0: the body ends with the connection.
fn ask(origin: &str, method: &str, name: &str) -> io::Result<Response> {
    let address = origin.to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "{method} /{name} HTTP/1.0\r\nHost: {origin}\r\n\r\n")?;
    let mut header = BufReader::new(stream).take(HEADER);
    let (mut status, mut length, mut etag) = (None, None, String::new());
    loop {
        let mut line = String::new();
        header.read_line(&mut line)?;
        let Some(line) = line.strip_suffix('\n') else {
            return Err(broken("the header breaks off"));
        };
        let line = line.trim_end();
        let Some(code) = status else {
            status = Some(line.split(' ').nth(1).and_then(|code| code.parse().ok()));
            continue;
        };
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().ok();
            }
            Some((name, value)) if name.eq_ignore_ascii_case("etag") => {
                value.trim().clone_into(&mut etag)
            }
            // HTTP/1.0 has no chunks, but some servers send them.
            Some((name, _)) if name.eq_ignore_ascii_case("transfer-encoding") => {
                return Err(broken("the body is encoded"));
            }
            Some(_) => {}
            None => {
                return Ok(Response {
                    status: code.ok_or_else(|| broken("there is no status"))?,
                    length,
                    etag,
                    body: header.into_inner(),
                });
            }
        }
    }
}

/// Returns the beginning of the names that the versions of a file have in the cache. No file name
/// contains `@`.
fn versions_of(name: &str) -> String {
    format!("{name}@")
}

/// Returns where the cache has one version of a file.
fn path_of(cache: &Path, name: &str, etag: &str, size: Option<u64>) -> PathBuf {
    // FNV-1a.
    let hash = etag.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    let size = size.map(|size| size.to_string()).unwrap_or_default();
    cache.join(format!("{}{hash:016x}-{size}", versions_of(name)))
}

/// Returns the complete versions of a file in the cache, the newest first.
fn versions(cache: &Path, name: &str) -> Vec<PathBuf> {
    let begin = versions_of(name);
    let is_its = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with(&begin) && !name.ends_with(".part")
    };
    let entries = fs::read_dir(cache).into_iter().flatten().flatten().filter(is_its);
    let dated = |entry: fs::DirEntry| Some((entry.metadata().ok()?.modified().ok()?, entry.path()));
    let mut found: Vec<_> = entries.filter_map(dated).collect();
    found.sort_by(|one, other| other.cmp(one));
    found.into_iter().map(|(_, path)| path).collect()
}

/// A file of the origin, which is written to the cache while it is read.
struct Fetched {
    origin: String,
    name: String,
    cache: PathBuf,
    etag: String,
    size: Option<u64>,
    /// The response and the number of bytes read; `None` before the first byte is read.
    reading: Option<(Response, u64)>,
    /// The file in the cache and its path; `None` if it cannot be written.
    part: Option<(File, PathBuf)>,
}

impl Fetched {
    fn begin(&mut self) -> io::Result<()> {
        self.discard();
        let response = ask(&self.origin, "GET", &self.name)?;
        if response.status != 200 || response.etag != self.etag || response.length != self.size {
            return Err(broken("the file has changed since the client asked"));
        }
        let number = PARTS.fetch_add(1, Ordering::Relaxed);
        let part = format!("{}{}-{number}.part", versions_of(&self.name), std::process::id());
        let part = self.cache.join(part);
        self.part = File::create(&part).ok().map(|file| (file, part));
        self.reading = Some((response, 0));
        Ok(())
    }

    /// Writes the next bytes to the cache. A cache without room is none.
    fn keep(&mut self, bytes: &[u8]) {
        if let Some((file, _)) = &mut self.part
            && file.write_all(bytes).is_err()
        {
            self.discard();
        }
    }

    /// Moves the complete file to its final name. The version before is kept, because clients may
    /// still read it.
    fn finish(&mut self) {
        if let Some((_, part)) = self.part.take() {
            let path = path_of(&self.cache, &self.name, &self.etag, self.size);
            if fs::rename(&part, path).is_err() {
                let _ = fs::remove_file(part);
            }
            for old in versions(&self.cache, &self.name).iter().skip(2) {
                let _ = fs::remove_file(old);
            }
        }
    }

    /// Removes an incomplete file.
    fn discard(&mut self) {
        if let Some((_, part)) = self.part.take() {
            let _ = fs::remove_file(part);
        }
    }
}

impl Source for Fetched {
    fn size(&self) -> Option<u64> {
        self.size
    }

    fn key(&self) -> Option<Arc<str>> {
        Some(format!("{} {}", self.name, self.etag).into())
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if offset == 0 || self.reading.is_none() {
            self.begin()?;
        }
        loop {
            let Some((response, at)) = &mut self.reading else {
                return Ok(0);
            };
            // This source may take over from a download that has ended: it passes over the bytes
            // that the other one has sent already.
            let skipped = offset.saturating_sub(*at);
            let most = buffer.len().min(usize::try_from(skipped).unwrap_or(usize::MAX));
            let part = if skipped > 0 {
                &mut buffer[..most]
            } else {
                &mut *buffer
            };
            let length = response.body.read(part)?;
            *at += length as u64;
            let is_whole = Some(*at) == self.size;
            self.keep(&buffer[..length]);
            if is_whole {
                self.finish();
            }
            if skipped == 0 || length == 0 {
                return Ok(length);
            }
        }
    }
}

impl Drop for Fetched {
    fn drop(&mut self) {
        self.discard();
    }
}

fn answer(origin: &str, cache: &Path, request: &Request) -> Result<Answer, Refusal> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name = request.name();
    if name.is_empty() || name.starts_with('.') || !name.chars().all(is_name) {
        return Err(Refusal::not_found());
    }
    match ask(origin, "HEAD", name) {
        Ok(response) if response.status == 200 => {
            let path = path_of(cache, name, &response.etag, response.length);
            if !response.etag.is_empty() && path.exists() {
                return Ok(Answer::path(path));
            }
            Ok(Answer::source(Fetched {
                origin: origin.to_owned(),
                name: name.to_owned(),
                cache: cache.to_owned(),
                etag: response.etag,
                size: response.length,
                reading: None,
                part: None,
            }))
        }
        Ok(response) if matches!(response.status, 401 | 403 | 404 | 410) => {
            Err(Refusal::not_found())
        }
        // The origin is down, or does not answer with a file.
        _ => {
            let newest = versions(cache, name).into_iter().next();
            newest.map(Answer::path).ok_or_else(Refusal::not_found)
        }
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
