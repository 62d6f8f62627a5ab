//! The limit of descriptors, and the umask.

use nix::libc::rlim_t;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::stat::{Mode, umask};

use crate::options::Umask;

/// The maximum number of descriptors, because the hard limit may be infinite. Each transfer has a
/// socket, and a file.
const DESCRIPTORS: rlim_t = 1 << 19;

/// The maximum on macOS, where setrlimit accepts no more than OPEN_MAX (sys/syslimits.h).
const DESCRIPTORS_OF_MACOS: rlim_t = 10_240;

/// Raises the soft limit of descriptors to the hard one. Soft limits are low for programs that use
/// select, which this one does not.
pub fn raise_descriptors() {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return;
    };
    let most = if cfg!(target_os = "macos") {
        DESCRIPTORS_OF_MACOS
    } else {
        DESCRIPTORS
    };
    let wanted = hard.min(most);
    if soft < wanted && setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).is_err() {
        tracing::debug!(soft, hard, "the limit of descriptors stays as it is");
    }
}

/// Removes these bits from new files: at most nine bits, which every system's type can hold.
pub fn set_umask(mask: Umask) {
    umask(Mode::from_bits_truncate(mask.0 as nix::libc::mode_t));
}
