//! The calls that change the user, its group and its supplementary groups.

use std::ffi::CStr;

use nix::unistd::{Gid, Uid};

/// Becomes the user, with the supplementary groups of `name`; without a name, with none.
#[cfg(not(target_vendor = "apple"))]
pub fn user(uid: Uid, gid: Gid, name: Option<&CStr>) -> nix::Result<()> {
    use nix::unistd::{initgroups, setgid, setgroups, setuid};
    match name {
        Some(name) => initgroups(name, gid)?,
        None => setgroups(&[gid])?,
    }
    setgid(gid)?;
    setuid(uid)
}

/// Becomes the user, without supplementary groups: on macOS the directory service determines them.
#[cfg(target_vendor = "apple")]
pub fn user(uid: Uid, gid: Gid, _: Option<&CStr>) -> Result<(), privdrop::PrivDropError> {
    privdrop::PrivDrop::default()
        .user(uid.to_string())
        .group(gid.to_string())
        .group_list(&[gid.to_string()])
        .fallback_to_ids_if_names_are_numeric()
        .apply()
}
