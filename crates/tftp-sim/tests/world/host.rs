//! The server machine in the world: a loop of the world's own, which answers what the machine asks in line or late.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::SocketAddr;
use std::time::Duration;

use tftp_machine::{
    Alone, Blocks, Config, Datagram, Decision, Descriptors, Ending, Handled, Io, IoDone, Limits as _, Mode,
    NetFailure, NoPort, Output, Policy, PortId, PortKind, Server, TransferId,
};
use tftp_proto::wire::{self, ErrorCode, OptionSet, Packet};
use tftp_proto::{Instant, Limits, Operation, Rollover, Timing, negotiate};
use tftp_sim::Rng;

use super::ground::{Event, Ground, How, Id, Node, Port, Sent};
use super::net::{Flight, Kind};
use super::plan::{self, Plan, part};
use super::world::LISTENING;

/// What the loop keeps of a transfer.
struct Cargo {
    id: Id,
    generation: u32,
    peer: SocketAddr,
    name: Vec<u8>,
    request: Vec<u8>,
    upload: bool,
    /// What the file held when it was opened, and what it holds now.
    opened: Option<&'static [u8]>,
    content: &'static [u8],
    available: u64,
    is_open: bool,
    received: Vec<u8>,
    is_settled: bool,
    is_over: bool,
}

/// Something that comes later.
#[derive(Clone, Debug)]
enum Late {
    Io(IoDone),
    Go,
    Store,
}

/// What is to be done after the output that asked for it is let go.
enum Todo {
    Nothing,
    Port(TransferId, Result<PortId, NoPort>),
    Ask(TransferId),
    Io(TransferId, Io),
    Retried(Handled<'static>, Flight),
    Drained,
}

pub struct Host {
    server: Server<&'static Alone>,
    limits: &'static Alone,
    plan: Plan,
    policy: Policy,
    ports: Vec<(u16, u32)>,
    numbers: BTreeMap<u16, PortId>,
    free: Vec<u32>,
    own_ports: u32,
    cargo: Vec<Option<Cargo>>,
    late: BinaryHeap<Reverse<(u64, u64, u32, u32)>>,
    jobs: BTreeMap<u64, Late>,
    job: u64,
    disk: Rng,
    application: Rng,
    listening: bool,
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

impl Host {
    pub fn new(plan: &Plan, round: u64, ground: &mut Ground) -> Host {
        let mut rng = plan.rng(part::SERVER).part(round);
        let mut seed = [0; 16];
        seed[..8].copy_from_slice(&rng.next().to_le_bytes());
        seed[8..].copy_from_slice(&rng.next().to_le_bytes());
        let listening = PortId {
            index: 0,
            generation: 0,
        };
        let config = Config {
            listening,
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
            dont_fragment: false,
        };
        let limits: &'static Alone = Box::leak(Box::new(Alone::new(plan.settings.descriptors as usize)));
        let policy = policy(plan);
        let mut host = Host {
            server: Server::new(config, policy.clone(), limits, seed),
            limits,
            plan: *plan,
            policy,
            ports: vec![(LISTENING, 0)],
            numbers: BTreeMap::from([(LISTENING, listening)]),
            free: Vec::new(),
            own_ports: 0,
            cargo: Vec::new(),
            late: BinaryHeap::new(),
            jobs: BTreeMap::new(),
            job: 0,
            disk: plan.rng(part::DISK).part(1000 + round),
            application: plan.rng(part::APPLICATION).part(round),
            listening: true,
        };
        host.drain(0, ground);
        host
    }

    fn cargo(&mut self, id: TransferId) -> Option<&mut Cargo> {
        let cargo = self.cargo.get_mut(id.index as usize)?.as_mut();
        cargo.filter(|cargo| cargo.generation == id.generation)
    }

    fn alive(&self) -> impl Iterator<Item = TransferId> {
        let place = |(index, cargo): (usize, &Option<Cargo>)| {
            let generation = cargo.as_ref()?.generation;
            let index = index as u32;
            Some(TransferId { index, generation })
        };
        self.cargo.iter().enumerate().filter_map(place)
    }

    /// Descriptors in use change: how many are left.
    fn count(&mut self, ground: &Ground) {
        let budget = self.plan.settings.descriptors / 4 * 3;
        let half_open = self
            .cargo
            .iter()
            .flatten()
            .filter(|cargo| !cargo.is_settled && cargo.is_open)
            .count() as u32;
        let left = if ground.descriptors() + budget / 16 >= budget {
            Descriptors::Tight
        } else if half_open >= budget / 8 || self.own_ports >= budget / 2 {
            Descriptors::Crowded
        } else {
            Descriptors::Plenty
        };
        self.limits.set_descriptors(left);
    }

