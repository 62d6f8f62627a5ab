//! Tests of the simulation's rules: a transfer that breaks one on purpose has to fail, and a
//! transfer that keeps them all has to pass.

use crate::sim::net::Rng;
use crate::sim::plan::Settings;
use crate::sim::rules::{Broken, Cause, Rule, Verdict, Watcher};
use tftp_proto::Outcome;

const SETTINGS: Settings = Settings {
    max_blksize: 65464,
    max_windowsize: 64,
    rollover_to_one: false,
    adaptive: true,
    retransmit_timeout: 2_000_000,
    max_retransmits: 3,
    inactivity: Some(60_000_000),
    absolute: None,
};

const RRQ: &[u8] = b"\0\x01file\0octet\0";
const RRQ_WINDOW: &[u8] = b"\0\x01file\0octet\0windowsize\x004\0";
const OACK: &[u8] = b"\0\x06windowsize\x004\0";
const WRQ: &[u8] = b"\0\x02file\0octet\0";
const WRQ_WINDOW: &[u8] = b"\0\x02file\0octet\0windowsize\x004\0";
const ERROR: &[u8] = b"\0\x05\0\0Timed out\0";
const MS: u64 = 1000;

/// 5000 bytes: ten blocks of 512, the last one shorter.
fn file() -> &'static [u8] {
    crate::sim::content(&mut Rng(1), 5000, false)
}

fn data(block: u16) -> Vec<u8> {
    let from = (usize::from(block) - 1) * 512;
    let header = [0, 3, (block >> 8) as u8, block as u8];
    [&header[..], &file()[from..(from + 512).min(5000)]].concat()
}

fn ack(block: u8) -> [u8; 4] {
    [0, 4, 0, block]
}

/// A transfer as it is watched; the first broken rule stays.
struct Story {
    watcher: Watcher<'static>,
    verdict: Verdict,
}

impl Story {
    fn of(request: &[u8]) -> Story {
        Story {
            watcher: Watcher::new(0, request, &SETTINGS, file()),
            verdict: Ok(()),
        }
    }

    /// The server sends these because of `cause`.
    fn says(mut self, now: u64, cause: Cause, packets: &[&[u8]]) -> Story {
        for packet in packets {
            self.verdict = self.verdict.and_then(|()| self.watcher.sent(packet));
        }
        self.verdict = self.verdict.and_then(|()| self.watcher.turn_done(now, cause));
        self
    }

    /// The client sends this, and the server answers with these.
    fn hears(mut self, now: u64, packet: &[u8], answers: &[&[u8]]) -> Story {
        self.watcher.heard(now, packet, true);
        self.says(now, Cause::Heard, answers)
    }

    /// A DATA that is taken.
    fn takes(mut self, now: u64, block: u16, answers: &[&[u8]]) -> Story {
        let packet = data(block);
        self.watcher.heard(now, &packet, true);
        self.verdict = self
            .verdict
            .and_then(|()| self.watcher.accepted(now, &packet[4..]));
        self.says(now, Cause::Heard, answers)
    }

    fn ends(mut self, now: u64, outcome: &Outcome) -> Story {
        self.verdict = self.verdict.and_then(|()| self.watcher.ended(now, Some(outcome)));
        self
    }

    #[track_caller]
    fn breaks(self, rule: Rule) {
        match self.verdict {
            Err(Broken(broken, _)) => assert_eq!(broken, rule),
            Ok(()) => panic!("nobody noticed: {rule:?}"),
        }
    }
}

const SILENT: &Outcome = &Outcome::TimedOut {
    probably_complete: false,
};

fn download() -> Story {
    Story::of(RRQ).says(0, Cause::Owner, &[&data(1)])
}

fn windowed() -> Story {
    let window: Vec<Vec<u8>> = (1..=4).map(data).collect();
    Story::of(RRQ_WINDOW)
        .says(0, Cause::Begin, &[OACK])
        .hears(MS, &ack(0), &[])
        .says(
            MS,
            Cause::Owner,
            &[&window[0], &window[1], &window[2], &window[3]],
        )
}

fn upload() -> Story {
    Story::of(WRQ).says(0, Cause::Begin, &[&ack(0)])
}

#[test]
fn a_correct_transfer_passes() {
    let mut story = download();
    for block in 1..10 {
        let now = MS * u64::from(block);
        story = story.hears(now, &ack(block), &[]).says(
            now,
            Cause::Owner,
            &[&data(u16::from(block) + 1)],
        );
    }
    story
        .hears(20 * MS, &ack(10), &[])
        .ends(20 * MS, &Outcome::Complete)
        .verdict
        .unwrap();

    let mut story = upload();
    for block in 1..10 {
        story = story.takes(MS * u64::from(block), block.into(), &[&ack(block)]);
    }
    story = story.takes(20 * MS, 10, &[]);
    story.watcher.committed(21 * MS);
    story
        .says(21 * MS, Cause::Owner, &[&ack(10)])
        .ends(21 * MS, &Outcome::Complete)
        .verdict
        .unwrap();

    let lost = windowed().says(22 * MS, Cause::Timer, &[&data(4)]).hears(
        23 * MS,
        &ack(2),
        &[&data(3), &data(4)],
    );
    lost.says(2023 * MS, Cause::Timer, &[ERROR])
        .ends(2023 * MS, SILENT)
        .verdict
        .unwrap();
}

