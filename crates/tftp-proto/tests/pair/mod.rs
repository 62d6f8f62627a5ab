//! The client's machine and the server's over a bad network, in virtual time: what `client_simulated.rs` needs.
#![allow(dead_code)]

pub mod net;
pub mod server;

use net::{Path, Rng};

/// Everything about one simulated transfer. Times in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub seed: u64,
    pub upload: bool,
    pub size: usize,
    /// 0: not asked for.
    pub blksize: u64,
    pub windowsize: u64,
    pub timeout: u64,
    pub max_windowsize: u16,
    pub rollover_to_one: bool,
    pub ask_tsize: bool,
    pub ask_rollover: bool,
    pub adaptive: bool,
    pub max_retransmits: u32,
    pub slow_disk: bool,
    pub holds: bool,
    pub client_timeout: u64,
    pub client_tries: u32,
    pub client_linger: u64,
    /// The client gives up after this many datagrams.
    pub abort_after: Option<u64>,
    pub path: Path,
}

/// Text or noise, by seed.
pub fn content(rng: &mut Rng, size: usize) -> Vec<u8> {
    (0..size)
        .map(|_| {
            if rng.percent(20) {
                rng.pick(b"\r\n\0a")
            } else {
                rng.next() as u8
            }
        })
        .collect()
}
