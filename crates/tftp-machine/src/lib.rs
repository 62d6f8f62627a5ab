//! Whom a TFTP server serves, as a state machine without input or output: no socket, file, thread, clock or lock.
//!
//! The owner, a loop, brings datagrams, answers and the time to a [`Server`], and is told what to do. Above the transfer
//! machines of `tftp-proto`, which say what goes to one client, [`Output`] says for all clients of one thread what is sent,
//! which ports are opened, what the application is asked and what storage has to do. [`Limits`] is what several threads
//! share.
//!
//! # How to drive it
//!
//! 1. After [`Server::new`] and after every input poll [`Server::poll_output`] until `None`, before the next input of another
//!    cause. [`Server::handle_port`], [`Server::decide`] and [`Server::handle_io`] answer outputs; they may be called between
//!    two polls.
//! 2. What [`Server::handle_datagram`] returns comes before what is polled: make what is kept of a transfer at
//!    [`Handled::Asked`], take an upload's bytes at [`Handled::Received`].
//! 3. A transfer: `OpenPort` where it needs one, `Ask` about the request, `Io::Open`, `Ask` about the start, `Begun`; then
//!    packets and `Io::Read`, of an upload `Io::Commit`; `Settled` at the first acknowledgement; `Io::Close`, `Over` once,
//!    `ClosePort`, `Gone` once. An upload may repeat its last ACK between `Over` and `Gone`.
//! 4. An answer "supplied" brings the bytes that were wanted, or the end of the stream, or is "failed".
//! 5. Read the sockets before the time is told ([`Server::handle_timeout`]): what waits there counts before a deadline that
//!    has passed meanwhile.
//!
//! # The rules by themselves
//!
//! Which requests are repetitions ([`repeats`]), who is admitted beside the half-open transfers ([`admission`]), which port a
//! transfer gets ([`port_plan`]), the deadlines of many transfers ([`timers`]).
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod admission;
mod answers;
mod check;
mod config;
mod demux;
mod due;
mod endings;
mod handled;
mod held;
mod id;
mod limits;
mod net;
pub mod networks;
mod output;
mod poll;
pub mod port_plan;
mod ports;
pub mod repeats;
mod requests;
mod seats;
mod server;
pub mod siphash;
mod stages;
mod stop;
mod strays;
mod table;
pub mod timers;
mod transfer;
mod windows;

pub use answers::{Decision, IoDone};
pub use check::Tally;
pub use config::{Config, Policy};
pub use handled::{Handled, Why};
pub use held::HeldRequest;
pub use id::{ConnectionId, PortId, TransferId};
pub use limits::{Alone, Descriptors, FIRST_CONNECTION_ID, FLOOD, Full, Limits, WINDOWS};
pub use net::{Datagram, LocalAddr, NetFailure, NoPort, OpenPlan, PortKind, Reception, Route};
pub use output::{Blocks, Ending, Io, Output, Question};
pub use port_plan::Mode;
pub use server::Server;
pub use transfer::Transfer;
