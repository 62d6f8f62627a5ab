//! Storage that has only calls which may block.

use std::io;

use super::jail::Refusal;
use super::storage::{Gathered, Place, Sink, Source, Standing};
use super::upload::UploadOptions;

/// Storage with blocking functions, which are called where they may block.
/// [`Pooled`](crate::Pooled) makes a [`Store`](crate::Store) of it.
pub trait Files: Send + Sync + 'static {
    /// A file that is open for reading.
    type Source: Source;
    /// A file that is open for writing.
    type Sink: Sink;

    /// As [`Store::try_open`](crate::Store::try_open). Runs on an I/O thread, so it must not block.
    fn try_open(&self, place: &Place, standing: Standing) -> Option<Result<Self::Source, Refusal>> {
        let _ = (place, standing);
        None
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// The reason why it is not served.
    fn open(&self, place: &Place, standing: Standing) -> Result<Self::Source, Refusal>;

    /// Creates a file, which gets its name in [`Files::commit`].
    ///
    /// # Errors
    /// The reason why it is not accepted.
    fn create(
        &self,
        place: &Place,
        options: &UploadOptions,
        standing: Standing,
    ) -> Result<Self::Sink, Refusal>;

    /// Appends `length` bytes from `at` to `into`; fewer only at the end.
    ///
    /// # Errors
    /// The error of the read.
    fn read(
        &self,
        source: &Self::Source,
        at: u64,
        length: usize,
        into: &mut Vec<u8>,
    ) -> io::Result<()>;

    /// Appends bytes to a file.
    ///
    /// # Errors
    /// The error of the write. The sink is dropped then.
    fn write(&self, sink: &mut Self::Sink, bytes: &Gathered) -> Result<(), Refusal>;

    /// Gives a file its name. The file is there whole, or not at all.
    ///
    /// # Errors
    /// The reason why that failed. Nothing of the file is left then.
    fn commit(&self, sink: Self::Sink) -> Result<(), Refusal>;
}
