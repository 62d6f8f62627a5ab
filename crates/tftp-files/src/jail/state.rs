//! Decides how far the metadata of a file can be relied on.
//!
//! Both decisions need no I/O: whether a size is believed, and whether two openings share the bytes
//! that were read for one of them. Both depend on the kind of file system, which statfs(2) gives as
//! a magic number or a name.

use std::time::Duration;

use crate::Identity;
use crate::system::AsFile;

/// The least time for which a file must have been unchanged before its state is an identity.
/// Timestamps move in steps of one kernel tick, 10 ms at most (HZ=100), and a second change within
/// the same tick leaves no trace.
const TICK: Duration = Duration::from_millis(50);

/// The same for coarse timestamps, which have no nanoseconds: FAT has steps of 2 s, old ext4 and
/// many network servers of 1 s.
const COARSE_TICK: Duration = Duration::from_millis(2_100);

/// A kind of file system.
#[cfg_attr(
    windows,
    allow(dead_code, reason = "Windows has neither numbers nor names of these kinds")
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileSystem {
    /// On this machine: the directory cache answers look-ups, inode numbers are unique, sizes are
    /// true.
    Local,
    /// Kept by a server that numbers its files. Errors of writes may come late.
    Network,
    /// As `Network`, but two files can have one inode number (FUSE, 9P), and a size of 0 may mean
    /// "unknown".
    Unnumbered,
    /// Layers of other file systems, whose inode numbers can meet (overlayfs).
    Layered,
    /// Contents are generated while they are read; sizes are 0 or a page (procfs, sysfs).
    Generated,
    /// None of these.
    Unknown,
}

/// The statfs magic of ext2, ext3 and ext4.
#[cfg(any(target_os = "linux", target_os = "android", test))]
const EXT: u64 = 0xEF53;

/// File systems by their statfs magic (statfs(2), linux/magic.h).
#[cfg(any(target_os = "linux", target_os = "android", test))]
const KNOWN: [(u64, FileSystem); 44] = [
    (EXT, FileSystem::Local),
    (0x5846_5342, FileSystem::Local),      // XFS
    (0x9123_683E, FileSystem::Local),      // Btrfs
    (0x0102_1994, FileSystem::Local),      // tmpfs
    (0x8584_58F6, FileSystem::Local),      // ramfs
    (0xF2F5_2010, FileSystem::Local),      // F2FS
    (0xCA45_1A4E, FileSystem::Local),      // bcachefs
    (0x2FC1_2FC1, FileSystem::Local),      // ZFS
    (0x7371_7368, FileSystem::Local),      // SquashFS
    (0xE0F5_E1E2, FileSystem::Local),      // EROFS
    (0x9660, FileSystem::Local),           // ISO 9660
    (0x4D44, FileSystem::Local),           // FAT
    (0x2405_1905, FileSystem::Local),      // UBIFS
    (0x72B6, FileSystem::Local),           // JFFS2
    (0x3434, FileSystem::Local),           // NILFS2
    (0x3153_464A, FileSystem::Local),      // JFS
    (0x2011_BAB0, FileSystem::Local),      // exFAT
    (0x1501_3346, FileSystem::Local),      // UDF
    (0x6969, FileSystem::Network),         // NFS
    (0x517B, FileSystem::Network),         // SMB
    (0xFE53_4D42, FileSystem::Network),    // SMB2
    (0xFF53_4D42, FileSystem::Network),    // CIFS
    (0x00C3_6400, FileSystem::Network),    // Ceph
    (0x5346_414F, FileSystem::Network),    // AFS
    (0x0102_1997, FileSystem::Unnumbered), // 9P
    (0x6573_5546, FileSystem::Unnumbered), // FUSE
    (0x794C_7630, FileSystem::Layered),    // overlayfs
    (0x9FA0, FileSystem::Generated),       // procfs
    (0x6265_6572, FileSystem::Generated),  // sysfs
    (0x6462_6720, FileSystem::Generated),  // debugfs
    (0x7472_6163, FileSystem::Generated),  // tracefs
    (0x6265_6570, FileSystem::Generated),  // configfs
    (0x7363_6673, FileSystem::Generated),  // securityfs
    (0x0027_E0EB, FileSystem::Generated),  // cgroup
    (0x6367_7270, FileSystem::Generated),  // cgroup2
    (0xF97C_FF8C, FileSystem::Generated),  // selinuxfs
    (0x4341_5D53, FileSystem::Generated),  // smackfs
    (0x4249_4E4D, FileSystem::Generated),  // binfmt_misc
    (0xDE5E_81E4, FileSystem::Generated),  // efivarfs
    (0x6165_676C, FileSystem::Generated),  // pstore
    (0xCAFE_4A11, FileSystem::Generated),  // bpf
    (0x0765_5821, FileSystem::Generated),  // resctrl
    (0xABBA_1974, FileSystem::Generated),  // xenfs
    (0x6E73_6673, FileSystem::Generated),  // nsfs
];

