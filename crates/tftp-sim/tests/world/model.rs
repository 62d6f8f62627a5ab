//! A small server of the world's own, on the protocol's transfer machines alone: with it the judges are tried, each by a
//! fault that it must see.

use std::net::SocketAddr;
use std::time::Duration;

use tftp_machine::repeats::{self, Known, Verdict};
use tftp_proto::wire::{self, ErrorCode, Packet, Request};
use tftp_proto::*;
use tftp_sim::Rng;

use super::ground::{Event, Ground, How, Id, Node, Port, Sent};
use super::net::{Flight, Kind};
use super::plan::{Mode, Plan, part};
use super::world::LISTENING;

/// What is wrong with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    #[default]
    None,
    /// A block carries the bytes of another one.
    WrongBytes,
    /// A file is there before its last block.
    StoresHalf,
    /// Each port is the last one plus one.
    PortsInOrder,
    /// Whoever asks gets ten packets.
    SendsMore,
    /// The same request is always a repetition.
    NoRestart,
    /// An ended transfer keeps its port.
    KeepsPort,
    /// The end is told twice.
    EndsTwice,
    /// Whatever comes to a listening port is answered.
    AnswersAll,
}

enum Machine {
    Read(ReadTransfer),
    Write(WriteTransfer, Vec<u8>),
}

struct Transfer {
    id: Id,
    peer: SocketAddr,
    port: u16,
    request: Vec<u8>,
    name: Vec<u8>,
    content: &'static [u8],
    machine: Machine,
    valid_at: u64,
    is_told: bool,
    disk_at: Option<u64>,
    available: u64,
}

pub struct Model {
    settings: super::plan::Settings,
    disk: super::plan::Disk,
    fault: Fault,
    transfers: Vec<Transfer>,
    rng: Rng,
    shared: Vec<u16>,
    listening: bool,
    next_port: u16,
}

impl Model {
    pub fn new(plan: &Plan, round: u64, ground: &mut Ground, fault: Fault) -> Model {
        let shared = (0..2).map(|_| ground.open_port(Port::Shared)).collect();
        Model {
            settings: plan.settings,
            disk: plan.disk,
            fault,
            transfers: Vec::new(),
            rng: plan.rng(part::SERVER).part(round),
            shared,
            listening: true,
            next_port: 40_000,
        }
    }

    fn error(&self, port: u16, to: SocketAddr, code: ErrorCode, text: &'static str, ground: &mut Ground) {
        let mut bytes = Vec::new();
        wire::encode_error(code, text, &mut bytes);
        let id = None;
        ground.send(Sent { port, to, bytes, id });
    }

    fn request(&mut self, now: u64, flight: &Flight, request: &Request<'_>, ground: &mut Ground) {
        let same = self.transfers.iter().position(|transfer| {
            transfer.peer == flight.from
                && transfer.request == flight.bytes
                && outcome(&transfer.machine).is_none()
        });
        let former = same.map(|place| self.transfers[place].id);
        if let Some(place) = same {
            let transfer = &mut self.transfers[place];
            let is_in_doubt = match &transfer.machine {
                Machine::Read(read) => read.is_in_doubt(),
                Machine::Write(write, _) => write.is_in_doubt(),
            };
            let known = Known {
                is_in_doubt,
                heard_at: (!half_open(&transfer.machine)).then(|| Instant::from_micros(transfer.valid_at)),
                ..Known::default()
            };
            let verdict = repeats::judge(Instant::from_micros(now), &known);
            if verdict != Verdict::Anew || self.fault == Fault::NoRestart {
                if verdict == Verdict::Wait {
                    return;
                }
                ground.counts.repeats += 1;
                let at = Instant::from_micros(now);
                match &mut transfer.machine {
                    Machine::Read(read) => read.handle_repeat(at),
                    Machine::Write(write, _) => write.handle_repeat(at),
                }
                return self.drain(now, place, ground);
            }
            ground.counts.restarts += 1;
            let at = Instant::from_micros(now);
            match &mut transfer.machine {
                Machine::Read(read) => read.supersede(at),
                Machine::Write(write, _) => write.supersede(at),
            }
            self.drain(now, place, ground);
        }
        self.begin(now, flight, request, former, ground);
    }

