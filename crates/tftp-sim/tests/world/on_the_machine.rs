//! Worlds in which the library's loop is the server: the server machine between simulated network
//! and storage.

use super::ground::{Ground, Node};
use super::plan::{self, Failing, Plan};
use super::runner::{Family, judged, one};
use super::served::Served;
use super::{chance, found, reached};

fn served(plan: &Plan, round: u64, ground: &mut Ground) -> Box<dyn Node> {
    Box::new(Served::new(plan, round, ground))
}

#[test]
fn honest_clients() {
    let family = Family {
        name: "on_the_machine::honest_clients",
        worlds: 3_000,
        plan: plan::honest,
        node: served,
    };
    let counts = family.run();
    reached(&[
        ("whole", counts.whole),
        ("restarts", counts.restarts),
        ("repeats", counts.repeats),
        ("probes", counts.probes),
        ("unreachable", counts.unreachable),
        ("Packet Too Big", counts.shrunk),
        ("at hand", counts.warm),
        ("waited for", counts.jobs),
    ]);
}

#[test]
fn troubled_by_disk_and_application() {
    let family = Family {
        name: "on_the_machine::troubled_by_disk_and_application",
        worlds: 2_000,
        plan: plan::troubled,
        node: served,
    };
    let counts = family.run();
    reached(&[
        ("whole", counts.whole),
        ("held", counts.held),
        ("later", counts.later),
        ("ended by a callback", counts.ended_by_callback),
        ("overflows", counts.overflows),
        ("blocked", counts.blocked),
        ("unopened", counts.unopened),
        ("too long", counts.too_long),
        ("failed jobs", counts.failed_jobs),
        ("hung jobs", counts.hung_jobs),
        ("changed in place", counts.changed),
        ("replaced", counts.replaced),
    ]);
}

#[test]
fn operated() {
    let family = Family {
        name: "on_the_machine::operated",
        worlds: 2_000,
        plan: plan::operated,
        node: served,
    };
    let counts = family.run();
    reached(&[
        ("crashes", counts.crashes),
        ("pauses", counts.pauses),
        ("drained", counts.drained),
        ("torn", counts.torn),
        ("swept", counts.swept),
    ]);
}

#[test]
fn flooded() {
    let family = Family {
        name: "on_the_machine::flooded",
        worlds: 60,
        plan: plan::flooded,
        node: served,
    };
    let counts = family.run();
    reached(&[
        ("whole", counts.whole),
        ("evictions", counts.evictions),
        ("refused", counts.refused),
        ("unanswered", counts.unanswered),
        ("fallbacks", counts.fallbacks),
        ("reopened", counts.reopened),
        ("beside a flood", counts.beside_a_flood),
    ]);
}

#[test]
fn with_forged_addresses() {
    let family = Family {
        name: "on_the_machine::with_forged_addresses",
        worlds: 1_000,
        plan: plan::forged,
        node: served,
    };
    let counts = family.run();
    reached(&[
        ("forged", counts.forged),
        ("guesses", counts.guesses),
        ("broadcasts", counts.broadcasts),
    ]);
    chance(&counts);
}

#[test]
fn contradicted() {
    let family = Family {
        name: "on_the_machine::contradicted",
        worlds: 500,
        plan: plan::contradicted,
        node: served,
    };
    let counts = family.run();
    reached(&[("forged", counts.forged), ("whole", counts.whole)]);
}

#[test]
fn fed_by_the_application() {
    let family = Family {
        name: "on_the_machine::fed_by_the_application",
        worlds: 500,
        plan: plan::fed,
        node: served,
    };
    let counts = family.run();
    reached(&[
        ("whole", counts.whole),
        ("fed", counts.fed),
        ("in the middle of a turn", counts.meanwhile),
        ("too much", counts.too_much),
        ("failed sources", counts.failed_sources),
    ]);
    assert!(counts.passes < counts.fed, "none shared a pass: {counts:?}");
}

/// The silent clients read sources again that others have read on.
#[test]
fn held_back_by_silent_clients() {
    let family = Family {
        name: "on_the_machine::held_back_by_silent_clients",
        worlds: 60,
        plan: plan::held_back,
        node: served,
    };
    let counts = family.run();
    reached(&[
        ("whole", counts.whole),
        ("fed", counts.fed),
        ("restarts", counts.restarts),
    ]);
    assert!(counts.passes < counts.fed, "none shared a pass: {counts:?}");
}

#[test]
fn two_thousand_boot_at_once() {
    let family = Family {
        name: "on_the_machine::two_thousand_boot_at_once",
        worlds: 3,
        plan: plan::crowded,
        node: served,
    };
    let counts = family.run();
    reached(&[
        ("whole", counts.whole),
        ("short of windows", counts.short_windows),
    ]);
}

#[test]
fn besieged() {
    let family = Family {
        name: "on_the_machine::besieged",
        worlds: 2,
        plan: plan::besieged,
        node: served,
    };
    let counts = family.run();
    reached(&[("whole", counts.whole), ("at a bound", counts.at_a_bound)]);
}

/// Runs one world for each call of storage and network, in which that call fails.
#[test]
fn every_call_fails_once() {
    let mut calls = [0; 3];
    for seed in 1..=8 {
        let counts = one(&plan::failing(seed, Failing::Nothing), &served, false).counts;
        let storage = (1..=counts.calls).map(Failing::Storage);
        let ports = (1..=counts.opened).map(Failing::Port);
        let packets = (1..=counts.left).map(Failing::Packet);
        for failing in storage.chain(ports).chain(packets) {
            let broken = judged(&plan::failing(seed, failing), &served);
            assert!(broken.is_none(), "seed {seed}, {failing:?}: {broken:?}");
        }
        for (sum, count) in calls.iter_mut().zip([counts.calls, counts.opened, counts.left]) {
            *sum += count;
        }
    }
    assert!(calls[0] > 50 && calls[1] > 10 && calls[2] > 500, "{calls:?}");
}

#[test]
fn known_failures_stay_fixed() {
    for (what, plan) in found::FOUND {
        let broken = judged(plan, &served);
        if let Some(broken) = &broken {
            eprintln!(
                "judge {:?}: {}\nfailed: TFTP_SEED={}",
                broken.0, broken.1, plan.seed
            );
        }
        assert!(broken.is_none(), "{what}");
    }
}

/// No decision depends on a real clock, a memory address or the order of a hash table.
#[test]
fn the_same_seed_twice() {
    for seed in 1..=100 {
        let plans = [
            plan::honest(seed),
            plan::troubled(seed),
            plan::operated(seed),
            plan::forged(seed),
            plan::fed(seed),
        ];
        for plan in plans {
            let (first, second) = (one(&plan, &served, false), one(&plan, &served, false));
            assert_eq!(
                (first.hash, first.time),
                (second.hash, second.time),
                "seed {seed}"
            );
        }
    }
}
