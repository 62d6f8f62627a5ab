//! The transfers of one machine: by slot, by port and peer, by request.

use alloc::vec::Vec;
use core::hash::BuildHasher;
use core::net::SocketAddr;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::id::{PortId, TransferId};
use crate::transfer::Transfer;

/// A table with look-ups that cost the same for one transfer and for ten thousand. Only tests
/// iterate its maps.
pub(crate) struct Table {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// The transfers on shared ports. The transfer of a private port is in the port's role.
    by_peer: HashMap<(PortId, SocketAddr), u32, FixedState>,
    by_request: HashMap<(SocketAddr, u64), u32, FixedState>,
    /// The youngest transfer of each client's address and port; slots link to the older ones.
    by_client: HashMap<SocketAddr, u32, FixedState>,
    digests: FixedState,
    alive: usize,
    /// The generation of new slots: no slot that was freed had a larger one.
    generation: u32,
}

/// The number of slots that are always kept.
const KEPT: usize = 256;

#[derive(Default)]
struct Slot {
    generation: u32,
    /// True while the transfer is in the list of those to be polled.
    is_listed: bool,
    /// The neighbours among the transfers of the same address and port.
    older: Option<u32>,
    younger: Option<u32>,
    transfer: Option<Transfer>,
}

impl Table {
    pub(crate) fn new(seed: u64) -> Table {
        Table {
            slots: Vec::new(),
            free: Vec::new(),
            by_peer: HashMap::with_hasher(FixedState::with_seed(seed)),
            by_request: HashMap::with_hasher(FixedState::with_seed(seed.rotate_left(21))),
            by_client: HashMap::with_hasher(FixedState::with_seed(seed.rotate_left(11))),
            digests: FixedState::with_seed(seed.rotate_left(42)),
            alive: 0,
            generation: 0,
        }
    }

    /// Returns the number of transfers.
    pub(crate) fn len(&self) -> usize {
        self.alive
    }

    /// Returns a hash of the bytes of a request, by which its repetition is recognised.
    pub(crate) fn digest(&self, request: &[u8]) -> u64 {
        self.digests.hash_one(request)
    }