    fn begin(&mut self, id: TransferId, flight: &Flight, ground: &mut Ground) {
        let Ok(Packet::Request(request)) = wire::parse(&flight.bytes) else {
            panic!("{:?} began a transfer", flight.bytes)
        };
        let world = ground.id();
        let (peer, upload) = (flight.from, request.operation == Operation::Write);
        let former = |cargo: &&Cargo| cargo.peer == peer && cargo.request == flight.bytes && !cargo.is_over;
        let again = self.cargo.iter().flatten().find(former).map(|cargo| cargo.id);
        ground.counts.restarts += u64::from(again.is_some());
        let place = id.index as usize;
        if self.cargo.len() <= place {
            self.cargo.resize_with(place + 1, || None);
        }
        assert!(self.cargo[place].is_none(), "two transfers in one place");
        self.cargo[place] = Some(Cargo {
            id: world,
            generation: id.generation,
            peer,
            name: request.filename.to_vec(),
            request: flight.bytes.clone(),
            upload,
            opened: None,
            content: &[],
            available: 0,
            is_open: false,
            received: Vec::new(),
            is_settled: false,
            is_over: false,
        });
        let asked_size = request.asked.tsize.is_some();
        ground.tell(Event::Asked {
            id: world,
            peer,
            upload,
            asked_size,
            again,
        });
    }

    fn handled(&mut self, now: u64, handled: Handled<'_>, flight: &Flight, ground: &mut Ground) {
        match handled {
            Handled::Asked(id) => self.begin(id, flight, ground),
            Handled::Refused(_, number) => {
                self.limits.give_id(number);
                ground.tell(Event::Refused { peer: flight.from });
            }
            Handled::Repeated(_) => ground.counts.repeats += 1,
            Handled::Unanswered(_) => ground.counts.unanswered += 1,
            Handled::Received { id, bytes, .. } => {
                let holds = self.disk.percent(self.plan.disk.holds);
                if let Some(cargo) = self.cargo(id) {
                    cargo.received.extend_from_slice(bytes);
                    if holds {
                        ground.counts.held += 1;
                        self.drain(now, ground);
                        let wait = 1 + self.disk.below(500_000);
                        self.later(now + wait, id, Late::Io(IoDone::Held(false)));
                        self.server
                            .handle_io(Instant::from_micros(now), id, IoDone::Held(true));
                    }
                }
            }
            Handled::Ignored(_) | Handled::Packet(_) | Handled::Acked(..) => {}
        }
    }

    fn later(&mut self, at: u64, id: TransferId, what: Late) {
        self.job += 1;
        self.late.push(Reverse((at, self.job, id.index, id.generation)));
        self.jobs.insert(self.job, what);
    }

    /// Everything that the machine has to say.
    fn drain(&mut self, now: u64, ground: &mut Ground) {
        loop {
            let todo = self.next(now, ground);
            let at = Instant::from_micros(now);
            match todo {
                None => break,
                Some(Todo::Nothing) => {}
                Some(Todo::Port(id, port)) => self.server.handle_port(at, id, port),
                Some(Todo::Ask(id)) => self.ask(now, id, ground),
                Some(Todo::Io(id, what)) => self.io(now, id, what, ground),
                Some(Todo::Retried(handled, flight)) => {
                    ground.counts.retried += 1;
                    self.handled(now, handled, &flight, ground);
                }
                Some(Todo::Drained) => {
                    ground.counts.drained += 1;
                    self.server.release_listening();
                    ground.close_port(LISTENING);
                }
            }
        }
        self.count(ground);
    }

