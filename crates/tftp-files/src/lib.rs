//! The storage of a TFTP server: files, memory, and data that the application supplies or takes.
//!
//! - [`Store`] is the interface of storage. [`Files`] is the interface of storage that has only
//!   blocking calls, which [`Pooled`] runs on threads of its own. [`Directory`] is the file system,
//!   built on the jail (`jail`) and on uploads that are whole or absent (`upload`).
//! - [`ContentCache`] wraps a store for one I/O thread, and shares open files and chunks between
//!   its transfers. A download reads through a [`DownloadStream`], an upload writes through an
//!   [`UploadStream`]. Data that the application supplies while a download runs comes through
//!   [`Feeds`].
//!
//! `unsafe` only in `read.rs`, where the system reads into memory that was not zeroed before.
#![deny(unsafe_code)]

mod blocking;
mod clock;
mod content_cache;
mod directory;
mod download_stream;
mod fed;
mod framing;
pub mod jail;
mod lane;
#[cfg(all(test, shuttle))]
mod models;
pub mod names;
pub mod pool;
mod pooled;
#[cfg(unix)]
#[allow(unsafe_code)]
mod read;
#[cfg(windows)]
#[path = "read/windows.rs"]
mod read;
mod return_slot;
mod storage;
mod system;
#[cfg(test)]
mod testing;
#[cfg(unix)]
pub mod upload;
#[cfg(windows)]
#[path = "upload/windows.rs"]
pub mod upload;
mod upload_stream;

use std::sync::Arc;

pub use blocking::Files;
pub use content_cache::{Completed, ContentCache, Creating, Opened, Opening, Read, Shared};
pub use directory::{Directory, File, NewFile};
pub use download_stream::{DownloadStream, Supply};
pub use fed::{Asks, Fed, Feeds, Refused, Wanted};
pub use lane::Lane;
pub use pooled::Pooled;
pub use storage::{
    Completion, Done, Finished, Gathered, Identity, Job, Length, Mailbox, Owner, Place, Sink,
    Source, Standing, Store,
};
pub use upload_stream::{Portion, Progress, UploadStream, write_size};

/// Data that several transfers may send at once, kept alive until the last packet made of it has
/// left.
pub type Bytes = Arc<Vec<u8>>;
