//! What clients of the command get, and what its own client gets of it and of other servers.

mod access;
mod client;
mod maps;
mod servers;
mod serving;

#[path = "../support/mod.rs"]
mod support;
