//! The world's application. It answers at once, later or never, refuses, takes data slowly, and
//! ends transfers. It checks that events arrive in order.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tftp_proto::Operation;
use tftp_serve::inline::{DataRun, EngineEvent, EventSink, Interests, Reply, Sources};
use tftp_serve::names;
use tftp_serve::{ErrorCode, Outcome, Refusal};
use tftp_sim::Rng;

use super::super::counts::Counts;
use super::super::event::{Event, How, Id, Log, Observation};
use super::super::ground::Ground;
use super::super::judges::{Broken, Judge};
use super::super::plan::{self, Plan, part};
use super::supplier::Supplier;

pub struct Application {
    state: Mutex<State>,
    supplier: Supplier,
}

struct State {
    now: u64,
    knobs: plan::Application,
    /// The chance in percent that it takes the data of an upload late.
    holds: u64,
    interests: Interests,
    rng: Rng,
    log: Log,
    connections: BTreeMap<i32, Connection>,
    /// Refused connections. The only event that may follow is an end that occurred at the same
    /// time.
    refused: BTreeSet<i32>,
    later: BinaryHeap<Reverse<(u64, u64, i32, Late)>>,
    lates: u64,
    next_id: Id,
    counts: Counts,
    broken: Option<Broken>,
    fails: bool,
}

struct Connection {
    id: Id,
    reply: Reply,
    upload: bool,
    name: Vec<u8>,
    /// The number of bytes that it received.
    moved: u64,
    is_whole: bool,
}

/// A deferred action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Late {
    Admit,
    Taken(u64),
}

fn interests(plan: &Plan) -> Interests {
    let application = &plan.application;
    let all = Interests::CONNECTIONS.with(Interests::FAILURES);
    let decides =
        application.later + application.never + application.refuses + plan.feeding.fed > 0;
    let all = if decides {
        all.with(Interests::REQUESTS)
    } else {
        all
    };
    match plan.disk.holds > 0 || application.ends > 0 {
        true => all.with(Interests::DATA),
        false => all,
    }
}

fn how(outcome: &Outcome) -> How {
    match outcome {
        Outcome::Complete => How::Complete,
        Outcome::Probe { .. } => How::Probe,
        Outcome::ClientError { .. } => How::ClientError,
        Outcome::Silent {
            probably_complete: true,
        } => How::Probably,
        Outcome::Silent { .. } => How::TimedOut,
        Outcome::Network(error)
            if error
                .io_error()
                .is_some_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused) =>
        {
            How::Unreachable
        }
        Outcome::Replaced => How::Replaced,
        _ => How::Failed,
    }
}

impl Application {
    pub fn new(plan: &Plan, round: u64, ground: &Ground) -> Application {
        let supplier = Supplier::new(plan, round, ground);
        let state = Mutex::new(State {
            now: 0,
            knobs: plan.application,
            holds: plan.disk.holds,
            interests: interests(plan),
            rng: plan.rng(part::APPLICATION).part(round),
            log: ground.log.clone(),
            connections: BTreeMap::new(),
            refused: BTreeSet::new(),
            later: BinaryHeap::new(),
            lates: 0,
            next_id: round << 40,
            counts: Counts::default(),
            broken: None,
            fails: false,
        });
        Application { state, supplier }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Performs the actions that are due.
    pub fn run(&self, now: u64) {
        let failed = self.supplier.run(now);
        self.fail(&failed);
        let mut state = self.lock();
        state.now = now;
        while let Some(&Reverse((_, _, number, what))) =
            state.later.peek().filter(|late| late.0.0 <= now)
        {
            state.later.pop();
            if let Some(connection) = state.connections.get(&number) {
                match what {
                    Late::Admit => connection.reply.admit(self.sources(number, connection)),
                    Late::Taken(weight) => connection.reply.taken(weight),
                }
            }
        }
    }

    /// Runs another thread of the application, while the loop is in the middle of a turn.
    pub fn meanwhile(&self) {
        let failed = self.supplier.meanwhile();
        self.fail(&failed);
    }

    fn sources(&self, number: i32, connection: &Connection) -> Sources {
        let fed = match connection.upload {
            true => None,
            false => self.supplier.feed(number, connection.id, &connection.name),
        };
        Sources {
            fed,
            ..Sources::default()
        }
    }

    /// Fails the source of these downloads.
    fn fail(&self, numbers: &[i32]) {
        let state = self.lock();
        for connection in numbers.iter().filter_map(|number| state.connections.get(number)) {
            connection
                .reply
                .end(Refusal::new(ErrorCode::UNDEFINED, "The source has failed"));
        }
    }

    pub fn next_at(&self) -> Option<u64> {
        let own = self.lock().later.peek().map(|late| late.0.0);
        own.into_iter().chain(self.supplier.next_at()).min()
    }

    /// Causes a fault in the middle of the next turn.
    pub fn fail_once(&self) {
        self.lock().fails = true;
    }

    pub fn left(&self) -> usize {
        self.lock().connections.len() + self.supplier.left()
    }

    pub fn count(&self, counts: &mut Counts) {
        counts.add(&std::mem::take(&mut self.lock().counts));
        self.supplier.count(counts);
    }

    pub fn take_broken(&self) -> Option<Broken> {
        let own = self.lock().broken.take();
        own.or_else(|| self.supplier.take_broken())
    }
}

impl State {
    fn record(&self, event: Event) {
        self.log.record(Observation::Event(event));
    }

