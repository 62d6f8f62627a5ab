//! The TFTP protocol as state machines without input or output.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod block;
pub mod negotiate;
pub mod netascii;
mod read;
pub mod retry;
mod time;
mod transfer;
pub mod wire;
mod write;

pub use negotiate::{Agreed, Limits, Oack, Rollover};
pub use read::ReadTransfer;
pub use retry::Timing;
pub use time::Instant;
pub use transfer::{Outcome, Transmit};
pub use wire::{Asked, ErrorCode, Malformed, Mode, Operation, Packet, Request};
pub use write::WriteTransfer;
