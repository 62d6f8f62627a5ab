//! Appends bytes that lie in several places.

use std::fs::File;
use std::io::{self, IoSlice, Write};

/// Appends pieces at the file's position, all of them or as far as an error allows.
///
/// # Errors
/// The system's error; `WriteZero` if it takes no more bytes.
pub(super) fn append(mut file: &File, mut pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
    if let [only] = pieces {
        return file.write_all(only);
    }
    // Leaves out empty pieces at the beginning.
    IoSlice::advance_slices(&mut pieces, 0);
    while !pieces.is_empty() {
        match file.write_vectored(pieces) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut pieces, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl super::Upload {
    /// Appends to the file, unbuffered: see [`Upload::write_pieces`](super::Upload::write_pieces).
    ///
    /// # Errors
    /// As there.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_pieces(&mut [IoSlice::new(bytes)])
    }
}
