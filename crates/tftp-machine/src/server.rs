//! The state of the machine, and its inputs.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use tftp_proto::{ErrorCode, Instant};

use crate::admission::Admission;
use crate::config::{Config, Policy};
use crate::held::HeldRequest;
use crate::id::{PortId, TransferId};
use crate::limits::Limits;
use crate::net::{OpenPlan, Route};
use crate::networks::Networks;
use crate::ports::Ports;
use crate::siphash::SipKey;
use crate::strays::RateLimiter;
use crate::table::Table;
use crate::timers::Timers;
use crate::transfer::Transfer;

/// The transfers that one thread serves, and the state of each.
///
/// **After every input, poll [`Server::poll_output`] until it returns `None`, before the next input
/// of another cause.** Answers to outputs (`handle_port`, `decide`, `handle_io`) may be given
/// meanwhile, and may add outputs.
pub struct Server<L> {
    pub(crate) config: Config,
    pub(crate) policy: Policy,
    pub(crate) limits: L,
    pub(crate) table: Table,
    pub(crate) timers: Timers,
    pub(crate) ports: Ports,
    pub(crate) half_open: Admission<TransferId>,
    pub(crate) networks: Networks,
    pub(crate) strays: RateLimiter,
    /// Uploads that stay only to retransmit their last ACK from ports of their own, the oldest in
    /// front.
    pub(crate) dallying: VecDeque<TransferId>,
    pub(crate) now: Instant,
    /// The transfer that is being polled, those that follow it, and the outputs that belong to no
    /// transfer.
    pub(crate) current: Option<u32>,
    pub(crate) listed: VecDeque<u32>,
    pub(crate) unbound: VecDeque<UnboundOutput>,
    /// Buffers that outputs of [`Server::poll_output`] borrow.
    pub(crate) scratch: Vec<u8>,
    pub(crate) to: Route,
    pub(crate) plan: OpenPlan,
    pub(crate) retried: Option<Box<HeldRequest>>,
    key: SipKey,
    draws: u64,
    pub(crate) is_undrained: bool,
    pub(crate) is_listening: bool,
    /// The listening port was given up.
    pub(crate) is_released: bool,
    pub(crate) admits_requests: bool,
    /// When the listening socket was last found empty; `None`: requests do not wait there.
    pub(crate) requests_since: Option<Instant>,
    pub(crate) was_told_drained: bool,
}

/// A pending output that belongs to no transfer.
pub(crate) enum UnboundOutput {
    Error(Route, ErrorCode, &'static str),
    ClosePort(PortId),
    /// A held request that is handled now.
    Retry(Box<HeldRequest>),
    /// The bucket of a shared port that is opened before it is needed.
    Reserve(u8),
}

impl<L: Limits> Server<L> {
    /// Creates a machine that listens. `seed` is a secret random number, different for each
    /// machine.
    pub fn new(config: Config, policy: Policy, limits: L, seed: [u8; 16]) -> Self {
        let key = SipKey(seed);
        let ports = Ports::new(&config, limits.descriptor_limit(), SipKey(derived(key)));
        let to = Route {
            port: config.listening,
            peer: config.address,
            source: None,
        };
        let mut server = Server {
            table: Table::new(key.hash(b"table")),
            timers: Timers::default(),
            ports,
            half_open: Admission::default(),
            networks: Networks::default(),
            strays: RateLimiter::default(),
            dallying: VecDeque::new(),
            now: Instant::default(),
            current: None,
            listed: VecDeque::new(),
            unbound: VecDeque::new(),
            scratch: Vec::new(),
            to,
            plan: OpenPlan::nothing(config.address),
            retried: None,
            key,
            draws: 0,
            is_undrained: false,
            is_listening: true,
            is_released: false,
            admits_requests: true,
            requests_since: None,
            was_told_drained: false,
            config,
            policy,
            limits,
        };
        let draw = server.draw();
        if let Some(bucket) = server.ports.reserve(draw) {
            server.push_unbound(UnboundOutput::Reserve(bucket));
        }
        server
    }

    /// Returns a number that cannot be predicted without the seed.
    pub(crate) fn draw(&mut self) -> u64 {
        self.draws += 1;
        self.key.hash(&self.draws.to_le_bytes())
    }