    fn port(&mut self, peer: SocketAddr, ground: &mut Ground) -> u16 {
        if self.settings.mode == Mode::SinglePort {
            self.end_all(|transfer| transfer.peer == peer, ground);
            return LISTENING;
        }
        if self.fault == Fault::PortsInOrder {
            self.next_port += 1;
            ground.ports.insert(self.next_port, Port::Private(peer));
            return self.next_port;
        }
        let host = match peer.ip() {
            std::net::IpAddr::V4(ip) => u64::from(u32::from(ip)),
            std::net::IpAddr::V6(ip) => u128::from(ip) as u64,
        };
        if self.settings.mode == Mode::Shared {
            let port = self.shared[(host % 2) as usize];
            let taken = |transfer: &Transfer| transfer.peer == peer && transfer.port == port;
            if !self.transfers.iter().any(taken) {
                return port;
            }
        }
        ground.open_port(Port::Private(peer))
    }

    fn begin(
        &mut self,
        now: u64,
        flight: &Flight,
        request: &Request<'_>,
        again: Option<Id>,
        ground: &mut Ground,
    ) {
        let read = request.operation == Operation::Read;
        let file = ground.files.get(request.filename).copied();
        if read && file.is_none() {
            ground.tell(Event::Refused { peer: flight.from });
            return self.error(LISTENING, flight.from, ErrorCode::NOT_FOUND, "no", ground);
        }
        let content = file.map_or(&[][..], |file| file.content(file.version));
        let (settings, at) = (&self.settings, Instant::from_micros(now));
        let limits = Limits {
            max_blksize: settings.max_blksize,
            max_windowsize: if settings.mode == Mode::SinglePort {
                settings.max_windowsize.min(4)
            } else {
                settings.max_windowsize
            },
            max_large_window: negotiate::LARGE_WINDOW,
            rollover: Rollover::Zero,
        };
        let timing = Timing {
            retransmit_timeout: Duration::from_micros(settings.retransmit_timeout),
            max_retransmits: settings.max_retransmits,
            adaptive: settings.adaptive,
            inactivity: Some(Duration::from_micros(settings.inactivity)),
            absolute: None,
        };
        let length = file
            .filter(|file| !file.unknown_length)
            .map(|_| content.len() as u64);
        let machine = if read {
            Machine::Read(ReadTransfer::new(
                at,
                &negotiate::read(&request.asked, &limits, length),
                &timing,
            ))
        } else {
            Machine::Write(
                WriteTransfer::new(at, &negotiate::write(&request.asked, &limits), &timing),
                Vec::new(),
            )
        };
        let (peer, id) = (flight.from, ground.id());
        let port = self.port(peer, ground);
        ground.tell(Event::Asked {
            id,
            peer,
            upload: !read,
            asked_size: request.asked.tsize.is_some(),
            again,
        });
        ground.tell(Event::Begun { id });
        self.transfers.push(Transfer {
            id,
            peer,
            port,
            request: flight.bytes.clone(),
            name: request.filename.to_vec(),
            content,
            machine,
            valid_at: now,
            is_told: false,
            disk_at: None,
            available: 0,
        });
        self.drain(now, self.transfers.len() - 1, ground);
    }

    fn packet(&mut self, now: u64, flight: &Flight, packet: &Packet<'_>, ground: &mut Ground) {
        let port = flight.to.port();
        let mine = |transfer: &Transfer| transfer.port == port && transfer.peer == flight.from;
        let Some(place) = self.transfers.iter().position(mine) else {
            if (port != LISTENING || self.fault == Fault::AnswersAll)
                && !matches!(packet, Packet::Error { .. })
            {
                self.error(port, flight.from, ErrorCode::UNKNOWN_TID, "no", ground);
            }
            return;
        };
        let at = Instant::from_micros(now);
        let transfer = &mut self.transfers[place];
        if !matches!(packet, Packet::Error { .. }) {
            transfer.valid_at = now;
        }
        match &mut transfer.machine {
            Machine::Read(read) => read.handle_packet(at, packet),
            Machine::Write(write, stored) => {
                if let Some(bytes) = write.handle_packet(at, packet) {
                    stored.extend_from_slice(bytes);
                    if self.fault == Fault::StoresHalf {
                        ground.files.stored.insert(transfer.name.clone(), stored.clone());
                    }
                }
            }
        }
        self.drain(now, place, ground);
    }

