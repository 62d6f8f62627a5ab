//! Shared parts of the workspace's simulations: a seeded generator, clients with habits, damaged
//! datagrams.
//!
//! For tests only. The clients are written without the protocol crate's code, so that one mistake
//! is not made at both ends.

pub mod client;
pub mod damage;
pub mod mischief;
mod rng;

pub use rng::Rng;

use std::sync::OnceLock;

/// Returns `size` bytes of noise from a random place, so that no other bytes equal them.
pub fn noise(rng: &mut Rng, size: usize) -> &'static [u8] {
    static NOISE: OnceLock<Vec<u8>> = OnceLock::new();
    let fill = || {
        let mut rng = Rng(1);
        (0..1 << 22).map(|_| rng.next() as u8).collect()
    };
    cut(NOISE.get_or_init(fill), rng, size)
}

/// Returns `size` bytes of text with many line ends, of every kind.
pub fn text(rng: &mut Rng, size: usize) -> &'static [u8] {
    static TEXT: OnceLock<Vec<u8>> = OnceLock::new();
    let fill = || {
        let mut rng = Rng(2);
        let letter = |_| {
            if rng.percent(20) {
                rng.pick(b"\r\n\0a")
            } else {
                rng.next() as u8
            }
        };
        (0..1 << 20).map(letter).collect()
    };
    cut(TEXT.get_or_init(fill), rng, size)
}

fn cut(all: &'static [u8], rng: &mut Rng, size: usize) -> &'static [u8] {
    let from = rng.below((all.len() - size) as u64) as usize;
    &all[from..from + size]
}
