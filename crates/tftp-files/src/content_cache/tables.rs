//! Hash tables of `Weak`s.

use std::hash::Hash;

use hashbrown::HashMap;

pub(super) type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// The number of entries below which a table is never searched for dead ones.
pub(super) const PRUNE_FLOOR: usize = 64;

/// A table that drops dead entries whenever it has doubled since the last time: constant work per
/// entry on average.
pub(super) struct Pruned<K, V> {
    entries: Map<K, V>,
    at: usize,
}

impl<K, V> Default for Pruned<K, V> {
    fn default() -> Self {
        Pruned {
            entries: Map::default(),
            at: 0,
        }
    }
}

impl<K: Eq + Hash, V> Pruned<K, V> {
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    pub(super) fn insert(&mut self, key: K, value: V, is_alive: impl Fn(&V) -> bool) -> Option<V> {
        self.prune(is_alive);
        self.entries.insert(key, value)
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        self.entries.remove(key)
    }

    /// Drops all dead entries, and frees the room that the others do not need.
    pub(super) fn shrink(&mut self, is_alive: impl Fn(&V) -> bool) {
        self.drop_dead(is_alive);
        self.entries.shrink_to_fit();
    }

    /// Drops all dead entries.
    pub(super) fn drop_dead(&mut self, is_alive: impl Fn(&V) -> bool) {
        self.entries.retain(|_, value| is_alive(value));
        self.at = self.entries.len() * 2;
    }

    pub(super) fn values(&self) -> impl ExactSizeIterator<Item = &V> {
        self.entries.values()
    }

    fn prune(&mut self, is_alive: impl Fn(&V) -> bool) {
        if self.entries.len() < self.at.max(PRUNE_FLOOR) {
            return;
        }
        self.drop_dead(is_alive);
        if self.entries.capacity() > 4 * self.at.max(PRUNE_FLOOR) {
            self.entries.shrink_to(self.at);
        }
    }
}
