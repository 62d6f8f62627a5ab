//! A small server of the world's own, built on the protocol's transfer machines alone. It tests the
//! judges, each by a fault that the judge must detect.

mod transfer;
mod turn;

use std::net::SocketAddr;
use std::time::Duration;

use tftp_machine::repeats::{self, Verdict};
use tftp_machine::{Datagram, OpenPlan, PortId, PortKind, Reception, Route};
use tftp_proto::wire::{self, ErrorCode, Packet, Request};
use tftp_proto::*;
use tftp_sim::Rng;
use tftp_udp::datagrams::{Datagrams, Failure, Until};

use super::event::{Event, How};
use super::ground::Ground;
use super::plan::{self, Mode, Plan, part};
use super::simnet::SimNet;
use transfer::{Machine, Transfer};

/// A fault of the model server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    #[default]
    None,
    /// A block carries the bytes of another one.
    WrongBytes,
    /// A file is stored before its last block.
    StoresHalf,
    /// Each port is the last one plus one.
    PortsInOrder,
    /// Every request gets ten packets.
    SendsMore,
    /// An identical request always counts as a repetition.
    NoRestart,
    /// An ended transfer keeps its port.
    KeepsPort,
    /// The end is reported twice.
    EndsTwice,
    /// Every datagram to a listening port is answered.
    AnswersAll,
}

pub struct Model {
    settings: plan::Settings,
    disk: plan::Disk,
    fault: Fault,
    net: SimNet,
    transfers: Vec<Transfer>,
    rng: Rng,
    shared: Vec<PortId>,
    is_listening: bool,
    now: Instant,
    failures: Vec<Failure>,
}

fn open_plan(kind: PortKind, peer: SocketAddr) -> OpenPlan {
    OpenPlan {
        kind,
        peer,
        local: None,
        reception: Reception {
            buffer: 0,
            batches: false,
        },
        draw: 0,
    }
}

impl Model {
    pub fn new(plan: &Plan, round: u64, ground: &mut Ground, fault: Fault) -> Model {
        ground.wire.borrow_mut().in_order = fault == Fault::PortsInOrder;
        let mut net = ground.net();
        let peer = SocketAddr::new(ground.address, 0);
        let open = |bucket| net.open(&open_plan(PortKind::Shared { bucket }, peer)).ok();
        let shared = (0..2).filter_map(open).collect();
        let mut model = Model {
            settings: plan.settings,
            disk: plan.disk,
            fault,
            net,
            transfers: Vec::new(),
            rng: plan.rng(part::SERVER).part(round),
            shared,
            is_listening: true,
            now: Instant::default(),
            failures: Vec::new(),
        };
        model.wait();
        model
    }

    fn wait(&mut self) {
        self.net.wait(Until {
            poll_listeners: true,
            ..Until::default()
        });
    }

    fn error(&mut self, port: PortId, peer: SocketAddr, code: ErrorCode, text: &'static str) {
        let mut bytes = Vec::new();
        wire::encode_error(code, text, &mut bytes);
        let source = None;
        self.net.control(&Route { port, peer, source }, &bytes);
    }

    fn request(&mut self, datagram: &Datagram<'_>, request: &Request<'_>, ground: &mut Ground) {
        // The youngest transfer counts for the request.
        let same = self.transfers.iter().rposition(|transfer| {
            transfer.peer == datagram.peer
                && transfer.request == datagram.bytes
                && transfer.machine.outcome().is_none()
        });
        if let Some(place) = same {
            let known = self.transfers[place].known();
            let verdict = match self.fault {
                Fault::NoRestart => Verdict::Repeat,
                _ => repeats::judge(self.now, Duration::ZERO, &known),
            };
            let machine = &mut self.transfers[place].machine;
            match verdict {
                Verdict::Wait => return,
                Verdict::Repeat => machine.handle_repeat(self.now),
                Verdict::Anew => machine.supersede(self.now),
            }
            self.drain(place, ground);
            if verdict == Verdict::Repeat {
                return;
            }
        }
        self.begin(datagram, request, ground);
    }

