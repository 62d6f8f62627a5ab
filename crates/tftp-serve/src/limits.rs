//! The limits of one I/O thread's machine: the counters that all threads of a server object share,
//! and the descriptors that the process has left.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use tftp_budget::descriptors;
use tftp_machine::{ConnectionId, Descriptors, Full, Limits, Policy};

use super::config::ClientFilter;
use super::shared::Shared;

/// The maximum number of descriptors that a request needs besides its socket.
const ROOM: usize = 4;

/// The process and the host that a server runs in.
pub trait Environment: Send {
    /// Returns how scarce descriptors are.
    fn descriptors(&self) -> Descriptors;
    /// Returns the number of descriptors that the process may have.
    fn descriptor_limit(&self) -> usize;
    /// Returns the host's IPv6 addresses.
    fn own_addresses(&self) -> Vec<Ipv6Addr>;
}

/// The environment of the running process.
#[derive(Clone, Copy, Debug)]
pub struct Process;

impl Environment for Process {
    fn descriptors(&self) -> Descriptors {
        if descriptors::has_fewer_than(ROOM) {
            Descriptors::Tight
        } else if descriptors::half_open_share_is_full() {
            Descriptors::Crowded
        } else {
            Descriptors::Plenty
        }
    }

    /// Reads the limit each time, because a program may change it.
    fn descriptor_limit(&self) -> usize {
        descriptors::limit()
    }

    fn own_addresses(&self) -> Vec<Ipv6Addr> {
        tftp_udp::own_ipv6_addresses()
    }
}

/// The limits of one I/O thread.
pub(crate) struct ThreadLimits {
    shared: Arc<Shared>,
    environment: Box<dyn Environment>,
    /// Selects the clients whose requests are answered; `None`: all.
    clients: RefCell<Option<Arc<dyn ClientFilter>>>,
}

impl ThreadLimits {
    pub(crate) fn new(shared: Arc<Shared>, environment: Box<dyn Environment>) -> ThreadLimits {
        ThreadLimits {
            shared,
            environment,
            clients: RefCell::default(),
        }
    }

    pub(crate) fn set_clients(&self, clients: Option<Arc<dyn ClientFilter>>) {
        self.clients.replace(clients);
    }
}

impl Limits for ThreadLimits {
    fn enter(&self, host: IpAddr, policy: &Policy) -> Result<(), Full> {
        self.shared.enter(host, policy)
    }

    fn settle(&self) {
        self.shared.settle();
    }

    fn leave(&self, host: IpAddr) {
        self.shared.leave(host);
    }

    fn back(&self, host: IpAddr) {
        self.shared.back(host);
    }

    fn is_flooded(&self) -> bool {
        self.shared.is_flooded()
    }

    fn settled(&self) -> usize {
        self.shared.settled()
    }

    fn next_id(&self) -> ConnectionId {
        ConnectionId(self.shared.ids.take())
    }

    fn most_window(&self) -> usize {
        self.shared.memory.most()
    }

    fn take_window(&self, bytes: u32) {
        self.shared.memory.add(bytes as usize);
    }

    fn give_window(&self, bytes: u32) {
        self.shared.memory.give(bytes as usize);
    }

    fn descriptors(&self) -> Descriptors {
        self.environment.descriptors()
    }

    fn descriptor_limit(&self) -> usize {
        self.environment.descriptor_limit()
    }

    fn admits(&self, client: IpAddr) -> bool {
        self.clients
            .borrow()
            .as_ref()
            .is_none_or(|clients| clients.admits(client))
    }

    fn own_addresses(&self) -> Vec<Ipv6Addr> {
        self.environment.own_addresses()
    }
}