    /// Inserts a transfer, which is built with the id that it will have.
    pub(crate) fn insert(
        &mut self,
        peer: SocketAddr,
        digest: u64,
        build: impl FnOnce(TransferId) -> Transfer,
    ) -> TransferId {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot {
                generation: self.generation,
                ..Slot::default()
            });
            u32::try_from(self.slots.len() - 1).expect("fewer than 2^32 transfers at once")
        });
        let slot = &mut self.slots[index as usize];
        let id = TransferId {
            index,
            generation: slot.generation,
        };
        slot.transfer = Some(build(id));
        self.by_request.insert((peer, digest), index);
        let older = self.by_client.insert(peer, index);
        (slot.older, slot.younger) = (older, None);
        if let Some(older) = older.and_then(|older| self.slots.get_mut(older as usize)) {
            older.younger = Some(index);
        }
        self.alive += 1;
        id
    }

    /// Returns the transfers of an address and port, the youngest first.
    pub(crate) fn of_client(&self, peer: SocketAddr) -> impl Iterator<Item = u32> {
        let youngest = self.by_client.get(&peer).copied();
        core::iter::successors(youngest, |&index| self.slots.get(index as usize)?.older)
    }

    /// Removes a transfer from those of its client.
    fn leave_client(&mut self, index: u32, peer: SocketAddr) {
        let Some(slot) = self.slots.get_mut(index as usize) else {
            return;
        };
        let (older, younger) = (slot.older.take(), slot.younger.take());
        if let Some(older) = older.and_then(|older| self.slots.get_mut(older as usize)) {
            older.younger = younger;
        }
        match (
            younger.and_then(|younger| self.slots.get_mut(younger as usize)),
            older,
        ) {
            (Some(younger), older) => younger.older = older,
            (None, Some(older)) => {
                self.by_client.insert(peer, older);
            }
            (None, None) => {
                self.by_client.remove(&peer);
            }
        }
    }

    /// Gives a transfer the peer's place on a shared port.
    pub(crate) fn link(&mut self, port: PortId, peer: SocketAddr, index: u32) {
        self.by_peer.insert((port, peer), index);
    }

    /// Removes a transfer from the look-ups, so that no datagram reaches it any more.
    pub(crate) fn unlink(&mut self, index: u32) {
        let Some(transfer) = self.at(index) else { return };
        let (place, request) = (
            (transfer.route.port, transfer.route.peer),
            (transfer.route.peer, transfer.digest),
        );
        if self.by_peer.get(&place) == Some(&index) {
            self.by_peer.remove(&place);
        }
        // The same request may belong to a later transfer by now.
        if self.by_request.get(&request) == Some(&index) {
            self.by_request.remove(&request);
        }
    }

    /// Restores the look-ups of a transfer that goes on after a later one of the same request, `successor`, has ended:
    /// the request leads to it again, and so does its place on a shared port if the successor had taken that.
    pub(crate) fn restore(&mut self, id: TransferId, successor: u32) {
        let Some(transfer) = self.get(id).filter(|transfer| !transfer.has_ended) else {
            return;
        };
        let (route, digest) = (&transfer.route, transfer.digest);
        let (place, request) = ((route.port, route.peer), (route.peer, digest));
        self.by_request.insert(request, id.index);
        if self.by_peer.get(&place) == Some(&successor) {
            self.by_peer.insert(place, id.index);
        }
    }

    pub(crate) fn remove(&mut self, index: u32) -> Option<Transfer> {
        self.unlink(index);
        let slot = self.slots.get_mut(index as usize)?;
        let transfer = slot.transfer.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.leave_client(index, transfer.route.peer);
        self.free.push(index);
        self.alive -= 1;
        Some(transfer)
    }

    /// Returns true if the table has far more slots than transfers, as after a burst.
    pub(crate) fn is_sparse(&self) -> bool {
        self.slots.len() > KEPT && self.slots.len() / 4 >= self.alive
    }

    /// Frees the slots behind the last transfer, and the room that the look-ups do not need. Later
    /// transfers get the lowest free slots, so that more can be freed the next time. Returns the
    /// number of freed slots.
    pub(crate) fn shrink(&mut self) -> usize {
        let last = self.slots.iter().rposition(|slot| slot.transfer.is_some());
        let used = last.map_or(0, |last| last + 1);
        let freed = self.slots.len() - used;
        for slot in self.slots.drain(used..) {
            self.generation = self.generation.max(slot.generation);
        }
        self.free.retain(|&index| (index as usize) < used);
        self.free.sort_unstable_by(|one, other| other.cmp(one));
        self.slots.shrink_to_fit();
        self.free.shrink_to_fit();
        self.by_peer.shrink_to_fit();
        self.by_request.shrink_to_fit();
        self.by_client.shrink_to_fit();
        freed
    }

    #[inline]
    pub(crate) fn at(&self, index: u32) -> Option<&Transfer> {
        self.slots.get(index as usize)?.transfer.as_ref()
    }

    #[inline]
    pub(crate) fn at_mut(&mut self, index: u32) -> Option<&mut Transfer> {
        self.slots.get_mut(index as usize)?.transfer.as_mut()
    }

    #[inline]
    pub(crate) fn get(&self, id: TransferId) -> Option<&Transfer> {
        let slot = self.slots.get(id.index as usize)?;
        slot.transfer
            .as_ref()
            .filter(|_| slot.generation == id.generation)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, id: TransferId) -> Option<&mut Transfer> {
        let slot = self.slots.get_mut(id.index as usize)?;
        slot.transfer
            .as_mut()
            .filter(|_| slot.generation == id.generation)
    }

    #[inline]
    pub(crate) fn by_peer(&self, port: PortId, peer: SocketAddr) -> Option<u32> {
        self.by_peer.get(&(port, peer)).copied()
    }

    pub(crate) fn by_request(&self, peer: SocketAddr, digest: u64) -> Option<&Transfer> {
        self.at(*self.by_request.get(&(peer, digest))?)
    }

    /// Marks a transfer as listed. Returns true the first time, until [`Table::unlist`].
    pub(crate) fn list(&mut self, index: u32) -> bool {
        let slot = self.slots.get_mut(index as usize);
        slot.is_some_and(|slot| !core::mem::replace(&mut slot.is_listed, true))
    }

    pub(crate) fn unlist(&mut self, index: u32) {
        if let Some(slot) = self.slots.get_mut(index as usize) {
            slot.is_listed = false;
        }
    }

    /// Returns the indices of all transfers, in order.
    pub(crate) fn indices(&self) -> Vec<u32> {
        (0..)
            .zip(&self.slots)
            .filter(|(_, slot)| slot.transfer.is_some())
            .map(|(index, _)| index)
            .collect()
    }

    /// Returns the number of entries in the maps: places on shared ports, requests, and transfers
    /// by their clients.
    pub(crate) fn entries(&self) -> (usize, usize, usize) {
        let of_clients = self
            .by_client
            .keys()
            .map(|&peer| self.of_client(peer).count())
            .sum();
        (self.by_peer.len(), self.by_request.len(), of_clients)
    }
}