/// File systems by the name that statfs(2) gives on macOS and FreeBSD.
#[cfg(any(target_vendor = "apple", target_os = "freebsd", test))]
const NAMED: [(&str, FileSystem); 27] = [
    ("apfs", FileSystem::Local),
    ("hfs", FileSystem::Local),
    ("ufs", FileSystem::Local),
    ("zfs", FileSystem::Local),
    ("tmpfs", FileSystem::Local),
    ("msdos", FileSystem::Local),   // FAT on macOS
    ("msdosfs", FileSystem::Local), // FAT on FreeBSD
    ("exfat", FileSystem::Local),
    ("ntfs", FileSystem::Local),
    ("ext2fs", FileSystem::Local),
    ("udf", FileSystem::Local),
    ("cd9660", FileSystem::Local), // ISO 9660
    ("nfs", FileSystem::Network),
    ("smbfs", FileSystem::Network),
    ("afpfs", FileSystem::Network),
    ("webdav", FileSystem::Network),
    ("fusefs", FileSystem::Unnumbered), // FUSE on FreeBSD
    ("macfuse", FileSystem::Unnumbered),
    ("osxfuse", FileSystem::Unnumbered),
    ("p9fs", FileSystem::Unnumbered), // 9P
    ("nullfs", FileSystem::Layered),
    ("unionfs", FileSystem::Layered),
    ("procfs", FileSystem::Generated),
    ("linprocfs", FileSystem::Generated),
    ("linsysfs", FileSystem::Generated),
    ("devfs", FileSystem::Generated),
    ("fdescfs", FileSystem::Generated),
];

/// Returns the statfs magic of the file system that an open file is on; may block.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn magic(file: impl AsFile) -> Option<u64> {
    let found = rustix::fs::fstatfs(file).ok()?;
    Some(found.f_type as u64)
}

/// Returns the low 32 bits of a magic. Only they count, since the field's type differs between
/// architectures.
#[cfg(any(target_os = "linux", target_os = "android", test))]
fn significant(magic: u64) -> u64 {
    magic & 0xFFFF_FFFF
}

/// Returns whether an open file is on ext4, or on ext2 or ext3, which have the same magic; may
/// block.
#[cfg(linux)]
pub(crate) fn is_ext(file: impl AsFile) -> bool {
    magic(file).is_some_and(|magic| significant(magic) == EXT)
}

impl FileSystem {
    /// Returns the kind with that name of statfs, which ends with the first NUL.
    #[cfg(any(target_vendor = "apple", target_os = "freebsd", test))]
    pub(crate) fn of_name(name: impl IntoIterator<Item = u8>) -> FileSystem {
        let name: Vec<u8> = name.into_iter().take_while(|byte| *byte != 0).collect();
        let known = NAMED.iter().find(|(known, _)| known.as_bytes() == name);
        known.map_or(FileSystem::Unknown, |(_, kind)| *kind)
    }

    /// Returns the kind with that statfs magic.
    #[cfg(any(target_os = "linux", target_os = "android", test))]
    pub(crate) fn of_magic(magic: u64) -> FileSystem {
        let known = KNOWN.iter().find(|(known, _)| *known == significant(magic));
        known.map_or(FileSystem::Unknown, |(_, kind)| *kind)
    }

