//! Reads files at an offset, and appends to a buffer without zeroing it first.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

#[cfg(linux)]
use libc::c_long;
// Offsets in files of any size: off_t has 32 bits on 32-bit Linux.
#[cfg(not(target_os = "linux"))]
use libc::{off_t as Offset, pread};
#[cfg(target_os = "linux")]
use libc::{off64_t as Offset, pread64 as pread};

const _: () = assert!(size_of::<Offset>() == 8, "files larger than 2 GiB");

/// Appends up to `length` bytes from `offset`, if they are in the page cache. Returns `Ok(false)`
/// if some are not, or the file system can't tell; the buffer is as before. On `Ok(true)` fewer
/// than `length` come only at the file's end.
///
/// # Errors
/// The error of preadv2; the buffer is as before.
pub(crate) fn read_at_nowait(
    file: &File,
    buffer: &mut Vec<u8>,
    length: usize,
    offset: u64,
) -> io::Result<bool> {
    match append(file, buffer, length, offset, read_cached) {
        Ok(()) => Ok(true),
        Err(error) if is_unanswered(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Appends up to `length` bytes from `offset`, and waits for them. Fewer come only at the file's
/// end.
///
/// # Errors
/// The error of pread; the buffer is as before.
pub(crate) fn read_at(
    file: &File,
    buffer: &mut Vec<u8>,
    length: usize,
    offset: u64,
) -> io::Result<()> {
    append(file, buffer, length, offset, read_waiting)
}

type ReadCall = fn(i32, &mut [std::mem::MaybeUninit<u8>], Offset) -> isize;

/// Reads until `length` bytes, the file's end or an error. On an error the buffer is as before.
fn append(
    file: &File,
    buffer: &mut Vec<u8>,
    length: usize,
    offset: u64,
    call: ReadCall,
) -> io::Result<()> {
    let before = buffer.len();
    buffer.reserve(length);
    while buffer.len() - before < length {
        let done = buffer.len() - before;
        let at = offset
            .checked_add(done as u64)
            .and_then(|at| Offset::try_from(at).ok());
        let Some(at) = at else {
            buffer.truncate(before);
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let read = call(
            file.as_raw_fd(),
            &mut buffer.spare_capacity_mut()[..length - done],
            at,
        );
        match read {
            0 => break,
            // SAFETY: the system has written so many bytes behind the buffer's end, within its
            // capacity.
            1.. => unsafe { buffer.set_len(buffer.len() + read as usize) },
            _ => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    buffer.truncate(before);
                    return Err(error);
                }
            }
        }
    }
    Ok(())
}

fn read_waiting(fd: i32, room: &mut [std::mem::MaybeUninit<u8>], at: Offset) -> isize {
    // SAFETY: the room is writable and of the length given.
    unsafe { pread(fd, room.as_mut_ptr().cast(), room.len(), at) }
}

#[cfg(linux)]
fn read_cached(fd: i32, room: &mut [std::mem::MaybeUninit<u8>], at: Offset) -> isize {
    let vector = libc::iovec {
        iov_base: room.as_mut_ptr().cast(),
        iov_len: room.len(),
    };
    // As a system call, because glibc has the function only since 2.26, and musl since 1.2.5:
    // without it the whole library would not load. The call takes the offset in two words, of which
    // systems of 64 bits ignore the upper one.
    // SAFETY: the one vector describes the room, which is writable and of that length.
    let read = unsafe {
        libc::syscall(
            libc::SYS_preadv2,
            c_long::from(fd),
            &raw const vector,
            1 as c_long,
            at as c_long,
            (at >> 32) as c_long,
            c_long::from(libc::RWF_NOWAIT),
        )
    };
    read as isize
}

/// Returns whether an error means that the page cache does not hold the bytes, or that it cannot be
/// queried. EINVAL can come from the flag or from the file; a read without the flag shows which.
#[cfg(linux)]
fn is_unanswered(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EAGAIN | libc::EOPNOTSUPP | libc::EINVAL | libc::ENOSYS | libc::EPERM)
    )
}

/// Only Linux reports whether a read would wait, so every read counts as one that would.
#[cfg(not(linux))]
fn read_cached(_: i32, _: &mut [std::mem::MaybeUninit<u8>], _: Offset) -> isize {
    -1
}

#[cfg(not(linux))]
fn is_unanswered(_: &io::Error) -> bool {
    true
}

#[cfg(test)]
mod tests;
