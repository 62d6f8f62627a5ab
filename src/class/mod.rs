//! The class: properties, settings, the Conn arrays, the event queue and DoEvents. It has no C, no
//! unsafe, and no packet, socket or file: it is an adapter of `tftp-serve` and uses only its public
//! interface.
//!
//! - `property.rs`, `setting.rs`, `errors.rs` (with `errno.rs`): one table each, which everything
//!   else, the manual too, is derived from; the tables themselves, in `table.rs`, are made from
//!   `api/`;
//! - `value.rs`, `values.rs`, `access.rs`, `options.rs`, `listen_targets.rs`, `source.rs`: values,
//!   their storage, getting and setting them, and their translation into the library's
//!   configuration;
//! - `server.rs`, `listening.rs`, `reason.rs`: the object and its methods; starting and stopping to
//!   listen; the reasons why the class ended connections;
//! - `event_router.rs`, `queue.rs`, `unobserved.rs`: the library's events on their way from its
//!   threads, and the queue;
//! - `dispatch.rs`, `events.rs`, `conn.rs`, `current_connection.rs`: DoEvents, which turns them
//!   into the application's events.

mod access;
mod conn;
mod current_connection;
mod dispatch;
mod errno;
pub mod errors;
mod event_router;
pub mod events;
mod listen_targets;
mod listening;
#[cfg(all(test, shuttle))]
mod models;
mod options;
pub mod property;
mod queue;
mod reason;
mod server;
pub mod setting;
mod source;
#[cfg(test)]
mod testing;
mod unobserved;
mod value;
mod values;

pub use conn::FIRST_CONNECTION_ID;
pub use server::Server;
