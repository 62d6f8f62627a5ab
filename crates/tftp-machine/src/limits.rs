//! The state that a server machine shares with those of other threads, and the facts that it needs
//! about its host.

use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::net::{IpAddr, Ipv6Addr};

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};

pub use crate::admission::Limit as Full;
use crate::config::Policy;
use crate::id::ConnectionId;

/// The budget in bytes for all windows that transfers do not share.
pub const WINDOWS: usize = 64 << 20;

/// How many descriptors are left of the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Descriptors {
    /// Enough.
    Plenty,
    /// Half-open transfers hold their share: further ones share ports, and files of half-open ones
    /// are closed.
    Crowded,
    /// Hardly any: uploads that only dally give way.
    Tight,
}

/// The counts over all threads. The methods are called a few times for each transfer, such as at
/// its request and at its end, but never for each packet.
pub trait Limits {
    /// Counts a new half-open transfer.
    ///
    /// # Errors
    /// The limit that is reached.
    fn enter(&self, host: IpAddr, policy: &Policy) -> Result<(), Full>;
    /// Stops counting a transfer as half-open: its client has acknowledged something, or it is
    /// over.
    fn settle(&self);
    /// Stops counting a transfer.
    fn leave(&self, host: IpAddr);
    /// Counts a transfer again, whatever the limits, because a doubt is over.
    fn back(&self, host: IpAddr);
    /// Returns true if half-open transfers fill the limits: requests beyond them are not answered.
    fn is_flooded(&self) -> bool;
    /// Returns the number of transfers whose clients have acknowledged something.
    fn settled(&self) -> usize;
    /// Returns the next connection number. The observer gives it back when it is shown nowhere any
    /// more.
    fn next_id(&self) -> ConnectionId;
    /// Returns the largest window in bytes that a transfer should get now.
    fn most_window(&self) -> usize;
    /// Takes bytes of the budget for windows, whatever is left.
    fn take_window(&self, bytes: u32);
    /// Gives bytes of the budget for windows back.
    fn give_window(&self, bytes: u32);
    /// Returns how many descriptors are left.
    fn descriptors(&self) -> Descriptors;
    /// Returns the soft limit of descriptors, which bounds the half-open transfers.
    fn descriptor_limit(&self) -> usize;
    /// Returns whether requests of a client are answered.
    fn admits(&self, client: IpAddr) -> bool;
    /// Returns the host's IPv6 addresses. Called at most once in ten seconds.
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

/// This many half-open transfers, if they are at least half of all, are a flood and no rush of
/// clients. Requests beyond MaxConnections are then not answered, because an ERROR would go to
/// forged addresses.
pub const FLOOD: usize = 1_024;

/// The first connection id; a smaller number is a position in the Conn arrays.
pub const FIRST_CONNECTION_ID: i32 = 1_000_001;

/// One transfer may take this fraction (an eighth) of what is left of the budget for windows.
const SHARE: usize = 8;

/// The limits of a single machine.
#[derive(Debug)]
pub struct SingleThreadLimits {
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

impl SingleThreadLimits {
    /// Creates limits that count nothing yet, for a process that may have `descriptor_limit`
    /// descriptors.
    pub fn new(descriptor_limit: usize) -> SingleThreadLimits {
        SingleThreadLimits {
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

    /// Sets the result of [`Limits::descriptors`].
    pub fn set_descriptors(&self, left: Descriptors) {
        self.descriptors.set(left);
    }

    /// Excludes a client: [`Limits::admits`] returns false for it.
    pub fn exclude(&self, client: IpAddr) {
        self.excluded.borrow_mut().insert(client);
    }

    /// Sets the result of [`Limits::own_addresses`].
    pub fn set_own_addresses(&self, own: Vec<Ipv6Addr>) {
        self.own_addresses.replace(own);
    }

    /// Frees a connection number that is shown nowhere any more.
    pub fn give_id(&self, id: ConnectionId) {
        self.taken.borrow_mut().remove(&id.0);
    }

    /// Returns the number of transfers that count.
    pub fn active(&self) -> usize {
        self.active.get()
    }

    /// Returns how many of them are half-open.
    pub fn half_open(&self) -> usize {
        self.half_open.get()
    }

    /// Returns the bytes taken for windows.
    pub fn windows(&self) -> usize {
        self.windows.get()
    }

    fn count(&self, host: IpAddr) {
        *self.hosts.borrow_mut().entry(host).or_default() += 1;
        self.active.set(self.active.get() + 1);
    }
}

impl Limits for SingleThreadLimits {
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
        let limits = SingleThreadLimits::new(1024);
        let (first, second) = (limits.next_id(), limits.next_id());
        limits.next.set(i32::MAX);
        assert_eq!(limits.next_id(), ConnectionId(i32::MAX));
        limits.give_id(second);
        assert_eq!(limits.next_id(), second, "the first one is still shown");
        assert_eq!(first, ConnectionId(FIRST_CONNECTION_ID));
    }
}
