//! What a server machine shares with those of other threads, and asks of its surroundings.

use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::net::{IpAddr, Ipv6Addr};

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};

pub use crate::admission::Limit as Full;
use crate::config::Policy;
use crate::id::ConnectionId;

/// Bytes for windows that transfers need for themselves alone, in all.
pub const WINDOWS: usize = 64 << 20;

/// How many descriptors are left of the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Descriptors {
    /// Enough.
    Plenty,
    /// Half-open transfers hold their share: further ones share ports, and files of half-open ones are closed.
    Crowded,
    /// Hardly any: what only dallies gives way.
    Tight,
}

/// What is counted over all threads. Called at a request and at the end of its transfer, never for a packet.
pub trait Limits {
    /// Counts a new half-open transfer in.
    ///
    /// # Errors
    /// The limit that is reached.
    fn enter(&self, host: IpAddr, policy: &Policy) -> Result<(), Full>;
    /// The transfer is not half-open any more: its client has acknowledged something, or it is over.
    fn settle(&self);
    /// The transfer counts no more.
    fn leave(&self, host: IpAddr);
    /// It counts again, whatever the limits: a doubt is over.
    fn back(&self, host: IpAddr);
    /// Half-open transfers fill the limits: clients without room meet silence.
    fn is_flooded(&self) -> bool;
    /// Transfers with clients that have shown to be there.
    fn settled(&self) -> usize;
    /// The next number of a connection. The observer gives it back when nothing shows it any more.
    fn next_id(&self) -> ConnectionId;
    /// The largest window in bytes that a transfer should get now.
    fn most_window(&self) -> usize;
    /// Takes bytes of the budget for windows, in any case.
    fn take_window(&self, bytes: u32);
    /// Gives them back.
    fn give_window(&self, bytes: u32);
    /// How many descriptors are left.
    fn descriptors(&self) -> Descriptors;
    /// The soft limit of descriptors, by which half-open transfers are bounded.
    fn descriptor_limit(&self) -> usize;
    /// Whose requests are answered; others meet silence.
    fn admits(&self, client: IpAddr) -> bool;
    /// The host's IPv6 addresses; asked for at most once in ten seconds.
    fn own_addresses(&self) -> Vec<Ipv6Addr>;
}

impl<L: Limits + ?Sized> Limits for &L {
    fn enter(&self, host: IpAddr, policy: &Policy) -> Result<(), Full> {
        (**self).enter(host, policy)
    }
    fn settle(&self) {
        (**self).settle();
    }
    fn leave(&self, host: IpAddr) {
        (**self).leave(host);
    }
    fn back(&self, host: IpAddr) {
        (**self).back(host);
    }
    fn is_flooded(&self) -> bool {
        (**self).is_flooded()
    }
    fn settled(&self) -> usize {
        (**self).settled()
    }
    fn next_id(&self) -> ConnectionId {
        (**self).next_id()
    }
    fn most_window(&self) -> usize {
        (**self).most_window()
    }
    fn take_window(&self, bytes: u32) {
        (**self).take_window(bytes);
    }
    fn give_window(&self, bytes: u32) {
        (**self).give_window(bytes);
    }
    fn descriptors(&self) -> Descriptors {
        (**self).descriptors()
    }
    fn descriptor_limit(&self) -> usize {
        (**self).descriptor_limit()
    }
    fn admits(&self, client: IpAddr) -> bool {
        (**self).admits(client)
    }
    fn own_addresses(&self) -> Vec<Ipv6Addr> {
        (**self).own_addresses()
    }
}

/// So many half-open transfers, if they are half of all, are no rush of clients: MaxConnections is then met with silence,
/// as an ERROR would go to addresses that are forged.
pub const FLOOD: usize = 1_024;

/// The first connection id; what is below is a position in the Conn arrays.
pub const FIRST_CONNECTION_ID: i32 = 1_000_001;

/// What one transfer may take of the budget for windows that is left.
const SHARE: usize = 8;

/// Limits of a single machine.
#[derive(Debug)]
pub struct Alone {
    hosts: RefCell<HashMap<IpAddr, usize, FixedState>>,
    active: Cell<usize>,
    half_open: Cell<usize>,
    next: Cell<i32>,
    taken: RefCell<HashSet<i32, FixedState>>,
    windows: Cell<usize>,
    descriptors: Cell<Descriptors>,
    descriptor_limit: usize,
    excluded: RefCell<HashSet<IpAddr, FixedState>>,
    own_addresses: RefCell<Vec<Ipv6Addr>>,
}

