//! Events come in order and none is lost, whatever the application does.

mod stalled_application;

#[path = "../support/mod.rs"]
mod support;
