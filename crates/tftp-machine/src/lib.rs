//! A TFTP server for many clients as a state machine without input or output: no socket, file,
//! thread, clock or lock.
//!
//! The caller, an event loop, passes datagrams, answers and the time to a [`Server`], and polls for
//! actions. The transfer machines of `tftp-proto` produce the packets to one client. On top of
//! them, [`Output`] has the actions for all clients of one thread: packets to send, ports to open,
//! questions to the application, and operations of storage. [`Limits`] is the state that several
//! threads share.
//!
//! # How to drive it
//!
//! 1. After [`Server::new`] and after every input poll [`Server::poll_output`] until `None`, before
//!    the next input of another cause. [`Server::handle_port`], [`Server::decide`] and
//!    [`Server::handle_io`] answer outputs; they may be called between two polls.
//! 2. Act on the result of [`Server::handle_datagram`] before polling: create the record of a
//!    transfer at [`Handled::Requested`], take an upload's bytes at [`Handled::Received`].
//! 3. The outputs of a transfer are: `OpenPort` if it needs one, `Ask` about the request,
//!    `Io::Open`, `Ask` about the start, `Begun`; then packets and `Io::Read`, for an upload
//!    `Io::Commit`; `Settled` at the first acknowledgement; `Io::Close`, `Over` once, `ClosePort`,
//!    `Gone` once. An upload may retransmit its last ACK between `Over` and `Gone`.
//! 4. Answer `Io::Read` with [`IoDone::Supplied`] when the wanted bytes or the end of the stream
//!    are there, or with [`IoDone::Failed`].
//! 5. Read the sockets before calling [`Server::handle_timeout`]: a datagram that waits there
//!    counts before a deadline that has passed meanwhile.
//!
//! # The rules
//!
//! Each rule has a module that can be used by itself: which requests are repetitions ([`repeats`]),
//! which newcomers are admitted beside the half-open transfers ([`admission`]), which port a
//! transfer gets ([`port_plan`]), and the deadlines of many transfers ([`timers`]).
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
mod port_assignment;
pub mod port_plan;
mod ports;
pub mod repeats;
mod requests;
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
pub use handled::{DropReason, Handled};
pub use held::HeldRequest;
pub use id::{ConnectionId, PortId, TransferId};
pub use limits::{
    Descriptors, FIRST_CONNECTION_ID, FLOOD, Full, Limits, SingleThreadLimits, WINDOWS,
};
pub use net::{Datagram, LocalAddr, NetFailure, NoPort, OpenPlan, PortKind, Reception, Route};
pub use output::{Blocks, Ending, Io, Output, Question};
pub use port_plan::Mode;
pub use server::Server;
pub use transfer::Transfer;
