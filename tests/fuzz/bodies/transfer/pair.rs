//! A download against an upload: each machine is the other's client, over a network that loses,
//! duplicates, delays and reorders packets as the input determines. The bytes that arrive are
//! always those of the file.

use std::collections::VecDeque;

use tftp_proto::{NegotiatedOptions, Outcome, Packet, Transmit, wire};

use super::receiver::Receiver;
use super::sender::Sender;
use super::{Clock, Terms};
use crate::bodies::input::Input;

/// Transfers with more than this many blocks left are not followed to their end.
const MOST_BLOCKS_LEFT: u64 = 600;

/// The most datagrams in flight in one direction: further ones are lost.
const ROOM: usize = 300;

struct Pair {
    sender: Sender,
    receiver: Receiver,
    clock: Clock,
    size: u64,
    /// The number of bytes that arrived, all of them correct.
    arrived: u64,
    to_receiver: VecDeque<Vec<u8>>,
    to_sender: VecDeque<Vec<u8>>,
    /// The client has received the OACK.
    has_oack: bool,
}

pub fn run(mut terms: Terms, input: &mut Input<'_>) {
    terms.requested.tsize = terms.requested.tsize.map(|_| terms.size);
    let clock = Clock(0);
    // No sender may have more than 32767 blocks in flight, but only the download limits its window
    // so.
    let windowsize = terms.download().windowsize;
    let negotiated = NegotiatedOptions {
        windowsize,
        ..terms.upload()
    };
    let mut pair = Pair {
        sender: Sender::new(&terms, clock.now()),
        receiver: Receiver::new(&negotiated, &terms, clock.now()),
        clock,
        size: terms.size,
        arrived: 0,
        to_receiver: VecDeque::new(),
        to_sender: VecDeque::new(),
        has_oack: false,
    };
    let sent = pair.sender.drain(clock.now());
    pair.post_to_receiver(&sent);
    let sent = pair.receiver.drain(clock.now());
    pair.post_to_sender(&sent);
    while !input.is_empty() {
        pair.step(input);
    }
    pair.settle();
}

impl Pair {
    fn step(&mut self, input: &mut Input<'_>) {
        let now = self.clock.now();
        match input.byte() % 12 {
            0 | 1 => self.deliver_to_receiver(input.byte().into()),
            2 | 3 => self.deliver_to_sender(input.byte().into()),
            4 => lose(&mut self.to_receiver, input.byte()),
            5 => lose(&mut self.to_sender, input.byte()),
            6 => double(
                if input.flag() {
                    &mut self.to_receiver
                } else {
                    &mut self.to_sender
                },
                input.byte(),
            ),
            7 => self.clock.pass(input),
            8 => self.deadline(),
            9 => {
                let sent = self.receiver.hold(now, input.flag());
                self.post_to_sender(&sent);
            }
            10 => self.go_on(input.short().into()),
            // Rare, because nothing happens afterwards.
            _ if input.byte() == 0 => {
                let sent = self.sender.fail(now);
                self.post_to_receiver(&sent);
            }
            _ => self.store(),
        }
        self.feed();
    }

    /// Supplies the data that the sender wants.
    fn feed(&mut self) {
        if let Some(upto) = self.sender.machine.wants() {
            let sent = self.sender.supply(self.clock.now(), upto);
            self.post_to_receiver(&sent);
        }
    }

    /// Stores the file if it is complete.
    fn store(&mut self) {
        if self.receiver.machine.is_complete() && !self.receiver.ending.has_ended() {
            assert_eq!(self.arrived, self.size, "stored without all of it");
            let sent = self.receiver.commit(self.clock.now());
            self.post_to_sender(&sent);
        }
    }

    fn deadline(&mut self) {
        let (one, other) = (
            self.sender.machine.poll_timeout(),
            self.receiver.machine.poll_timeout(),
        );
        let Some(at) = one.into_iter().chain(other).min() else {
            return;
        };
        self.clock.reach(at);
        if one == Some(at) {
            let sent = self.sender.timeout(self.clock.now());
            self.post_to_receiver(&sent);
        } else {
            let sent = self.receiver.timeout(self.clock.now());
            self.post_to_sender(&sent);
        }
    }

    fn deliver_to_receiver(&mut self, which: usize) {
        if self.to_receiver.is_empty() {
            return;
        }
        let datagram = self
            .to_receiver
            .remove(which % self.to_receiver.len())
            .expect("it is there");
        let packet = wire::parse(&datagram).expect("a machine sends packets");
        let (now, file) = (self.clock.now(), self.arrived);
        if packet == Packet::Oack {
            self.has_oack = true;
            self.to_sender.push_back(wire::ack(0).to_vec());
            return;
        }
        let (sent, taken) = self.receiver.handle(now, &packet);
        for (at, &byte) in taken.unwrap_or_default().iter().enumerate() {
            assert_eq!(
                byte,
                content(file + at as u64),
                "a wrong byte at {}",
                file + at as u64
            );
        }
        self.arrived += taken.map_or(0, |bytes| bytes.len() as u64);
        self.post_to_sender(&sent);
    }

