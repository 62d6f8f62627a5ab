//! A machine, a client and what is under way between them, and all that can happen to these.

use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use tftp_proto::{
    Instant, Limits, NegotiatedOptions, Outcome, Packet, ReadTransfer, Rollover, Timing, Transmit,
    WriteTransfer, negotiate, wire,
};

use crate::client::{BLKSIZE, Client, Parcel, Role, block};

/// Waits at full length; more than a depth of 14 can use up.
const MAX_RETRANSMITS: u32 = 20;
/// After it a repeated packet counts as sent again, not as doubled by the network.
const MOMENT: Duration = Duration::from_millis(25);
/// How long the client waits before it repeats itself, once the network behaves.
const CLIENT_WAIT: Duration = Duration::from_secs(1);
/// Packets under way at once in one direction; beyond it nothing is doubled.
const UNDER_WAY: usize = 3;
/// Steps in which a network that behaves must bring a transfer to its end.
const PATIENCE: usize = 200;

/// The next action. Numbers are positions among the packets under way.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    ToServer(u8, Fate),
    ToClient(u8, Fate),
    /// Nothing happens for a moment.
    Moment,
    /// Nothing is under way, and the server's timer fires.
    ServerTimer,
    /// Nothing is under way, and the client repeats its last packet.
    ClientTimer,
}

#[derive(Clone, Copy, Debug)]
pub enum Fate {
    Arrives,
    IsLost,
    /// It arrives, and a copy of it stays under way.
    IsDoubled,
}

#[derive(Debug)]
enum Machine {
    Read(ReadTransfer),
    Write(WriteTransfer),
}

pub struct State {
    now: Instant,
    blocks: u64,
    machine: Machine,
    client: Client,
    to_server: Vec<Parcel>,
    to_client: Vec<Parcel>,
    /// Blocks that an upload has received.
    received: u64,
    /// A moment passed and nothing has happened since: a second one would change nothing.
    rested: bool,
}

impl State {
    /// The server has just had the request.
    pub fn new(role: Role, blocks: u64, window: u16, options: bool) -> State {
        let now = Instant::from_micros(1_000_000);
        let negotiated = negotiated(role, window, options);
        let timing = Timing {
            retransmit_timeout: Duration::from_secs(1),
            max_retransmits: MAX_RETRANSMITS,
            adaptive: false,
            inactivity: None,
            absolute: None,
        };
        let machine = match role {
            Role::Reads => Machine::Read(ReadTransfer::new(now, &negotiated, &timing)),
            Role::Writes => Machine::Write(WriteTransfer::new(now, &negotiated, &timing)),
        };
        let mut state = State {
            now,
            blocks,
            machine,
            client: Client::new(role, blocks, window, options),
            to_server: Vec::new(),
            to_client: Vec::new(),
            received: 0,
            rested: false,
        };
        state.drain();
        state
    }

    pub fn replayed(mut self, path: &[Action]) -> State {
        path.iter().for_each(|&action| self.apply(action));
        self
    }

    /// All that can happen now.
    pub fn actions(&self) -> Vec<Action> {
        if self.is_over() {
            return Vec::new();
        }
        let mut actions = Vec::new();
        for (queue, make) in [
            (&self.to_server, Action::ToServer as fn(u8, Fate) -> Action),
            (&self.to_client, Action::ToClient),
        ] {
            for place in 0..queue.len() {
                // Of equal packets the first stands for all.
                if queue[..place].contains(&queue[place]) {
                    continue;
                }
                actions.push(make(place as u8, Fate::Arrives));
                actions.push(make(place as u8, Fate::IsLost));
                if queue.len() < UNDER_WAY {
                    actions.push(make(place as u8, Fate::IsDoubled));
                }
            }
        }
        if !self.rested {
            actions.push(Action::Moment);
        }
        if self.to_server.is_empty() && self.to_client.is_empty() {
            actions.push(Action::ServerTimer);
            actions.push(Action::ClientTimer);
        }
        actions
    }

    fn apply(&mut self, action: Action) {
        self.rested = matches!(action, Action::Moment);
        match action {
            Action::ToServer(place, fate) => {
                if let Some(parcel) = taken(&mut self.to_server, place, fate) {
                    self.arrive(&parcel);
                }
            }
            Action::ToClient(place, fate) => {
                if let Some(parcel) = taken(&mut self.to_client, place, fate) {
                    let answer = self.client.receive(&parcel);
                    self.to_server.extend(answer);
                }
            }
            Action::Moment => self.pass(MOMENT),
            Action::ServerTimer => {
                if let Some(due) = self.machine.poll_timeout() {
                    self.pass(due.saturating_sub(self.now));
                }
            }
            Action::ClientTimer => {
                let again = self.client.repeat();
                self.to_server.extend(again);
            }
        }
    }

