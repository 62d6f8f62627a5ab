//! Tests with real sockets on loopback and ephemeral ports. Tests that apply to every mode form one
//! list, run in each.
#![cfg_attr(
    not(linux),
    allow(dead_code, unused_imports, reason = "what tests of Linux's calls alone use")
)]

#[cfg(unix)]
mod datagrams;
#[cfg(linux)]
mod kernel;
#[cfg(unix)]
mod listeners;
#[cfg(linux)]
pub(crate) mod namespaces;
#[cfg(target_os = "linux")]
mod options;
#[cfg(linux)]
mod renewing;
#[cfg(unix)]
mod shrink;
#[cfg(unix)]
mod sockets;
#[cfg(linux)]
mod together;
mod waiting;

use std::net::SocketAddr;
use std::time::Duration;

use super::{
    IoMode, LocalAddr, Poller, RecvBatch, Route, SendBatch, SocketOptions, UdpSocket, Wanted,
};

/// Longer than any delay of a working system: only failing tests wait that long.
const LONG: Duration = Duration::from_secs(20);

/// A received datagram.
#[derive(Clone, Debug, PartialEq)]
struct Got {
    peer: SocketAddr,
    local: Option<LocalAddr>,
    broadcast: bool,
    truncated: bool,
    bytes: Vec<u8>,
}

fn options() -> SocketOptions {
    SocketOptions {
        recv_buffer: Some(4 << 20),
        send_buffer: Some(1 << 20),
        packet_info: true,
        report_errors: true,
        ..SocketOptions::default()
    }
}

/// Binds a socket; with the privilege, its receive buffer exceeds the system's limit
/// (net.core.rmem_max).
fn bind(address: &str) -> UdpSocket {
    let socket = UdpSocket::bind(address.parse().unwrap(), &options()).unwrap();
    #[cfg(linux)]
    {
        let fd = std::os::fd::AsRawFd::as_raw_fd(socket.std());
        let _ = super::sockopt::set(fd, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, 4 << 20);
    }
    socket
}

/// Returns whether the receive buffer is at least this large.
fn has_room(name: &str, socket: &UdpSocket, bytes: usize) -> bool {
    let granted = socket.recv_buffer().unwrap();
    if granted < bytes {
        eprintln!("{name}: SKIPPED, the system grants a receive buffer of {granted} bytes only");
    }
    granted >= bytes
}

/// Returns an address on port 1, tcpmux, as such: no program listens there, and no ephemeral port of
/// another test is that low.
fn closed(address: &str) -> SocketAddr {
    let address: SocketAddr = address.parse().unwrap();
    assert_eq!(address.port(), 1);
    address
}

fn to(peer: SocketAddr) -> Route {
    Route {
        socket: 0,
        peer,
        source: None,
        connected: false,
    }
}

/// Waits for exactly `count` datagrams, and checks that nothing comes after them.
#[cfg(unix)]
fn receive(batch: &mut RecvBatch, socket: &UdpSocket, count: usize) -> Vec<Got> {
    let poller = Poller::new().unwrap();
    poller.add(socket, 0).unwrap();
    let (mut ready, mut got) = (Vec::new(), Vec::new());
    while got.len() < count {
        match batch.receive(socket, 64) {
            Ok(more) => got.extend((0..more).map(|index| own(batch, index))),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                poller.wait(&mut ready, Some(LONG)).unwrap();
                assert!(!ready.is_empty(), "{} of {count} datagrams came", got.len());
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(got.len(), count);
    assert_eq!(
        batch.receive(socket, 64).unwrap_err().kind(),
        std::io::ErrorKind::WouldBlock
    );
    got
}

#[cfg(unix)]
fn own(batch: &RecvBatch, index: usize) -> Got {
    let arrival = batch.get(index);
    Got {
        peer: arrival.peer,
        local: arrival.local,
        broadcast: arrival.broadcast,
        truncated: arrival.truncated,
        bytes: arrival.bytes.to_vec(),
    }
}

/// Sends everything through one socket, without any failure.
fn flush(batch: &mut SendBatch, socket: &UdpSocket) -> usize {
    let report = batch.flush(&|index| (index == 0).then_some(socket));
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert!(report.blocked.is_empty() && report.congested.is_empty() && report.dropped == 0);
    assert!(batch.is_empty());
    report.sent
}

/// Returns bytes in which neighbouring positions differ.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251) as u8).collect()
}

/// Makes system calls fail in this thread from now on (seccomp).
#[cfg(linux)]
fn forbid(calls: &[libc::c_long], error: i32) {
    let statement = |code: u32, k: u32| libc::sock_filter {
        code: code as u16,
        jt: 0,
        jf: 0,
        k,
    };
    let refuse = statement(
        libc::BPF_RET | libc::BPF_K,
        libc::SECCOMP_RET_ERRNO | error as u32,
    );
    let mut program = vec![statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0)];
    for &call in calls {
        let skip_unless = libc::sock_filter {
            jf: 1,
            ..statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, call as u32)
        };
        program.extend([skip_unless, refuse]);
    }
    program.push(statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW));
    let filter = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: the program outlives the calls, which copy it.
    let results = unsafe {
        [
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
            libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &filter),
        ]
    };
    assert_eq!(results, [0, 0], "{}", std::io::Error::last_os_error());
}

/// Makes a test per mode of each function.
#[cfg(unix)]
macro_rules! in_every_mode {
    ($($(#[$on:meta])* $name:ident),* $(,)?) => {
        #[cfg(linux)]
        mod auto {
            $($(#[$on])* #[test] fn $name() { super::$name(super::IoMode::Auto); })*
        }
        mod portable {
            $($(#[$on])* #[test] fn $name() { super::$name(super::IoMode::Portable); })*
        }
    };
}
#[cfg(unix)]
use in_every_mode;
