//! A download, and a client that sends anything.

use tftp_proto::{ErrorCode, Outcome, Packet, Transmit, wire};

use super::sender::Sender;
use super::{Clock, Terms};
use crate::bodies::input::Input;

pub fn run(terms: &Terms, input: &mut Input<'_>) {
    let mut clock = Clock(0);
    let mut sender = Sender::new(terms, clock.now());
    sender.drain(clock.now());
    while !input.is_empty() {
        step(&mut sender, &mut clock, input);
    }
    sender.abandon(&mut clock);
    let size = terms.size;
    if sender.ending.outcome == Some(Outcome::Complete) {
        assert_eq!(
            sender.high,
            size / sender.blksize() + 1,
            "complete without its last block"
        );
    }
}

fn step(sender: &mut Sender, clock: &mut Clock, input: &mut Input<'_>) {
    let now = clock.now();
    match input.byte() % 12 {
        0 => {
            let near = sender.acked().wrapping_add_signed((input.byte() as i8).into());
            let block = sender.machine.wire_block(near % (1 << 40));
            sender.handle(now, &Packet::Ack { block });
        }
        1 => {
            let block = input.short();
            sender.handle(now, &Packet::Ack { block });
        }
        2 => {
            let (code, message) = (ErrorCode(input.short()), input.bytes());
            sender.handle(now, &Packet::Error { code, message });
        }
        3 => {
            if let Ok(packet) = wire::parse(input.bytes()) {
                sender.handle(now, &packet);
            }
        }
        4 | 5 => clock.pass(input),
        6 => {
            if let Some(at) = sender.machine.poll_timeout() {
                clock.reach(at);
                sender.timeout(clock.now());
            }
        }
        7 => drop(sender.timeout(now)),
        8 => drop(sender.repeat(now)),
        9 => {
            let more = u64::from(input.short());
            let wanted = sender.machine.wants().unwrap_or(0);
            sender.supply(now, input.pick(&[wanted, more, u64::MAX]));
        }
        10 => go_on(sender, clock, u64::from(input.short())),
        _ => match input.byte() {
            // Rare, because nothing happens afterwards.
            0 => drop(sender.fail(now)),
            1..=100 => drop(sender.refuse(now)),
            101..=150 => drop(sender.supersede(now)),
            _ => drop(sender.too_big(now)),
        },
    }
}

/// Transfers windows without any loss.
fn go_on(sender: &mut Sender, clock: &mut Clock, windows: u64) {
    let mut sent = Vec::new();
    for _ in 0..windows {
        if sender.ending.has_ended() || sender.high > sender.most_blocks {
            return;
        }
        let now = clock.now();
        if let Some(upto) = sender.machine.wants() {
            sent = sender.supply(now, upto);
        }
        let block = match sent.last() {
            Some(Transmit::Data { first, count }) => first + u64::from(*count) - 1,
            _ => sender.high,
        };
        clock.0 += 500;
        let block = sender.machine.wire_block(block);
        sent = sender.handle(clock.now(), &Packet::Ack { block });
    }
}
