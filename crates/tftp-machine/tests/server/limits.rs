//! Limits that threads share, and bounds of one address.

use std::net::SocketAddr;

use crate::drive::*;
use tftp_machine::*;

fn uploads(rig: &mut Rig, peer: impl Fn(u16) -> SocketAddr, count: u16) -> usize {
    let asked = |number| rig.ask(peer(number), &wrq("up", &[]));
    let handled: Vec<_> = (0..count).map(asked).collect();
    handled
        .iter()
        .filter(|handled| matches!(handled, Handled::Requested(_)))
        .count()
}

#[test]
fn one_address_has_a_quarter_of_the_uploads_that_may_be_half_open() {
    let mut rig = Rig::new(Mode::Shared);
    let one = |number: u16| SocketAddr::from(([192, 0, 2, 1], 3000 + number));
    assert_eq!(uploads(&mut rig, one, 100), 32);
    assert!(matches!(
        rig.ask(client(1), &wrq("up", &[])),
        Handled::Requested(_)
    ));
    rig.pass(1_000);
    assert!(matches!(
        rig.ask(one(200), &wrq("up", &[])),
        Handled::Requested(_)
    ));
    assert_eq!(rig.endings(), [Ending::GaveWay]);
}

#[test]
fn a_network_of_ipv6_counts_as_one_address_unless_it_is_the_servers_own() {
    let one = |number: u16| SocketAddr::from(([0x2001, 0xdb8, 0, 5, 0, 0, 0, number], 3000));
    let mut rig = Rig::new(Mode::Shared);
    assert_eq!(uploads(&mut rig, one, 100), 32);
    let mut rig = Rig::new(Mode::Shared);
    let own = "2001:db8:0:5::77".parse().unwrap();
    rig.server.limits().set_own_addresses(vec![own]);
    assert_eq!(uploads(&mut rig, one, 100), 100);
    let mut config = config(Mode::Shared);
    config.address = "[2001:db8:0:5::77]:69".parse().unwrap();
    let mut rig = Rig::with(config, policy());
    assert_eq!(uploads(&mut rig, one, 100), 100);
}

#[test]
fn requests_beyond_a_limit_full_of_forged_ones_get_no_answer() {
    let limited = |max_connections| Policy {
        max_connections,
        ..policy()
    };
    let mut rig = Rig::with(config(Mode::Shared), limited(FLOOD));
    for number in 0..FLOOD as u16 {
        rig.ask(client(number), &rrq("big", &[]));
    }
    rig.take_sent();
    let late = rig.ask(client(5_000), &rrq("big", &[]));
    assert_eq!(late, Handled::Unanswered(DropReason::Crowded));
    assert!(rig.sent.is_empty());
    let mut rig = Rig::with(config(Mode::Shared), limited(FLOOD - 1));
    for number in 0..FLOOD as u16 - 1 {
        rig.ask(client(number), &rrq("big", &[]));
    }
    assert!(matches!(
        rig.ask(client(5_000), &rrq("big", &[])),
        Handled::Refused(DropReason::TooMany, _)
    ));
}

#[test]
fn numbers_are_used_again_only_when_nothing_shows_them() {
    let limits = SingleThreadLimits::new(1024);
    let first = limits.next_id();
    assert_eq!(
        (first.0, limits.next_id().0),
        (FIRST_CONNECTION_ID, FIRST_CONNECTION_ID + 1)
    );
    limits.give_id(first);
    assert_eq!(
        limits.next_id().0,
        FIRST_CONNECTION_ID + 2,
        "not before the largest"
    );
}

#[test]
fn the_remaining_window_budget_is_shared() {
    let limits = SingleThreadLimits::new(1024);
    assert_eq!(limits.most_window(), 8 * 1024 * 1024, "an eighth of 64 MiB");
    limits.take_window(WINDOWS as u32 / 2);
    assert_eq!(
        (limits.most_window(), limits.windows()),
        (WINDOWS / 16, WINDOWS / 2)
    );
    limits.take_window(WINDOWS as u32);
    assert_eq!(limits.most_window(), 0);
    limits.give_window(WINDOWS as u32);
    assert_eq!(limits.most_window(), WINDOWS / 16);
}

#[test]
fn with_a_port_for_each_a_half_open_one_gives_way_where_descriptors_are_short() {
    let mut rig = Rig::new(Mode::AlwaysOwn);
    for number in 0..3 {
        rig.ask(client(number), &rrq("big", &[]));
        rig.pass(400);
    }
    rig.server.limits().set_descriptors(Descriptors::Tight);
    assert!(matches!(
        rig.ask(client(9), &rrq("big", &[])),
        Handled::Requested(_)
    ));
    assert_eq!(
        rig.endings(),
        [Ending::GaveWay],
        "one, and the newcomer has its place"
    );
    assert_eq!(rig.server.transfers(), 3);
}

#[test]
fn a_transfer_that_ends_makes_room_for_one_more_of_its_address() {
    let limited = Policy {
        max_per_host: 2,
        ..policy()
    };
    let mut rig = Rig::with(config(Mode::Own), limited);
    let one = |number: u16| SocketAddr::from(([192, 0, 2, 1], 3000 + number));
    for number in 0..2 {
        rig.ask(one(number), &rrq("small", &[]));
    }
    let refused = |handled| matches!(handled, Handled::Refused(DropReason::TooMany, _));
    assert!(refused(rig.ask(one(2), &rrq("small", &[]))));
    let sent = rig.take_sent().swap_remove(0);
    for block in 1..3 {
        assert_eq!(rig.server.settled(), usize::from(block == 2));
        rig.arrive(sent.port, sent.to, &tftp_proto::wire::ack(block));
    }
    assert_eq!((rig.server.settled(), rig.server.transfers()), (0, 1));
    assert!(matches!(
        rig.ask(one(3), &rrq("small", &[])),
        Handled::Requested(_)
    ));
    assert!(refused(rig.ask(one(4), &rrq("small", &[]))));
}

#[test]
fn excluded_clients_get_no_answer() {
    let mut rig = Rig::new(Mode::Own);
    rig.server.limits().exclude("192.0.0.1".parse().unwrap());
    let mapped = "[::ffff:192.0.0.1]:4000".parse().unwrap();
    for peer in [client(1), mapped] {
        let handled = rig.ask(peer, &rrq("small", &[]));
        assert_eq!(handled, Handled::Unanswered(DropReason::Excluded));
        let handled = rig.ask(peer, b"\0\x01small\0mail\0");
        assert_eq!(handled, Handled::Ignored(DropReason::Excluded));
    }
    assert!(rig.sent.is_empty());
    assert!(matches!(
        rig.ask(client(2), &rrq("small", &[])),
        Handled::Requested(_)
    ));
}
