//! A TFTP server to embed: fast, for clients of every kind, and safe beside hostile ones.
//!
//! [`Server::builder`] configures a server; [`Builder::start`] binds its sockets and starts its threads. No runtime is
//! needed. The server speaks RFC 1350 with the options of RFC 2347, 2348, 2349 and 7440 and those of tftp-hpa.
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
//! Clients reach nothing outside the directory. Uploads are refused until [`Builder::read_only`] is false; a file under its
//! final name is then always whole.
//!
//! # A handler
//!
//! A [`Handler`] is asked for each request, and answers with the root directory, another name or path, bytes, a reader or a
//! [`Source`], a [`Sink`] for an upload, or a [`Refusal`]; at once, [later](Request::defer), or by a [future](AsyncHandler).
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
//! # What happens
//!
//! [`Builder::on_event`] reports every request and how it ended, as an [`Outcome`]; [`Server::connections`] has handles
//! with live figures, [`Server::stats`] totals. [`Server::reconfigure`] changes [`Settings`] while the server runs;
//! [`Server::shutdown_gracefully`] lets transfers finish.
//!
//! # Threads
//!
//! Packets are moved by I/O threads ([`Builder::io_threads`]), which never wait for anybody. Files are opened, read and
//! written on a pool where that may take time. Handlers run on handler threads ([`Builder::handler_threads`]), sinks and
//! sources on threads that exist while there is work for them ([`Builder::blocking_threads`]), event callbacks on a thread of
//! their own. [`AsyncSource`] and [`AsyncSink`] hold no thread while they wait.
#![forbid(unsafe_code)]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[rustfmt::skip] // Made by a program.
mod bounds;
#[doc(hidden)]
pub mod config;
mod connections;
mod drain;
mod engine;
#[doc(hidden)]
pub mod ids;
mod inbox;
mod limits;
mod listen;
#[cfg(all(test, shuttle))]
mod models;
#[doc(hidden)]
pub mod notice;
mod observer;
mod orders;
mod outputs;
mod places;
#[doc(hidden)]
pub mod progress;
mod ration;
#[doc(hidden)]
pub mod reply;
mod server;
#[doc(hidden)]
pub mod shared;
#[doc(hidden)]
pub mod sources;
mod spin;
mod storage;
mod turn;
mod wording;

#[doc(hidden)]
pub use drain::Drain;
#[doc(hidden)]
pub use engine::Engine;
#[doc(hidden)]
pub use inbox::{Inbox, Message};
#[doc(hidden)]
pub use limits::{Process, Surroundings};
#[doc(hidden)]
pub use listen::Listener;
pub use server::{
    Answer, AsyncHandler, AsyncSink, AsyncSource, Builder, Connection, Content, Deferred, Error, ErrorKind,
    Event, FileError, FileErrorKind, FileStep, Handler, LogKind, LogLevel, NetworkError, Outcome, Refusal,
    Request, Server, Settings, Sink, Source, Stats, Task,
};
pub use tftp_files::names::{self, NameCodec};
pub use tftp_proto::wire::{ErrorCode, Mode, Operation};
#[doc(hidden)]
pub use turn::{Loop, Setup};

use tftp_files::jail;
#[doc(hidden)]
pub use tftp_machine::TransferId as Key;
