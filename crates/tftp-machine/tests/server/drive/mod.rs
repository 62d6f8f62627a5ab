//! A loop for tests: it carries out outputs at once, with files in memory, and records them.
#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use tftp_machine::*;
use tftp_proto::wire::{self, Packet};
use tftp_proto::{ErrorCode, Instant, Rollover, Timing};

/// The short form of an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Begun,
    Settled,
    Over(Ending),
    Gone,
    Close,
    Commit,
    LetGo,
    Reopen,
    Drained,
    Opened(PortId),
    Closed(PortId),
    Retried(bool),
}

/// The answers of the loop's application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    Go,
    LaterAtRequest,
    LaterAtStart,
    Refuse,
}

/// A packet that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub port: PortId,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
}

pub struct Rig {
    /// The machine. It borrows its limits, as machines do that share them.
    pub server: Server<&'static SingleThreadLimits>,
    pub now: Instant,
    pub sent: Vec<Sent>,
    pub events: Vec<(u32, Event)>,
    pub asked: Vec<(u32, Question)>,
    /// The plan of each `OpenPort`, and the `again` of each `Io::Open`.
    pub plans: Vec<OpenPlan>,
    pub opened: Vec<bool>,
    /// The bytes acknowledged and received at the `Over` of each transfer.
    pub figures: Vec<(u64, u64)>,
    pub files: HashMap<Vec<u8>, Vec<u8>>,
    pub stored: HashMap<u32, Vec<u8>>,
    names: HashMap<TransferId, Vec<u8>>,
    open: HashSet<PortId>,
    pub answers: Answers,
    /// The reason with which ports cannot be opened, if any.
    pub no_port: Option<NoPort>,
    pub no_private: bool,
    /// True if commits are not answered until the test calls [`Rig::io`]; likewise for reading and
    /// opening.
    pub holds_commit: bool,
    pub holds_read: bool,
    pub holds_open: bool,
    /// True if the length of a file is known in advance; otherwise only at its end, as with text.
    pub knows_length: bool,
    next_port: u32,
}

pub const LISTENING: PortId = PortId {
    index: 0,
    generation: 7,
};

pub fn config(mode: Mode) -> Config {
    Config {
        listening: LISTENING,
        address: "0.0.0.0:69".parse().unwrap(),
        source: None,
        mode,
        transfer_ports: None,
        threads: 1,
        hides_probes: true,
        dont_fragment: false,
    }
}

pub fn policy() -> Policy {
    Policy {
        read_only: false,
        max_connections: 1000,
        max_per_host: 0,
        limits: tftp_proto::Limits {
            max_blksize: 65464,
            max_windowsize: 64,
            max_large_window: 131_072,
            rollover: Rollover::Zero,
        },
        timing: Timing {
            retransmit_timeout: Duration::from_secs(5),
            max_retransmits: 3,
            adaptive: true,
            inactivity: Some(Duration::from_secs(60)),
            absolute: None,
        },
        refused_options: wire::OptionSet::default(),
    }
}

pub fn client(number: u16) -> SocketAddr {
    let [high, low] = number.to_be_bytes();
    SocketAddr::from(([192, 0, high, low], 2070))
}

pub fn rrq(name: &str, options: &[(&str, &str)]) -> Vec<u8> {
    request(1, name, options)
}

pub fn wrq(name: &str, options: &[(&str, &str)]) -> Vec<u8> {
    request(2, name, options)
}

fn request(opcode: u8, name: &str, options: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = vec![0, opcode];
    let words = options.iter().flat_map(|(name, value)| [*name, *value]);
    for word in [name, "octet"].into_iter().chain(words) {
        bytes.extend_from_slice(word.as_bytes());
        bytes.push(0);
    }
    bytes
}

pub fn data(block: u16, bytes: &[u8]) -> Vec<u8> {
    [&wire::data_header(block)[..], bytes].concat()
}

pub fn error(code: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    wire::encode_error(ErrorCode(code), "enough", &mut bytes);
    bytes
}

