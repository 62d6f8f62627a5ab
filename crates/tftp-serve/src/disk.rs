//! The storage of this engine: the file system, its blocking calls on a pool.

use tftp_files::{Directory, Owner, Pooled, Store};

use super::Key;

pub(super) type Disk = Pooled<Directory>;
pub(super) type Shelf = tftp_files::Shelf<Disk>;
pub(super) type Feed = tftp_files::Feed<Disk>;
pub(super) type Intake = tftp_files::Intake<Disk>;
pub(super) type Opened = tftp_files::Opened<Disk>;
pub(super) type Settled = tftp_files::Settled<Disk>;
pub(super) type Sink = <Disk as Store>::Sink;
pub(super) type Completion = tftp_files::Completion<Disk>;

/// A transfer, as storage names it.
pub(super) fn owner(key: Key) -> Owner {
    Owner {
        index: key.index,
        generation: key.generation,
    }
}

/// The transfer that storage names.
pub(super) fn key_of(owner: Owner) -> Key {
    Key {
        index: owner.index,
        generation: owner.generation,
    }
}
