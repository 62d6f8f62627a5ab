//! The open ports, by index, and the choice among shared ones for a new transfer.

use alloc::vec;
use alloc::vec::Vec;

use crate::admission::Group;
use crate::config::Config;
use crate::id::{PortId, TransferId};
use crate::port_plan::{Buckets, Budget, Mode, Occupant, PortAssignment, assign};
use crate::siphash::SipKey;

/// The open ports, and their budget.
pub(crate) struct Ports {
    slots: Vec<Slot>,
    /// The open shared ports, by bucket.
    shared: Vec<Option<PortId>>,
    buckets: Buckets,
    budget: Budget,
    mode: Mode,
    /// The number of open private ports.
    own: usize,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    generation: u32,
    role: Role,
}

/// The use of a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Role {
    /// Not open, or not opened for this machine.
    #[default]
    Unknown,
    Listening,
    Shared,
    /// The port of this transfer alone.
    Private(u32),
}

/// How a transfer gets a shared port.
pub(crate) enum Sharing {
    /// The port of this bucket has to be opened first.
    Open(u8),
    /// The transfer takes this place; another one may have to leave it.
    Take(PortAssignment<PortId, TransferId>),
    /// There is no shared port.
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

    /// The number of open private ports.
    pub(crate) fn own(&self) -> usize {
        self.own
    }

    /// Returns true if the budget allows one more private port.
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

    /// Forgets a port that is about to be closed.
    pub(crate) fn remove(&mut self, port: PortId) {
        if let Role::Private(_) = self.role(port) {
            self.own -= 1;
        }
        if self.role(port) != Role::Unknown {
            self.set(port, Role::Unknown);
        }
    }

    /// Frees the slots behind the last open port.
    pub(crate) fn shrink(&mut self) {
        let last = self.slots.iter().rposition(|slot| slot.role != Role::Unknown);
        self.slots.truncate(last.map_or(0, |last| last + 1));
        self.slots.shrink_to_fit();
    }

    /// Returns the bucket, chosen by `draw`, whose port is opened in advance for the time when no
    /// port can be opened. `None` if the mode is not [`Mode::Own`].
    pub(crate) fn reserve(&self, draw: u64) -> Option<u8> {
        (self.mode == Mode::Own).then(|| (draw % self.shared.len() as u64) as u8)
    }

    /// Chooses the place of a transfer on a shared port. `failed` has a bit for each bucket whose
    /// port cannot be opened; `occupant` returns the transfer that the client has on a port.
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
            // Any open port is better than a refusal.
            places.extend(self.shared.iter().flatten().map(|&port| (port, occupant(port))));
        }
        assign(&places).map_or(Sharing::Nothing, Sharing::Take)
    }
}