impl Rig {
    pub fn new(mode: Mode) -> Rig {
        Rig::with(config(mode), policy())
    }

    pub fn with(config: Config, policy: Policy) -> Rig {
        Rig::seeded(config, policy, [3; 16])
    }

    pub fn seeded(config: Config, policy: Policy, seed: [u8; 16]) -> Rig {
        let limits: &'static SingleThreadLimits =
            Box::leak(Box::new(SingleThreadLimits::new(1024)));
        let mut rig = Rig {
            server: Server::new(config, policy, limits, seed),
            now: Instant::from_micros(1_000_000),
            sent: Vec::new(),
            events: Vec::new(),
            asked: Vec::new(),
            plans: Vec::new(),
            opened: Vec::new(),
            figures: Vec::new(),
            files: HashMap::from([
                (b"small".to_vec(), vec![5; 700]),
                (b"big".to_vec(), vec![6; 100_000]),
            ]),
            stored: HashMap::new(),
            names: HashMap::new(),
            open: HashSet::from([LISTENING]),
            answers: Answers::Go,
            no_port: None,
            no_private: false,
            holds_commit: false,
            holds_read: false,
            holds_open: false,
            knows_length: true,
            next_port: 0,
        };
        rig.drain();
        rig
    }

    pub fn pass(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
    }

