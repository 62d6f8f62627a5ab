//! Whom a TFTP server serves, as a state machine without input or output: no socket, file, thread, clock or lock.
//!
//! The owner, a loop, brings datagrams, answers and the time, and is told what to do. Above the transfer machines of
//! `tftp-proto`, which say what goes to one client, [`Output`] says for all clients of one thread what is sent, which ports
//! are opened, what the application is asked and what storage has to do.
//!
//! Here are the types of that interface, and the rules: which requests are repetitions ([`repeats`]), who is admitted beside
//! the half-open transfers ([`admission`]), which port a transfer gets ([`port_plan`]), the deadlines of many transfers
//! ([`timers`]). The machine that applies them is being written.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod admission;
mod answers;
mod config;
mod handled;
mod id;
mod limits;
mod net;
pub mod networks;
mod output;
pub mod port_plan;
pub mod repeats;
pub mod siphash;
pub mod timers;

pub use answers::{Decision, IoDone};
pub use config::{Config, Policy};
pub use handled::{Handled, Why};
pub use id::{ConnectionId, PortId, TransferId};
pub use limits::{Alone, Descriptors, FIRST_CONNECTION_ID, FLOOD, Full, Limits, WINDOWS};
pub use net::{Datagram, LocalAddr, NetFailure, NoPort, OpenPlan, PortKind, Reception, Route};
pub use output::{Blocks, Ending, Io, Output, Question};
pub use port_plan::Mode;
