//! Thousands of transfers over bad networks, a million and more with TFTP_TRANSFERS=1000000 (and
//! --release).
//!
//! A failure prints its seed and its plan:
//! `TFTP_SEED=<seed> cargo test -p tftp-proto --test simulated <name of the test>` runs that one
//! alone, and `sim/found.rs` is where the plan goes when what it showed is put right.
//!
//! The rules for transfers are in `sim/rules.rs` and `sim/pace.rs`, the allowed endings in
//! `sim/judge.rs`.

mod client;
mod rules;
mod sim;

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use sim::found::FOUND;
use sim::judge::Ending;
use sim::net::{Path, Rng};
use sim::plan::{self, Owner, Plan};
use sim::pool::Family;
use sim::{Report, content, run};
use tftp_proto::{Outcome, netascii};
use tftp_sim::client::State;

static UNHEARD: AtomicU32 = AtomicU32::new(0);

fn run_noise(plan: &Plan, rng: &mut Rng) -> Report {
    run(plan, content(rng, plan.size, false))
}

#[test]
fn every_transfer_is_whole_or_cleanly_failed() {
    let tally = Family {
        name: "every_transfer_is_whole_or_cleanly_failed",
        share: 300,
        least: 1,
        plan: plan::any,
        test: run_noise,
    }
    .run();
    assert_eq!(tally.of(Ending::Died) + tally.of(Ending::Crossed), 0);
}

#[test]
fn either_side_ends_at_any_step() {
    Family {
        name: "either_side_ends_at_any_step",
        share: 200,
        least: 1,
        plan: plan::dying,
        test: run_noise,
    }
    .run();
}

#[test]
fn damaged_and_stray_datagrams() {
    let tally = Family {
        name: "damaged_and_stray_datagrams",
        share: 200,
        least: 1,
        plan: plan::hostile,
        test: run_noise,
    }
    .run();
    let blind = tally.of(Ending::Deceived);
    assert!(
        blind <= 20 + tally.transfers / 3,
        "{blind} transfers judged by the rules alone"
    );
}

#[test]
fn clients_as_they_are() {
    Family {
        name: "clients_as_they_are",
        share: 150,
        least: 1,
        plan: plan::habitual,
        test: run_noise,
    }
    .run();
}

#[test]
fn malicious_clients() {
    Family {
        name: "malicious_clients",
        share: 50,
        least: 1,
        plan: plan::malicious,
        test: run_noise,
    }
    .run();
}

#[test]
fn a_bad_network_is_no_excuse() {
    // With so much patience on both sides nothing may fail, except that the last ACK of an upload
    // may never arrive (the two generals): the server has the file then, and only the client does
    // not know.
    let tally = Family {
        name: "a_bad_network_is_no_excuse",
        share: 50,
        least: 1,
        plan: plan::patient,
        test: |plan, rng| {
            let report = run_noise(plan, rng);
            if report.server.is_none() {
                // Four answers to the request were lost one after the other, and a half-open
                // transfer sends no more.
                UNHEARD.fetch_add(1, Relaxed);
                return report;
            }
            assert_eq!(report.server, Some(Outcome::Complete), "{plan:?}");
            assert!(plan.upload || report.client == State::Done, "{plan:?}");
            report
        },
    }
    .run();
    let unheard = u64::from(UNHEARD.load(Relaxed));
    assert!(
        unheard <= 1 + tally.transfers / 500,
        "{unheard} of {}",
        tally.transfers
    );
    let unlucky = tally.of(Ending::LastAckLost);
    assert!(
        unlucky <= 5 + tally.transfers / 50,
        "{unlucky} of {}",
        tally.transfers
    );
}

#[test]
fn forged_packets_end_no_transfer() {
    // Every packet of the client comes with a forged ERROR or refusal.
    Family {
        name: "forged_packets_end_no_transfer",
        share: 50,
        least: 1,
        plan: |seed, rng| {
            let mut plan = plan::patient(seed, rng);
            plan.path = Path {
                delay: rng.pick(&[50, 500, 5_000]),
                forged: 100,
                ..Path::default()
            };
            plan.owner = Owner {
                disk: 1,
                ..Owner::default()
            };
            plan
        },
        test: |plan, rng| {
            let report = run_noise(plan, rng);
            assert_eq!(report.ending, Ending::Whole, "{plan:?}");
            report
        },
    }
    .run();
}

#[test]
fn a_perfect_network_needs_no_second_packet() {
    Family {
        name: "a_perfect_network_needs_no_second_packet",
        share: 25,
        least: 1,
        plan: |seed, rng| {
            let mut plan = plan::patient(seed, rng);
            plan.path = Path {
                delay: 500,
                ..Path::default()
            };
            plan.owner = Owner {
                disk: 1,
                ..Owner::default()
            };
            plan
        },
        test: |plan, rng| {
            let report = run_noise(plan, rng);
            assert_eq!(report.ending, Ending::Whole);
            let opening = u64::from(plan.has_oack() || plan.upload);
            let each = if plan.upload { plan.window() } else { 1 };
            assert_eq!(report.sent, plan.blocks().div_ceil(each) + opening, "{plan:?}");
            report
        },
    }
    .run();
}

#[test]
fn netascii_survives_any_network() {
    Family {
        name: "netascii_survives_any_network",
        share: 25,
        least: 1,
        plan: plan::any,
        test: |plan, rng| {
            let local = content(rng, plan.size, true);
            let mut stream = Vec::new();
            netascii::Encoder::new().encode(local, &mut stream);
            let plan = Plan {
                size: stream.len(),
                ..*plan
            };
            let report = run(&plan, &stream);
            let (mut decoder, mut back) = (netascii::Decoder::new(), Vec::new());
            for block in stream[..report.arrived].chunks(plan.unit() as usize) {
                decoder.decode(block, &mut back);
            }
            assert!(local.starts_with(&back));
            if report.client == State::Done {
                decoder.finish(&mut back);
                assert_eq!(local, back);
            }
            report
        },
    }
    .run();
}

#[test]
fn transfers_longer_than_the_block_numbers() {
    // In an upload the client rolls over its own way, and the server finds out which.
    Family {
        name: "transfers_longer_than_the_block_numbers",
        share: 1,
        least: 4,
        plan: plan::long,
        test: |plan, rng| {
            let report = run_noise(plan, rng);
            assert_eq!(report.ending, Ending::Whole, "{plan:?}");
            report
        },
    }
    .run();
}

#[test]
fn known_failures_stay_fixed() {
    for (what, plan) in FOUND {
        println!("{what}");
        run_noise(plan, &mut Rng(plan.seed));
    }
}
