use std::net::{IpAddr, Ipv4Addr};

use super::*;
use tftp_files::names::NameCodec;

struct NoNames;

impl NameCodec for NoNames {
    fn decode(&self, _: &[u8]) -> Option<String> {
        None
    }
}

fn policy(max_connections: usize) -> Policy {
    Policy {
        max_connections,
        ..crate::config::Policy::new(Arc::new(NoNames)).of_machine()
    }
}

fn host(number: usize) -> IpAddr {
    Ipv4Addr::from_bits(0x0A00_0000 + number as u32).into()
}

#[test]
fn limits_are_reached_by_number_and_by_address() {
    let shared = Shared::default();
    let mut policy = policy(3);
    policy.max_per_host = 2;
    assert_eq!(shared.enter(host(0), &policy), Ok(()));
    assert_eq!(shared.enter(host(0), &policy), Ok(()));
    assert_eq!(shared.enter(host(0), &policy), Err(Full::OfHost));
    assert_eq!(shared.enter(host(1), &policy), Ok(()));
    assert_eq!(shared.enter(host(2), &policy), Err(Full::Connections));
    shared.leave(host(0));
    assert_eq!(shared.enter(host(2), &policy), Ok(()));
}

#[test]
fn a_flood_is_recognized_by_abandoned_requests() {
    let shared = Shared::default();
    let policy = policy(2 * FLOOD);
    for number in 0..2 * FLOOD {
        assert!(!shared.is_flooded() || number >= FLOOD);
        assert_eq!(shared.enter(host(number), &policy), Ok(()));
    }
    assert!(shared.is_flooded());
    for _ in 0..=FLOOD {
        shared.settle();
    }
    assert!(!shared.is_flooded(), "more than half are settled");
}

#[test]
fn nothing_is_kept_of_hosts_that_have_left() {
    let shared = Shared::default();
    let policy = policy(1_000_000);
    for number in 0..100 {
        assert_eq!(shared.enter(host(number % 7), &policy), Ok(()));
    }
    for number in 0..100 {
        shared.settle();
        shared.leave(host(number % 7));
    }
    assert!(shared.hosts.lock().is_empty());
    assert_eq!((shared.active(), shared.half_open.load(Relaxed)), (0, 0));
}

#[test]
fn a_transfer_in_doubt_counts_in_no_limit() {
    let shared = Shared::default();
    let policy = Policy {
        max_per_host: 1,
        ..policy(2)
    };
    let enter = |number| shared.enter(host(number), &policy);
    assert_eq!(enter(1), Ok(()));
    assert_eq!(enter(1), Err(Full::OfHost));
    shared.leave(host(1));
    assert_eq!((enter(1), shared.active()), (Ok(()), 1));
    shared.back(host(1));
    assert_eq!(shared.active(), 2, "it was refuted: both run");
    for _ in 0..2 {
        shared.settle();
        shared.leave(host(1));
    }
    assert_eq!((shared.active(), shared.hosts.lock().len()), (0, 0));
}
