//! Thousands of transfers over bad networks. A failure prints its seed: `TFTP_SEED=<seed> cargo test --test
//! simulated` runs that one alone.

mod sim;

use sim::client::State;
use sim::net::{Path, Rng};
use sim::{Plan, Report, content, run};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use tftp_proto::{Outcome, netascii};

/// Runs `count` seeds, or only the one in TFTP_SEED, and says which one failed.
fn each_seed(first: u64, count: u64, test: impl Fn(u64) + std::panic::RefUnwindSafe) {
    let chosen = std::env::var("TFTP_SEED")
        .ok()
        .map(|seed| seed.parse::<u64>().expect("TFTP_SEED is a number"));
    let seeds = chosen.map_or(first..first + count, |seed| seed..seed + 1);
    for seed in seeds {
        if let Err(cause) = std::panic::catch_unwind(|| test(seed)) {
            eprintln!("failed with TFTP_SEED={seed}");
            std::panic::resume_unwind(cause);
        }
    }
}

fn plan(seed: u64, rng: &mut Rng) -> Plan {
    let blksize = rng.pick(&[0, 8, 16, 512, 1024, 1428, 1468, 8192]);
    let windowsize = rng.pick(&[0, 0, 1, 2, 3, 4, 8, 16, 64]);
    let unit = if blksize > 0 { blksize } else { 512 };
    let window = unit * windowsize.max(1);
    // Around every boundary: empty, one byte, a block, a window, several.
    let around: u64 = rng.pick(&[
        0,
        1,
        unit,
        2 * unit,
        window,
        2 * window,
        3 * window,
        window + unit,
        5 * unit,
    ]);
    let size = (around + rng.pick(&[0, 1, 2])).saturating_sub(rng.pick(&[0, 0, 1])) as usize;
    Plan {
        seed,
        upload: rng.percent(50),
        size,
        blksize,
        windowsize,
        timeout: rng.pick(&[0, 0, 0, 1]),
        max_windowsize: rng.pick(&[64, 64, 5]),
        rollover_to_one: rng.percent(50),
        ask_tsize: rng.percent(50),
        ask_rollover: rng.percent(20),
        adaptive: rng.percent(70),
        max_retransmits: 8,
        slow_disk: rng.percent(30),
        holds: rng.percent(20),
        client_timeout: rng.pick(&[250_000, 1_000_000, 3_000_000]),
        client_tries: 16,
        client_linger: rng.pick(&[0, 5_000_000]),
        abort_after: rng.percent(5).then(|| 1 + rng.below(6)),
        path: bad_path(rng),
    }
}

fn bad_path(rng: &mut Rng) -> Path {
    Path {
        loss: rng.below(31),
        duplicate: rng.below(31),
        reorder: rng.below(31),
        delay: rng.pick(&[50, 500, 5_000, 40_000, 300_000]),
    }
}

/// Enough for every block to be lost again and again, and far below a storm.
fn assert_bounded(plan: &Plan, report: &Report) {
    // A lost block costs the rest of its window (go-back-N), so the window counts.
    let bound = 60 + plan.blocks() * (6 + plan.windowsize);
    assert!(
        report.sent <= bound,
        "{} datagrams for {} blocks: {plan:?}",
        report.sent,
        plan.blocks()
    );
}

#[test]
fn every_transfer_is_whole_or_cleanly_failed() {
    each_seed(1, 6000, |seed| {
        let mut rng = Rng(seed);
        let plan = plan(seed, &mut rng);
        let report = run(&plan, &content(&mut rng, plan.size));
        assert_bounded(&plan, &report);
    });
}

#[test]
fn a_bad_network_is_no_excuse() {
    // With so much patience on both sides nothing may fail, except that nobody can promise the last ACK of an
    // upload to arrive (the two generals): the server has the file then, and only the client does not know.
    let unlucky = AtomicU32::new(0);
    each_seed(100_000, 1500, |seed| {
        let mut rng = Rng(seed);
        let mut plan = plan(seed, &mut rng);
        (plan.abort_after, plan.max_retransmits, plan.client_tries) = (None, 30, 60);
        plan.client_linger = 60_000_000;
        plan.path.loss = plan.path.loss.min(20);
        let report = run(&plan, &content(&mut rng, plan.size));
        assert_eq!(report.server, Some(Outcome::Complete), "{plan:?}");
        if report.client != State::Done {
            assert!(plan.upload, "{plan:?}");
            unlucky.fetch_add(1, Relaxed);
        }
    });
    assert!(unlucky.load(Relaxed) <= 15, "{unlucky:?} of about 750 uploads");
}

#[test]
fn a_perfect_network_needs_no_second_packet() {
    each_seed(200_000, 500, |seed| {
        let mut rng = Rng(seed);
        let mut plan = plan(seed, &mut rng);
        plan.path = Path {
            delay: 500,
            ..Path::default()
        };
        (plan.abort_after, plan.holds, plan.slow_disk) = (None, false, false);
        let report = run(&plan, &content(&mut rng, plan.size));
        assert_eq!(
            (report.client, report.server),
            (State::Done, Some(Outcome::Complete))
        );
        let opening = u64::from(!plan.options().is_empty() || plan.upload);
        let window = plan.windowsize.clamp(1, u64::from(plan.max_windowsize));
        let needed = if plan.upload {
            plan.blocks().div_ceil(window)
        } else {
            plan.blocks()
        };
        assert_eq!(report.sent, needed + opening, "{plan:?}");
    });
}

#[test]
fn netascii_survives_any_network() {
    each_seed(300_000, 1000, |seed| {
        let mut rng = Rng(seed);
        let plan = plan(seed, &mut rng);
        let local = content(&mut rng, plan.size);
        let mut stream = Vec::new();
        netascii::Encoder::new().encode(&local, &mut stream);
        let plan = Plan {
            size: stream.len(),
            ..plan
        };
        let report = run(&plan, &stream);
        let (mut decoder, mut back) = (netascii::Decoder::new(), Vec::new());
        for block in report.arrived.chunks(plan.blksize.max(8) as usize) {
            decoder.decode(block, &mut back);
        }
        assert!(local.starts_with(&back));
        if report.client == State::Done {
            decoder.finish(&mut back);
            assert_eq!(local, back);
        }
    });
}

#[test]
fn transfers_longer_than_the_block_numbers() {
    each_seed(400_000, 48, |seed| {
        let mut rng = Rng(seed);
        let mut plan = plan(seed, &mut rng);
        plan.blksize = 8;
        plan.windowsize = rng.pick(&[0, 4, 7, 16, 64]);
        plan.size = (65_530 + rng.below(20)) as usize * 8 + rng.below(9) as usize;
        plan.path = Path {
            loss: rng.pick(&[0, 1]),
            duplicate: 1,
            reorder: 1,
            delay: 100,
        };
        (plan.abort_after, plan.holds, plan.slow_disk, plan.max_windowsize) = (None, false, false, 64);
        // In an upload the client rolls over its own way, and the server finds out which.
        (plan.max_retransmits, plan.client_tries, plan.client_linger) = (30, 60, 60_000_000);
        let report = run(&plan, &content(&mut rng, plan.size));
        assert_eq!(
            (report.client, report.server),
            (State::Done, Some(Outcome::Complete)),
            "{plan:?}"
        );
    });
}
