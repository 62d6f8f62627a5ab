//! The server machine in the world: a loop of the world's own, over the simulated network and storage.

mod cargo;
mod outputs;
mod storage;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tftp_budget::memory::Memory;
use tftp_files::jail::Jail;
use tftp_files::{Completion, Mailbox, Shelf};
use tftp_machine::{
    Alone, Config, Datagram, Decision, Handled, Limits as _, Mode, Policy, Server, TransferId,
};
use tftp_proto::wire::{self, OptionSet, Packet};
use tftp_proto::{Instant, Limits, Operation, Rollover, Timing, negotiate};
use tftp_sim::Rng;
use tftp_udp::datagrams::{Class, Datagrams, Failure, Until, Wake};

use super::event::Event;
use super::ground::{Ground, Node};
use super::plan::{self, Plan, part};
use super::simnet::{SimNet, SimWaker};
use super::simstore::SimStore;
use super::world::LISTENING;
use cargo::Cargoes;

const BATCH: usize = 64;
const BATCHES_A_TURN: usize = 4;

/// What storage has finished.
struct Inbox(Mutex<Vec<Completion<SimStore>>>, SimWaker);

impl Mailbox<SimStore> for Inbox {
    fn deliver(&self, completion: Completion<SimStore>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(completion);
        self.1.wake();
    }
}

/// What the world's application does later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Late {
    Go,
    /// It has taken what it was given of an upload.
    Taken,
}

/// A transfer's index and generation.
type Place = (u32, u32);

pub struct Host {
    server: Server<&'static Alone>,
    limits: &'static Alone,
    plan: Plan,
    policy: Policy,
    net: SimNet,
    shelf: Shelf<SimStore>,
    inbox: Arc<Inbox>,
    memory: Arc<Memory>,
    jail: Arc<Jail>,
    cargo: Cargoes,
    late: BinaryHeap<Reverse<(u64, u64, Late, Place)>>,
    lates: u64,
    application: Rng,
    failures: Vec<Failure>,
    now: Instant,
}

