//! How the command is started, watched, installed and ended, with whose rights, and what it says when something is wrong.

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
