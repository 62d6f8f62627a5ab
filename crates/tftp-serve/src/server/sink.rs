//! Where the bytes of an upload go when they are not to become a file.

use std::io::{self, Write};

use super::refusal::Refusal;

/// Receives the bytes of one upload.
///
/// Methods run on the library's handler threads, one call at a time, in order. They may block: the
/// client then waits, because no more than 256 KiB of an upload are received ahead of its sink.
/// The client's last block is acknowledged only after [`Sink::finish`] has returned `Ok`. A sink that is
/// dropped without `finish` had an upload that did not arrive as a whole.
///
/// Text (netascii) is translated: lines end in LF.
///
/// Every `FnMut(&[u8]) -> Result<(), Refusal>` is a sink that does nothing at the end.
pub trait Sink: Send + 'static {
    /// Takes the next bytes, at least one.
    ///
    /// # Errors
    /// A refusal ends the upload: its code and text go to the client.
    fn write(&mut self, data: &[u8]) -> Result<(), Refusal>;

    /// Called once, after the last byte: the upload is whole.
    ///
    /// # Errors
    /// A refusal ends the upload: the client learns that it failed.
    fn finish(&mut self) -> Result<(), Refusal> {
        Ok(())
    }
}

impl<F: FnMut(&[u8]) -> Result<(), Refusal> + Send + 'static> Sink for F {
    fn write(&mut self, data: &[u8]) -> Result<(), Refusal> {
        self(data)
    }
}

/// Passes an upload to a writer, which is flushed at the end.
pub(super) struct Writer<W>(pub(super) W);

impl<W: Write + Send + 'static> Sink for Writer<W> {
    fn write(&mut self, data: &[u8]) -> Result<(), Refusal> {
        Ok(self.0.write_all(data)?)
    }

    fn finish(&mut self) -> Result<(), Refusal> {
        let flushed: io::Result<()> = self.0.flush();
        Ok(flushed?)
    }
}
