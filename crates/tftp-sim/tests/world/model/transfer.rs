//! One transfer of the model server: a machine of either direction, and what is sent for it.

use std::net::SocketAddr;

use tftp_machine::repeats::Known;
use tftp_machine::{PortId, Route};
use tftp_proto::wire;
use tftp_proto::*;
use tftp_udp::datagrams::Datagrams;

use super::super::event::Id;
use super::super::simnet::SimNet;
use super::Fault;

pub enum Machine {
    Read(ReadTransfer),
    Write(WriteTransfer, Vec<u8>),
}

pub struct Transfer {
    pub id: Id,
    pub peer: SocketAddr,
    pub port: PortId,
    pub request: Vec<u8>,
    pub name: Vec<u8>,
    pub content: &'static [u8],
    pub machine: Machine,
    pub valid_at: Instant,
    pub is_told: bool,
    pub disk_at: Option<Instant>,
    pub available: u64,
}

macro_rules! either {
    ($self:ident, $machine:ident => $call:expr) => {
        match $self {
            Machine::Read($machine) => $call,
            Machine::Write($machine, _) => $call,
        }
    };
}

impl Machine {
    pub fn outcome(&self) -> Option<&Outcome> {
        either!(self, machine => machine.outcome())
    }

    pub fn is_over(&self) -> bool {
        either!(self, machine => machine.is_over())
    }

    fn is_half_open(&self) -> bool {
        either!(self, machine => machine.is_half_open())
    }

    fn is_in_doubt(&self) -> bool {
        either!(self, machine => machine.is_in_doubt())
    }

    pub fn handle_repeat(&mut self, now: Instant) {
        either!(self, machine => machine.handle_repeat(now));
    }

    pub fn supersede(&mut self, now: Instant) {
        either!(self, machine => machine.supersede(now));
    }

    pub fn handle_unreachable(&mut self, now: Instant) {
        either!(self, machine => machine.handle_unreachable(now));
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        either!(self, machine => machine.handle_timeout(now));
    }

    pub fn poll_transmit(&mut self, now: Instant) -> Option<Transmit> {
        either!(self, machine => machine.poll_transmit(now))
    }

    fn poll_timeout(&self) -> Option<Instant> {
        either!(self, machine => machine.poll_timeout())
    }
}

impl Transfer {
    /// Returns the state that decides whether an identical request is a repetition.
    pub fn known(&self) -> Known {
        Known {
            is_in_doubt: self.machine.is_in_doubt(),
            heard_at: (!self.machine.is_half_open()).then_some(self.valid_at),
            ..Known::default()
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.machine.poll_timeout().into_iter().chain(self.disk_at).min()
    }

    pub fn send(&self, transmit: &Transmit, fault: Fault, net: &mut SimNet) {
        let mut bytes = Vec::new();
        match transmit {
            Transmit::Oack(oack) => oack.encode(&mut bytes),
            Transmit::Ack { block } => bytes.extend_from_slice(&wire::ack(*block)),
            Transmit::Error { code, message } => wire::encode_error(*code, message, &mut bytes),
            Transmit::Data { first, count } => {
                let blocks = *first..first + u64::from(*count);
                return blocks.for_each(|block| self.put(&self.data(block, fault), net));
            }
        }
        let copies = if fault == Fault::SendsMore { 10 } else { 1 };
        (0..copies).for_each(|_| self.put(&bytes, net));
    }

    fn data(&self, block: u64, fault: Fault) -> Vec<u8> {
        let Machine::Read(read) = &self.machine else {
            panic!("DATA in an upload")
        };
        let blksize = u64::from(read.negotiated().blksize);
        let from = (block - 1) * blksize;
        let upto = (from + blksize).min(self.content.len() as u64);
        let mut payload = self.content[from as usize..upto as usize].to_vec();
        if fault == Fault::WrongBytes && block == 3 {
            payload.reverse();
        }
        [&wire::data_header(read.wire_block(block))[..], &payload].concat()
    }

    fn put(&self, bytes: &[u8], net: &mut SimNet) {
        let (port, peer, source) = (self.port, self.peer, None);
        net.control(&Route { port, peer, source }, bytes);
    }
}
