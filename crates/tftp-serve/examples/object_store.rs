//! Serves objects of a store that is read in ranges; a directory takes the place of the store.
//!
//! Machines that boot together cause a single pass over an image, however many they are.

use std::error::Error;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use tftp_serve::{Answer, Refusal, Request, Server, Source};

/// One object, which is not held in memory.
struct Object {
    /// The object's name and version, so that two versions are never mixed. A real store has an
    /// ETag.
    key: Arc<str>,
    size: u64,
    file: File,
}

impl Source for Object {
    fn size(&self) -> Option<u64> {
        Some(self.size)
    }

    fn key(&self) -> Option<Arc<str>> {
        Some(Arc::clone(&self.key))
    }

    /// Reads from the file. With a real store, send a request with `Range: bytes=OFFSET-` and
    /// `If-Match: ETAG`, keep it open while offsets are consecutive, and return an error for any
    /// status but 206: 412 means that the object has changed, 416 that it became shorter, and 200
    /// would begin at its first byte.
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.read(buffer)
    }
}

/// Starts a server for the objects of a store.
pub fn serve(store: PathBuf, port: u16) -> Result<Server, tftp_serve::Error> {
    Server::builder()
        .listen(([127, 0, 0, 1], port))
        .handler(move |request: Request| -> Result<Answer, Refusal> {
            // Object names have no directories; no other name reaches the store.
            let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            let name = request.name();
            if name.is_empty() || name.starts_with('.') || !name.chars().all(is_name) {
                return Err(Refusal::not_found());
            }
            let file = File::open(store.join(name))?;
            let about = file.metadata()?;
            if !about.is_file() {
                return Err(Refusal::not_found());
            }
            let version = about.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
            Ok(Answer::source(Object {
                key: format!("{name} {}", version.as_nanos()).into(),
                size: about.len(),
                file,
            }))
        })
        .start()
}

fn main() -> Result<(), Box<dyn Error>> {
    let store = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let server = serve(store.into(), 6969)?;
    println!("listening on {}", server.local_addr());
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}