    /// Begins an input that is no answer to an output. All outputs were polled before.
    #[inline]
    pub(crate) fn begin(&mut self, now: Instant) {
        debug_assert!(
            !self.is_undrained,
            "poll until there is nothing more before the next input"
        );
        self.now = now;
    }

    /// Notes that a transfer may have outputs.
    #[inline]
    pub(crate) fn touch(&mut self, index: u32) {
        self.is_undrained = true;
        match self.current {
            None => self.current = Some(index),
            Some(current) if current == index => {}
            Some(_) => {
                if self.table.list(index) {
                    self.listed.push_back(index);
                }
            }
        }
    }

    pub(crate) fn push_unbound(&mut self, what: UnboundOutput) {
        self.is_undrained = true;
        self.unbound.push_back(what);
    }

    /// Sets the policy from now on; transfers keep the limits and timing that they began with.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// Sets whether requests are admitted. With `false` they are not answered: the application
    /// cannot take more events.
    pub fn admit_requests(&mut self, open: bool) {
        self.admits_requests = open;
    }

    /// Sets the time at which the listening socket was last found empty: the requests that are
    /// handled next arrived later. The time that a late copy of an upload's request may have waited
    /// decides whether it is a repetition.
    pub fn set_requests_since(&mut self, since: Instant) {
        self.requests_since = Some(since);
    }

    /// Returns when to call [`Server::handle_timeout`]. It may be earlier than the next deadline.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Handles the deadlines that have passed. The caller reads sockets that hold datagrams before.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.begin(now);
        while let Some((at, id)) = self.timers.pop(now) {
            let Some(transfer) = self.table.get_mut(id) else {
                continue;
            };
            if self.timers.popped(now, at, id, &mut transfer.timer) {
                self.expire(id.index);
            }
        }
    }

    /// Returns the number of transfers on all threads whose clients have acknowledged something.
    pub fn settled(&self) -> usize {
        self.limits.settled()
    }

    /// Returns true if [`Server::shrink`] would free much: there were many more transfers than
    /// there are now.
    pub fn is_sparse(&self) -> bool {
        self.table.is_sparse()
    }

    /// Frees memory that the present transfers do not need. Takes time that is linear in the number
    /// of transfers that there were. Everything was polled before. Returns the number of transfers
    /// whose memory was freed.
    pub fn shrink(&mut self) -> usize {
        debug_assert!(!self.is_undrained, "poll until there is nothing more");
        let freed = self.table.shrink();
        let table = &self.table;
        self.timers.shrink(|id| table.get(id).is_some());
        self.ports.shrink();
        self.half_open.shrink();
        self.dallying.shrink_to_fit();
        self.listed.shrink_to_fit();
        self.unbound.shrink_to_fit();
        freed
    }

    /// Returns a transfer until it is gone.
    pub fn transfer(&self, id: TransferId) -> Option<&Transfer> {
        self.table.get(id)
    }

    /// Returns the number of transfers that are not gone.
    pub fn transfers(&self) -> usize {
        self.table.len()
    }

    /// Returns the ids of all transfers, for an operation on each of them.
    pub fn ids(&self) -> Vec<TransferId> {
        let indices = self.table.indices();
        let transfers = indices.into_iter().filter_map(|index| self.table.at(index));
        transfers.map(|transfer| transfer.id).collect()
    }

    /// Returns whether requests are answered.
    pub fn is_listening(&self) -> bool {
        self.is_listening
    }

    /// Takes the request of the last [`crate::Output::Retried`].
    pub fn take_retried(&mut self) -> Option<Box<HeldRequest>> {
        self.retried.take()
    }

    /// Returns the limits that count the transfers.
    pub fn limits(&self) -> &L {
        &self.limits
    }
}

/// Derives a second key, about which hashes under the first one reveal nothing.
fn derived(key: SipKey) -> [u8; 16] {
    let mut other = [0; 16];
    other[..8].copy_from_slice(&key.hash(b"buckets, first half").to_le_bytes());
    other[8..].copy_from_slice(&key.hash(b"buckets, second half").to_le_bytes());
    other
}
