//! One pass over a source, from its first byte to its last: which bytes were requested from the
//! application, and which of the supplied ones are still needed. No lock, no thread, no clock.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::Bytes;

/// The least window in bytes: a client without windowsize is fed as if it had a window of this
/// size.
pub(super) const LEAST_WINDOW: u64 = 16 * 1024;

/// The sizes of a held piece in bytes: the least without windows, otherwise a window, up to the
/// most.
const LEAST_PIECE: u64 = 8 * 1024;
const MOST_PIECE: u64 = 64 * 1024;

/// The least size in bytes of a piece that is handed on while more is outstanding: a piece should
/// cost little besides its bytes.
const LEAST_HANDED_ON: usize = 512;

/// The number of consumed pieces whose memory is used again: of a pass that reads ahead, so that it
/// takes no new pages, and of others.
const SPARES_AHEAD: usize = 4;
const SPARES: usize = 1;

/// The number of bytes consumed before anything is read ahead beyond the windows.
const SHORT: u64 = 128 << 10;

/// The number of downloads beyond which the capacity of a shared pass does not grow: 1 MB without
/// windows.
const MOST_COUNTED: u64 = 32;

/// The number of bytes up to which a shared pass keeps its beginning for downloads that come late.
pub(super) const KEPT: u64 = 1 << 20;

/// A pass and its window of data.
#[derive(Debug)]
pub(super) struct Pass {
    size: Option<u64>,
    is_shared: bool,
    /// Contiguous, in order.
    held: VecDeque<Held>,
    /// The index of the first entry of `held` that a reader needs. The entries before are the
    /// beginning, kept for late readers.
    needed: usize,
    /// The bytes after `held`, which are no whole piece yet. This is their only owner.
    filling: Option<Bytes>,
    /// The memory of consumed pieces, empty. This is its only owner.
    spares: Vec<Bytes>,
    /// The number of bytes supplied.
    supplied: u64,
    /// The number of bytes requested.
    asked: u64,
    /// The length of the last request.
    last_asked: u64,
    /// How often requests were taken back.
    taken_back: u32,
    state: State,
    /// The largest window of a reader, in bytes.
    window: u64,
    /// The number of bytes that it may hold beyond the windows of its readers.
    ahead: u64,
    attached: u32,
    /// The offsets, not reached yet, below which some readers need nothing.
    later: Vec<u64>,
    /// A reader has looked for data that was not there.
    is_wanted: bool,
}

#[derive(Debug)]
struct Held {
    start: u64,
    bytes: Bytes,
    /// The number of readers that still need it.
    left: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Ended,
    /// The source ended before its size.
    Short,
}

/// The result of [`Pass::find`].
#[derive(Debug)]
pub(super) enum Found {
    /// The bytes from there on, as far as they are in one piece.
    Bytes {
        bytes: Bytes,
        /// These bytes are the last ones.
        is_last: bool,
    },
    /// Not supplied yet.
    Nothing,
    /// Dropped already.
    Gone,
    /// The source ended before its size.
    Short,
}

/// The reason why supplied data was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// More than was requested. Nothing was accepted.
    TooMuch,
    /// The stream has ended, or no download needs it any more.
    Over,
}

impl Pass {
    pub(super) fn new(size: Option<u64>, is_shared: bool) -> Pass {
        Pass {
            size,
            is_shared,
            held: VecDeque::new(),
            needed: 0,
            filling: None,
            spares: Vec::new(),
            supplied: 0,
            asked: 0,
            last_asked: 0,
            taken_back: 0,
            state: if size == Some(0) {
                State::Ended
            } else {
                State::Open
            },
            window: LEAST_WINDOW,
            ahead: 0,
            attached: 0,
            later: Vec::new(),
            is_wanted: false,
        }
    }

    /// The number of bytes supplied so far.
    pub(super) fn supplied(&self) -> u64 {
        self.supplied
    }

    pub(super) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    pub(super) fn has_failed(&self) -> bool {
        self.state == State::Short
    }

    pub(super) fn is_unread(&self) -> bool {
        self.attached == 0
    }

    /// The number of bytes that were requested and not supplied yet.
    pub(super) fn outstanding(&self) -> u64 {
        self.asked - self.supplied
    }

    /// Takes the window of a reader into account, in bytes.
    pub(super) fn widen(&mut self, window: u64) {
        self.window = self.window.max(window);
    }

    /// Adds a reader that needs everything from `at` on.
    pub(super) fn attach(&mut self, at: u64) {
        self.attached += 1;
        if at > self.sealed() {
            self.later.push(at);
        }
        let first = self.held.partition_point(|held| held.end() <= at);
        self.held.range_mut(first..).for_each(|held| held.left += 1);
        self.needed = self.needed.min(first);
    }

    /// Removes a reader that needed everything from `at` on.
    pub(super) fn detach(&mut self, at: u64) {
        self.attached -= 1;
        if let Some(place) = self.later.iter().position(|later| *later == at) {
            self.later.swap_remove(place);
        }
        self.drop_claims(at, u64::MAX);
    }

