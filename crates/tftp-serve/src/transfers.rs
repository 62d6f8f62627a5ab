//! The transfers of one shard: by place, by TID, and by request.

use std::hash::BuildHasher;
use std::net::SocketAddr;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::Key;
use super::transfer::Transfer;

/// RFC 1350 section 4: the pair of ports that names a transfer, here as our socket and the client's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Tid {
    pub(super) socket: usize,
    pub(super) peer: SocketAddr,
}

/// A table whose look-ups cost the same for one transfer and for ten thousand.
#[derive(Default)]
pub(super) struct Transfers {
    slots: Vec<Slot>,
    free: Vec<u32>,
    by_tid: HashMap<Tid, u32, RandomState>,
    by_request: HashMap<(SocketAddr, u64), u32, RandomState>,
    digests: RandomState,
}

#[derive(Default)]
struct Slot {
    generation: u32,
    transfer: Option<Box<Transfer>>,
}

impl Transfers {
    pub(super) fn is_empty(&self) -> bool {
        self.by_tid.is_empty()
    }

    /// A number for the bytes of a request, so that its repetition is recognised.
    pub(super) fn digest(&self, request: &[u8]) -> u64 {
        self.digests.hash_one(request)
    }

    /// Makes room: the transfer is built with the key it will have.
    pub(super) fn insert(&mut self, tid: Tid, request: u64, build: impl FnOnce(Key) -> Transfer) -> Key {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            u32::try_from(self.slots.len() - 1).expect("fewer than 2^32 transfers at once")
        });
        let slot = &mut self.slots[index as usize];
        let key = Key {
            index,
            generation: slot.generation,
        };
        slot.transfer = Some(Box::new(build(key)));
        self.by_tid.insert(tid, index);
        self.by_request.insert((tid.peer, request), index);
        key
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<Box<Transfer>> {
        let slot = self.slots.get_mut(key.index as usize)?;
        if slot.generation != key.generation {
            return None;
        }
        let transfer = slot.transfer.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(key.index);
        self.by_tid.remove(&transfer.tid());
        let request = (transfer.tid().peer, transfer.request());
        // The same request may stand for a later transfer by now, while this one was dallying.
        if self.by_request.get(&request) == Some(&key.index) {
            self.by_request.remove(&request);
        }
        Some(transfer)
    }

    pub(super) fn get(&mut self, key: Key) -> Option<&mut Transfer> {
        let slot = self.slots.get_mut(key.index as usize)?;
        if slot.generation == key.generation {
            slot.transfer.as_deref_mut()
        } else {
            None
        }
    }

    pub(super) fn by_tid(&mut self, tid: Tid) -> Option<&mut Transfer> {
        let index = *self.by_tid.get(&tid)?;
        self.slots[index as usize].transfer.as_deref_mut()
    }

    pub(super) fn by_request(&mut self, peer: SocketAddr, request: u64) -> Option<&mut Transfer> {
        let index = *self.by_request.get(&(peer, request))?;
        self.slots[index as usize].transfer.as_deref_mut()
    }

    /// The transfer of that TID, to look at.
    pub(super) fn peek(&self, tid: Tid) -> Option<&Transfer> {
        let index = *self.by_tid.get(&tid)?;
        self.slots[index as usize].transfer.as_deref()
    }

    /// The keys of all transfers, for an order that concerns each of them.
    pub(super) fn keys(&self) -> Vec<Key> {
        let used = self
            .slots
            .iter()
            .zip(0..)
            .filter(|(slot, _)| slot.transfer.is_some());
        used.map(|(slot, index)| Key {
            index,
            generation: slot.generation,
        })
        .collect()
    }
}
