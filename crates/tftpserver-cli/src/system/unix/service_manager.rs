//! The interface to the service manager: sockets that it opened (sd_listen_fds(3)), and
//! notifications (sd_notify(3)).

use std::io;
use std::net::UdpSocket;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use listenfd::ListenFd;
use nix::time::{ClockId, clock_gettime};

use crate::exit::{Code, Failure};
use crate::text;

/// Returns the sockets that were passed to this process.
pub fn inherited() -> Result<Vec<UdpSocket>, Failure> {
    let mut handed = ListenFd::from_env();
    let mut sockets = Vec::new();
    for place in 0..handed.len() {
        let taken = handed.take_udp_socket(place).map_err(|error| {
            let what = format!(
                "socket {place} of the service manager: {}; UDP is expected",
                text::system(&error)
            );
            Failure::new(Code::Config, what)
        })?;
        sockets.extend(taken);
    }
    Ok(sockets)
}

/// Returns true if a service manager wants to be notified: then SIGHUP does not come from a
/// terminal.
pub fn is_there() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some()
}

/// Returns false: a service manager reads standard output and standard error.
pub fn keep(_: &[u8]) -> bool {
    false
}

pub fn ready(addresses: &[String]) {
    notify(&format!("READY=1\nSTATUS=Listening on {}", addresses.join(" ")));
}

pub fn reloading() {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC);
    let micros = now.map_or(0, |now| now.tv_sec() * 1_000_000 + now.tv_nsec() / 1000);
    notify(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
}

pub fn reloaded() {
    notify("READY=1");
}

pub fn stopping(_: Duration) {
    notify("STOPPING=1\nSTATUS=Transfers finish");
}

/// Sends a notification. A failure is only logged, because nothing depends on it.
fn notify(message: &str) {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else {
        return;
    };
    let bytes = path.as_encoded_bytes();
    let address = match bytes.strip_prefix(b"@") {
        Some(name) => abstract_address(name),
        None => SocketAddr::from_pathname(&path),
    };
    let sent = address
        .and_then(|address| UnixDatagram::unbound()?.send_to_addr(message.as_bytes(), &address));
    if let Err(error) = sent {
        tracing::warn!(%error, "the service manager could not be notified");
    }
}

#[cfg(target_os = "linux")]
fn abstract_address(name: &[u8]) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt;
    SocketAddr::from_abstract_name(name)
}

/// Only Linux has names outside of the file system.
#[cfg(not(target_os = "linux"))]
fn abstract_address(_: &[u8]) -> io::Result<SocketAddr> {
    Err(io::ErrorKind::Unsupported.into())
}