    /// Called when a reader that needed everything from `from` on needs only the bytes from `to`
    /// on.
    pub(super) fn release(&mut self, from: u64, to: u64) {
        self.drop_claims(from, to);
    }

    fn drop_claims(&mut self, from: u64, to: u64) {
        let first = self.held.partition_point(|held| held.end() <= from);
        for held in self.held.range_mut(first..).take_while(|held| held.end() <= to) {
            held.left -= 1;
        }
        self.trim();
    }

    /// Drops the pieces that no reader needs.
    fn trim(&mut self) {
        while self.held.get(self.needed).is_some_and(|held| held.left == 0) {
            self.needed += 1;
        }
        if !self.is_shared || self.supplied > KEPT {
            let room = if self.ahead > 0 { SPARES_AHEAD } else { SPARES };
            while self.needed > 0
                && let Some(mut held) = self.held.pop_front()
            {
                self.needed -= 1;
                if self.spares.len() < room
                    && let Some(bytes) = Arc::get_mut(&mut held.bytes)
                {
                    bytes.clear();
                    self.spares.push(held.bytes);
                }
            }
        }
    }

    /// The first offset that a reader needs, or the end of the pieces if none is needed.
    pub(super) fn base(&self) -> u64 {
        self.held
            .get(self.needed)
            .map_or(self.sealed(), |held| held.start)
    }

    /// The offset up to which the supplied bytes are in pieces.
    fn sealed(&self) -> u64 {
        self.supplied - self.filled() as u64
    }

    fn filled(&self) -> usize {
        self.filling.as_ref().map_or(0, |filling| filling.len())
    }

    /// Returns true if a reader at `start` finds everything from there on, now or later.
    pub(super) fn holds(&self, start: u64) -> bool {
        let first = self.held.front().map_or(self.sealed(), |held| held.start);
        first <= start && start <= self.supplied && !self.has_failed()
    }

    /// Returns the piece that begins at `start`.
    pub(super) fn find(&mut self, start: u64) -> Found {
        if self.has_failed() {
            return Found::Short;
        }
        if start >= self.sealed() && self.can_hand_on(start) {
            self.seal();
        }
        let place = self.held.partition_point(|held| held.end() <= start);
        let Some(held) = self.held.get(place) else {
            return self.find_end(start);
        };
        if held.start > start {
            return Found::Gone;
        }
        let bytes = match usize::try_from(start - held.start) {
            Ok(0) => Bytes::clone(&held.bytes),
            // A reader that comes from another pass, whose pieces have other bounds.
            from => Bytes::new(held.bytes[from.unwrap_or(usize::MAX)..].to_vec()),
        };
        let is_last = self.state == State::Ended && held.end() == self.supplied;
        Found::Bytes { bytes, is_last }
    }

    /// As [`Pass::find`], if nothing more comes for now: hands on the remaining bytes, however few.
    pub(super) fn find_rest(&mut self, start: u64) -> Found {
        if start >= self.sealed() && start < self.supplied {
            self.seal();
        }
        self.find(start)
    }

    fn find_end(&mut self, start: u64) -> Found {
        if self.state == State::Ended && start == self.supplied {
            return Found::Bytes {
                bytes: Bytes::default(),
                is_last: true,
            };
        }
        if start < self.sealed() {
            return Found::Gone;
        }
        self.is_wanted = true;
        Found::Nothing
    }

    /// Returns true if a reader that waits at `start` can go on.
    pub(super) fn can_go_on(&self, start: u64) -> bool {
        self.state != State::Open || start < self.sealed() || self.can_hand_on(start)
    }

    /// Returns true if the bytes from `start` on are worth a piece, or nothing follows them for now:
    /// the next request may wait until the reader has gone on with these.
    fn can_hand_on(&self, start: u64) -> bool {
        let new = self.supplied.saturating_sub(start);
        let is_rest = self.state == State::Ended || self.outstanding() == 0;
        new >= LEAST_HANDED_ON as u64 || (new > 0 && is_rest)
    }

    /// Makes a piece of the bytes in `filling`, however few.
    fn seal(&mut self) {
        let start = self.sealed();
        let end = self.supplied;
        let Some(mut bytes) = self.filling.take_if(|filling| !filling.is_empty()) else {
            return;
        };
        if bytes.len() < bytes.capacity() / 2
            && let Some(bytes) = Arc::get_mut(&mut bytes)
        {
            bytes.shrink_to_fit();
        }
        let elsewhere = self.later.iter().filter(|later| **later >= end).count();
        self.later.retain(|later| *later >= end);
        let left = self.attached - u32::try_from(elsewhere).unwrap_or(u32::MAX);
        self.held.push_back(Held { start, bytes, left });
        self.trim();
    }

    /// The largest number of bytes that one call of [`Pass::take`] copies.
    pub(super) fn piece(&self) -> usize {
        let piece = if self.window > LEAST_WINDOW || self.ahead > 0 {
            self.window.max(self.ahead / 8)
        } else {
            LEAST_PIECE
        };
        let piece = piece.min(MOST_PIECE);
        usize::try_from(piece).unwrap_or(LEAST_PIECE as usize)
    }

