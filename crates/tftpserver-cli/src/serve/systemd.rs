//! The service manager's side of things: sockets that it opened (sd_listen_fds(3)), and what it is told (sd_notify(3)).

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use nix::time::{ClockId, clock_gettime};

/// The first descriptor that is handed over.
const FIRST: i32 = 3;

/// The descriptors that were handed to this process.
pub fn inherited() -> Vec<i32> {
    let number = |name| std::env::var(name).ok()?.parse::<i32>().ok();
    let is_ours = number("LISTEN_PID") == i32::try_from(std::process::id()).ok();
    match number("LISTEN_FDS") {
        Some(count) if is_ours => (FIRST..FIRST.saturating_add(count)).collect(),
        _ => Vec::new(),
    }
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

pub fn stopping() {
    notify("STOPPING=1\nSTATUS=Transfers finish");
}

/// Nobody depends on being told: what fails is left at that.
fn notify(message: &str) {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else {
        return;
    };
    let bytes = path.as_encoded_bytes();
    let address = match bytes.strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(&path),
    };
    let sent =
        address.and_then(|address| UnixDatagram::unbound()?.send_to_addr(message.as_bytes(), &address));
    if let Err(error) = sent {
        tracing::warn!(%error, "the service manager could not be told");
    }
}
