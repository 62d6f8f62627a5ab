//! The C interface: handles, strings, events and the exported functions, and nothing that decides anything.
//!
//! `exports.rs` holds the functions in ABI order; each goes through `guard.rs`, which looks the handle up, knows
//! what a callback may call, and lets no panic out. `include/tftpserver.h` is made from `constants.rs`, `types.rs`
//! and `exports.rs`.
#![allow(unsafe_code)]

mod constants;
#[rustfmt::skip] // Made by a program.
mod event_data;
mod events;
mod exports;
mod guard;
mod handles;
#[cfg(all(test, shuttle))]
mod models;
mod strings;
mod types;

pub use constants::*;
pub use exports::*;
pub use types::*;
