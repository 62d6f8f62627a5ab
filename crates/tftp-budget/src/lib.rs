//! Budgets that all servers of a process share: descriptors, and memory that transfers do not
//! share.
//!
//! `unsafe` only in `limits.rs`, which calls the system for its limits.
#![deny(unsafe_code)]

pub mod descriptors;
#[allow(unsafe_code)]
pub mod limits;
pub mod memory;