    fn port(&mut self, peer: SocketAddr, ground: &mut Ground) -> Option<PortId> {
        if self.settings.mode == Mode::SinglePort {
            self.end_all(|transfer| transfer.peer == peer, ground);
            return Some(self.net.listening());
        }
        let host = match peer.ip() {
            std::net::IpAddr::V4(ip) => u64::from(u32::from(ip)),
            std::net::IpAddr::V6(ip) => u128::from(ip) as u64,
        };
        if self.settings.mode == Mode::Shared {
            let port = self.shared[(host % 2) as usize];
            let taken = |transfer: &Transfer| transfer.peer == peer && transfer.port == port;
            if !self.transfers.iter().any(taken) {
                return Some(port);
            }
        }
        self.net.open(&open_plan(PortKind::Private, peer)).ok()
    }

    fn limits(&self) -> Limits {
        let settings = &self.settings;
        let single = settings.mode == Mode::SinglePort;
        let most = if single { 4 } else { u16::MAX };
        Limits {
            max_blksize: settings.max_blksize,
            max_windowsize: settings.max_windowsize.min(most),
            max_large_window: negotiate::LARGE_WINDOW,
            rollover: Rollover::Zero,
        }
    }

    fn timing(&self) -> Timing {
        Timing {
            retransmit_timeout: Duration::from_micros(self.settings.retransmit_timeout),
            max_retransmits: self.settings.max_retransmits,
            adaptive: self.settings.adaptive,
            inactivity: Some(Duration::from_micros(self.settings.inactivity)),
            absolute: None,
        }
    }

    fn begin(&mut self, datagram: &Datagram<'_>, request: &Request<'_>, ground: &mut Ground) {
        let (read, peer) = (request.operation == Operation::Read, datagram.peer);
        let found = {
            let disk = ground.store.lock();
            let file = disk.files.get(request.filename);
            file.filter(|file| !file.claims_more)
                .map(|file| (file.content(), file.unknown_length))
        };
        if read && found.is_none() {
            ground.record(Event::Refused { peer });
            return self.error(datagram.port, peer, ErrorCode::NOT_FOUND, "no");
        }
        let (content, unknown_length) = found.unwrap_or_default();
        let Some(port) = self.port(peer, ground) else {
            ground.record(Event::Refused { peer });
            return self.error(datagram.port, peer, ErrorCode::UNDEFINED, "no");
        };
        let (limits, timing, at) = (self.limits(), self.timing(), self.now);
        let machine = if read {
            let length = (!unknown_length).then_some(content.len() as u64);
            let negotiated = negotiate::read(&request.requested, &limits, length);
            Machine::Read(ReadTransfer::new(at, &negotiated, &timing))
        } else {
            let negotiated = negotiate::write(&request.requested, &limits);
            Machine::Write(WriteTransfer::new(at, &negotiated, &timing), Vec::new())
        };
        self.leave_others(peer);
        let id = ground.id();
        ground.record(Event::Requested {
            id,
            peer,
            upload: !read,
            name: request.filename.to_vec(),
        });
        ground.record(Event::Begun { id });
        self.transfers.push(Transfer {
            id,
            peer,
            port,
            request: datagram.bytes.to_vec(),
            name: request.filename.to_vec(),
            content,
            machine,
            valid_at: at,
            is_told: false,
            disk_at: None,
            available: 0,
        });
        self.drain(self.transfers.len() - 1, ground);
    }

    /// Silences the other transfers of a client that was silent: it would take a packet of theirs
    /// for an answer to its new request.
    fn leave_others(&mut self, peer: SocketAddr) {
        let now = self.now;
        let is_left = |transfer: &&mut Transfer| {
            transfer.peer == peer && now.saturating_sub(transfer.valid_at) >= Duration::from_secs(1)
        };
        let left = self.transfers.iter_mut().filter(is_left);
        left.for_each(|transfer| transfer.machine.supersede(now));
    }

