//! What all servers of a process may take of what it has: descriptors, and memory for what transfers do not share.
//!
//! `unsafe` only in `limits.rs`, where the system is asked for its limits.
#![deny(unsafe_code)]

pub mod descriptors;
#[allow(unsafe_code)]
pub mod limits;
pub mod memory;