    fn drain(&mut self, now: u64, place: usize, ground: &mut Ground) {
        let at = Instant::from_micros(now);
        let transfer = &mut self.transfers[place];
        loop {
            let transmit = match &mut transfer.machine {
                Machine::Read(read) => read.poll_transmit(at),
                Machine::Write(write, _) => write.poll_transmit(at),
            };
            let Some(transmit) = transmit else { break };
            send(transfer, &transmit, self.fault, ground);
        }
        let wants = match &transfer.machine {
            Machine::Read(read) => read.wants().is_some(),
            Machine::Write(write, _) => write.is_complete() && write.outcome().is_none(),
        };
        if wants && transfer.disk_at.is_none() {
            transfer.disk_at = Some(now + self.rng.below(self.disk.delay + 1));
        }
        self.look(place, ground);
    }

    fn look(&mut self, place: usize, ground: &mut Ground) {
        let transfer = &mut self.transfers[place];
        let id = transfer.id;
        if let Some(outcome) = outcome(&transfer.machine).filter(|_| !transfer.is_told) {
            ground.tell(Event::Over {
                id,
                how: how(outcome),
            });
            transfer.is_told = self.fault != Fault::EndsTwice;
        }
        let over = match &transfer.machine {
            Machine::Read(read) => read.is_over(),
            Machine::Write(write, _) => write.is_over(),
        };
        if over {
            let transfer = self.transfers.remove(place);
            self.close(&transfer, ground);
        }
    }

    fn close(&self, transfer: &Transfer, ground: &mut Ground) {
        if matches!(ground.ports.get(&transfer.port), Some(Port::Private(_)))
            && self.fault != Fault::KeepsPort
        {
            ground.close_port(transfer.port);
        }
        ground.tell(Event::Gone { id: transfer.id });
    }

    fn end_all(&mut self, which: impl Fn(&Transfer) -> bool, ground: &mut Ground) {
        let (ended, rest) = self.transfers.drain(..).partition(which);
        self.transfers = rest;
        let ended: Vec<Transfer> = ended;
        for transfer in ended {
            if !transfer.is_told {
                ground.tell(Event::Over {
                    id: transfer.id,
                    how: How::Replaced,
                });
            }
            self.close(&transfer, ground);
        }
    }

    fn disk(&mut self, now: u64, place: usize, ground: &mut Ground) {
        let at = Instant::from_micros(now);
        let transfer = &mut self.transfers[place];
        transfer.disk_at = None;
        match &mut transfer.machine {
            Machine::Read(read) => {
                let length = transfer.content.len() as u64;
                let piece = if self.rng.percent(self.disk.pieces) {
                    1 + self.rng.below(3000)
                } else {
                    u64::MAX
                };
                let wanted = read.wants().unwrap_or(transfer.available);
                transfer.available = wanted.min(transfer.available.saturating_add(piece)).min(length);
                read.supply(at, transfer.available, transfer.available == length);
            }
            Machine::Write(write, stored) => {
                if write.is_complete() && write.outcome().is_none() {
                    ground.files.stored.insert(transfer.name.clone(), stored.clone());
                    write.commit(at);
                }
            }
        }
        self.drain(now, place, ground);
    }
}

fn half_open(machine: &Machine) -> bool {
    match machine {
        Machine::Read(read) => read.is_half_open(),
        Machine::Write(write, _) => write.is_half_open(),
    }
}

fn outcome(machine: &Machine) -> Option<&Outcome> {
    match machine {
        Machine::Read(read) => read.outcome(),
        Machine::Write(write, _) => write.outcome(),
    }
}

pub fn how(outcome: &Outcome) -> How {
    match outcome {
        Outcome::Complete => How::Complete,
        Outcome::ClientError { probe: true, .. } => How::Probe,
        Outcome::ClientError { .. } => How::ClientError,
        Outcome::Unreachable => How::Unreachable,
        Outcome::TimedOut {
            probably_complete: true,
        } => How::Probably,
        Outcome::TimedOut { .. } => How::TimedOut,
        Outcome::Oversized | Outcome::Failed => How::Failed,
    }
}

