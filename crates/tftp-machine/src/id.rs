//! Identifiers of transfers, ports and connections.

use core::hash::{Hash, Hasher};

/// Identifies a transfer: a slot in the table, and how often it was used before, so that an old id
/// never means a later transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransferId {
    /// A small number, which later transfers use again. The caller can keep its records of
    /// transfers by this index.
    pub index: u32,
    /// Differs for each transfer with that index.
    pub generation: u32,
}

/// Identifies a port while it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortId {
    /// A small number, which later ports use again.
    pub index: u32,
    /// Differs for each port with that index.
    pub generation: u32,
}

impl Hash for PortId {
    /// Hashes both fields as one number, because every packet's look-up hashes a port.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from(self.generation) << 32 | u64::from(self.index));
    }
}

/// The number of a connection that applications see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub i32);

#[cfg(test)]
mod tests {
    use core::hash::BuildHasher;

    use foldhash::fast::FixedState;

    use super::*;

    #[test]
    fn neither_ports_nor_later_ports_with_the_same_index_share_a_hash() {
        let hashes = FixedState::with_seed(1);
        let ports =
            (0..8).flat_map(|index| (0..8).map(move |generation| PortId { index, generation }));
        let mut all: Vec<u64> = ports.map(|port| hashes.hash_one(port)).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 64);
    }
}
