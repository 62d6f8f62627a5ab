//! The ports that are open, by number, and which of them a new transfer gets.

use alloc::vec;
use alloc::vec::Vec;

use crate::admission::Group;
use crate::config::Config;
use crate::id::{PortId, TransferId};
use crate::port_plan::{Buckets, Budget, Mode, Occupant, Seat, seat};
use crate::siphash::SipKey;

/// What is known of the open ports.
pub(crate) struct Ports {
    slots: Vec<Slot>,
    /// Shared ports that are open, by bucket.
    shared: Vec<Option<PortId>>,
    buckets: Buckets,
    budget: Budget,
    mode: Mode,
    /// Private ports that are open.
    own: usize,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    generation: u32,
    role: Role,
}

/// What a port is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Role {
    /// It is not open, or was not opened here.
    #[default]
    Unknown,
    Listening,
    Shared,
    /// Of this transfer alone.
    Private(u32),
}

/// How a transfer comes by a shared port.
pub(crate) enum Sharing {
    /// The port of this bucket is to be opened.
    Open(u8),
    /// This place; a transfer may have to leave it.
    Take(Seat<PortId, TransferId>),
    /// There is none.
    Nothing,
}

impl Ports {
    pub(crate) fn new(config: &Config, descriptors: usize, key: SipKey) -> Ports {
        let range = config.transfer_ports.as_ref();
        let budget = Budget::new(config.mode, range, config.threads.max(1), descriptors);
        let mut ports = Ports {
            slots: Vec::new(),
            shared: vec![None; budget.shared],
            buckets: Buckets::new(key, budget.shared.max(1)),
            budget,
            mode: config.mode,
            own: 0,
        };
        ports.set(config.listening, Role::Listening);
        ports
    }

    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    /// Private ports that are open.
    pub(crate) fn own(&self) -> usize {
        self.own
    }

    /// One more private port is within the range of ports.
    pub(crate) fn has_room(&self) -> bool {
        self.own < self.budget.own
    }

    #[inline]
    pub(crate) fn role(&self, port: PortId) -> Role {
        match self.slots.get(port.index as usize) {
            Some(slot) if slot.generation == port.generation => slot.role,
            _ => Role::Unknown,
        }
    }

    fn set(&mut self, port: PortId, role: Role) {
        let index = port.index as usize;
        if index >= self.slots.len() {
            self.slots.resize(index + 1, Slot::default());
        }
        self.slots[index] = Slot {
            generation: port.generation,
            role,
        };
    }

    pub(crate) fn add_private(&mut self, port: PortId, owner: u32) {
        self.own += 1;
        self.set(port, Role::Private(owner));
    }

    pub(crate) fn add_shared(&mut self, port: PortId, bucket: u8) {
        if let Some(place) = self.shared.get_mut(usize::from(bucket)) {
            *place = Some(port);
            self.set(port, Role::Shared);
        }
    }

    /// The port is about to be closed.
    pub(crate) fn remove(&mut self, port: PortId) {
        if let Role::Private(_) = self.role(port) {
            self.own -= 1;
        }
        if self.role(port) != Role::Unknown {
            self.set(port, Role::Unknown);
        }
    }

    /// A bucket to keep open for the time when no port can be opened, drawn by `draw`.
    pub(crate) fn reserve(&self, draw: u64) -> Option<u8> {
        (self.mode == Mode::Own).then(|| (draw % self.shared.len() as u64) as u8)
    }

    /// The place of a transfer on a shared port. `failed`: the buckets whose port cannot be opened, as bits; `occupant`
    /// tells which transfer the client has on a port.
    pub(crate) fn share(
        &self,
        group: Group,
        failed: u64,
        occupant: impl Fn(PortId) -> Option<Occupant<TransferId>>,
    ) -> Sharing {
        if self.shared.is_empty() {
            return Sharing::Nothing;
        }
        let mut places = Vec::with_capacity(2);
        for bucket in self.buckets.of(group) {
            match self.shared[bucket] {
                Some(port) => places.push((port, occupant(port))),
                None if failed & 1 << bucket == 0 => return Sharing::Open(bucket as u8),
                None => {}
            }
            if let Some((_, None)) = places.last() {
                break;
            }
        }
        if places.is_empty() {
            // Any port is better than to refuse.
            places.extend(self.shared.iter().flatten().map(|&port| (port, occupant(port))));
        }
        seat(&places).map_or(Sharing::Nothing, Sharing::Take)
    }
}
