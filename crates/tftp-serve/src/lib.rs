//! An embeddable TFTP server: fast, for clients of every kind, and safe against hostile ones.
//!
//! [`Server::builder`] configures a server; [`Builder::start`] binds its sockets and starts its
//! threads. No runtime is needed. The server speaks RFC 1350 with the options of RFC 2347, 2348,
//! 2349 and 7440 and those of tftp-hpa.
//!
//! # A directory
//!
//! ```no_run
//! use tftp_serve::Server;
//!
//! # fn main() -> Result<(), tftp_serve::Error> {
//! let server = Server::builder().root("/srv/tftp").start()?;
//! println!("serving on {}", server.local_addr());
//! std::thread::park();
//! # Ok(())
//! # }
//! ```
//!
//! Clients reach nothing outside the directory. Uploads are refused until [`Builder::read_only`] is
//! set to false. A file appears under its final name only when its upload is complete.
//!
//! # A handler
//!
//! A [`Handler`] is called for each request. Its answer is the root directory, another name or
//! path, bytes, a reader or a [`Source`], a [`Sink`] for an upload, or a [`Refusal`]. It gives the
//! answer at once, [later](Request::defer), or through a [future](AsyncHandler).
//!
//! ```
//! use tftp_serve::{Answer, Refusal, Request, Server};
//!
//! # fn main() -> Result<(), tftp_serve::Error> {
//! let server = Server::builder()
//!     .listen(([127, 0, 0, 1], 0))
//!     .handler(|request: Request| match request.name() {
//!         "pxelinux.cfg/default" => Answer::bytes(format!("# for {}\n", request.client().ip())),
//!         _ => Answer::refuse(Refusal::not_found()),
//!     })
//!     .start()?;
//! # Ok(())
//! # }
//! ```
//!
//! # Events and figures
//!
//! [`Builder::on_event`] reports every request and how it ended, as an [`Outcome`].
//! [`Server::connections`] returns handles with live figures, and [`Server::stats`] returns totals.
//! [`Server::reconfigure`] changes [`Settings`] while the server runs.
//! [`Server::shutdown_gracefully`] lets transfers finish.
//!
//! # Threads
//!
//! I/O threads ([`Builder::io_threads`]) send and receive packets, and never block on files or
//! application code. A pool opens, reads and writes files where that may take time. Handlers run on
//! handler threads ([`Builder::handler_threads`]), sinks and sources on threads that are started on
//! demand ([`Builder::blocking_threads`]), and event callbacks on a thread of their own. An
//! [`AsyncSource`] or [`AsyncSink`] holds no thread while it waits.
#![forbid(unsafe_code)]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod connection_info;
#[rustfmt::skip] // Made by a program.
mod bounds;
mod config;
mod connections;
mod drain;
mod engine;
mod flow;
mod idle;
mod ids;
mod inbox;
pub mod inline;
mod limits;
mod listen;
#[cfg(all(test, shuttle))]
mod models;
mod observer;
mod orders;
mod outputs;
mod places;
mod progress;
mod reply;
mod request_budget;
mod server;
mod shared;
mod sources;
mod spin;
mod storage;
mod turn;
mod wording;

pub use server::{
    Answer, AsyncHandler, AsyncSink, AsyncSource, Builder, Connection, Content, Deferred, Error,
    ErrorKind, Event, FileError, FileErrorKind, FileStep, Handler, Listen, LogKind, LogLevel,
    NetworkError, Outcome, Refusal, Request, Server, Settings, Sink, Source, Stats, Task,
};
pub use tftp_files::names::{self, NameCodec};
pub use tftp_proto::wire::{ErrorCode, Mode, Operation};
pub use tftp_udp::{Adopted, SocketId};

/// The loop of the I/O threads, for the simulated network of the crate's own tests. Not part of the
/// interface.
#[doc(hidden)]
pub mod simulation {
    pub use super::config::Policy;
    pub use super::drain::Drain;
    pub use super::inbox::{Inbox, Message};
    pub use super::limits::{Environment, Process};
    pub use super::shared::Shared;
    pub use super::turn::{Loop, Setup};
    pub use tftp_files::jail::Jail;
}

use engine::Engine;
use listen::Listener;
use tftp_files::jail;
use tftp_machine::TransferId as Key;
