//! The name of one transfer on its thread.

/// A place in a shard's table and how often it was used before: never mistaken for a later transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TransferId {
    /// Where.
    pub index: u32,
    /// Which use of that place.
    pub generation: u32,
}