    fn deliver_to_sender(&mut self, which: usize) {
        if self.to_sender.is_empty() {
            return;
        }
        let datagram = self
            .to_sender
            .remove(which % self.to_sender.len())
            .expect("it is there");
        let now = self.clock.now();
        let sent = match wire::parse(&datagram).expect("a machine sends packets") {
            // Nothing has arrived yet: a client would repeat its request.
            Packet::Ack { block: 0 } if self.arrived == 0 && !self.has_oack => {
                self.sender.repeat(now)
            }
            packet => self.sender.handle(now, &packet),
        };
        self.post_to_receiver(&sent);
    }

    fn post_to_receiver(&mut self, sent: &[Transmit]) {
        for transmit in sent {
            match *transmit {
                Transmit::Data { first, count } => {
                    let room = ROOM.saturating_sub(self.to_receiver.len()) as u64;
                    for block in first..first + u64::from(count).min(room) {
                        let datagram = self.data(block);
                        self.to_receiver.push_back(datagram);
                    }
                }
                ref other => self.to_receiver.extend(encode(other)),
            }
        }
    }

    fn post_to_sender(&mut self, sent: &[Transmit]) {
        if self.to_sender.len() < ROOM {
            self.to_sender
                .extend(sent.iter().filter_map(|transmit| match transmit {
                    Transmit::Oack(_) => Some(wire::ack(0).to_vec()),
                    other => encode(other),
                }));
        }
    }

    fn data(&self, block: u64) -> Vec<u8> {
        let from = (block - 1) * self.sender.blksize();
        let upto = (from + self.sender.blksize()).min(self.size);
        let mut datagram = wire::data_header(self.sender.machine.wire_block(block)).to_vec();
        datagram.extend((from..upto).map(content));
        datagram
    }

    /// Transfers windows without loss; datagrams in flight before are lost.
    fn go_on(&mut self, windows: u64) {
        self.to_receiver.clear();
        self.to_sender.clear();
        for _ in 0..windows {
            if self.sender.high > self.sender.most_blocks
                || self.is_over()
                || self.receiver.is_held()
            {
                return;
            }
            self.clock.0 += 300;
            self.turn();
        }
    }

    /// Delivers everything in flight in one direction, then in the other, answers included.
    fn turn(&mut self) {
        self.feed();
        for _ in 0..self.to_receiver.len() {
            self.deliver_to_receiver(0);
        }
        for _ in 0..self.to_sender.len() {
            self.deliver_to_sender(0);
        }
        if self.to_receiver.is_empty() && self.to_sender.is_empty() {
            self.deadline();
        }
    }

    fn is_over(&self) -> bool {
        self.sender.ending.has_ended() && self.receiver.machine.is_over()
    }

    /// Loses nothing any more, and asserts that both sides end and that a complete file is whole.
    fn settle(&mut self) {
        let sent = self.receiver.hold(self.clock.now(), false);
        self.post_to_sender(&sent);
        let left = (self.size / self.sender.blksize()).saturating_sub(self.sender.acked());
        if left > MOST_BLOCKS_LEFT {
            return;
        }
        for _ in 0..4 * left + 2000 {
            if self.is_over() {
                break;
            }
            self.clock.0 += 300;
            self.turn();
            self.store();
        }
        assert!(self.is_over(), "they never end");
        let received = self.receiver.ending.outcome == Some(Outcome::Complete);
        let sent = self.sender.ending.outcome == Some(Outcome::Complete);
        assert!(received || !sent, "complete for one, not for the other");
        assert!(!received || self.arrived == self.size);
    }
}

fn encode(transmit: &Transmit) -> Option<Vec<u8>> {
    let mut datagram = Vec::new();
    match transmit {
        Transmit::Oack(oack) => oack.encode(&mut datagram),
        Transmit::Ack { block } => datagram.extend(wire::ack(*block)),
        Transmit::Error { code, message } => wire::encode_error(*code, message, &mut datagram),
        Transmit::Data { .. } => return None,
    }
    Some(datagram)
}

fn lose(way: &mut VecDeque<Vec<u8>>, which: u8) {
    if !way.is_empty() {
        way.remove(usize::from(which) % way.len());
    }
}

fn double(way: &mut VecDeque<Vec<u8>>, which: u8) {
    if !way.is_empty() && way.len() < ROOM {
        let copy = way[usize::from(which) % way.len()].clone();
        way.push_back(copy);
    }
}

/// Returns the byte at an offset. It differs from those 65535 and 65536 blocks later, for any block
/// size.
fn content(at: u64) -> u8 {
    (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8
}
