//! What the process may use, and what its files are like.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::stat::{Mode, umask};

use crate::options::Umask;

/// Descriptors that are asked for at most, where the system's own limit is none. Each transfer has a socket, and a file.
const DESCRIPTORS: u64 = 1 << 19;

/// Raises the soft limit of descriptors to the hard one: soft ones are low for programs that use select, which this one
/// does not.
pub fn raise_descriptors() {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return;
    };
    let wanted = hard.min(DESCRIPTORS);
    if soft < wanted && setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).is_err() {
        tracing::debug!(soft, hard, "the limit of descriptors stays as it is");
    }
}

/// New files have none of these bits.
pub fn set_umask(mask: Umask) {
    umask(Mode::from_bits_truncate(mask.0));
}
