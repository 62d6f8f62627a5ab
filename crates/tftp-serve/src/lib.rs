//! A TFTP server: the loop of its I/O threads, between datagrams (`tftp-udp`), files (`tftp-files`), the protocol
//! (`tftp-proto`) and an application, which is known by the trait [`notice::Application`] alone.
//!
//! [`Engine`] is one period of listening on one address; its threads share nothing but [`shared::Shared`].
#![forbid(unsafe_code)]

pub mod cause;
pub mod config;
mod context;
mod core;
mod disk;
mod drain;
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
use tftp_files::{jail, names, pool};
pub use tftp_machine::TransferId as Key;
use tftp_machine::{admission, port_plan, repeats, siphash, timers};
