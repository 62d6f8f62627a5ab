//! The file at this end: a get fills it, a put reads it. Its checksum is made on the way.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tftp_proto::netascii::{Decoder, Encoder};

use crate::exit::{Code, Failure};
use crate::system::files;
use crate::text;

/// The name for standard input and output.
pub const STANDARD: &str = "-";

/// Where a get's bytes go.
pub struct Target {
    out: Out,
    /// Its name, "-" for standard output.
    path: PathBuf,
    force: bool,
    decoder: Option<Decoder>,
    sum: Sha256,
}

enum Out {
    /// Beside the file, with a name of its own until everything is here.
    Temporary(Box<BufWriter<NamedTempFile>>),
    /// Standard output, a device, a pipe: no name to wait with.
    Direct(Box<dyn Write>),
    Closed,
}

impl Target {
    /// Looks at once whether the file may be made, so that nothing is transferred in vain.
    pub fn open(path: &Path, force: bool, netascii: bool) -> Result<Target, Failure> {
        let out = if path == Path::new(STANDARD) {
            Out::Direct(Box::new(BufWriter::new(io::stdout())))
        } else {
            match path.metadata() {
                Ok(found) if found.is_dir() => {
                    return Err(taken(path, "is a directory: name a file"));
                }
                Ok(found) if !found.is_file() => {
                    let file = File::options()
                        .write(true)
                        .open(path)
                        .map_err(|error| creation_failure(path, &error))?;
                    Out::Direct(Box::new(BufWriter::new(file)))
                }
                Ok(_) if !force => return Err(taken(path, "exists: --force replaces it")),
                _ => Out::Temporary(Box::new(BufWriter::new(temporary(path)?))),
            }
        };
        Ok(Target {
            out,
            path: path.to_owned(),
            force,
            decoder: netascii.then(Decoder::new),
            sum: Sha256::new(),
        })
    }

    /// The next bytes as they are on the wire.
    pub fn take(&mut self, wire: &[u8]) -> Result<(), Failure> {
        let mut translated = Vec::new();
        let bytes = match &mut self.decoder {
            Some(decoder) => {
                decoder.decode(wire, &mut translated);
                &translated
            }
            None => wire,
        };
        self.write(bytes)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.sum.update(bytes);
        let written = match &mut self.out {
            Out::Temporary(file) => file.write_all(bytes),
            Out::Direct(file) => file.write_all(bytes),
            Out::Closed => Ok(()),
        };
        written.map_err(|error| creation_failure(&self.path, &error))
    }

    /// Everything is here: the checksum. The file has its name where `wanted` is that, or nothing
    /// is wanted.
    pub fn finish(&mut self, wanted: Option<&str>) -> Result<String, Failure> {
        let mut rest = Vec::new();
        if let Some(decoder) = &mut self.decoder {
            decoder.finish(&mut rest);
        }
        self.write(&rest)?;
        let sum = hexadecimal(self.sum.clone());
        if let Some(wanted) = wanted.filter(|wanted| !wanted.eq_ignore_ascii_case(&sum)) {
            let name = self.path.display();
            let text = format!("{name}: the checksum is {sum}, and not {wanted}");
            return Err(Failure::new(Code::WrongData, text));
        }
        match std::mem::replace(&mut self.out, Out::Closed) {
            Out::Temporary(file) => self.name(*file)?,
            Out::Direct(mut file) => file
                .flush()
                .map_err(|error| creation_failure(&self.path, &error))?,
            Out::Closed => {}
        }
        Ok(sum)
    }

    fn name(&self, file: BufWriter<NamedTempFile>) -> Result<(), Failure> {
        let file = file
            .into_inner()
            .map_err(|error| creation_failure(&self.path, error.error()))?;
        let named = match self.force {
            true => file.persist(&self.path),
            // Another program may have created it meanwhile.
            false => file.persist_noclobber(&self.path),
        };
        named
            .map(drop)
            .map_err(|error| creation_failure(&self.path, &error.error))
    }
}

