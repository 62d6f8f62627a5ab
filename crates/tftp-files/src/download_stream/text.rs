//! A stream that is translated to netascii piece by piece.

use std::io;
use std::sync::Arc;

use tftp_proto::netascii::{self, Encoder};

use super::handle::{Caller, Handle, Waits};
use super::to_usize;
use crate::Bytes;
use crate::content_cache::Chunk;
use crate::fed::Reader;
use crate::storage::Store;

pub(super) struct Text<S: Store> {
    pub(super) raw: Raw<S>,
    /// The chunk that is being translated, which others share.
    current: Option<Chunk>,
    /// That chunk is the last one; known only for fed sources.
    is_last: bool,
    /// The number of bytes of `raw` translated so far.
    pub(super) done: u64,
    encoder: Encoder,
    pub(super) stream_size: Option<u64>,
}

pub(super) enum Raw<S: Store> {
    File(Handle<S>),
    Memory(Bytes),
    Fed(Arc<Reader>),
}

impl<S: Store> Text<S> {
    pub(super) fn new(raw: Raw<S>, stream_size: Option<u64>) -> Text<S> {
        Text {
            raw,
            current: None,
            is_last: false,
            done: 0,
            encoder: Encoder::new(),
            stream_size,
        }
    }

    /// Gives up the chunk that is being translated. It is read again from the next byte on.
    pub(super) fn give_up(&mut self) {
        self.current = None;
    }

    /// Translates the next piece, of at most `piece` bytes. Returns true with the last piece of a
    /// source of unknown length.
    pub(super) fn next(
        &mut self,
        caller: &mut Caller<'_, S>,
        piece: usize,
    ) -> io::Result<Result<(Bytes, bool), Waits>> {
        let (start, bytes) = match (&self.raw, self.current.take()) {
            (Raw::Memory(bytes), _) => (0, Arc::clone(bytes)),
            (_, Some(chunk)) => (chunk.start, chunk.bytes),
            (Raw::File(file), None) => match file.find(caller, self.done)? {
                Ok(bytes) => (self.done, bytes),
                Err(waits) => return Ok(Err(waits)),
            },
            (Raw::Fed(reader), None) => match caller.find_fed(reader, self.done)? {
                Ok((bytes, is_last)) => {
                    self.is_last = is_last;
                    (self.done, bytes)
                }
                Err(waits) => return Ok(Err(waits)),
            },
        };
        let end = start + bytes.len() as u64;
        let chunk = Chunk { start, end, bytes };
        let from = to_usize(self.done - chunk.start);
        let raw = &chunk.bytes[from..chunk.bytes.len().min(from + piece)];
        let mut text = Vec::with_capacity(to_usize(netascii::encoded_len(raw)));
        self.encoder.encode(raw, &mut text);
        self.done += raw.len() as u64;
        let is_read = self.done == chunk.end;
        let is_last = is_read
            && match &self.raw {
                Raw::Fed(reader) => {
                    reader.release(self.done);
                    self.is_last
                }
                _ => chunk.bytes.len() < caller.chunk_size as usize,
            };
        self.current = Some(chunk).filter(|_| !is_read);
        Ok(Ok((Arc::new(text), is_last)))
    }
}

impl<S: Store> Raw<S> {
    pub(super) fn length(&self) -> Option<u64> {
        match self {
            Raw::File(file) => file.length(),
            Raw::Memory(bytes) => Some(bytes.len() as u64),
            Raw::Fed(reader) => reader.size(),
        }
    }
}
