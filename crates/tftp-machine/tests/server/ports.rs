//! The port that a transfer answers from, and packets of others at that port.

use crate::drive::*;
use tftp_machine::*;
use tftp_proto::wire;

#[test]
fn strangers_see_a_private_port_as_closed() {
    for (hides_probes, answers) in [(true, 0), (false, 1)] {
        let mut rig = Rig::with(
            Config {
                hides_probes,
                ..config(Mode::Own)
            },
            policy(),
        );
        rig.ask(client(1), &rrq("big", &[]));
        let port = rig.take_sent()[0].port;
        let stray = rig.arrive(port, client(2), &wire::ack(1));
        assert_eq!(stray, Handled::Ignored(DropReason::Stray));
        assert_eq!(rig.take_sent().len(), answers);
        rig.arrive(port, client(1), &wire::ack(1));
        assert_eq!(rig.take_sent()[0].to, client(1));
    }
}

#[test]
fn strays_on_shared_ports_get_error_5_within_bounds_and_errors_nothing() {
    let mut rig = Rig::new(Mode::Shared);
    rig.ask(client(1), &rrq("big", &[]));
    let port = rig.take_sent()[0].port;
    rig.arrive(port, client(2), &error(0));
    rig.arrive(port, client(2), &rrq("big", &[]));
    assert!(rig.sent.is_empty());
    for _ in 0..150 {
        rig.arrive(port, client(2), &wire::ack(9));
    }
    let sent = rig.take_sent();
    assert_eq!((sent.len(), &sent[0].bytes[..4]), (100, &[0, 5, 0, 5][..]));
    rig.pass(100);
    rig.arrive(port, client(2), &wire::ack(9));
    assert_eq!(rig.take_sent().len(), 1);
}

#[test]
fn where_no_private_port_can_be_opened_transfers_share() {
    let mut rig = Rig::new(Mode::Own);
    rig.no_private = true;
    for number in 0..200 {
        rig.ask(client(number), &rrq("small", &[]));
    }
    let mut ports: Vec<_> = rig.sent.iter().map(|sent| sent.port).collect();
    assert_eq!(ports.len(), 200);
    ports.sort();
    ports.dedup();
    assert!(
        ports.len() <= 64 && !ports.contains(&LISTENING),
        "{}",
        ports.len()
    );
    rig.sent.clear();
    rig.pass(30);
    rig.ask(client(7), &rrq("small", &[]));
    assert_eq!(rig.read_all(client(7)).len(), 700);
}

#[test]
fn without_any_port_a_request_is_refused_unless_one_is_open_already() {
    let mut rig = Rig::new(Mode::Own);
    rig.no_port = Some(NoPort::Descriptors);
    rig.ask(client(1), &rrq("small", &[]));
    assert_eq!(
        rig.read_all(client(1)).len(),
        700,
        "one shared port was open from the first"
    );
    let mut rig = Rig::new(Mode::Shared);
    rig.no_port = Some(NoPort::Descriptors);
    rig.ask(client(1), &rrq("small", &[]));
    assert_eq!(rig.sent[0].bytes, b"\0\x05\0\0Transfer ended\0");
    assert_eq!(rig.endings(), [Ending::NoPort(NoPort::Descriptors)]);
    assert!(rig.asked.is_empty(), "the application hears nothing");
}

#[test]
fn where_each_has_a_port_of_its_own_the_half_open_give_theirs_to_newcomers() {
    let mut rig = Rig::new(Mode::AlwaysOwn);
    rig.ask(client(1), &rrq("big", &[]));
    rig.no_port = Some(NoPort::InUse);
    rig.ask(client(2), &rrq("big", &[]));
    assert_eq!(
        rig.endings(),
        [Ending::NoPort(NoPort::InUse)],
        "nothing is old enough"
    );
    rig.take_events();
    rig.pass(1_000);
    rig.ask(client(3), &rrq("big", &[]));
    assert_eq!(rig.endings()[0], Ending::GaveWay);
    assert!(
        matches!(rig.take_events()[2], Event::Closed(_)),
        "before the next attempt"
    );
}

#[test]
fn half_open_transfers_beyond_an_eighth_of_the_descriptors_share() {
    let mut rig = Rig::new(Mode::Own);
    for number in 0..140 {
        rig.ask(client(number), &rrq("big", &[]));
    }
    let opened = rig.take_events().into_iter();
    let opened = opened.filter(|event| matches!(event, Event::Opened(_))).count();
    assert!(
        (129..=128 + 12).contains(&opened),
        "128 private ones, and shared ones: {opened}"
    );
    let ports: std::collections::HashSet<_> =
        rig.sent[..128].iter().map(|sent| sent.port).collect();
    assert_eq!(ports.len(), 128);
}