    fn place(&self, port: PortId, peer: SocketAddr) -> Option<usize> {
        let mine = |transfer: &Transfer| transfer.port == port && transfer.peer == peer;
        self.transfers.iter().position(mine)
    }

    fn packet(&mut self, datagram: &Datagram<'_>, packet: &Packet<'_>, ground: &mut Ground) {
        let (port, peer) = (datagram.port, datagram.peer);
        let Some(place) = self.place(port, peer) else {
            let listens = port == self.net.listening() && self.fault != Fault::AnswersAll;
            if !listens && !matches!(packet, Packet::Error { .. }) {
                self.error(port, peer, ErrorCode::UNKNOWN_TID, "no");
            }
            return;
        };
        let transfer = &mut self.transfers[place];
        if !matches!(packet, Packet::Error { .. }) {
            transfer.valid_at = self.now;
        }
        match &mut transfer.machine {
            Machine::Read(read) => read.handle_packet(self.now, packet),
            Machine::Write(write, stored) => {
                if let Some(bytes) = write.handle_packet(self.now, packet) {
                    stored.extend_from_slice(bytes);
                    if self.fault == Fault::StoresHalf {
                        let (name, bytes) = (transfer.name.clone(), stored.clone());
                        ground.store.lock().files.store(0, name, bytes, true);
                    }
                }
            }
        }
        self.drain(place, ground);
    }

    fn drain(&mut self, place: usize, ground: &mut Ground) {
        let now = self.now;
        let transfer = &mut self.transfers[place];
        while let Some(transmit) = transfer.machine.poll_transmit(now) {
            transfer.send(&transmit, self.fault, &mut self.net);
        }
        let wants = match &transfer.machine {
            Machine::Read(read) => read.wants().is_some(),
            Machine::Write(write, _) => write.is_complete() && write.outcome().is_none(),
        };
        if wants && transfer.disk_at.is_none() {
            let wait = self.rng.below(self.disk.delay + 1);
            transfer.disk_at = Some(now + Duration::from_micros(wait));
        }
        self.look(place, ground);
    }

    fn look(&mut self, place: usize, ground: &mut Ground) {
        let transfer = &mut self.transfers[place];
        let id = transfer.id;
        if let Some(outcome) = transfer.machine.outcome().filter(|_| !transfer.is_told) {
            let how = how(outcome);
            ground.record(Event::Over { id, how });
            transfer.is_told = self.fault != Fault::EndsTwice;
        }
        if transfer.machine.is_over() {
            let transfer = self.transfers.remove(place);
            self.close(&transfer);
        }
    }

    fn close(&mut self, transfer: &Transfer) {
        let is_own = transfer.port != self.net.listening() && !self.shared.contains(&transfer.port);
        if is_own && self.fault != Fault::KeepsPort {
            self.net.close(transfer.port);
        }
    }

    fn end_all(&mut self, which: impl Fn(&Transfer) -> bool, ground: &mut Ground) {
        let (ended, rest) = self.transfers.drain(..).partition(which);
        self.transfers = rest;
        let ended: Vec<Transfer> = ended;
        for transfer in ended {
            if !transfer.is_told {
                let (id, how) = (transfer.id, How::Replaced);
                ground.record(Event::Over { id, how });
            }
            self.close(&transfer);
        }
    }

    fn disk(&mut self, place: usize, ground: &mut Ground) {
        let now = self.now;
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
                transfer.available =
                    wanted.min(transfer.available.saturating_add(piece)).min(length);
                read.supply(now, transfer.available, transfer.available == length);
            }
            Machine::Write(write, stored) => {
                if write.is_complete() && write.outcome().is_none() {
                    let (name, bytes) = (transfer.name.clone(), stored.clone());
                    ground.store.lock().files.store(0, name, bytes, true);
                    write.commit(now);
                }
            }
        }
        self.drain(place, ground);
    }
}

fn how(outcome: &Outcome) -> How {
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