    fn pass(&mut self, span: Duration) {
        self.now += span;
        if self.machine.poll_timeout().is_some_and(|due| due <= self.now) {
            self.machine.handle_timeout(self.now);
        }
        self.drain();
    }

    fn arrive(&mut self, parcel: &Parcel) {
        let packet = match parcel {
            Parcel::Request => {
                self.machine.handle_repeat(self.now);
                return self.drain();
            }
            Parcel::Ack(block) => Packet::Ack { block: *block },
            Parcel::Data(block, data) => Packet::Data { block: *block, data },
            Parcel::Oack | Parcel::Error => unreachable!("a client sends neither"),
        };
        match &mut self.machine {
            Machine::Read(read) => read.handle_packet(self.now, &packet),
            Machine::Write(write) => {
                if let Some(bytes) = write.handle_packet(self.now, &packet) {
                    self.received += 1;
                    assert_eq!(
                        bytes,
                        block(self.received, self.blocks),
                        "block {}",
                        self.received
                    );
                }
            }
        }
        self.drain();
    }

    /// Puts the machine's packets under way; its file is always ready.
    fn drain(&mut self) {
        loop {
            while let Some(transmit) = self.machine.poll_transmit(self.now) {
                self.send(transmit);
            }
            match &mut self.machine {
                Machine::Read(read) if read.wants().is_some() => {
                    read.supply(self.now, self.blocks * BLKSIZE as u64 - 3, true);
                }
                Machine::Write(write) if write.is_complete() && write.outcome().is_none() => {
                    write.commit(self.now)
                }
                _ => return,
            }
        }
    }

    fn send(&mut self, transmit: Transmit) {
        let Transmit::Data { first, count } = transmit else {
            return self.to_client.push(match transmit {
                Transmit::Oack(_) => Parcel::Oack,
                Transmit::Ack { block } => Parcel::Ack(block),
                _ => Parcel::Error,
            });
        };
        for number in first..first + u64::from(count) {
            assert!(number <= self.blocks, "block {number} is past the end");
            self.to_client
                .push(Parcel::Data(number as u16, block(number, self.blocks)));
        }
    }

    fn is_over(&self) -> bool {
        match &self.machine {
            Machine::Read(read) => read.is_over(),
            Machine::Write(write) => write.is_over(),
        }
    }

    /// From now on everything arrives, in order: true if both sides have the whole transfer in the
    /// end. A server that gave up a client which never acknowledged anything is right too; the
    /// client then begins anew.
    pub fn finish(mut self, path: &[Action]) -> bool {
        for _ in 0..PATIENCE {
            self.check(path);
            if self.client.is_whole() && self.is_settled() {
                return true;
            }
            if self.is_over() {
                let gave_up = matches!(self.machine.outcome(), Some(Outcome::TimedOut { .. }));
                let complete = self.machine.outcome() == Some(&Outcome::Complete);
                assert!(
                    gave_up || (complete && self.client_can_know()),
                    "{path:?}: ended with {:?}, the client is {:?}",
                    self.machine.outcome(),
                    self.client
                );
                return false;
            }
            let action = match (&self.to_server[..], &self.to_client[..]) {
                ([_, ..], _) => Action::ToServer(0, Fate::Arrives),
                (_, [_, ..]) => Action::ToClient(0, Fate::Arrives),
                // The client has its timer too; it acts as long as its transfer is not whole.
                _ if !self.client.is_whole() => {
                    self.pass(CLIENT_WAIT);
                    Action::ClientTimer
                }
                _ => Action::ServerTimer,
            };
            self.apply(action);
        }
        panic!(
            "{path:?}: no end with a network that behaves: {:?}, {:?}",
            self.machine, self.client
        );
    }

    /// Whether the server knows how it ended.
    fn is_settled(&self) -> bool {
        self.machine.outcome().is_some()
    }

    /// An upload may be over, its last ACK lost as often as the server dallied: the file is there.
    fn client_can_know(&self) -> bool {
        self.client.is_whole() || matches!(self.machine, Machine::Write(_))
    }

