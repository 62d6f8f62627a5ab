//! The log of the service, which has neither standard output nor standard error: a file that is
//! renamed when it is full.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::clock;

/// The size in bytes beyond which the file becomes the old one and a new one begins.
const MOST_BYTES: u64 = 10 << 20;

/// Lines that begin so have no date of their own.
const UNDATED: &[u8] = b"tftpserver: ";

static LOG: OnceLock<Mutex<ServiceLog>> = OnceLock::new();

/// A log file that is open.
#[derive(Debug)]
struct ServiceLog {
    file: File,
    path: PathBuf,
    size: u64,
    most_bytes: u64,
}

/// Returns the path of the log file. The system's variable ProgramData names the directory in which
/// every account may create files.
pub fn path() -> Option<PathBuf> {
    let data = std::env::var_os("ProgramData")?;
    Some(Path::new(&data).join("tftpserver").join("tftpserver.log"))
}

/// Creates the directory of the log file.
pub fn prepare() -> io::Result<()> {
    match path().as_deref().and_then(Path::parent) {
        Some(directory) => fs::create_dir_all(directory),
        None => Err(io::ErrorKind::NotFound.into()),
    }
}

/// Opens the log file. From now on [`write`] writes to it, and so do panics. Without a file the
/// service serves, too.
pub fn begin() {
    let opened = prepare().and_then(|()| ServiceLog::open(path().unwrap_or_default(), MOST_BYTES));
    let Ok(opened) = opened else { return };
    if LOG.set(Mutex::new(opened)).is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            write(format!("tftpserver: {panic}\n").as_bytes());
        }));
    }
}

/// Appends lines to the log file. Returns false if there is none.
pub fn write(lines: &[u8]) -> bool {
    let Some(log) = LOG.get() else { return false };
    // A full disk is no reason to end.
    let _ = log.lock().unwrap_or_else(PoisonError::into_inner).append(lines);
    true
}

impl ServiceLog {
    fn open(path: PathBuf, most_bytes: u64) -> io::Result<ServiceLog> {
        let file = OpenOptions::new().append(true).create(true).open(&path)?;
        Ok(ServiceLog {
            size: file.metadata()?.len(),
            file,
            path,
            most_bytes,
        })
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let dated = match lines.starts_with(UNDATED) {
            true => [clock::date().as_bytes(), b" ", lines].concat(),
            false => lines.to_vec(),
        };
        if self.size > 0 && self.size + dated.len() as u64 > self.most_bytes {
            self.rotate();
        }
        self.file.write_all(&dated)?;
        self.size += dated.len() as u64;
        Ok(())
    }

    /// Makes the file the old one, and begins a new one. If another program prevents that, the file
    /// grows on until the next attempt.
    fn rotate(&mut self) {
        let old = self.path.with_extension("old.log");
        if fs::rename(&self.path, old).is_ok()
            && let Ok(new) = ServiceLog::open(self.path.clone(), self.most_bytes)
        {
            *self = new;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_becomes_the_old_one() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("tftpserver.log");
        let mut log = ServiceLog::open(path.clone(), 100).unwrap();
        for number in 0..8 {
            log.append(format!("line {number} {}\n", "x".repeat(30)).as_bytes())
                .unwrap();
        }
        let read = |path: &Path| fs::read_to_string(path).unwrap();
        let (old, new) = (read(&place.path().join("tftpserver.old.log")), read(&path));
        assert!(
            old.starts_with("line 4") && new.starts_with("line 6"),
            "{old}{new}"
        );
        assert_eq!((old.lines().count(), new.lines().count()), (2, 2));
        // A later start continues the file.
        let mut log = ServiceLog::open(path.clone(), 100).unwrap();
        log.append(b"a\n").unwrap();
        assert_eq!(read(&path), new + "a\n");
    }

    #[test]
    fn lines_without_a_date_get_one() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("tftpserver.log");
        let mut log = ServiceLog::open(path.clone(), 1000).unwrap();
        log.append(b"tftpserver: the port is taken\n").unwrap();
        log.append(b"2026-01-31T08:15:00.125Z WARN reloaded\n").unwrap();
        let text = fs::read_to_string(path).unwrap();
        let [first, second]: [&str; 2] = text.lines().collect::<Vec<_>>().try_into().unwrap();
        assert!(first.starts_with("20") && first.ends_with("Z tftpserver: the port is taken"));
        assert_eq!(second, "2026-01-31T08:15:00.125Z WARN reloaded");
    }
}
