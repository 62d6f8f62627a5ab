//! Every way to be configured moves the same bytes.

mod busy_poll;
mod engine_modes;

#[path = "../support/mod.rs"]
mod support;
