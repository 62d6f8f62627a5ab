//! Replaces the contents of an existing file in place, where it may be written but not renamed
//! over.
//!
//! Unlike a rename this is not atomic. All steps that can fail are therefore done before the first
//! byte is overwritten (space is reserved, the old contents are kept), and the contents are
//! restored if overwriting fails nevertheless. Only a crash of the process or of the system in
//! between leaves a mixture.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// The number of bytes copied in one step.
const STEP: usize = 128 * 1024;

/// Copies `length` bytes from the start of `gathered` over the contents of `target`, which had
/// `old_length` bytes, and cuts or extends it to `length`. `keeps_old`: `target` is readable, and
/// its old contents are appended to the new ones in `gathered`, to be restored on an error. `sync`:
/// returns once the new contents are on the disk.
///
/// # Errors
/// The system's error. `target` is as before, unless it could not be read, or restoring failed too.
pub(super) fn replace(
    gathered: &File,
    length: u64,
    target: &File,
    old_length: u64,
    keeps_old: bool,
    sync: bool,
) -> io::Result<()> {
    if keeps_old {
        copy(target, 0, gathered, length, old_length)?;
    }
    if let Err(error) = reserve(target, length) {
        // ext4 has found space and keeps it, which would be missing to others on a full disk.
        let _ = retry(|| target.set_len(old_length));
        return Err(error);
    }
    let written = copy(gathered, 0, target, 0, length)
        .and_then(|()| retry(|| target.set_len(length)))
        .and_then(|()| if sync { retry(|| target.sync_all()) } else { Ok(()) });
    if written.is_err() {
        // The first error is the one to report, whether or not this succeeds.
        let is_restored = keeps_old && copy(gathered, length, target, 0, old_length).is_ok();
        let end = match is_restored {
            true => Ok(old_length),
            // Gives back nevertheless what is reserved behind the end.
            false => target.metadata().map(|found| found.len()),
        };
        let _ = end.and_then(|end| retry(|| target.set_len(end)));
    }
    written
}

/// Reserves space for `length` bytes, where the file system can, so that a full disk shows before
/// anything is lost.
#[cfg(linux)]
fn reserve(target: &File, length: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;
    if length == 0 {
        return Ok(());
    }
    match rustix::io::retry_on_intr(|| fallocate(target, FallocateFlags::KEEP_SIZE, 0, length)) {
        Err(errno @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) => Err(errno.into()),
        // Most network and user-space file systems have no such call.
        _ => Ok(()),
    }
}

#[cfg(not(linux))]
fn reserve(_: &File, _: u64) -> io::Result<()> {
    Ok(())
}

fn copy(from: &File, from_at: u64, to: &File, to_at: u64, length: u64) -> io::Result<()> {
    let mut buffer = vec![0; STEP.min(usize::try_from(length).unwrap_or(STEP))];
    let mut done = 0;
    while done < length {
        let step = buffer.len().min(usize::try_from(length - done).unwrap_or(STEP));
        from.read_exact_at(&mut buffer[..step], from_at + done)?;
        to.write_all_at(&buffer[..step], to_at + done)?;
        done += step as u64;
    }
    Ok(())
}

fn retry(mut attempt: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    loop {
        match attempt() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};

    use super::*;

    struct Files {
        directory: tempfile::TempDir,
        gathered: File,
    }

    impl Files {
        fn new(old: &[u8], new: &[u8]) -> Files {
            let directory = tempfile::TempDir::new().unwrap();
            fs::write(directory.path().join("target"), old).unwrap();
            fs::write(directory.path().join("gathered"), new).unwrap();
            let gathered = Files::open(&directory, "gathered", true);
            Files { directory, gathered }
        }

        fn open(directory: &tempfile::TempDir, name: &str, writable: bool) -> File {
            let path = directory.path().join(name);
            OpenOptions::new().read(true).write(writable).open(path).unwrap()
        }

        fn target(&self) -> Vec<u8> {
            fs::read(self.directory.path().join("target")).unwrap()
        }
    }

    #[test]
    fn contents_of_any_length_are_replaced_whole() {
        for (old, new) in [
            (0, 0),
            (0, 1),
            (10, 0),
            (10, 5),
            (5, 10),
            (400_000, 3),
            (3, 400_000),
        ] {
            for keeps_old in [true, false] {
                let files = Files::new(&vec![b'o'; old], &vec![b'n'; new]);
                let target = Files::open(&files.directory, "target", true);
                replace(&files.gathered, new as u64, &target, old as u64, keeps_old, true).unwrap();
                assert_eq!(files.target(), vec![b'n'; new], "{old} {new} {keeps_old}");
            }
        }
    }

    /// Creates a file in memory that cannot grow.
    #[cfg(target_os = "linux")]
    fn full(contents: &[u8]) -> File {
        use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
        let file = File::from(memfd_create("full", MemfdFlags::ALLOW_SEALING).unwrap());
        file.write_all_at(contents, 0).unwrap();
        fcntl_add_seals(&file, SealFlags::GROW).unwrap();
        file
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_failure_in_the_middle_brings_the_old_contents_back() {
        for (keeps_old, left) in [(true, b'o'), (false, b'n')] {
            let files = Files::new(b"", &[b'n'; 400_000]);
            let target = full(&[b'o'; 300_000]);
            let error =
                replace(&files.gathered, 400_000, &target, 300_000, keeps_old, false).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
            let mut now = vec![0; 300_000];
            target.read_exact_at(&mut now, 0).unwrap();
            assert_eq!(now[..131_072], [left; 131_072], "kept {keeps_old}");
            assert_eq!(target.metadata().unwrap().len(), 300_000);
            assert_eq!(now == [b'o'; 300_000], keeps_old);
        }
    }
}