    /// Checks the invariants that hold at any moment.
    fn check(&self, path: &[Action]) {
        if self.machine.outcome() == Some(&Outcome::Complete) {
            match self.machine {
                Machine::Read(_) => assert!(
                    self.client.is_whole(),
                    "{path:?}: complete before the client has it"
                ),
                Machine::Write(_) => {
                    assert_eq!(self.received, self.blocks, "{path:?}: complete without a block")
                }
            }
        }
        if matches!(self.machine, Machine::Write(_)) && self.client.is_whole() {
            assert_eq!(
                self.received, self.blocks,
                "{path:?}: acknowledged what is not here"
            );
        }
    }

    /// The state without absolute times and counters.
    pub fn fingerprint(&self) -> u64 {
        let mut text = String::new();
        write!(
            text,
            "{:?}{:?}{:?}{:?}{}{}",
            self.machine, self.client, self.to_server, self.to_client, self.received, self.rested
        )
        .expect("a String takes everything");
        let mut hasher = DefaultHasher::new();
        relative(&text, self.now).hash(&mut hasher);
        hasher.finish()
    }
}

/// Every `Instant(n)` as its distance from `now`; figures that decide nothing are left out.
fn relative(text: &str, now: Instant) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("Instant(") {
        let digits = &rest[at + 8..];
        let end = digits.find(')').expect("an Instant is printed as a tuple");
        let micros: u64 = digits[..end].parse().expect("an Instant is a number");
        out.push_str(&rest[..at]);
        let distance = i128::from(micros) - i128::from(now.as_micros());
        // All times long past are equal: no rule looks further back than a second.
        write!(
            out,
            "@{}",
            if micros == u64::MAX {
                i128::MAX
            } else {
                distance.max(-1_000_000)
            }
        )
        .expect("as above");
        rest = &digits[end + 1..];
    }
    out.push_str(rest);
    match out.find("retransmissions: ") {
        Some(at) => {
            let end = at
                + out[at..]
                    .find([',', ' ', '}'])
                    .map_or(0, |_| "retransmissions: ".len());
            let digits = out[end..].bytes().take_while(u8::is_ascii_digit).count();
            format!("{}{}", &out[..at], &out[end + digits..])
        }
        None => out,
    }
}

/// Takes a packet from those under way; `None` where it is lost.
fn taken(queue: &mut Vec<Parcel>, place: u8, fate: Fate) -> Option<Parcel> {
    let place = usize::from(place);
    match fate {
        Fate::IsDoubled => Some(queue[place].clone()),
        Fate::Arrives => Some(queue.remove(place)),
        Fate::IsLost => {
            queue.remove(place);
            None
        }
    }
}

fn negotiated(role: Role, window: u16, options: bool) -> NegotiatedOptions {
    let limits = Limits {
        max_blksize: BLKSIZE as u16,
        max_windowsize: 2,
        max_large_window: u32::MAX,
        rollover: Rollover::Zero,
    };
    let opcode = if role == Role::Reads { 1 } else { 2 };
    let mut datagram = vec![0, opcode];
    datagram.extend(b"f\0octet\0");
    if options {
        datagram.extend(format!("blksize\0{BLKSIZE}\0windowsize\0{window}\0").bytes());
    }
    let Ok(Packet::Request(request)) = wire::parse(&datagram) else {
        unreachable!("this is a request");
    };
    let mut negotiated = match role {
        Role::Reads => negotiate::read(&request.requested, &limits, None),
        Role::Writes => negotiate::write(&request.requested, &limits),
    };
    negotiated.blksize = BLKSIZE as u16;
    negotiated
}

impl Machine {
    fn outcome(&self) -> Option<&Outcome> {
        match self {
            Machine::Read(read) => read.outcome(),
            Machine::Write(write) => write.outcome(),
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match self {
            Machine::Read(read) => read.poll_timeout(),
            Machine::Write(write) => write.poll_timeout(),
        }
    }

    fn poll_transmit(&mut self, now: Instant) -> Option<Transmit> {
        match self {
            Machine::Read(read) => read.poll_transmit(now),
            Machine::Write(write) => write.poll_transmit(now),
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        match self {
            Machine::Read(read) => read.handle_timeout(now),
            Machine::Write(write) => write.handle_timeout(now),
        }
    }

    fn handle_repeat(&mut self, now: Instant) {
        match self {
            Machine::Read(read) => read.handle_repeat(now),
            Machine::Write(write) => write.handle_repeat(now),
        }
    }
}
