//! Files that a limit receives: written under a temporary name and renamed, by the thread that
//! receives.

use std::fs::{File, rename};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The bytes of one write. Its end is the end of a page, as the end of each one before it.
const AT_ONCE: usize = 64 << 10;

/// A file that is being received.
pub struct Stored {
    file: File,
    gathered: Vec<u8>,
    temporary: PathBuf,
    path: PathBuf,
}

impl Stored {
    /// Creates a file, without its name yet.
    ///
    /// # Errors
    /// Those of creating it.
    pub fn create(directory: &Path, name: &[u8]) -> io::Result<Stored> {
        let name = String::from_utf8_lossy(name);
        let temporary = directory.join(format!(".limit-{name}"));
        Ok(Stored {
            file: File::create_new(&temporary)?,
            gathered: Vec::new(),
            temporary,
            path: directory.join(&*name),
        })
    }

    /// Takes the next bytes, and writes once there are enough.
    ///
    /// # Errors
    /// Those of the write.
    pub fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= AT_ONCE {
            self.file.write_all(&self.gathered[..AT_ONCE])?;
            self.gathered.drain(..AT_ONCE);
        }
        Ok(())
    }

    /// Writes the rest and gives the file its name.
    ///
    /// # Errors
    /// Those of the write and of the rename.
    pub fn finish(&mut self) -> io::Result<()> {
        self.file.write_all(&self.gathered)?;
        rename(&self.temporary, &self.path)
    }
}