#[test]
fn wrong_bytes() {
    let mut other = data(2);
    other[100] ^= 1;
    download().hears(MS, &ack(1), &[&other]).breaks(Rule::WrongByte);
    download()
        .hears(MS, &ack(1), &[&data(2)[..515]])
        .breaks(Rule::WrongByte);

    let mut story = upload();
    story.watcher.heard(MS, &data(2), true);
    assert!(
        story.watcher.accepted(MS, &data(2)[4..]).is_err(),
        "block 2 for block 1"
    );
    let mut story = upload();
    story.watcher.heard(MS, &data(1), true);
    assert!(
        story.watcher.accepted(MS, &data(1)[4..500]).is_err(),
        "half a block"
    );
    let twice = upload().takes(MS, 1, &[&ack(1)]).takes(2 * MS, 1, &[]);
    twice.breaks(Rule::WrongByte);
}

#[test]
fn more_than_a_window() {
    download()
        .says(MS, Cause::Owner, &[&data(2)])
        .breaks(Rule::Window);
    windowed()
        .says(MS, Cause::Owner, &[&data(5)])
        .breaks(Rule::Window);
    let behind_a_gap = download().hears(MS, &ack(1), &[&data(3)]);
    behind_a_gap.breaks(Rule::Window);
}

#[test]
fn options_not_requested() {
    Story::of(RRQ)
        .says(0, Cause::Begin, &[OACK])
        .breaks(Rule::Options);
    Story::of(RRQ_WINDOW)
        .says(0, Cause::Begin, &[b"\0\x06windowsize\x005\0"])
        .breaks(Rule::Options);
    Story::of(RRQ_WINDOW)
        .says(0, Cause::Begin, &[b"\0\x06blksize\08\0"])
        .breaks(Rule::Options);
    Story::of(RRQ_WINDOW)
        .says(0, Cause::Begin, &[b"\0\x06windowsize\x004\0\0"])
        .breaks(Rule::Options);
    Story::of(RRQ_WINDOW)
        .says(0, Cause::Begin, &[&data(1)])
        .breaks(Rule::Options);
    Story::of(WRQ_WINDOW)
        .says(0, Cause::Begin, &[&ack(0)])
        .breaks(Rule::Options);
    windowed()
        .says(30 * MS, Cause::Timer, &[OACK])
        .breaks(Rule::Options);
}

#[test]
fn an_error_that_is_answered() {
    download().hears(MS, ERROR, &[ERROR]).breaks(Rule::ErrorAnswered);
    upload().hears(MS, ERROR, &[&ack(0)]).breaks(Rule::ErrorAnswered);
    download()
        .hears(MS, ERROR, &[])
        .says(1000 * MS, Cause::Timer, &[&data(1)])
        .breaks(Rule::ErrorAnswered);
}

#[test]
fn something_after_the_end() {
    download()
        .says(MS, Cause::Owner, &[ERROR])
        .says(MS, Cause::Timer, &[ERROR])
        .breaks(Rule::AfterTheEnd);
}

#[test]
fn too_much_for_a_client_that_may_not_exist() {
    download()
        .says(1000 * MS, Cause::Timer, &[&data(1), &data(1)])
        .breaks(Rule::HalfOpen);
    let four = (1..=4).fold(download(), |story, wait| {
        story.says(25 * MS * wait, Cause::Repeat, &[&data(1)])
    });
    four.ends(400 * MS, SILENT).breaks(Rule::HalfOpen);
    download()
        .says(30_001 * MS, Cause::Repeat, &[&data(1)])
        .breaks(Rule::Overdue);
    download()
        .says(MS, Cause::Heard, &[&[0; 517]])
        .breaks(Rule::HalfOpen);
}