impl Alone {
    /// Nothing is counted yet. The process may have so many descriptors.
    pub fn new(descriptor_limit: usize) -> Alone {
        Alone {
            hosts: RefCell::new(HashMap::with_hasher(FixedState::with_seed(1))),
            active: Cell::new(0),
            half_open: Cell::new(0),
            next: Cell::new(FIRST_CONNECTION_ID),
            taken: RefCell::new(HashSet::with_hasher(FixedState::with_seed(2))),
            windows: Cell::new(0),
            descriptors: Cell::new(Descriptors::Plenty),
            descriptor_limit,
            excluded: RefCell::new(HashSet::with_hasher(FixedState::with_seed(3))),
            own_addresses: RefCell::default(),
        }
    }

    /// Sets what [`Limits::descriptors`] says.
    pub fn set_descriptors(&self, left: Descriptors) {
        self.descriptors.set(left);
    }

    /// Excludes a client: [`Limits::admits`] returns false for it.
    pub fn exclude(&self, client: IpAddr) {
        self.excluded.borrow_mut().insert(client);
    }

    /// Sets what [`Limits::own_addresses`] returns.
    pub fn set_own_addresses(&self, own: Vec<Ipv6Addr>) {
        self.own_addresses.replace(own);
    }

    /// Nothing shows that number any more.
    pub fn give_id(&self, id: ConnectionId) {
        self.taken.borrow_mut().remove(&id.0);
    }

    /// Transfers that count.
    pub fn active(&self) -> usize {
        self.active.get()
    }

    /// Those of them that are half-open.
    pub fn half_open(&self) -> usize {
        self.half_open.get()
    }

    /// Bytes of windows that are taken.
    pub fn windows(&self) -> usize {
        self.windows.get()
    }

    fn count(&self, host: IpAddr) {
        *self.hosts.borrow_mut().entry(host).or_default() += 1;
        self.active.set(self.active.get() + 1);
    }
}

impl Limits for Alone {
    fn enter(&self, host: IpAddr, policy: &Policy) -> Result<(), Full> {
        let known = self.hosts.borrow().get(&host).copied().unwrap_or(0);
        if policy.max_per_host != 0 && known >= policy.max_per_host {
            return Err(Full::OfHost);
        }
        if self.active() >= policy.max_connections {
            return Err(Full::Connections);
        }
        self.count(host);
        self.half_open.set(self.half_open.get() + 1);
        Ok(())
    }

    fn settle(&self) {
        self.half_open.set(self.half_open.get() - 1);
    }

    fn leave(&self, host: IpAddr) {
        self.active.set(self.active.get() - 1);
        let mut hosts = self.hosts.borrow_mut();
        if let Some(count) = hosts.get_mut(&host) {
            *count -= 1;
            if *count == 0 {
                hosts.remove(&host);
            }
        }
    }

    fn back(&self, host: IpAddr) {
        self.count(host);
    }

    fn is_flooded(&self) -> bool {
        self.half_open() >= FLOOD && self.half_open() >= self.settled()
    }

    fn settled(&self) -> usize {
        self.active().saturating_sub(self.half_open())
    }

    fn next_id(&self) -> ConnectionId {
        loop {
            let id = self.next.get();
            self.next.set(id.checked_add(1).unwrap_or(FIRST_CONNECTION_ID));
            if self.taken.borrow_mut().insert(id) {
                return ConnectionId(id);
            }
        }
    }

    fn most_window(&self) -> usize {
        WINDOWS.saturating_sub(self.windows.get()) / SHARE
    }

    fn take_window(&self, bytes: u32) {
        self.windows.set(self.windows.get() + bytes as usize);
    }

    fn give_window(&self, bytes: u32) {
        self.windows.set(self.windows.get() - bytes as usize);
    }

    fn descriptors(&self) -> Descriptors {
        self.descriptors.get()
    }

    fn descriptor_limit(&self) -> usize {
        self.descriptor_limit
    }

    fn admits(&self, client: IpAddr) -> bool {
        !self.excluded.borrow().contains(&client)
    }

    fn own_addresses(&self) -> Vec<Ipv6Addr> {
        self.own_addresses.borrow().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_largest_number_the_smallest_free_one_follows() {
        let limits = Alone::new(1024);
        let (first, second) = (limits.next_id(), limits.next_id());
        limits.next.set(i32::MAX);
        assert_eq!(limits.next_id(), ConnectionId(i32::MAX));
        limits.give_id(second);
        assert_eq!(limits.next_id(), second, "the first one is still shown");
        assert_eq!(first, ConnectionId(FIRST_CONNECTION_ID));
    }
}
