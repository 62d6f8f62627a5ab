//! Access control lists (acl(5)). With one, the group's bits of a mode are the mask, an upper bound
//! for all groups and for the users that the list names; the permissions of the file's own group
//! are an entry of the list.

use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::io;

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt};
use cap_std::fs::Dir;
use rustix::fs::{XattrFlags, fgetxattr, fgetxattr_query, fremovexattr, fsetxattr};
use rustix::io::Errno;

use super::of_another_group;
use crate::system::{open_leased, reading};
use crate::upload::gathering::writing;

const NAME: &CStr = c"system.posix_acl_access";

/// The form of a list (linux/posix_acl_xattr.h): a version, then entries of a tag, permissions and
/// an id, all little-endian.
const HEADER: usize = 4;
const ENTRY: usize = 8;
const GROUP_OBJ: [u8; 2] = 4_u16.to_le_bytes();
/// The place of the permissions in an entry. They take three bits.
const PERMISSIONS: usize = 2;

/// The list of a file.
enum List {
    None,
    Some(Vec<u8>),
    /// This process may not look.
    Unknown,
}

/// Gives `new` the list of the file that has this name in `directory`, and that has these `rights`.
/// Without one, `new` must not keep one that it got from its directory. `has_group`: `new` has the
/// group of that file. Returns the group's bits of the mode that `new` is to have.
///
/// # Errors
/// The system's error for the old file.
pub(super) fn inherit(
    new: &File,
    directory: &Dir,
    leaf: &OsStr,
    rights: u32,
    has_group: bool,
) -> io::Result<u32> {
    let mut group = match of(directory, leaf)? {
        List::None if has_group => rights,
        List::None | List::Unknown => of_another_group(rights),
        List::Some(mut list) => {
            let own = restrict(&mut list, if has_group { 0o7 } else { rights });
            if fsetxattr(new, NAME, &list, XattrFlags::empty()).is_ok() {
                return Ok(rights);
            }
            rights & (own << 3)
        }
    };
    // An empty mask takes all permissions of a list away that cannot be removed.
    if !is_absent(&fgetxattr_query(new, NAME)) && fremovexattr(new, NAME).is_err() {
        group = 0;
    }
    Ok(group)
}

/// Takes from the file's own group the permissions that are not in `most`. Returns the group's
/// permissions then.
fn restrict(list: &mut [u8], most: u32) -> u32 {
    let mut entries = list.get_mut(HEADER..).unwrap_or_default().chunks_exact_mut(ENTRY);
    entries
        .find(|entry| entry.starts_with(&GROUP_OBJ))
        .map_or(0, |entry| {
            entry[PERMISSIONS] &= (most & 0o7) as u8;
            entry[PERMISSIONS].into()
        })
}

fn of(directory: &Dir, leaf: &OsStr) -> io::Result<List> {
    let mut reading = reading();
    let mut opened = Err(Errno::ACCESS.into());
    for options in [reading.follow(FollowSymlinks::No), &mut writing()] {
        opened = open_leased(options, |options| directory.open_with(leaf, options));
        if !opened.as_ref().is_err_and(may_not_open) {
            break;
        }
    }
    let file = match opened {
        Ok(file) => file,
        Err(error) if may_not_open(&error) => return Ok(List::Unknown),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(List::None),
        Err(error) => return Err(error),
    };
    let size = fgetxattr_query(&file, NAME);
    if is_absent(&size) {
        return Ok(List::None);
    }
    let mut list = vec![0; size?];
    let length = fgetxattr(&file, NAME, &mut list[..])?;
    list.truncate(length);
    Ok(List::Some(list))
}

/// Returns true if the file has no list, or its file system has none, according to the query of its
/// size.
fn is_absent(size: &rustix::io::Result<usize>) -> bool {
    matches!(size, Err(Errno::NODATA | Errno::NOTSUP | Errno::NOSYS))
}

/// Returns whether an error means that the file may not be opened so, because of its permissions,
/// because it is a running program or because a symlink took its name.
fn may_not_open(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::ACCESS | Errno::PERM | Errno::TXTBSY | Errno::LOOP)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_entry_of_the_own_group_is_restricted() {
        let entry = |tag: u8, permissions: u8| [tag, 0, permissions, 0, 255, 255, 255, 255];
        let list = |own| {
            let entries = [
                entry(1, 6),
                entry(2, 6),
                entry(4, own),
                entry(16, 6),
                entry(32, 4),
            ];
            [&[2, 0, 0, 0][..], entries.as_flattened()].concat()
        };
        for (own, most, left) in [(6, 0o7, 6), (6, 0o664, 4), (4, 0o2, 0), (0, 0o7, 0)] {
            let mut changed = list(own);
            assert_eq!(restrict(&mut changed, most), u32::from(left));
            assert_eq!(changed, list(left));
        }
        assert_eq!(restrict(&mut [2, 0], 0o7), 0);
    }
}