    fn next(&mut self, _now: u64, ground: &mut Ground) -> Option<Todo> {
        let Host {
            server,
            ports,
            numbers,
            free,
            own_ports,
            cargo,
            plan,
            ..
        } = self;
        let find = |cargo: &mut Vec<Option<Cargo>>, id: TransferId| -> Option<usize> {
            let place = id.index as usize;
            let found = cargo.get(place)?.as_ref()?;
            (found.generation == id.generation).then_some(place)
        };
        Some(match server.poll_output()? {
            Output::Control { to, id, bytes } => {
                let id = id
                    .and_then(|id| find(cargo, id))
                    .and_then(|place| cargo[place].as_ref())
                    .map(|cargo| cargo.id);
                let port = ports[to.port.index as usize];
                check(to.port, port.1, ground);
                ground.send(Sent {
                    port: port.0,
                    to: to.peer,
                    bytes: bytes.to_vec(),
                    id,
                });
                Todo::Nothing
            }
            Output::Data { id, to, blocks } => {
                let port = ports[to.port.index as usize];
                check(to.port, port.1, ground);
                let place = find(cargo, id).expect("DATA of a transfer that is there");
                let cargo = cargo[place].as_ref().expect("it is there");
                for bytes in data(cargo, blocks, ground) {
                    ground.send(Sent {
                        port: port.0,
                        to: to.peer,
                        bytes,
                        id: Some(cargo.id),
                    });
                }
                Todo::Nothing
            }
            Output::Ask { id, .. } => Todo::Ask(id),
            Output::Io { id, what } => Todo::Io(id, what),
            Output::Begun { id } => {
                if let Some(place) = find(cargo, id) {
                    ground.tell(Event::Begun {
                        id: cargo[place].as_ref().expect("found").id,
                    });
                }
                Todo::Nothing
            }
            Output::Settled { id } => {
                if let Some(place) = find(cargo, id) {
                    cargo[place].as_mut().expect("found").is_settled = true;
                }
                Todo::Nothing
            }
            Output::Over { id, how } => {
                let place = find(cargo, id).expect("an end of what is there");
                let cargo = cargo[place].as_mut().expect("it is there");
                cargo.is_over = true;
                ground.counts.evictions += u64::from(matches!(how, Ending::GaveWay));
                ground.tell(Event::Over {
                    id: cargo.id,
                    how: ending(how),
                });
                Todo::Nothing
            }
            Output::Gone { id } => {
                let place = find(cargo, id).expect("something that goes was there");
                let cargo = cargo[place].take().expect("it is there");
                ground.open_files -= u32::from(cargo.is_open);
                if cargo.is_open {
                    ground.counts.unclosed += 1;
                }
                ground.tell(Event::Gone { id: cargo.id });
                Todo::Nothing
            }
            Output::OpenPort { id, plan: open } => {
                let budget = plan.settings.descriptors / 4 * 3;
                let kind = open.kind;
                let private = kind == PortKind::Private;
                if private && (*own_ports >= plan.settings.descriptors / 2 || ground.descriptors() >= budget)
                {
                    return Some(Todo::Port(id, Err(NoPort::Descriptors)));
                }
                let falls_back = !private && plan.settings.mode == plan::Mode::Private;
                ground.counts.fallbacks += u64::from(falls_back && find(cargo, id).is_some());
                *own_ports += u32::from(private);
                let number = ground.open_port(if private {
                    Port::Private(open.peer)
                } else {
                    Port::Shared
                });
                let index = free.pop().unwrap_or_else(|| {
                    ports.push((0, 0));
                    ports.len() as u32 - 1
                });
                let place = &mut ports[index as usize];
                *place = (number, place.1 + 1);
                let port = PortId {
                    index,
                    generation: place.1,
                };
                numbers.insert(number, port);
                Todo::Port(id, Ok(port))
            }
            Output::ClosePort { port } => {
                let (number, generation) = ports[port.index as usize];
                check(port, generation, ground);
                if matches!(ground.ports.get(&number), Some(Port::Private(_))) {
                    *own_ports -= 1;
                }
                numbers.remove(&number);
                ground.close_port(number);
                free.push(port.index);
                Todo::Nothing
            }
            Output::Retried { handled, request } => {
                let datagram = request.datagram();
                let flight = Flight {
                    from: datagram.peer,
                    to: SocketAddr::new(ground.address, LISTENING),
                    bytes: datagram.bytes.to_vec(),
                    clean: true,
                    kind: Kind::Plain,
                };
                Todo::Retried(handled, flight)
            }
            Output::Drained => Todo::Drained,
        })
    }

    fn ask(&mut self, now: u64, id: TransferId, ground: &mut Ground) {
        let (application, rng) = (self.plan.application, &mut self.application);
        let decision = if rng.percent(application.refuses) {
            Decision::End {
                code: ErrorCode::ACCESS,
                text: "no".into(),
                silent: false,
            }
        } else if rng.percent(application.never) {
            ground.counts.later += 1;
            Decision::Later
        } else if rng.percent(application.later) {
            ground.counts.later += 1;
            let wait = 1 + rng.below(3_000_000);
            self.later(now + wait, id, Late::Go);
            Decision::Later
        } else {
            Decision::Go
        };
        self.server.decide(Instant::from_micros(now), id, decision);
    }

