//! Tests whole servers in virtual time, by seed: a network, a disk, an application, an operator,
//! clients of every habit, and judges that check invariants from outside.
//!
//! A failure prints seed, plan and the end of its trace;
//! `TFTP_SEED=<seed> cargo test -p tftp-sim --test world <name of the test>` runs that world alone
//! with all of it. `TFTP_WORLD_SECONDS` sets how long each family runs.

mod budget;
mod counts;
mod crowd;
mod event;
mod files;
mod found;
mod ground;
mod honest;
mod hostile;
mod judges;
mod model;
mod net;
mod on_the_machine;
mod operator;
mod patches;
mod plan;
mod runner;
mod served;
mod simnet;
mod simstore;
mod sources;
mod trace;
mod wire;
mod world;

use counts::Counts;
use judges::Judge;
use model::{Fault, Model};
use plan::{Crowd, Mode};
use runner::{Family, judged};

#[test]
fn honest_clients_are_served() {
    let counts = Family {
        name: "honest_clients_are_served",
        worlds: 2_000,
        plan: plan::honest,
        node: |plan, round, ground| Box::new(Model::new(plan, round, ground, Fault::None)),
    }
    .run();
    reached(&[
        ("whole", counts.whole),
        ("restarts", counts.restarts),
        ("repeats", counts.repeats),
        ("probes", counts.probes),
    ]);
}

#[test]
fn with_forged_addresses() {
    let counts = Family {
        name: "with_forged_addresses",
        worlds: 1_000,
        plan: plan::forged,
        node: |plan, round, ground| Box::new(Model::new(plan, round, ground, Fault::None)),
    }
    .run();
    reached(&[("forged", counts.forged), ("guesses", counts.guesses)]);
    chance(&counts);
}

#[test]
fn contradicted_by_forged_errors() {
    let counts = Family {
        name: "contradicted_by_forged_errors",
        worlds: 500,
        plan: plan::contradicted,
        node: |plan, round, ground| Box::new(Model::new(plan, round, ground, Fault::None)),
    }
    .run();
    reached(&[("forged", counts.forged), ("whole", counts.whole)]);
}

/// The judges detect a server whose ports are consecutive.
#[test]
fn ports_in_order_are_guessed() {
    let counts = runner::sum(1..300, plan::forged, &|plan, round, ground| {
        Box::new(Model::new(plan, round, ground, Fault::PortsInOrder))
    });
    let guessed = std::panic::catch_unwind(|| chance(&counts));
    assert!(guessed.is_err(), "{counts:?}");
}

/// A guess hits a port of a victim's transfer with this probability at most.
fn chance(counts: &Counts) {
    let ports = (hostile::PORTS.end - hostile::PORTS.start) as f64;
    let expected = counts.guesses as f64 / ports;
    let most = expected + 6.0 * expected.sqrt() + 3.0;
    assert!(
        counts.hits as f64 <= most,
        "{} hits, at most {most} are chance",
        counts.hits
    );
}

#[test]
fn stopped_paused_crashed_at_any_step() {
    let counts = Family {
        name: "stopped_paused_crashed_at_any_step",
        worlds: 1_000,
        plan: plan::operated,
        node: |plan, round, ground| Box::new(Model::new(plan, round, ground, Fault::None)),
    }
    .run();
    reached(&[("crashes", counts.crashes), ("pauses", counts.pauses)]);
}

/// No decision depends on a real clock, a memory address or the order of a hash table.
#[test]
fn the_same_seed_twice_is_the_same_world() {
    for seed in 1..=100 {
        for plan in [plan::honest(seed), plan::forged(seed), plan::operated(seed)] {
            let run = || {
                runner::one(
                    &plan,
                    &|plan, round, ground| Box::new(Model::new(plan, round, ground, Fault::None)),
                    false,
                )
            };
            let (first, second) = (run(), run());
            assert_eq!(
                (first.hash, first.time),
                (second.hash, second.time),
                "seed {seed}"
            );
        }
    }
}

fn reached(counts: &[(&str, u64)]) {
    for (what, count) in counts {
        assert!(*count > 0, "never reached: {what}");
    }
}

/// Each fault of the model server is detected by its judge.
#[test]
fn judges_detect_each_fault() {
    for (fault, judge) in [
        (Fault::WrongBytes, Judge::Bytes),
        (Fault::StoresHalf, Judge::Bytes),
        (Fault::SendsMore, Judge::Forgery),
        (Fault::NoRestart, Judge::Served),
        (Fault::KeepsPort, Judge::Rest),
        (Fault::EndsTwice, Judge::Order),
        (Fault::AnswersAll, Judge::Bounds),
    ] {
        let seen = (1..400).find_map(|seed| {
            let mut plan = plan::forged(seed);
            (plan.link.loss, plan.link.reorder, plan.settings.mode) = (0, 0, Mode::Private);
            plan.crowd = Crowd {
                reset: 2,
                silent: 1,
                silent_requests: 10,
                strangers: 1,
                ..plan.crowd
            };
            judged(&plan, &|plan, round, ground| {
                Box::new(Model::new(plan, round, ground, fault))
            })
        });
        assert_eq!(seen.map(|broken| broken.0), Some(judge), "{fault:?}");
    }
}
