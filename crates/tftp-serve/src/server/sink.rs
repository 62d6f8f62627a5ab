//! Sinks: receivers of uploads that are not stored as files.

use std::future::poll_fn;
use std::io::{self, Write};
use std::pin::Pin;

use futures_io::AsyncWrite;

use super::handler::Task;
use super::pump::{self, PumpedConnection};
use super::refusal::Refusal;

/// Receives the bytes of one upload.
///
/// Methods run on the library's own threads, one call at a time, in order. They may block: the
/// client then waits, because at most 256 KiB of an upload are received ahead of its sink. Other
/// clients do not wait, unless [`Builder::blocking_threads`](crate::Builder::blocking_threads)
/// sources and sinks block at the same time. An [`AsyncSink`] holds no thread while it waits.
///
/// The client's last block is acknowledged only after [`Sink::finish`] has returned `Ok`. A sink
/// that is dropped without a call of `finish` has received an incomplete upload.
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

    /// Called once, after the last byte: the upload is complete.
    ///
    /// # Errors
    /// A refusal fails the upload: its code and text go to the client.
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

/// Receives the bytes of one upload without blocking a thread.
///
/// The futures that its methods return are polled on the library's own threads or, with
/// [`Builder::spawner`](crate::Builder::spawner), on the application's runtime. They must not
/// block. As with [`Sink`], the client waits while a future is pending, and the last block is
/// acknowledged only after [`AsyncSink::finish`]. When the upload has ended, the sink is dropped
/// before the end is reported, even if one of its futures is pending.
///
/// ```
/// use tftp_serve::{AsyncSink, Refusal};
///
/// struct Backup {
/// #   store: Store,
/// }
/// # struct Store;
/// # impl Store {
/// #     async fn append(&mut self, _: &[u8]) -> std::io::Result<()> { Ok(()) }
/// #     async fn commit(&mut self) -> std::io::Result<()> { Ok(()) }
/// # }
///
/// impl AsyncSink for Backup {
///     async fn write(&mut self, data: &[u8]) -> Result<(), Refusal> {
///         Ok(self.store.append(data).await?)
///     }
///
///     async fn finish(&mut self) -> Result<(), Refusal> {
///         Ok(self.store.commit().await?)
///     }
/// }
/// ```
pub trait AsyncSink: Send + 'static {
    /// Takes the next bytes, at least one.
    ///
    /// # Errors
    /// A refusal ends the upload: its code and text go to the client.
    fn write(&mut self, data: &[u8]) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// Called once, after the last byte: the upload is complete.
    ///
    /// # Errors
    /// A refusal fails the upload: its code and text go to the client.
    fn finish(&mut self) -> impl Future<Output = Result<(), Refusal>> + Send {
        async { Ok(()) }
    }
}

/// An asynchronous sink behind a pointer.
pub(super) trait BoxedSink: Send {
    /// Makes the future that takes the upload.
    fn drain(self: Box<Self>, carried: PumpedConnection) -> Task;
}

impl<S: AsyncSink> BoxedSink for S {
    fn drain(self: Box<Self>, carried: PumpedConnection) -> Task {
        Box::pin(pump::drain(carried, *self))
    }
}

/// Passes an upload to an asynchronous writer, which is closed at the end.
pub(super) struct AsyncWriter<W>(pub(super) Pin<Box<W>>);

impl<W: AsyncWrite + Send + 'static> AsyncSink for AsyncWriter<W> {
    async fn write(&mut self, mut data: &[u8]) -> Result<(), Refusal> {
        while !data.is_empty() {
            match poll_fn(|context| self.0.as_mut().poll_write(context, data)).await {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                Ok(count) => data = &data[count..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), Refusal> {
        Ok(poll_fn(|context| self.0.as_mut().poll_close(context)).await?)
    }
}
