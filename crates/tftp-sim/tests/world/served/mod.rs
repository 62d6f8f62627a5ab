//! The library's loop as the server of a world, between the simulated network and the simulated
//! storage, with a simulated application.

mod application;
mod supplier;

use std::cell::RefCell;
use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crossbeam_channel::bounded;
use tftp_machine::{Config, Descriptors, Mode};
use tftp_proto::{Instant, Limits, Rollover, Timing, negotiate};
use tftp_serve::simulation::{
    Drain, Environment, Inbox, Jail, Loop, Message, Policy, Setup, Shared,
};
use tftp_serve::{NameCodec, names};
use tftp_udp::datagrams::Datagrams;

use super::budget::Budget;
use super::ground::{Ground, Node};
use super::plan::{self, Plan, part};
use super::simnet::{SimNet, SimWaker};
use super::simstore::SimStore;
use super::wire::Wire;
use super::world::LISTENING;
use application::Application;

/// A server of one thread.
pub struct Served {
    thread: Loop<SimNet, SimStore>,
    inbox: Arc<Inbox<SimStore, SimWaker>>,
    shared: Arc<Shared>,
    drained: Arc<Drain>,
    policy: Arc<Policy>,
    application: Arc<Application>,
    wire: Rc<RefCell<Wire>>,
    /// The number of unanswered requests that was already added to the counts.
    unanswered: u64,
    was_done: bool,
}

/// The descriptors of the process: those that are left, and their limit.
struct ProcessLimits(Arc<Budget>, usize);

impl Environment for ProcessLimits {
    fn descriptors(&self) -> Descriptors {
        self.0.left()
    }

    fn descriptor_limit(&self) -> usize {
        self.1
    }

    fn own_addresses(&self) -> Vec<Ipv6Addr> {
        Vec::new()
    }
}

/// Uses names on the wire as file names unchanged.
struct Plain;

impl NameCodec for Plain {
    fn decode(&self, wire: &[u8]) -> Option<String> {
        Some(names::from_bytes(wire))
    }
}

fn policy(plan: &Plan) -> Policy {
    let settings = &plan.settings;
    let single = settings.mode == plan::Mode::SinglePort;
    let most = if single { 4 } else { u16::MAX };
    Policy {
        root: Some(Arc::new(Jail::unchecked(PathBuf::from("/srv"), true))),
        read_only: settings.read_only,
        sync_uploads: settings.sync,
        max_connections: match settings.max_connections {
            0 => usize::MAX,
            most => most as usize,
        },
        max_per_host: settings.max_per_host as usize,
        limits: Limits {
            max_blksize: settings.max_blksize,
            max_windowsize: settings.max_windowsize.min(most),
            max_large_window: negotiate::LARGE_WINDOW,
            rollover: Rollover::Zero,
        },
        timing: Timing {
            retransmit_timeout: Duration::from_micros(settings.retransmit_timeout),
            max_retransmits: settings.max_retransmits,
            adaptive: settings.adaptive,
            inactivity: Some(Duration::from_micros(settings.inactivity)),
            absolute: None,
        },
        ..Policy::new(Arc::new(Plain))
    }
}

fn config(plan: &Plan, net: &SimNet, ground: &Ground) -> Config {
    Config {
        listening: net.listening(),
        address: SocketAddr::new(ground.address, LISTENING),
        source: None,
        mode: match plan.settings.mode {
            plan::Mode::Private => Mode::Own,
            plan::Mode::Shared => Mode::Shared,
            plan::Mode::SinglePort => Mode::Single,
        },
        transfer_ports: None,
        threads: 1,
        hides_probes: true,
        dont_fragment: plan.link.dont_fragment,
    }
}

impl Served {
    pub fn new(plan: &Plan, round: u64, ground: &mut Ground) -> Served {
        let mut rng = plan.rng(part::SERVER).part(round);
        let mut seed = [0; 16];
        seed[..8].copy_from_slice(&rng.next().to_le_bytes());
        seed[8..].copy_from_slice(&rng.next().to_le_bytes());
        let net = ground.net();
        let limit = plan.settings.descriptors as usize;
        let shared = Arc::new(Shared::with_held(plan.settings.held));
        let drained = Arc::<Drain>::default();
        let (policy, application) = (
            Arc::new(policy(plan)),
            Arc::new(Application::new(plan, round, ground)),
        );
        let machine = config(plan, &net, ground);
        let (thread, inbox) = Loop::new(Setup {
            net,
            store: ground.store.clone(),
            sink: Arc::clone(&application) as _,
            shared: Arc::clone(&shared),
            environment: Box::new(ProcessLimits(Arc::clone(&ground.budget), limit)),
            drained: Arc::clone(&drained),
            machine,
            policy: Arc::clone(&policy),
            seed,
            busy_poll: Duration::ZERO,
        });
        let mut served = Served {
            thread,
            inbox,
            shared,
            drained,
            policy,
            application,
            wire: Rc::clone(&ground.wire),
            unanswered: 0,
            was_done: false,
        };
        let other_thread = Arc::clone(&served.application);
        ground.moments.set(move || other_thread.meanwhile());
        served.thread.wait();
        served
    }

    fn count(&mut self, ground: &mut Ground) {
        let unanswered = self.shared.counters.unanswered.load(Relaxed);
        ground.counts.unanswered +=
            unanswered - std::mem::replace(&mut self.unanswered, unanswered);
        let is_done = self.thread.is_done();
        ground.counts.drained +=
            u64::from(is_done && !std::mem::replace(&mut self.was_done, is_done));
        self.application.count(&mut ground.counts);
        ground.broken = ground.broken.take().or_else(|| self.application.take_broken());
    }
}

impl Node for Served {
    fn turn(&mut self, ground: &mut Ground) {
        ground.waker.take();
        let now = self.wire.borrow().now;
        ground.store.lock().now = now;
        self.application.run(now);
        self.thread.wait();
        self.thread.turn();
        self.thread.wait();
        self.count(ground);
    }

    fn deadline(&self) -> Option<u64> {
        let own = self.wire.borrow().until.deadline.map(Instant::as_micros);
        own.into_iter().chain(self.application.next_at()).min()
    }

    fn stop(&mut self, _: &mut Ground) {
        self.drained.begin(1);
        self.inbox.send(Message::StopListening(bounded(1).0));
    }

    fn resume(&mut self, ground: &mut Ground) {
        ground.wire.borrow_mut().listen();
        let policy = Arc::clone(&self.policy);
        self.inbox.send(Message::Resume(policy, bounded(1).0));
    }

    fn shutdown(&mut self, _: &mut Ground) {
        self.drained.begin(0);
        self.inbox.send(Message::Shutdown(bounded(1).0));
    }

    fn abandon(&mut self, _: &mut Ground) {
        self.application.fail_once();
    }

    fn left(&self) -> usize {
        self.thread.connections()
            + self.shared.active()
            + self.shared.memory_taken()
            + self.application.left()
    }
}