fn temporary(path: &Path) -> Result<NamedTempFile, Failure> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".tftp-").suffix(".part");
    files::use_default_permissions(&mut builder);
    builder
        .tempfile_in(directory.unwrap_or(Path::new(".")))
        .map_err(|error| creation_failure(path, &error))
}

fn taken(path: &Path, why: &str) -> Failure {
    Failure::new(Code::CantCreate, format!("{} {why}", path.display()))
}

fn creation_failure(path: &Path, error: &io::Error) -> Failure {
    // Without the temporary file's name, which the error of `tempfile` includes.
    let kind = error.kind();
    let why = match error.raw_os_error() {
        Some(_) => error.to_string(),
        None => kind.to_string(),
    };
    Failure::new(
        Code::CantCreate,
        format!("{} cannot be written: {why}", path.display()),
    )
}

/// Where a put's bytes come from.
pub struct Source {
    input: Box<dyn Read>,
    path: PathBuf,
    /// How many bytes go over the wire, where that is known before.
    pub size: Option<u64>,
    encoder: Option<Encoder>,
    sum: Sha256,
    /// The stream's bytes from `base` on that are read and not acknowledged.
    held: Vec<u8>,
    base: u64,
    pub ended: bool,
}

/// How much is read at once, and let go at once.
const PIECE: usize = 64 << 10;

impl Source {
    pub fn open(path: &Path, netascii: bool) -> Result<Source, Failure> {
        let mut size = None;
        let input: Box<dyn Read> = if path == Path::new(STANDARD) {
            Box::new(io::stdin())
        } else {
            let file = File::open(path).map_err(|error| unreadable(path, &error))?;
            let found = file.metadata().map_err(|error| unreadable(path, &error))?;
            if found.is_dir() {
                return Err(unreadable(path, &io::ErrorKind::IsADirectory.into()));
            }
            // Generated files, as in /proc, have the size 0.
            size = Some(found.len()).filter(|&size| found.is_file() && !netascii && size > 0);
            Box::new(file)
        };
        Ok(Source {
            input,
            path: path.to_owned(),
            size,
            encoder: netascii.then(Encoder::new),
            sum: Sha256::new(),
            held: Vec::new(),
            base: 0,
            ended: false,
        })
    }

    /// Reads until the stream's bytes below `upto` are here, or it has ended. Where they end.
    pub fn read_to(&mut self, upto: u64) -> Result<u64, Failure> {
        let mut piece = [0; PIECE];
        while !self.ended && self.available() < upto {
            let count = match self.input.read(&mut piece) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(unreadable(&self.path, &error)),
            };
            self.ended = count == 0;
            self.sum.update(&piece[..count]);
            match &mut self.encoder {
                Some(encoder) => encoder.encode(&piece[..count], &mut self.held),
                None => self.held.extend_from_slice(&piece[..count]),
            }
        }
        Ok(self.available())
    }

    pub fn available(&self) -> u64 {
        self.base + self.held.len() as u64
    }

    /// The bytes from `from` to `upto`, which are here.
    pub fn bytes(&self, from: u64, upto: u64) -> &[u8] {
        let place = |at: u64| (at.min(self.available()) - self.base) as usize;
        &self.held[place(from)..place(upto)]
    }

    /// Nothing below `acked` will be sent again.
    pub fn release_before(&mut self, acked: u64) {
        let gone = (acked - self.base) as usize;
        if gone >= PIECE {
            self.held.drain(..gone);
            self.base = acked;
        }
    }

    /// Of what was read.
    pub fn sum(&self) -> String {
        hexadecimal(self.sum.clone())
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        Code::NoInput,
        format!("{} cannot be read: {error}", path.display()),
    )
}

fn hexadecimal(sum: Sha256) -> String {
    sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A line as sha256sum writes it.
pub fn sum_line(sum: &str, path: &Path) -> String {
    format!("{sum}  {}", text::printable(&path.to_string_lossy()))
}
