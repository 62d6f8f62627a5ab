//! The C interface: handles, strings, events and the exported functions. Decisions are made in
//! `class`.
//!
//! `exports.rs` has the functions in ABI order. Each goes through `guard.rs`, which looks the
//! handle up, rejects calls that a callback may not make, and stops panics. `include/tftpserver.h`
//! is made from `constants.rs`, `types.rs` and `exports.rs`.
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