    /// Returns whether this many bytes may be supplied now.
    pub(super) fn check(&self, length: u64) -> Result<(), Refused> {
        match self.state {
            State::Open if length <= self.outstanding() => Ok(()),
            State::Open => Err(Refused::TooMuch),
            _ => Err(Refused::Over),
        }
    }

    /// Takes bytes that [`Pass::check`] allowed. `is_last` is true with the last of them.
    pub(super) fn take(&mut self, mut bytes: &[u8], is_last: bool) {
        let piece = self.piece();
        while !bytes.is_empty() {
            let coming = usize::try_from(self.outstanding()).unwrap_or(piece);
            let spares = &mut self.spares;
            let filling = self
                .filling
                .get_or_insert_with(|| spares.pop().unwrap_or_default());
            let filling = Arc::make_mut(filling);
            if filling.is_empty() {
                filling.reserve_exact(coming.min(piece));
            }
            let (part, rest) =
                bytes.split_at(bytes.len().min(piece.saturating_sub(filling.len()).max(1)));
            filling.extend_from_slice(part);
            let is_whole = filling.len() >= piece;
            self.supplied += part.len() as u64;
            bytes = rest;
            if is_whole {
                self.seal();
            }
        }
        match self.size {
            Some(size) if self.supplied == size => self.state = State::Ended,
            Some(_) if is_last => self.state = State::Short,
            None if is_last => self.state = State::Ended,
            _ => {}
        }
    }

    /// The number of bytes that it may hold from [`Pass::base`] on.
    fn capacity(&self) -> u64 {
        self.windows().saturating_add(self.ahead)
    }

    /// The number of bytes that it may hold for the windows of its readers.
    fn windows(&self) -> u64 {
        let counted = u64::from(self.attached).clamp(1, MOST_COUNTED);
        self.window.saturating_mul(2 * counted)
    }

    /// The number of bytes beyond the windows that are worth reading ahead, so that windows and
    /// these are at most `most`. It grows with the consumed bytes: a short download, or one whose
    /// client is silent, gets none.
    pub(super) fn useful_ahead(&self, most: u64) -> u64 {
        most.saturating_sub(self.windows())
            .min(self.base().saturating_sub(SHORT) / 2)
    }

    /// The number of bytes held or requested beyond the windows.
    pub(super) fn used_ahead(&self) -> u64 {
        (self.asked - self.base()).saturating_sub(self.windows())
    }

    /// Sets the number of bytes that it may hold beyond the windows.
    pub(super) fn set_ahead(&mut self, ahead: u64) {
        self.ahead = ahead;
        if ahead == 0 {
            self.spares.truncate(SPARES);
        }
    }

    /// The number of bytes that could be requested now.
    fn room(&self) -> u64 {
        let room = (self.base() + self.capacity()).saturating_sub(self.asked);
        self.size.map_or(room, |size| room.min(size - self.asked))
    }

    /// Returns true if nothing more is requested because some reader is far behind.
    pub(super) fn is_held_back(&self) -> bool {
        self.is_open() && self.is_wanted && self.outstanding() == 0 && self.room() == 0
    }

    /// The offset at or below which a reader holds the others back.
    pub(super) fn too_far_behind(&self) -> u64 {
        self.base() + (self.asked - self.base()) / 2
    }

    /// The number of bytes to request now. `None` if no request is due, as while at least half of
    /// the last one is outstanding.
    #[inline]
    pub(super) fn next_request(&self, is_starving: bool) -> Option<u64> {
        let outstanding = self.outstanding();
        let is_early = outstanding > 0 && outstanding >= self.last_asked.div_ceil(2);
        if is_early || !self.is_wanted || !self.is_open() || self.is_unread() {
            return None;
        }
        let room = self.room();
        let rest = self.size.map(|size| size - self.asked);
        // With more than the windows, half of it is in hand when the application is asked again.
        let least = self.capacity() / if self.ahead > self.windows() { 2 } else { 4 };
        let is_crumb = room < least && Some(room) != rest && !(is_starving && outstanding == 0);
        (room > 0 && !is_crumb).then_some(room)
    }

    /// Makes the next request to the application, if it is due. Returns its offset and length.
    pub(super) fn ask(&mut self, is_starving: bool) -> Option<(u64, u64)> {
        let length = self.next_request(is_starving)?;
        let offset = self.asked;
        self.asked += length;
        self.last_asked = length;
        Some((offset, length))
    }

    /// Takes back what was requested from `offset` on and not supplied.
    pub(super) fn take_back(&mut self, offset: u64) {
        self.asked = self.asked.min(offset.max(self.supplied));
        self.taken_back = self.taken_back.wrapping_add(1);
    }

    /// How often requests were taken back.
    pub(super) fn taken_back(&self) -> u32 {
        self.taken_back
    }

    /// The offset at which the next request will begin.
    pub(super) fn asked(&self) -> u64 {
        self.asked
    }

    /// The number of bytes in memory.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        let held = self.held.iter().map(|held| held.bytes.capacity());
        let others = self.spares.iter().chain(&self.filling);
        held.chain(others.map(|bytes| bytes.capacity())).sum()
    }
}

impl Held {
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}