    fn wrong(&mut self, text: String) {
        self.broken.get_or_insert(Broken(Judge::Order, text));
    }

    fn later(&mut self, wait: u64, id: i32, what: Late) {
        self.lates += 1;
        self.later.push(Reverse((self.now + wait, self.lates, id, what)));
    }

    fn requested(&mut self, reply: Reply, held: bool) {
        let connection = reply.connection();
        self.next_id += 1;
        let id = self.next_id;
        let upload = connection.operation() == Operation::Write;
        let name = names::to_bytes(connection.name()).into_owned();
        self.record(Event::Requested {
            id,
            peer: connection.client(),
            upload,
            name: name.clone(),
        });
        let known = Connection {
            id,
            reply,
            upload,
            name,
            moved: 0,
            is_whole: false,
        };
        self.refused.remove(&connection.id());
        if self.connections.insert(connection.id(), known).is_some() {
            self.wrong(format!("two connections have the number {}", connection.id()));
        }
        if held {
            self.decide(connection.id(), id);
        }
    }

    fn decide(&mut self, number: i32, id: Id) {
        let knobs = self.knobs;
        if self.rng.percent(knobs.refuses) {
            if let Some(connection) = self.connections.remove(&number) {
                connection.reply.end(Refusal::access_denied());
                self.refused.insert(number);
            }
            let how = How::Failed;
            self.record(Event::Over { id, how });
        } else if self.rng.percent(knobs.never) {
            self.counts.later += 1;
        } else if self.rng.percent(knobs.later) {
            self.counts.later += 1;
            let wait = 1 + self.rng.below(3_000_000);
            self.later(wait, number, Late::Admit);
        } else {
            self.later(0, number, Late::Admit);
        }
    }

    fn moved(&mut self, run: &DataRun) {
        let Some(connection) = self.connections.get_mut(&run.id) else {
            return self.wrong(format!("data of {}, which is not there", run.id));
        };
        let expected = connection.moved;
        connection.moved += run.length;
        connection.is_whole |= run.is_last;
        let upload = connection.upload;
        if run.before != expected {
            return self.wrong(format!(
                "{} bytes of {} came before, not {expected}",
                run.before, run.id
            ));
        }
        let sum: usize = run.slices.iter().map(|(_, range)| range.len()).sum();
        if sum as u64 != run.length {
            return self.wrong(format!("{sum} bytes of {} are said to be {}", run.id, run.length));
        }
        if self.rng.percent(self.knobs.ends)
            && let Some(connection) = self.connections.get(&run.id)
        {
            self.counts.ended_by_callback += 1;
            connection
                .reply
                .end(Refusal::new(ErrorCode::UNDEFINED, "Ended by a callback"));
        }
        let slow = self.rng.percent(self.holds);
        self.counts.held += u64::from(slow && upload);
        let wait = if slow { 1 + self.rng.below(500_000) } else { 0 };
        self.later(wait, run.id, Late::Taken(run.weight()));
    }

    fn ended(&mut self, number: i32, outcome: &Outcome) {
        if self.refused.remove(&number) {
            return;
        }
        let Some(connection) = self.connections.remove(&number) else {
            return self.wrong(format!("the end of {number}, which is not there"));
        };
        if outcome.is_complete() && self.interests.has(Interests::DATA) && !connection.is_whole {
            self.wrong(format!("{number} is whole, its last data was not told of"));
        }
        let (id, how) = (connection.id, how(outcome));
        self.record(Event::Over { id, how });
    }

    fn started(&mut self, number: i32) {
        match self.connections.get(&number).map(|connection| connection.id) {
            Some(id) => self.record(Event::Begun { id }),
            None => self.wrong(format!("{number} starts, which is not there")),
        }
    }
}

impl EventSink for Application {
    fn interests(&self) -> Interests {
        let mut state = self.lock();
        if std::mem::take(&mut state.fails) {
            drop(state);
            // As a panic, without its message.
            std::panic::resume_unwind(Box::new("a fault"));
        }
        state.interests
    }

    fn admits(&self) -> bool {
        true
    }

    fn event(&self, event: EngineEvent) {
        let mut state = self.lock();
        match event {
            EngineEvent::Requested { reply, held } => state.requested(reply, held),
            EngineEvent::Refused { connection, .. } => {
                let peer = connection.client();
                state.record(Event::Refused { peer });
            }
            EngineEvent::Started { connection, .. } => state.started(connection.id()),
            EngineEvent::Data(run) => state.moved(&run),
            EngineEvent::Ended { connection, outcome } => {
                self.supplier.ended(connection.id());
                state.ended(connection.id(), &outcome);
            }
            _ => {}
        }
    }
}
