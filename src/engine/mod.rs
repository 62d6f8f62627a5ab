//! Input and output: threads, sockets, files, timers and the one clock.
//!
//! Knows the protocol crate below and nothing of the class above but the trait [`notice::Application`].

pub mod config;
pub mod jail;
pub mod notice;
pub mod platform;
pub mod pool;
pub mod reply;
pub mod source;
pub mod store;
pub mod upload;
