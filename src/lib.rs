//! An embeddable TFTP server behind a C interface.
//!
//! The rooms, from the outside in: `ffi` (C, and the only unsafe code beside `engine::platform`), `server` (the
//! class: properties, settings, events), `engine` (sockets, threads, the clock) and the crates `tftp-files` (what is
//! served) and `tftp-proto` (the protocol, without input or output). `include/tftpserver.h` is the manual.
#![deny(unsafe_code)]

pub mod engine;
pub mod ffi;
pub mod server;
