//! Input and output: threads, sockets, files and timers.
//!
//! Knows the protocol crate below and nothing of the class above but the trait [`notice::Application`].

pub mod cause;
pub mod config;
mod context;
mod core;
mod drain;
#[expect(clippy::module_inception, reason = "the room is named after what it holds")]
mod engine;
pub mod ids;
mod inbox;
mod listen;
#[cfg(all(test, shuttle))]
mod models;
pub mod notice;
mod observer;
mod ports;
pub mod progress;
mod ration;
mod receiving;
pub mod reply;
mod request;
mod sending;
pub mod shared;
pub mod sources;
mod transfer;
mod transfers;
mod turn;

pub use engine::Engine;
pub use listen::Listener;
use tftp_budget::{descriptors, memory};
pub use tftp_files::{jail, names};
use tftp_files::{pool, source, store, upload};
pub use tftp_machine::TransferId as Key;
use tftp_machine::{admission, port_plan, repeats, siphash, timers};