fn policy(plan: &Plan) -> Policy {
    let settings = &plan.settings;
    let single = settings.mode == plan::Mode::SinglePort;
    Policy {
        read_only: settings.read_only,
        max_connections: match settings.max_connections {
            0 => usize::MAX,
            most => most as usize,
        },
        max_per_host: settings.max_per_host as usize,
        limits: Limits {
            max_blksize: settings.max_blksize,
            max_windowsize: if single {
                settings.max_windowsize.min(4)
            } else {
                settings.max_windowsize
            },
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
        refused_options: OptionSet::default(),
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

impl Host {
    pub fn new(plan: &Plan, round: u64, ground: &mut Ground) -> Host {
        let mut rng = plan.rng(part::SERVER).part(round);
        let mut seed = [0; 16];
        seed[..8].copy_from_slice(&rng.next().to_le_bytes());
        seed[8..].copy_from_slice(&rng.next().to_le_bytes());
        let net = ground.net();
        let limits: &'static Alone = Box::leak(Box::new(Alone::new(plan.settings.descriptors as usize)));
        let (policy, memory) = (policy(plan), Arc::<Memory>::default());
        let inbox = Arc::new(Inbox(Mutex::default(), net.waker()));
        let mut host = Host {
            server: Server::new(config(plan, &net, ground), policy.clone(), limits, seed),
            limits,
            plan: *plan,
            policy,
            net,
            shelf: Shelf::new(ground.store.clone(), Arc::clone(&inbox) as _, Arc::clone(&memory)),
            inbox,
            memory,
            jail: Arc::new(Jail::unchecked(PathBuf::from("/srv"), true)),
            cargo: Cargoes::default(),
            late: BinaryHeap::new(),
            lates: 0,
            application: plan.rng(part::APPLICATION).part(round),
            failures: Vec::new(),
            now: Instant::default(),
        };
        host.drain(ground);
        host.wait();
        host
    }

    /// Says what is waited for; the world has the clock.
    fn wait(&mut self) {
        self.net.wait(Until {
            deadline: self.deadline().map(Instant::from_micros),
            hear: true,
            spin: Duration::ZERO,
        });
    }

    fn take(&mut self, class: Class, batches: usize, ground: &mut Ground) {
        for _ in 0..batches {
            let received = self.net.receive(class, BATCH);
            for index in 0..received.count {
                self.limits.set_descriptors(ground.budget.left());
                self.arrived(index, ground);
            }
            self.shelf.batch_ends();
            self.pass_on(ground);
            if !received.more {
                break;
            }
        }
    }

    fn arrived(&mut self, index: usize, ground: &mut Ground) {
        let datagram = self.net.arrival(index);
        match self.server.handle_datagram(self.now, &datagram) {
            Handled::Asked(id) => self.cargo.begin(id, &datagram, ground),
            Handled::Refused(_, number) => {
                self.limits.give_id(number);
                ground.tell(Event::Refused { peer: datagram.peer });
            }
            Handled::Repeated(_) => ground.counts.repeats += 1,
            Handled::Unanswered(_) => ground.counts.unanswered += 1,
            Handled::Received { id, bytes, last } => self.cargo.received(id, bytes, last),
            Handled::Acked(id, upto) => self.cargo.acked(id, upto),
            Handled::Ignored(_) | Handled::Packet(_) => {}
        }
        self.drain(ground);
    }

    fn take_failures(&mut self, ground: &mut Ground) {
        let mut failures = std::mem::take(&mut self.failures);
        self.net.failures(&mut failures);
        for failure in failures.drain(..) {
            self.server
                .handle_failure(self.now, failure.port, failure.peer, failure.what);
            self.drain(ground);
        }
        self.failures = failures;
    }

    fn take_results(&mut self, ground: &mut Ground) {
        let completions = std::mem::take(&mut *self.inbox.0.lock().unwrap_or_else(PoisonError::into_inner));
        for completion in completions {
            self.completed(completion, ground);
            self.drain(ground);
        }
        while let Some(&Reverse((_, _, what, (index, generation)))) =
            self.late.peek().filter(|late| late.0.0 <= self.now.as_micros())
        {
            self.late.pop();
            let id = TransferId { index, generation };
            match what {
                Late::Go => self.server.decide(self.now, id, Decision::Go),
                Late::Taken => self.cargo.make_dirty(id),
            }
            self.drain(ground);
        }
        self.pass_on(ground);
        self.shelf.batch_ends();
    }

    fn later(&mut self, wait: u64, id: TransferId, what: Late) {
        self.lates += 1;
        let at = self.now.as_micros() + wait;
        self.late
            .push(Reverse((at, self.lates, what, (id.index, id.generation))));
    }

    fn expire(&mut self, ground: &mut Ground) {
        if self.server.poll_timeout().is_some_and(|at| at <= self.now) {
            self.server.handle_timeout(self.now);
            self.drain(ground);
        }
    }

    fn flush(&mut self, ground: &mut Ground) {
        self.net.flush();
        self.take_failures(ground);
        self.net.flush();
        self.shelf.call();
    }

    /// What follows from an order of the operator.
    fn follow(&mut self, ground: &mut Ground) {
        self.drain(ground);
        self.flush(ground);
        self.wait();
    }
}

impl Node for Host {
    fn turn(&mut self, ground: &mut Ground) {
        ground.waker.take();
        ground.store.lock().now = self.net.now().as_micros();
        self.now = self.net.now();
        self.take(Class::Transfers, BATCHES_A_TURN, ground);
        self.take_failures(ground);
        self.take_results(ground);
        self.take(Class::Requests, 1, ground);
        self.expire(ground);
        self.flush(ground);
        self.wait();
    }

    fn deadline(&self) -> Option<u64> {
        let late = self.late.peek().map(|late| late.0.0);
        let timer = self.server.poll_timeout().map(Instant::as_micros);
        [late, timer].into_iter().flatten().min()
    }

    fn stop(&mut self, ground: &mut Ground) {
        self.server.stop_listening(self.now);
        self.follow(ground);
    }

    fn resume(&mut self, ground: &mut Ground) {
        ground.wire.borrow_mut().listen();
        self.server.resume(self.policy.clone());
        self.follow(ground);
    }

    fn shutdown(&mut self, ground: &mut Ground) {
        self.server.shutdown(self.now);
        self.follow(ground);
    }

    fn abandon(&mut self, ground: &mut Ground) {
        let first = self.cargo.ids().next();
        if let Some(id) = first {
            self.server.abandon(id);
            self.follow(ground);
        }
    }

    fn left(&self) -> usize {
        let limits = self.limits;
        let gathered = usize::from(self.memory.most() < Memory::default().most());
        self.cargo.ids().count()
            + limits.active()
            + limits.half_open()
            + limits.windows()
            + limits.settled()
            + gathered
    }
}

/// Of which operation a request is, and of which name.
fn request(datagram: &Datagram<'_>) -> (Vec<u8>, bool, tftp_proto::Mode, Option<u64>) {
    let Ok(Packet::Request(request)) = wire::parse(datagram.bytes) else {
        panic!("{:?} began a transfer", datagram.bytes)
    };
    let upload = request.operation == Operation::Write;
    (
        request.filename.to_vec(),
        upload,
        request.mode,
        request.asked.tsize,
    )
}
