//! Start, output, installation and end of the command, its privileges, and its error messages.

mod bad_input;
mod life;
mod packaging;
mod rights;
mod stalled;
mod terminal;
mod web;
mod web_limits;

#[path = "../support/mod.rs"]
mod support;
