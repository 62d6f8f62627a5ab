//! Look-ups that the directory cache answers without waiting.

#[cfg(linux)]
pub(super) use linux::{Trust, open};
#[cfg(not(linux))]
pub(super) use other::{Trust, open};

#[cfg(linux)]
mod linux {
    use std::fs::File;
    use std::sync::atomic::{AtomicU64, Ordering};

    use cap_std::fs::Dir;
    use rustix::fd::{AsFd, OwnedFd};
    use rustix::fs::{
        AtFlags, CWD, Mode, OFlags, ResolveFlags, StatxFlags, makedev, openat2, statx,
    };
    use rustix::io::Errno;

    use super::super::name::{self, Spelling};
    use super::super::{FileSystem, Jail, Opened, Refusal, admit};
    use crate::names;

    /// Sentinel: no device is known to be local.
    const NONE: u64 = u64::MAX;

    /// The device, if any, that is known to be local. Checked only where waiting is allowed (a hung
    /// NFS server hangs statfs too); compared on the I/O threads by the device number, which every
    /// inode carries.
    #[derive(Debug)]
    pub(in super::super) struct Trust(AtomicU64);

    impl Default for Trust {
        fn default() -> Self {
            Trust(AtomicU64::new(NONE))
        }
    }

    impl Trust {
        /// Checks the file system under the root, if it is another than before; may block.
        pub(in super::super) fn judge(&self, root: &Dir) {
            let Some(device) = device(root) else { return };
            if self.0.load(Ordering::Relaxed) == device {
                return;
            }
            let local = FileSystem::of(root) == FileSystem::Local;
            self.0.store(if local { device } else { NONE }, Ordering::Relaxed);
        }

        fn has(&self, root: &OwnedFd) -> bool {
            device(root)
                .is_some_and(|device| device != NONE && self.0.load(Ordering::Relaxed) == device)
        }
    }

    /// Returns the device of an open file, from the inode in memory (AT_STATX_DONT_SYNC), so that
    /// no server is contacted.
    fn device(file: impl AsFd) -> Option<u64> {
        let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
        let found = statx(file, c"", flags, StatxFlags::empty()).ok()?;
        Some(makedev(found.stx_dev_major, found.stx_dev_minor))
    }

    pub(in super::super) fn open(jail: &Jail, name: &str) -> Option<Result<Opened, Refusal>> {
        let directory = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root =
            openat2(CWD, jail.root(), directory, Mode::empty(), ResolveFlags::CACHED).ok()?;
        if !jail.trust.has(&root) {
            return None;
        }
        let mut undecided = false;
        let result = name::read(name, |path, spelling| {
            open_below(jail, &root, path, spelling).unwrap_or_else(|| {
                undecided = true;
                Err(Refusal::NotAllowed)
            })
        });
        (!undecided).then_some(result)
    }

    fn open_below(
        jail: &Jail,
        root: &OwnedFd,
        path: &str,
        _: Spelling,
    ) -> Option<Result<Opened, Refusal>> {
        let mut resolve = ResolveFlags::BENEATH
            | ResolveFlags::NO_MAGICLINKS
            | ResolveFlags::NO_XDEV
            | ResolveFlags::CACHED;
        if !jail.follow_symlinks {
            resolve |= ResolveFlags::NO_SYMLINKS;
        }
        let reading = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let path = names::to_path(path);
        match openat2(root, &*path, reading, Mode::empty(), resolve) {
            // The file is below a trusted root and on no other mount.
            Ok(file) => {
                let path = jail.root().join(&path);
                Some(admit(File::from(file), path, Some(FileSystem::Local)))
            }
            // Not in the cache, on another mount or outside, or openat2 is missing here or lacks
            // these flags. The blocking path decides all of these.
            Err(
                Errno::AGAIN
                | Errno::XDEV
                | Errno::NOSYS
                | Errno::PERM
                | Errno::INVAL
                | Errno::INTR,
            ) => None,
            Err(errno) => Some(Err(errno.into())),
        }
    }
}

#[cfg(not(linux))]
mod other {
    use super::super::{Jail, Opened, Refusal};

    /// On other systems no file system is known to be local.
    #[derive(Debug, Default)]
    pub(in super::super) struct Trust {}

    impl Trust {
        pub(in super::super) fn judge(&self, _: &cap_std::fs::Dir) {}
    }

    pub(in super::super) fn open(_: &Jail, _: &str) -> Option<Result<Opened, Refusal>> {
        None
    }
}