    fn io(&mut self, now: u64, id: TransferId, what: Io, ground: &mut Ground) {
        let disk = self.plan.disk;
        let Some(place) = self.cargo(id).map(|_| id.index as usize) else {
            return;
        };
        let cargo = self.cargo[place].as_mut().expect("found");
        let fails = self.disk.percent(disk.fails);
        let done = match what {
            Io::Open { .. } if cargo.upload => {
                if fails || !open(cargo, &self.plan, ground) {
                    missing(ErrorCode::DISK_FULL)
                } else {
                    IoDone::Opened { length: None }
                }
            }
            Io::Open { .. } => match ground.files.get(&cargo.name).copied() {
                None => missing(ErrorCode::NOT_FOUND),
                Some(file) => {
                    if fails || !open(cargo, &self.plan, ground) {
                        missing(ErrorCode::UNDEFINED)
                    } else {
                        cargo.content = file.content(file.version);
                        cargo.opened = Some(cargo.content);
                        let length = (!file.unknown_length).then_some(cargo.content.len() as u64);
                        IoDone::Opened { length }
                    }
                }
            },
            Io::Read { .. } if fails => failed(),
            Io::Read { upto } => {
                let length = cargo.content.len() as u64;
                let piece = if self.disk.percent(disk.pieces) {
                    600 + self.disk.below(3000)
                } else {
                    u64::MAX
                };
                cargo.available = upto
                    .min(cargo.available.saturating_add(piece))
                    .min(length)
                    .max(cargo.available);
                IoDone::Supplied {
                    available: cargo.available,
                    end: cargo.available == length,
                }
            }
            Io::Commit if fails => failed(),
            Io::Commit => {
                let wait = self.wait();
                return self.later(now + wait, id, Late::Store);
            }
            Io::LetGo => {
                close(cargo, ground);
                ground.files.change(&cargo.name);
                IoDone::LetGo
            }
            Io::Reopen => {
                ground.counts.reopened += 1;
                let file = ground.files.get(&cargo.name).copied();
                cargo.content = file.map_or(&[][..], |file| file.content(file.version));
                let same = open(cargo, &self.plan, ground) && cargo.opened == Some(cargo.content);
                IoDone::Reopened(same)
            }
            Io::Close => return close(cargo, ground),
        };
        match self.wait() {
            0 => self.server.handle_io(Instant::from_micros(now), id, done),
            wait => self.later(now + wait, id, Late::Io(done)),
        }
    }

    /// How long the disk takes.
    fn wait(&mut self) -> u64 {
        let disk = &self.plan.disk;
        if self.disk.percent(disk.hangs) {
            60_000_000
        } else {
            self.disk.below(disk.delay + 1)
        }
    }

