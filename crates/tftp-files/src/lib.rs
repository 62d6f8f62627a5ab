//! Where a TFTP server's bytes come from and go to.
//!
//! `unsafe` only in `read.rs`, where the system reads into memory that was not zeroed before.
#![deny(unsafe_code)]

mod clock;
pub mod jail;
pub mod names;
#[allow(unsafe_code)]
mod read;
pub mod source;
pub mod store;
pub mod upload;

use std::sync::Arc;

/// Data that several transfers may send at once, kept alive until the last packet made of it has left.
pub type Bytes = Arc<Vec<u8>>;
