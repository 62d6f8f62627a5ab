//! Reads files at an offset, and appends to a buffer.

use std::fs::File;
use std::io;
use std::os::windows::fs::FileExt;

/// Returns `Ok(false)`: Windows does not report whether a read would wait, so every read counts as
/// one that would.
pub(crate) fn read_at_nowait(_: &File, _: &mut Vec<u8>, _: usize, _: u64) -> io::Result<bool> {
    Ok(false)
}

/// Appends up to `length` bytes from `offset`, and waits for them. Fewer come only at the file's
/// end.
///
/// # Errors
/// The error of ReadFile; the buffer is as before.
pub(crate) fn read_at(
    file: &File,
    buffer: &mut Vec<u8>,
    length: usize,
    offset: u64,
) -> io::Result<()> {
    let before = buffer.len();
    buffer.resize(before + length, 0);
    let mut end = before;
    while end < before + length {
        let at = offset.checked_add((end - before) as u64);
        let read = at
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))
            .and_then(|at| file.seek_read(&mut buffer[end..], at));
        match read {
            Ok(0) => break,
            Ok(more) => end += more,
            Err(error) => {
                buffer.truncate(before);
                return Err(error);
            }
        }
    }
    buffer.truncate(end);
    Ok(())
}
