//! An embeddable TFTP server behind a C interface.
//!
//! The rooms, from the outside in: `ffi` (C, and the only unsafe code here), `server` (the
//! class: properties, settings, events) and the crates `tftp-serve` (the loop of the I/O threads), `tftp-udp` (sockets),
//! `tftp-files` (what is served) and `tftp-proto` (the protocol, without input or output). `include/tftpserver.h` is the manual.
#![deny(unsafe_code)]

pub mod ffi;
pub mod server;