#[test]
fn the_answer_leaves_from_the_requested_address() {
    let asked = LocalAddr {
        ip: "192.0.2.9".parse().unwrap(),
        interface: 3,
    };
    let source = Some("198.51.100.1".parse().unwrap());
    for (mode, source, expected) in [
        (Mode::Shared, None, Some(asked.ip)),
        (Mode::Shared, source, source),
        (Mode::Own, None, None),
    ] {
        let mut rig = Rig::with(
            Config {
                source,
                ..config(mode)
            },
            policy(),
        );
        let Handled::Requested(id) = rig.handle(&Datagram {
            port: LISTENING,
            peer: client(1),
            local: Some(asked),
            broadcast: false,
            bytes: &rrq("big", &[]),
        }) else {
            panic!("a transfer begins")
        };
        let route = rig.server.transfer(id).unwrap().route();
        assert_eq!(route.source.map(|local| local.ip), expected);
    }
}

#[test]
fn half_of_transfer_ports_are_private_and_a_transfer_that_ends_gives_its_one_back() {
    let mut rig = Rig::with(
        Config {
            transfer_ports: Some(40_000..=40_009),
            ..config(Mode::Own)
        },
        policy(),
    );
    let private = |rig: &Rig| {
        let plans = rig.plans.iter();
        plans.filter(|plan| plan.kind == PortKind::Private).count()
    };
    for number in 0..20 {
        rig.ask(client(number), &rrq("small", &[]));
    }
    assert_eq!(private(&rig), 5);
    assert_eq!(rig.read_all(client(0)).len(), 700);
    rig.ask(client(21), &rrq("small", &[]));
    assert_eq!(private(&rig), 6);
}

#[test]
fn which_shared_ports_an_address_has_and_which_numbers_are_drawn_depends_on_the_seed() {
    let plans = |seed| {
        let mut rig = Rig::seeded(config(Mode::Shared), policy(), [seed; 16]);
        for number in 0..10 {
            rig.ask(client(number), &rrq("small", &[]));
        }
        rig.plans
    };
    let (one, other) = (plans(3), plans(4));
    let kinds = |plans: &[OpenPlan]| plans.iter().map(|plan| plan.kind).collect::<Vec<_>>();
    assert_ne!(kinds(&one), kinds(&other));
    let mut draws: Vec<u64> = one.iter().chain(&other).map(|plan| plan.draw).collect();
    draws.sort_unstable();
    draws.dedup();
    assert_eq!(draws.len(), one.len() + other.len());
}

#[test]
fn one_shared_port_is_opened_before_it_is_needed_for_many_clients_at_a_random_place() {
    let first = |seed| {
        let rig = Rig::seeded(config(Mode::Own), policy(), [seed; 16]);
        assert_eq!(rig.plans.len(), 1);
        rig.plans[0]
    };
    let (one, other) = (first(3), first(4));
    assert!(matches!(one.kind, PortKind::Shared { .. }) && one.reception.batches);
    assert_ne!(one.kind, other.kind);
    assert_ne!(one.draw, other.draw);
    for mode in [Mode::Single, Mode::AlwaysOwn, Mode::Shared] {
        assert!(Rig::new(mode).plans.is_empty());
    }
}

#[test]
fn four_half_open_transfers_at_most_give_way_for_one_port() {
    let mut rig = Rig::new(Mode::AlwaysOwn);
    for number in 0..10 {
        rig.ask(client(number), &rrq("big", &[]));
    }
    rig.pass(1_000);
    rig.no_port = Some(NoPort::InUse);
    rig.ask(client(99), &rrq("big", &[]));
    let no_port = Ending::NoPort(NoPort::InUse);
    let mut expected = vec![Ending::GaveWay; 4];
    expected.push(no_port);
    assert_eq!(rig.endings(), expected);
}

#[test]
fn a_closed_port_belongs_to_no_transfer() {
    let mut rig = Rig::new(Mode::Own);
    rig.ask(client(1), &rrq("small", &[]));
    let port = rig.sent[0].port;
    rig.read_all(client(1));
    assert_eq!(
        rig.arrive(port, client(1), &wire::ack(2)),
        Handled::Ignored(DropReason::Stray)
    );
    assert!(rig.sent.is_empty());
    let Handled::Requested(id) = rig.ask(client(1), &rrq("big", &[])) else {
        panic!("a transfer begins")
    };
    let next = rig.take_sent()[0].port;
    assert_ne!(next, port);
    let later = PortId {
        generation: next.generation + 1,
        ..next
    };
    for other in [port, later] {
        let late = rig.arrive(other, client(1), &wire::ack(1));
        assert_eq!(late, Handled::Ignored(DropReason::Stray));
    }
    assert_eq!(
        rig.arrive(next, client(1), &wire::ack(1)),
        Handled::Acked(id, 512)
    );
}
