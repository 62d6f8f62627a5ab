//! The TFTP protocol as state machines without input or output.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
