//! Who is served by a TFTP server, decided without input or output: no socket, file, thread, clock or lock.
//!
//! The crate holds the decisions that need no transfer to look at: which requests are repetitions
//! ([`repeats`]), who is admitted beside the half-open transfers ([`admission`]), which port a transfer gets
//! ([`port_plan`]), and the deadlines of many transfers ([`timers`]). What becomes of a transfer itself is decided in
//! `tftp-proto`.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod admission;
mod id;
pub mod networks;
pub mod port_plan;
pub mod repeats;
pub mod siphash;
pub mod timers;

pub use id::TransferId;
