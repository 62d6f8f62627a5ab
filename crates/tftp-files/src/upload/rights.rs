//! Passes the owner, the group and the permissions of a replaced file on to the new one.

#[cfg(linux)]
mod acl;

use std::ffi::OsStr;
use std::fs::File;
use std::io;

use cap_std::fs::{Dir, Metadata, MetadataExt};
use rustix::fs::{Gid, Mode, Uid};

/// The permissions of the group.
const GROUP: u32 = 0o070;

/// Gives `new` the owner, the group, the permissions and the access control list of `old`, which
/// has this name in `directory`, as far as this process may. No one gets a permission that the old
/// file did not give.
///
/// # Errors
/// The system's error; a missing right to change the owner or the group is none.
pub(super) fn inherit(new: &File, directory: &Dir, leaf: &OsStr, old: &Metadata) -> io::Result<()> {
    let found = rustix::fs::fstat(new)?;
    let has_group =
        (found.st_uid, found.st_gid) == (old.uid(), old.gid()) || give(new, old.uid(), old.gid());
    // Without set-user-id, set-group-id and sticky bits, which were given to other contents.
    let mut rights = old.mode() & 0o777;
    #[cfg(linux)]
    let group = acl::inherit(new, directory, leaf, rights, has_group)?;
    #[cfg(not(linux))]
    let group = {
        let _ = (directory, leaf);
        if has_group {
            rights
        } else {
            of_another_group(rights)
        }
    };
    rights = (rights & !GROUP) | (group & GROUP);
    let rights = Mode::from_raw_mode(rights as _);
    let found = rustix::fs::fstat(new)?;
    if Mode::from_raw_mode(found.st_mode & 0o777) != rights {
        rustix::fs::fchmod(new, rights)?;
    }
    Ok(())
}

/// Gives a file to an owner and a group, or at least to the group. Returns whether it has the group
/// now.
fn give(file: &File, owner: u32, group: u32) -> bool {
    // Only root may give files away. For others the file keeps its owner, and a group that they
    // belong to may be set.
    let group = Some(Gid::from_raw(group));
    rustix::fs::fchown(file, Some(Uid::from_raw(owner)), group).is_ok()
        || rustix::fs::fchown(file, None, group).is_ok()
}

/// Returns the group's bits for a file that has another group than the old file: its members had
/// the permissions of others, and get none that the old group did not have.
fn of_another_group(rights: u32) -> u32 {
    rights & (rights << 3) & GROUP
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_group_gets_what_both_had() {
        for (rights, kept) in [
            (0o660, 0),
            (0o664, 0o040),
            (0o666, 0o060),
            (0o604, 0),
            (0o757, 0o050),
        ] {
            assert_eq!(of_another_group(rights), kept, "{rights:o}");
        }
    }
}