    /// Passes a request from `peer` to the machine.
    pub fn ask(&mut self, peer: SocketAddr, bytes: &[u8]) -> Handled<'static> {
        self.arrive(LISTENING, peer, bytes)
    }

    /// Passes a datagram to the machine. An upload's bytes go to `stored`, not into the result.
    pub fn arrive(&mut self, port: PortId, peer: SocketAddr, bytes: &[u8]) -> Handled<'static> {
        let datagram = Datagram {
            port,
            peer,
            local: None,
            broadcast: false,
            bytes,
        };
        self.handle(&datagram)
    }

    pub fn handle(&mut self, datagram: &Datagram<'_>) -> Handled<'static> {
        let handled = self.server.handle_datagram(self.now, datagram);
        let owned = match handled {
            Handled::Received { id, bytes, last } => {
                self.stored.entry(id.index).or_default().extend_from_slice(bytes);
                Handled::Received {
                    id,
                    bytes: &[],
                    last,
                }
            }
            Handled::Ignored(why) => Handled::Ignored(why),
            Handled::Unanswered(why) => Handled::Unanswered(why),
            Handled::Refused(why, id) => Handled::Refused(why, id),
            Handled::Requested(id) => Handled::Requested(id),
            Handled::Repeated(id) => Handled::Repeated(id),
            Handled::Packet(id) => Handled::Packet(id),
            Handled::Acked(id, upto) => Handled::Acked(id, upto),
        };
        self.meet(&owned);
        self.drain();
        owned
    }

    fn meet(&mut self, handled: &Handled<'static>) {
        if let Handled::Requested(id) = *handled {
            let name = self.server.transfer(id).and_then(|it| it.filename());
            self.names
                .insert(id, name.expect("a name until it has begun").to_vec());
            self.stored.remove(&id.index);
        }
    }

    /// Lets time pass until the next deadline. Returns false if there is none within `millis`.
    pub fn tick(&mut self, millis: u64) -> bool {
        let until = self.now + Duration::from_millis(millis);
        match self.server.poll_timeout() {
            Some(at) if at <= until => {
                self.now = self.now.max(at);
                self.server.handle_timeout(self.now);
                self.drain();
                true
            }
            _ => {
                self.now = until;
                false
            }
        }
    }

    /// Lets time pass, with all its deadlines.
    pub fn wait(&mut self, millis: u64) {
        let until = self.now + Duration::from_millis(millis);
        while self.now < until {
            let left = until.saturating_sub(self.now).as_millis() as u64;
            if !self.tick(left.max(1)) {
                break;
            }
        }
        self.now = self.now.max(until);
    }

    pub fn io(&mut self, id: TransferId, done: IoDone) {
        self.server.handle_io(self.now, id, done);
        self.drain();
    }

    pub fn decide(&mut self, id: TransferId, decision: Decision) {
        self.server.decide(self.now, id, decision);
        self.drain();
    }

    pub fn fail(&mut self, port: PortId, peer: SocketAddr, what: NetFailure) {
        self.server.handle_failure(self.now, port, Some(peer), what);
        self.drain();
    }

    /// Returns the packets since the last call.
    pub fn take_sent(&mut self) -> Vec<Sent> {
        std::mem::take(&mut self.sent)
    }

    pub fn take_events(&mut self) -> Vec<Event> {
        let events = std::mem::take(&mut self.events);
        events.into_iter().map(|(_, event)| event).collect()
    }

    /// Returns the endings of transfers since the last `take_events`.
    pub fn endings(&self) -> Vec<Ending> {
        let over = |(_, event): &(u32, Event)| match event {
            Event::Over(how) => Some(how.clone()),
            _ => None,
        };
        self.events.iter().filter_map(over).collect()
    }

    pub fn drain(&mut self) {
        while let Some(output) = self.server.poll_output() {
            let step = owned(output);
            self.obey(step);
        }
        let tally = self.server.check();
        let limits = self.server.limits();
        assert_eq!(tally.active, limits.active());
        assert_eq!(tally.half_open, limits.half_open());
        assert_eq!(tally.windows, limits.windows());
    }

    fn obey(&mut self, step: Step) {
        match step {
            Step::Send(sent) => {
                assert!(self.open.contains(&sent.port), "packets leave from open ports");
                self.sent.push(sent);
            }
            Step::Data(id, port, to, blocks) => self.send_data(id, port, to, blocks),
            Step::Ask(id, question) => {
                self.asked.push((id.index, question));
                let decision = self.answer(question);
                self.server.decide(self.now, id, decision);
            }
            Step::Io(id, what) => self.store(id, what),
            Step::Event(id, event) => {
                if let (Event::Over(_), Some(transfer)) = (&event, self.server.transfer(id)) {
                    self.figures.push((transfer.acked(), transfer.received()));
                }
                let is_over = matches!(event, Event::Gone);
                self.events.push((id.index, event));
                if is_over {
                    self.names.remove(&id);
                }
            }
            Step::Open(id, plan) => self.open(id, &plan),
            Step::Retried(handled) => {
                self.meet(&handled);
                let nobody = u32::MAX;
                self.events
                    .push((nobody, Event::Retried(matches!(handled, Handled::Requested(_)))));
            }
        }
    }

    fn answer(&self, question: Question) -> Decision {
        match (self.answers, question) {
            (Answers::LaterAtRequest, Question::Request) => Decision::Later,
            (Answers::LaterAtStart, Question::Start { .. }) => Decision::Later,
            (Answers::Refuse, Question::Request) => Decision::End {
                code: ErrorCode::ACCESS,
                text: "Access denied".into(),
                silent: false,
            },
            _ => Decision::Go,
        }
    }

    fn open(&mut self, id: TransferId, plan: &OpenPlan) {
        self.plans.push(*plan);
        let refused = (self.no_private && plan.kind == PortKind::Private).then_some(NoPort::InUse);
        let port = match self.no_port.or(refused) {
            Some(why) => Err(why),
            None => {
                self.next_port += 1;
                let port = PortId {
                    index: self.next_port,
                    generation: 1,
                };
                self.open.insert(port);
                self.events.push((id.index, Event::Opened(port)));
                Ok(port)
            }
        };
        self.server.handle_port(self.now, id, port);
    }

    fn store(&mut self, id: TransferId, what: Io) {
        if let Io::Open { again } = what {
            self.opened.push(again);
        }
        let file = self.names.get(&id).and_then(|name| self.files.get(name));
        let done = match what {
            Io::Open { .. } if self.holds_open => return,
            Io::Open { .. } => {
                let is_read = self.server.transfer(id).map(Transfer::operation)
                    == Some(tftp_proto::Operation::Read);
                match (is_read, file) {
                    (true, Some(file)) => IoDone::Opened {
                        length: self.knows_length.then_some(file.len() as u64),
                    },
                    (true, None) => IoDone::Missing {
                        code: ErrorCode::NOT_FOUND,
                        text: "File not found".into(),
                    },
                    (false, _) => IoDone::Opened { length: None },
                }
            }
            Io::Read { .. } if self.holds_read => return,
            Io::Read { upto } => {
                let length = file.expect("a file that was opened").len() as u64;
                IoDone::Supplied {
                    available: upto.min(length),
                    end: upto >= length,
                }
            }
            Io::Commit => {
                self.events.push((id.index, Event::Commit));
                if self.holds_commit {
                    return;
                }
                IoDone::Committed
            }
            Io::LetGo => {
                self.events.push((id.index, Event::LetGo));
                IoDone::LetGo
            }
            Io::Reopen => {
                self.events.push((id.index, Event::Reopen));
                IoDone::Reopened
            }
            Io::Close => return self.events.push((id.index, Event::Close)),
        };
        self.server.handle_io(self.now, id, done);
    }

    fn send_data(&mut self, id: TransferId, port: PortId, to: SocketAddr, blocks: Blocks) {
        let file = &self.files[&self.names[&id]];
        for (header, range) in blocks {
            let end = (range.end as usize).min(file.len());
            let bytes = [&header[..], &file[range.start as usize..end]].concat();
            self.sent.push(Sent { port, to, bytes });
        }
    }

    /// Acknowledges packets to this client until none comes any more. Returns the received bytes.
    pub fn read_all(&mut self, peer: SocketAddr) -> Vec<u8> {
        self.read_from(peer, 0)
    }

    /// As `read_all`, for a client that has the blocks up to `last`.
    pub fn read_from(&mut self, peer: SocketAddr, mut last: u16) -> Vec<u8> {
        let mut received = Vec::new();
        loop {
            let sent = self.take_sent();
            let mine: Vec<Sent> = sent.into_iter().filter(|sent| sent.to == peer).collect();
            let Some(port) = mine.last().map(|sent| sent.port) else {
                return received;
            };
            let mut answer = None;
            for sent in &mine {
                match wire::parse(&sent.bytes) {
                    Ok(Packet::Oack) => answer = Some(0),
                    Ok(Packet::Data { block, data }) if block == last + 1 => {
                        received.extend_from_slice(data);
                        last = block;
                        answer = Some(block);
                    }
                    _ => {}
                }
            }
            self.pass(1);
            if let Some(block) = answer {
                self.arrive(port, peer, &wire::ack(block));
            }
        }
    }
}

