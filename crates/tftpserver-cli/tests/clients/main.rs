//! Transfers between the command and its clients, and between its own client and this and other
//! servers.

mod access;
mod client;
mod maps;
mod servers;
mod serving;

#[path = "../support/mod.rs"]
mod support;
