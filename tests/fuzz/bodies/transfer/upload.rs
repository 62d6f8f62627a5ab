//! An upload, and a client that sends anything.

use tftp_proto::{ErrorCode, Outcome, Packet, Rollover, wire};

use super::receiver::Receiver;
use super::{Clock, Terms};
use crate::bodies::input::Input;

/// The data of all blocks. The receiver is checked by the numbers of the blocks, so their content
/// may be the same.
static DATA: [u8; 65464] = [0x55; 65464];

pub fn run(terms: &Terms, input: &mut Input<'_>) {
    let mut clock = Clock(0);
    let mut receiver = Receiver::new(&terms.upload(), terms, clock.now());
    let rollover = terms.requested.rollover.unwrap_or(terms.limits.rollover);
    receiver.drain(clock.now());
    while !input.is_empty() {
        step(&mut receiver, &mut clock, input, rollover);
    }
    receiver.abandon(&mut clock);
}

fn step(receiver: &mut Receiver, clock: &mut Clock, input: &mut Input<'_>, rollover: Rollover) {
    let now = clock.now();
    match input.byte() % 12 {
        0 => {
            let near = receiver
                .received()
                .wrapping_add_signed((input.byte() as i8).into());
            let block = number(near % (1 << 40), rollover);
            data(receiver, clock, block, input);
        }
        1 => {
            let block = input.short();
            data(receiver, clock, block, input);
        }
        2 => {
            let (code, message) = (ErrorCode(input.short()), input.bytes());
            receiver.handle(now, &Packet::Error { code, message });
        }
        3 => {
            if let Ok(packet) = wire::parse(input.bytes()) {
                receiver.handle(now, &packet);
            }
        }
        4 | 5 => clock.pass(input),
        6 => {
            if let Some(at) = receiver.machine.poll_timeout() {
                clock.reach(at);
                receiver.timeout(clock.now());
            }
        }
        7 => drop(receiver.timeout(now)),
        8 => drop(receiver.repeat(now)),
        9 => drop(receiver.hold(now, input.flag())),
        10 => go_on(receiver, clock, u64::from(input.short()) * 2, rollover),
        _ => match input.byte() {
            // Rare, because nothing happens afterwards.
            0 => drop(receiver.fail(now)),
            1..=20 => drop(receiver.refuse(now)),
            21..=30 => drop(receiver.supersede(now)),
            _ => drop(receiver.commit(now)),
        },
    }
}

fn number(block: u64, rollover: Rollover) -> u16 {
    tftp_proto::block::to_wire(block, rollover)
}

/// Sends a block: usually a full one, sometimes the last one, sometimes one longer than negotiated.
fn data(receiver: &mut Receiver, clock: &Clock, block: u16, input: &mut Input<'_>) {
    let blksize = usize::from(receiver.machine.negotiated().blksize);
    let length = match input.byte() {
        length @ 1..=8 => blksize.saturating_sub(length.into()),
        9 => 0,
        10 => blksize + 1,
        _ => blksize,
    };
    let goes_on = !receiver.ending.has_ended() && !receiver.machine.is_complete();
    let data = &DATA[..length];
    let (_, taken) = receiver.handle(clock.now(), &Packet::Data { block, data });
    if length > blksize && goes_on {
        assert_eq!(taken, None);
        // Only in place of the next block. How its number rolls over may not be known yet.
        let next = receiver.received() + 1;
        let is_next = [Rollover::Zero, Rollover::One].map(|over| number(next, over) == block);
        match &receiver.ending.outcome {
            Some(outcome) => {
                assert_eq!(*outcome, Outcome::Oversized);
                assert!(is_next.contains(&true), "{block} is not {next}");
            }
            // Nor beyond the window of a client that is held.
            None => {
                let may_be_other = is_next.contains(&false) || receiver.is_held();
                assert!(may_be_other, "{block} is {next}");
            }
        }
    }
    if taken.is_some() {
        assert_eq!(receiver.machine.is_complete(), length < blksize);
    }
}

/// Transfers blocks without any loss.
fn go_on(receiver: &mut Receiver, clock: &mut Clock, blocks: u64, rollover: Rollover) {
    let data = &DATA[..receiver.machine.negotiated().blksize.into()];
    for _ in 0..blocks {
        let next = receiver.received() + 1;
        let stopped =
            receiver.ending.has_ended() || receiver.machine.is_complete() || receiver.is_held();
        if stopped || next > receiver.most_blocks {
            return;
        }
        let block = number(next, rollover);
        clock.0 += 100;
        receiver.handle(clock.now(), &Packet::Data { block, data });
        if receiver.received() < next {
            // The numbers do not reveal the roll-over yet: that takes further windows.
            return;
        }
    }
}