    /// Returns the kind of the file system that an open file is on; may block.
    pub(crate) fn of(file: impl AsFile) -> FileSystem {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        return magic(file).map_or(FileSystem::Unknown, FileSystem::of_magic);
        #[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
        return rustix::fs::fstatfs(file).map_or(FileSystem::Unknown, |found| {
            FileSystem::of_name(found.f_fstypename.map(|byte| byte as u8))
        });
        #[cfg(not(any(
            target_os = "linux",
            target_os = "android",
            target_vendor = "apple",
            target_os = "freebsd"
        )))]
        {
            let _ = file;
            FileSystem::Unknown
        }
    }

    /// Returns whether a full disk may be reported only when a file is closed or synced.
    pub(crate) fn reports_late(self) -> bool {
        match self {
            FileSystem::Local | FileSystem::Layered | FileSystem::Generated => false,
            FileSystem::Network | FileSystem::Unnumbered => true,
            FileSystem::Unknown => !cfg!(any(target_os = "linux", target_os = "android")),
        }
    }

    fn has_unique_numbers(self) -> bool {
        matches!(self, FileSystem::Local | FileSystem::Network)
    }

    /// Returns the size with which a file is sent, if the one that it claims is believed. `None`:
    /// it is read to its end, as a stream of unknown length. `has_contents` reads its first byte,
    /// and is called only if the answer depends on it.
    pub(super) fn believed_size(
        self,
        claimed: u64,
        has_contents: impl FnOnce() -> bool,
    ) -> Option<u64> {
        match self {
            FileSystem::Generated => None,
            FileSystem::Local => Some(claimed),
            _ if claimed == 0 && has_contents() => None,
            _ => Some(claimed),
        }
    }

    /// Returns the identity under which openings share the bytes that were read. `None` if equal
    /// states could hide different contents, because numbers are not unique or because the last
    /// change is so recent that another could have the same time. `now` is the time of day of the
    /// opening.
    pub(super) fn shared_key(self, state: Identity, now: Duration) -> Option<Identity> {
        self.settled(state, now).filter(|_| self.has_unique_numbers())
    }

    /// Returns the state by which a later opening of the same name is recognized as the same
    /// unchanged file. `None` if the last change is so recent that another could have the same
    /// time.
    pub(super) fn settled(self, state: Identity, now: Duration) -> Option<Identity> {
        let (seconds, nanoseconds) = state.changed;
        let precise = nanoseconds != 0 && self == FileSystem::Local;
        let tick = if precise { TICK } else { COARSE_TICK };
        let seconds = u64::try_from(seconds).unwrap_or(0);
        let changed = Duration::new(seconds, u32::try_from(nanoseconds).unwrap_or(0));
        let is_settled = now.checked_sub(changed).is_some_and(|age| age >= tick);
        is_settled.then_some(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: Identity = Identity {
        device: 1,
        inode: 2,
        size: 3,
        modified: (1_700_000_000, 0),
        changed: (1_000, 5),
    };

    const EVERY: [FileSystem; 6] = [
        FileSystem::Local,
        FileSystem::Network,
        FileSystem::Unnumbered,
        FileSystem::Layered,
        FileSystem::Generated,
        FileSystem::Unknown,
    ];

    fn shared(kind: FileSystem, changed: (i64, i64), age: u64) -> bool {
        let at = u64::try_from(changed.0).unwrap() * 1_000 + age;
        let state = Identity { changed, ..STATE };
        kind.shared_key(state, Duration::from_millis(at)).is_some()
    }

    #[test]
    fn magic_numbers_have_32_bits_and_one_meaning() {
        assert_eq!(FileSystem::of_magic(0xEF53), FileSystem::Local);
        assert_eq!(FileSystem::of_magic(0xFFFF_FFFF_9123_683E), FileSystem::Local);
        assert_eq!(FileSystem::of_magic(0x6573_5546), FileSystem::Unnumbered);
        assert_eq!(FileSystem::of_magic(0x794C_7630), FileSystem::Layered);
        assert_eq!(FileSystem::of_magic(1), FileSystem::Unknown);
        let numbers: std::collections::BTreeSet<_> = KNOWN.iter().map(|(magic, _)| magic).collect();
        assert_eq!(numbers.len(), KNOWN.len());
    }

    #[test]
    fn names_end_with_nul_and_have_one_meaning() {
        let padded = |name: &str| {
            let mut bytes = [0; 16];
            bytes[..name.len()].copy_from_slice(name.as_bytes());
            bytes
        };
        assert_eq!(FileSystem::of_name(padded("apfs")), FileSystem::Local);
        assert_eq!(FileSystem::of_name(padded("zfs")), FileSystem::Local);
        assert_eq!(FileSystem::of_name(padded("nfs")), FileSystem::Network);
        assert_eq!(FileSystem::of_name(padded("devfs")), FileSystem::Generated);
        assert_eq!(FileSystem::of_name(padded("nf")), FileSystem::Unknown);
        assert_eq!(FileSystem::of_name([b'x'; 16]), FileSystem::Unknown);
        assert!(NAMED.iter().all(|(name, _)| name.len() < 16));
        let names: std::collections::BTreeSet<_> = NAMED.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), NAMED.len());
    }

    #[test]
    fn openings_share_only_where_inode_numbers_are_unique() {
        let sharing: Vec<_> = EVERY
            .into_iter()
            .filter(|kind| shared(*kind, (1_000, 5), 60_000))
            .collect();
        assert_eq!(sharing, [FileSystem::Local, FileSystem::Network]);
    }

    #[test]
    fn openings_share_only_what_has_been_unchanged_for_longer_than_a_tick() {
        assert!(!shared(FileSystem::Local, (1_000, 5), 49));
        assert!(shared(FileSystem::Local, (1_000, 5), 51));
        // Without nanoseconds a timestamp covers a second or two.
        assert!(!shared(FileSystem::Local, (1_000, 0), 2_000));
        assert!(shared(FileSystem::Local, (1_000, 0), 2_200));
        assert!(!shared(FileSystem::Network, (1_000, 5), 2_000));
        // The clock was set back, so the age is unknown.
        assert!(
            FileSystem::Local
                .shared_key(STATE, Duration::from_secs(999))
                .is_none()
        );
    }

    #[test]
    fn a_size_is_trusted_if_the_file_system_knows_it() {
        let never = || -> bool { panic!("not read") };
        assert_eq!(FileSystem::Local.believed_size(0, never), Some(0));
        for kind in EVERY.into_iter().filter(|kind| *kind != FileSystem::Generated) {
            assert_eq!(kind.believed_size(7, never), Some(7), "{kind:?}");
        }
        for kind in [
            FileSystem::Network,
            FileSystem::Unnumbered,
            FileSystem::Layered,
            FileSystem::Unknown,
        ] {
            assert_eq!(kind.believed_size(0, || true), None, "{kind:?}");
            assert_eq!(kind.believed_size(0, || false), Some(0), "{kind:?}");
        }
        for claimed in [0, 4096, 1 << 47] {
            assert_eq!(FileSystem::Generated.believed_size(claimed, never), None);
        }
    }
}