fn send(transfer: &Transfer, transmit: &Transmit, fault: Fault, ground: &mut Ground) {
    let mut bytes = Vec::new();
    match *transmit {
        Transmit::Oack(oack) => oack.encode(&mut bytes),
        Transmit::Ack { block } => bytes.extend_from_slice(&wire::ack(block)),
        Transmit::Error { code, ref message } => wire::encode_error(code, message, &mut bytes),
        Transmit::Data { first, count } => {
            for block in first..first + u64::from(count) {
                let bytes = data(transfer, block, fault);
                put(transfer, bytes, ground);
            }
            return;
        }
    }
    let copies = if fault == Fault::SendsMore { 10 } else { 1 };
    for _ in 0..copies {
        put(transfer, bytes.clone(), ground);
    }
}

fn data(transfer: &Transfer, block: u64, fault: Fault) -> Vec<u8> {
    let Machine::Read(read) = &transfer.machine else {
        panic!("DATA in an upload")
    };
    let blksize = u64::from(read.agreed().blksize);
    let from = (block - 1) * blksize;
    let upto = (from + blksize).min(transfer.content.len() as u64);
    let mut payload = transfer.content[from as usize..upto as usize].to_vec();
    if fault == Fault::WrongBytes && block == 3 {
        payload.reverse();
    }
    [&wire::data_header(read.wire_block(block))[..], &payload].concat()
}

fn put(transfer: &Transfer, bytes: Vec<u8>, ground: &mut Ground) {
    ground.send(Sent {
        port: transfer.port,
        to: transfer.peer,
        bytes,
        id: Some(transfer.id),
    });
}

impl Node for Model {
    fn receive(&mut self, now: u64, flight: &Flight, ground: &mut Ground) {
        let port = flight.to.port();
        if matches!(flight.kind, Kind::Gone) {
            let mine = |transfer: &Transfer| transfer.port == port && transfer.peer == flight.from;
            if let Some(place) = self.transfers.iter().position(mine) {
                let at = Instant::from_micros(now);
                match &mut self.transfers[place].machine {
                    Machine::Read(read) => read.handle_unreachable(at),
                    Machine::Write(write, _) => write.handle_unreachable(at),
                }
                self.drain(now, place, ground);
            }
            return;
        }
        match wire::parse(&flight.bytes) {
            Ok(Packet::Request(request)) if port == LISTENING && self.listening => {
                self.request(now, flight, &request, ground);
            }
            Ok(Packet::Request(_)) | Err(_) => {}
            Ok(packet) => self.packet(now, flight, &packet, ground),
        }
    }

    fn timeout(&mut self, now: u64, ground: &mut Ground) {
        let due = |transfer: &Transfer| deadline(transfer).is_some_and(|at| at <= now);
        while let Some(place) = self.transfers.iter().position(due) {
            let transfer = &mut self.transfers[place];
            if transfer.disk_at.is_some_and(|at| at <= now) {
                self.disk(now, place, ground);
                continue;
            }
            let at = Instant::from_micros(now);
            match &mut transfer.machine {
                Machine::Read(read) => read.handle_timeout(at),
                Machine::Write(write, _) => write.handle_timeout(at),
            }
            self.drain(now, place, ground);
        }
    }

    fn deadline(&self) -> Option<u64> {
        self.transfers.iter().filter_map(deadline).min()
    }

    fn stop(&mut self, _: u64, _: &mut Ground) {
        self.listening = false;
    }

    fn resume(&mut self, _: u64, _: &mut Ground) {
        self.listening = true;
    }

    fn shutdown(&mut self, _: u64, ground: &mut Ground) {
        self.listening = false;
        self.end_all(|_| true, ground);
    }

    fn abandon(&mut self, _: u64, ground: &mut Ground) {
        let first = self.transfers.first().map(|transfer| transfer.id);
        self.end_all(|transfer| Some(transfer.id) == first, ground);
    }

    fn left(&self) -> usize {
        self.transfers.len()
    }
}

fn deadline(transfer: &Transfer) -> Option<u64> {
    let timer = match &transfer.machine {
        Machine::Read(read) => read.poll_timeout(),
        Machine::Write(write, _) => write.poll_timeout(),
    };
    timer
        .map(Instant::as_micros)
        .into_iter()
        .chain(transfer.disk_at)
        .min()
}
