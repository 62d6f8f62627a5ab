use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tftp_proto::{Limits, Rollover, Timing};

use super::*;
use crate::engine::config::NameCodec;

struct NoNames;

impl NameCodec for NoNames {
    fn decode(&self, _: &[u8]) -> Option<String> {
        None
    }
}

fn policy(max_connections: usize) -> Policy {
    Policy {
        root: None,
        read_only: false,
        allow_overwrite: true,
        sync_uploads: false,
        max_connections,
        max_per_host: 0,
        limits: Limits {
            max_blksize: 512,
            max_windowsize: 1,
            rollover: Rollover::Zero,
        },
        timing: Timing {
            retransmit_timeout: Duration::from_secs(5),
            max_retransmits: 3,
            adaptive: true,
            inactivity: None,
            absolute: None,
        },
        capture_destination: false,
        names: std::sync::Arc::new(NoNames),
    }
}

fn host(number: usize) -> IpAddr {
    Ipv4Addr::from_bits(0x0A00_0000 + number as u32).into()
}

/// How many are let in, each from a host of its own, and what the next one meets.
fn fill(shared: &Shared, operation: Operation, policy: &Policy) -> (usize, Admission) {
    for count in 0.. {
        match shared.enter(host(count), operation, policy) {
            Admission::Granted => {}
            refused => return (count, refused),
        }
    }
    unreachable!("there is a limit")
}

#[test]
fn half_open_transfers_are_bounded_in_all_and_by_host() {
    let shared = Shared::default();
    let policy = policy(1_000_000);
    for _ in 0..HALF_OPEN_PER_HOST {
        assert_eq!(
            shared.enter(host(0), Operation::Read, &policy),
            Admission::Granted
        );
    }
    assert_eq!(
        shared.enter(host(0), Operation::Read, &policy),
        Admission::Unanswered
    );
    let left = HALF_OPEN_IN_ALL - HALF_OPEN_PER_HOST as usize;
    for number in 1..=left {
        assert_eq!(
            shared.enter(host(number), Operation::Read, &policy),
            Admission::Granted
        );
    }
    assert_eq!(
        shared.enter(host(left + 1), Operation::Read, &policy),
        Admission::Unanswered
    );
    shared.settle(host(0), Operation::Read);
    assert_eq!(
        shared.enter(host(0), Operation::Read, &policy),
        Admission::Granted
    );
}

#[test]
fn half_open_uploads_leave_descriptors_to_others() {
    let shared = Shared::default();
    let (uploads, next) = fill(&shared, Operation::Write, &policy(1_000_000));
    assert_eq!(next, Admission::Unanswered);
    assert_eq!(uploads, most_half_open_uploads().min(HALF_OPEN_IN_ALL));
    if uploads < HALF_OPEN_IN_ALL {
        assert_eq!(
            shared.enter(host(0), Operation::Read, &policy(1_000_000)),
            Admission::Granted
        );
    }
    // One is acknowledged, another given up: two more may come.
    shared.settle(host(0), Operation::Write);
    shared.leave(host(1), Operation::Write, true);
    assert_eq!(fill(&shared, Operation::Write, &policy(1_000_000)).0, 2);
}

#[test]
fn max_connections_is_told_to_clients_and_not_to_a_flood() {
    let shared = Shared::default();
    assert_eq!(
        fill(&shared, Operation::Read, &policy(2 * FLOOD)),
        (2 * FLOOD, Admission::Unanswered)
    );
    for number in 0..FLOOD + 1 {
        shared.settle(host(number), Operation::Read);
    }
    assert_eq!(
        shared.enter(host(9), Operation::Read, &policy(2 * FLOOD)),
        Admission::TooMany
    );
    let few = Shared::default();
    assert_eq!(fill(&few, Operation::Read, &policy(4)), (4, Admission::TooMany));
}

#[test]
fn nothing_is_kept_of_hosts_that_have_left() {
    let shared = Shared::default();
    let policy = policy(1_000_000);
    for number in 0..100 {
        let operation = if number % 2 == 0 {
            Operation::Read
        } else {
            Operation::Write
        };
        assert_eq!(shared.enter(host(number), operation, &policy), Admission::Granted);
        if number % 3 == 0 {
            shared.settle(host(number), operation);
        }
        shared.leave(host(number), operation, number % 3 != 0);
    }
    assert!(shared.hosts.lock().is_empty());
    let left = [&shared.active, &shared.half_open, &shared.half_open_uploads];
    assert_eq!(left.map(|count| count.load(Relaxed)), [0; 3]);
}

#[test]
fn a_transfer_in_doubt_counts_in_no_limit() {
    let shared = Shared::default();
    let policy = Policy {
        max_per_host: 1,
        ..policy(2)
    };
    let enter = |number| shared.enter(host(number), Operation::Read, &policy);
    assert_eq!(enter(1), Admission::Granted);
    assert_eq!(enter(1), Admission::TooMany);
    shared.doubt(host(1), true);
    assert_eq!((enter(1), shared.active()), (Admission::Granted, 1));
    shared.doubt(host(1), false);
    assert_eq!(shared.active(), 2, "it was refuted: both run");
    for _ in 0..2 {
        shared.leave(host(1), Operation::Read, true);
    }
    assert_eq!((shared.active(), shared.hosts.lock().len()), (0, 0));
}
