//! An embeddable TFTP server behind a C interface.
//!
//! Two modules: `ffi` (C, and the only unsafe code here) and `class` (properties, settings,
//! events), which turns calls and values into those of `tftp-serve`, the Rust library that moves
//! packets and files. `include/tftpserver.h` is the manual. Neither is an interface for Rust
//! programs: they use `tftp-serve`.
#![deny(unsafe_code)]

pub mod class;
pub mod ffi;