enum Step {
    Send(Sent),
    Data(TransferId, PortId, SocketAddr, Blocks),
    Ask(TransferId, Question),
    Io(TransferId, Io),
    Event(TransferId, Event),
    Open(TransferId, OpenPlan),
    Retried(Handled<'static>),
}

fn owned(output: Output<'_>) -> Step {
    let nobody = TransferId {
        index: u32::MAX,
        generation: 0,
    };
    match output {
        Output::Control { to, bytes, .. } => Step::Send(Sent {
            port: to.port,
            to: to.peer,
            bytes: bytes.to_vec(),
        }),
        Output::Data { id, to, blocks, .. } => Step::Data(id, to.port, to.peer, blocks),
        Output::Ask { id, question } => Step::Ask(id, question),
        Output::Io { id, what } => Step::Io(id, what),
        Output::Begun { id } => Step::Event(id, Event::Begun),
        Output::Settled { id } => Step::Event(id, Event::Settled),
        Output::Over { id, how } => Step::Event(id, Event::Over(how.clone())),
        Output::Gone { id } => Step::Event(id, Event::Gone),
        Output::OpenPort { id, plan } => Step::Open(id, *plan),
        Output::ClosePort { port } => Step::Event(nobody, Event::Closed(port)),
        Output::Retried { handled, .. } => Step::Retried(handled),
        Output::Drained => Step::Event(nobody, Event::Drained),
    }
}
