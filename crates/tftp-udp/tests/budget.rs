//! The number of private sockets. A test binary of its own, because the limit of descriptors is the
//! process's.
#![cfg(unix)]

use std::net::{SocketAddr, UdpSocket as Peer};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tftp_machine::Mode;
use tftp_udp::datagrams::{Datagrams, NoPort, OpenPlan, PortId, PortKind, Reception, Unopened};
use tftp_udp::sockets::Sockets;
use tftp_udp::{ListenOptions, Listeners};

/// The soft limit of descriptors in these tests.
const LIMIT: u64 = 240;

/// Lets one test run at a time, because the budget is the process's.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let guard = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let limit = Rlimit {
        current: Some(LIMIT),
        ..getrlimit(Resource::Nofile)
    };
    setrlimit(Resource::Nofile, limit).unwrap();
    guard
}

fn net(options: ListenOptions) -> Sockets {
    Listeners::bind(options).unwrap().open().unwrap().remove(0)
}

fn options(mode: Mode) -> ListenOptions {
    ListenOptions {
        mode,
        ..ListenOptions::new("127.0.0.1:0".parse().unwrap())
    }
}

fn open(net: &mut Sockets, kind: PortKind, peer: SocketAddr) -> Result<PortId, Unopened> {
    net.open(&OpenPlan {
        kind,
        peer,
        local: None,
        reception: Reception {
            buffer: 64 << 10,
            batches: false,
        },
        draw: 11,
    })
}

/// Opens private ports and settles them until there are no more; returns the ports and the reason.
fn fill(net: &mut Sockets, peer: SocketAddr) -> (Vec<PortId>, NoPort) {
    let mut ports = Vec::new();
    loop {
        match open(net, PortKind::Private, peer) {
            Ok(port) => {
                net.settle(port);
                ports.push(port);
            }
            Err(refused) => return (ports, refused.why),
        }
    }
}

fn peer() -> (Peer, SocketAddr) {
    let peer = Peer::bind("127.0.0.1:0").unwrap();
    let address = peer.local_addr().unwrap();
    (peer, address)
}

/// The other half is for files and for the application. Further transfers share a port, for which
/// there is room.
#[test]
fn sockets_of_one_transfer_take_half_of_the_descriptors() {
    let (_alone, (_peer, here)) = (alone(), peer());
    let (mut one, mut other) = (net(options(Mode::Own)), net(options(Mode::Own)));
    let (ports, why) = fill(&mut one, here);
    assert_eq!((ports.len() as u64, why), (LIMIT / 2, NoPort::Descriptors));
    let refused = open(&mut other, PortKind::Private, here).unwrap_err();
    assert_eq!(refused.why, NoPort::Descriptors, "the budget is the process's");
    open(&mut one, PortKind::Shared { bucket: 0 }, here).unwrap();
    one.close(ports[0]);
    one.make_room();
    assert_eq!(fill(&mut one, here).0.len(), 1);
    drop(one);
    assert_eq!(fill(&mut other, here).0.len() as u64, LIMIT / 2);
}

/// With a private socket for each transfer there is no half: their number is limited by the
/// descriptors of all servers.
#[test]
fn sockets_without_an_alternative_take_more() {
    let (_alone, (_peer, here)) = (alone(), peer());
    let (ports, why) = fill(&mut net(options(Mode::AlwaysOwn)), here);
    let most = LIMIT * 3 / 4;
    assert!(
        (LIMIT / 2 + 1..=most).contains(&(ports.len() as u64)),
        "{}",
        ports.len()
    );
    assert_eq!(why, NoPort::Descriptors);
}

/// The other half is for shared ports: if transfers used up the range, none would be left for the
/// next.
#[test]
fn sockets_of_one_transfer_take_half_of_the_ports() {
    let (_alone, (_peer, here)) = (alone(), peer());
    // Below the ranges that systems choose from, and another range for each process that runs this.
    let first = 10_000 + (std::process::id() % 250 * 40) as u16;
    let range = first..=first + 39;
    let mut net = net(ListenOptions {
        transfer_ports: Some(range),
        ..options(Mode::Own)
    });
    let (ports, why) = fill(&mut net, here);
    assert_eq!((ports.len(), why), (20, NoPort::Descriptors));
    let mut shared = Vec::new();
    for bucket in 0..20 {
        let port = open(&mut net, PortKind::Shared { bucket }, here).unwrap();
        assert!(!ports.contains(&port) && !shared.contains(&port), "{bucket}");
        shared.push(port);
    }
}

/// The listening socket, the poller and its wake-up descriptors, counted as such: shared sockets
/// are opened on demand.
#[test]
#[cfg(target_os = "linux")]
fn a_network_at_rest_has_few_descriptors() {
    let _alone = alone();
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    for mode in [Mode::Single, Mode::AlwaysOwn, Mode::Own, Mode::Shared] {
        let before = open();
        let net = net(options(mode));
        // The crate `polling` has an eventfd and a timerfd of its own on Linux, and our waker uses
        // a pipe there.
        let expected = if cfg!(portable) { 6 } else { 3 };
        assert_eq!(open() - before, expected, "{mode:?}");
        drop(net);
    }
}
