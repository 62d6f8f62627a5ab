//! How transfers, ports and connections are named.

use core::hash::{Hash, Hasher};

/// Names a transfer: a place in the table and how often it was used before, so it is never mistaken for a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransferId {
    /// A small number, which a later transfer has again. What the loop keeps of a transfer has the same place.
    pub index: u32,
    /// Another one for each transfer with that index.
    pub generation: u32,
}

/// Names a port as long as it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortId {
    /// A small number, which a later port has again.
    pub index: u32,
    /// Another one for each port with that index.
    pub generation: u32,
}

impl Hash for PortId {
    /// As one number: a look-up hashes it for each packet.
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
        let ports = (0..8).flat_map(|index| (0..8).map(move |generation| PortId { index, generation }));
        let mut all: Vec<u64> = ports.map(|port| hashes.hash_one(port)).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 64);
    }
}
