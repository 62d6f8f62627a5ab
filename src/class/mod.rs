//! The class: properties, settings, the Conn arrays, the event queue and DoEvents. No C here, no unsafe, and no packet, socket
//! or file: it is an adapter of `tftp-serve`, whose public interface is all that it uses.
//!
//! - `property.rs`, `setting.rs`, `errors.rs` (with `errno.rs`): one table each, from which everything else follows, the manual too;
//!   the tables themselves, in `table.rs`, are made from `api/`;
//! - `value.rs`, `values.rs`, `access.rs`, `options.rs`, `places.rs`, `source.rs`: values, where they are kept, how they are got and
//!   set, and what they mean to the library;
//! - `server.rs`, `listening.rs`, `reason.rs`: the object and its methods; when it listens; why it ended connections;
//! - `hub.rs`, `queue.rs`, `quiet.rs`: what comes from the library's threads, and waits;
//! - `dispatch.rs`, `events.rs`, `conn.rs`, `firing.rs`: what DoEvents makes of it.

mod access;
mod conn;
mod dispatch;
mod errno;
pub mod errors;
pub mod events;
mod firing;
mod hub;
mod listening;
#[cfg(all(test, shuttle))]
mod models;
mod options;
mod places;
pub mod property;
mod queue;
mod quiet;
mod reason;
mod server;
pub mod setting;
mod source;
#[cfg(test)]
mod testing;
mod value;
mod values;

pub use conn::FIRST_CONNECTION_ID;
pub use server::Server;