#[test]
fn too_soon_or_too_often() {
    let apprentice = download()
        .hears(MS, &ack(1), &[&data(2)])
        .hears(2 * MS, &ack(1), &[&data(2)]);
    apprentice.breaks(Rule::Storm);
    let twice = download()
        .hears(MS, &ack(1), &[&data(2)])
        .hears(25 * MS, &ack(1), &[&data(2)]);
    twice.hears(50 * MS, &ack(1), &[&data(2)]).breaks(Rule::Storm);
    download()
        .says(50 * MS, Cause::Timer, &[&data(1)])
        .breaks(Rule::Storm);
    windowed()
        .says(15 * MS, Cause::Timer, &[&data(4)])
        .breaks(Rule::Storm);
    let two = [&data(3)[..], &data(4)];
    windowed()
        .hears(5 * MS, &ack(2), &two)
        .hears(5 * MS, &ack(2), &two)
        .breaks(Rule::Storm);
    let every_ack = (1..=50).fold(windowed().hears(5 * MS, &ack(2), &two), |story, again| {
        story.hears(5 * MS + 30 * MS * again, &ack(2), &two)
    });
    every_ack.breaks(Rule::Storm);
    let stale = (0..6).fold(upload().takes(MS, 1, &[&ack(1)]), |story, _| {
        story.hears(MS, &data(1), &[&ack(1)])
    });
    stale.breaks(Rule::Storm);
    upload().takes(MS, 1, &[&ack(1), &ack(1)]).breaks(Rule::Storm);
    let waits = (1..=9).fold(download(), |story, wait| {
        story.says(2000 * MS * wait, Cause::Timer, &[&data(1)])
    });
    waits.breaks(Rule::Storm);
    let probes = (1..=300).fold(windowed(), |story, probe| {
        story.says(MS + 20 * MS * probe, Cause::Timer, &[&data(4)])
    });
    probes.breaks(Rule::Storm);
    let left_over = windowed().hears(5 * MS, &ack(3), &[]);
    let one = (1..=50).fold(left_over, |story, wait| {
        story.says(5 * MS + 200 * MS * wait, Cause::Timer, &[&data(4)])
    });
    one.breaks(Rule::Storm);
}

#[test]
fn acknowledgement_of_missing_data() {
    upload().takes(MS, 1, &[&ack(2)]).breaks(Rule::FalseAck);
    let story = (1..10).fold(upload(), |story, block| {
        story.takes(MS, block, &[&ack(block as u8)])
    });
    story.takes(MS, 10, &[&ack(10)]).breaks(Rule::TooEarly);
    let mut held = upload().takes(MS, 1, &[]);
    held.watcher.hold(MS, true);
    held.says(MS, Cause::Timer, &[&ack(1)]).breaks(Rule::TooEarly);
}

#[test]
fn a_missing_end() {
    download()
        .says(61_000 * MS, Cause::Timer, &[])
        .breaks(Rule::Overdue);
    upload()
        .says(61_000 * MS, Cause::Timer, &[])
        .breaks(Rule::Overdue);
}

#[test]
fn an_end_without_an_error() {
    let settled = || download().hears(MS, &ack(1), &[&data(2)]);
    settled().ends(MS, SILENT).breaks(Rule::Untold);
    settled().ends(MS, &Outcome::Complete).breaks(Rule::Untold);
    download()
        .says(MS, Cause::Timer, &[ERROR])
        .ends(MS, SILENT)
        .breaks(Rule::Untold);
    download()
        .says(MS, Cause::Owner, &[ERROR])
        .ends(MS, &Outcome::Complete)
        .breaks(Rule::Untold);
}

#[test]
fn an_end_that_anybody_could_have_forged() {
    let gone = &Outcome::ClientError {
        code: tftp_proto::ErrorCode(0),
        message: String::new(),
        probe: false,
    };
    let doubted = || windowed().hears(5 * MS, ERROR, &[]);
    doubted().ends(54 * MS, gone).breaks(Rule::Credulous);
    doubted().ends(55 * MS, gone).verdict.unwrap();
    doubted()
        .says(30 * MS, Cause::Timer, &[&data(4)])
        .breaks(Rule::Credulous);
    doubted().says(3000 * MS, Cause::Timer, &[]).breaks(Rule::Overdue);
    let two = [&data(3)[..], &data(4)];
    let answered = || doubted().hears(30 * MS, &ack(2), &two);
    answered()
        .hears(31 * MS, &ack(3), &[])
        .ends(99 * MS, gone)
        .breaks(Rule::Credulous);

    let refused = |mut story: Story, now| {
        story.watcher.refused(now);
        story.says(now, Cause::Heard, &[])
    };
    let lost = &Outcome::Unreachable;
    let once = || refused(windowed(), 5 * MS);
    once().ends(99 * MS, lost).breaks(Rule::Credulous);
    once()
        .says(20 * MS, Cause::Timer, &[&data(1)])
        .breaks(Rule::Credulous);
    let again = || refused(once().says(55 * MS, Cause::Timer, &[&data(1)]), 56 * MS);
    again().ends(57 * MS, lost).breaks(Rule::Credulous);
    again().ends(106 * MS, lost).verdict.unwrap();
    refused(download(), MS).ends(MS, lost).verdict.unwrap();
}