    fn act(&mut self, now: u64, id: TransferId, what: Late, ground: &mut Ground) {
        let at = Instant::from_micros(now);
        let Some(cargo) = self.cargo(id) else { return };
        match what {
            Late::Io(done) => self.server.handle_io(at, id, done),
            Late::Go => self.server.decide(at, id, Decision::Go),
            Late::Store if cargo.is_over => {}
            Late::Store => {
                let (name, bytes) = (cargo.name.clone(), cargo.received.clone());
                close(cargo, ground);
                ground.files.stored.insert(name, bytes);
                self.server.handle_io(at, id, IoDone::Committed);
            }
        }
        self.drain(now, ground);
    }
}

fn check(port: PortId, generation: u32, ground: &mut Ground) {
    if port.generation != generation {
        let text = format!("{port:?} is another one by now: {generation}");
        ground
            .broken
            .get_or_insert(super::judges::Broken(super::judges::Judge::Bounds, text));
    }
}

fn missing(code: ErrorCode) -> IoDone {
    IoDone::Missing {
        code,
        text: "not there".into(),
    }
}

fn failed() -> IoDone {
    IoDone::Failed {
        code: ErrorCode::UNDEFINED,
        text: "failed".into(),
    }
}

/// Opens a file where a descriptor is left.
fn open(cargo: &mut Cargo, plan: &Plan, ground: &mut Ground) -> bool {
    let is_left = ground.descriptors() < plan.settings.descriptors / 4 * 3;
    if is_left && !cargo.is_open {
        cargo.is_open = true;
        ground.open_files += 1;
    }
    is_left
}

fn close(cargo: &mut Cargo, ground: &mut Ground) {
    ground.open_files -= u32::from(cargo.is_open);
    cargo.is_open = false;
}

/// The datagrams of a range of blocks; each must be what the file held when it was opened.
fn data(cargo: &Cargo, blocks: Blocks, ground: &mut Ground) -> Vec<Vec<u8>> {
    let length = cargo.content.len() as u64;
    let mut all = Vec::with_capacity(blocks.len());
    for (header, range) in blocks {
        let range = range.start.min(length) as usize..range.end.min(length) as usize;
        let bytes = &cargo.content[range.clone()];
        if cargo.opened.and_then(|opened| opened.get(range.clone())) != Some(bytes) {
            let text = format!(
                "bytes {range:?} for {} are of another file than was opened",
                cargo.peer
            );
            ground
                .broken
                .get_or_insert(super::judges::Broken(super::judges::Judge::Bytes, text));
        }
        all.push([&header[..], bytes].concat());
    }
    all
}

fn ending(how: &Ending) -> How {
    match how {
        Ending::Complete => How::Complete,
        Ending::ClientError { probe: true, .. } => How::Probe,
        Ending::ClientError { .. } => How::ClientError,
        Ending::Unreachable => How::Unreachable,
        Ending::Silent {
            probably_complete: true,
        } => How::Probably,
        Ending::Silent { .. } => How::TimedOut,
        Ending::GaveWay => How::GaveWay,
        Ending::Replaced => How::Replaced,
        _ => How::Failed,
    }
}

impl Node for Host {
    fn receive(&mut self, now: u64, flight: &Flight, ground: &mut Ground) {
        let Some(&port) = self.numbers.get(&flight.to.port()) else {
            return;
        };
        let at = Instant::from_micros(now);
        let failure = match flight.kind {
            Kind::Gone => Some(NetFailure::Gone),
            Kind::TooLong => Some(NetFailure::Shrunk),
            _ => None,
        };
        if let Some(failure) = failure {
            self.server.handle_failure(at, port, Some(flight.from), failure);
        } else {
            let datagram = Datagram {
                port,
                peer: flight.from,
                local: None,
                broadcast: false,
                bytes: &flight.bytes,
            };
            let handled = self.server.handle_datagram(at, &datagram);
            self.handled(now, handled, flight, ground);
        }
        self.drain(now, ground);
    }

    fn timeout(&mut self, now: u64, ground: &mut Ground) {
        while let Some(&Reverse((_, job, index, generation))) =
            self.late.peek().filter(|late| late.0.0 <= now)
        {
            self.late.pop();
            if let Some(what) = self.jobs.remove(&job) {
                self.act(now, TransferId { index, generation }, what, ground);
            }
        }
        if self.server.poll_timeout().is_some_and(|at| at.as_micros() <= now) {
            self.server.handle_timeout(Instant::from_micros(now));
            self.drain(now, ground);
        }
    }

    fn deadline(&self) -> Option<u64> {
        let late = self.late.peek().map(|late| late.0.0);
        let timer = self.server.poll_timeout().map(Instant::as_micros);
        [late, timer].into_iter().flatten().min()
    }

    fn stop(&mut self, now: u64, ground: &mut Ground) {
        self.listening = false;
        if self.plan.settings.mode != plan::Mode::SinglePort {
            ground.close_port(LISTENING);
        }
        self.server.stop_listening(Instant::from_micros(now));
        self.drain(now, ground);
    }

    fn resume(&mut self, now: u64, ground: &mut Ground) {
        self.listening = true;
        ground.ports.insert(LISTENING, Port::Listening);
        self.server.resume(self.policy.clone());
        self.drain(now, ground);
    }

    fn shutdown(&mut self, now: u64, ground: &mut Ground) {
        self.server.shutdown(Instant::from_micros(now));
        self.drain(now, ground);
    }

    fn abandon(&mut self, now: u64, ground: &mut Ground) {
        let first = self.alive().next();
        if let Some(id) = first {
            self.server.abandon(id);
            self.drain(now, ground);
        }
    }

    fn left(&self) -> usize {
        self.alive().count()
            + self.limits.active()
            + self.limits.half_open()
            + self.limits.windows()
            + self.limits.settled()
    }
}
