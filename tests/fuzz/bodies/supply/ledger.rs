//! Keeps account of the data that was requested from the program and supplied by it, and checks the
//! library's results.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::CStr;

use crate::bodies::input::Input;

/// Returns the content of the source at an offset.
pub fn pattern(offset: u64, length: u64) -> Vec<u8> {
    let byte = |at: u64| ((at * 31) ^ (at >> 8) ^ (at >> 16)) as u8;
    (offset..offset + length).map(byte).collect()
}

/// A piece of data to supply.
pub struct Piece {
    pub id: i32,
    pub offset: u64,
    pub bytes: Vec<u8>,
    /// Nothing follows.
    pub is_last: bool,
    /// It was requested before it was made.
    pub is_owed: bool,
}

pub struct Ledger {
    is_shared: bool,
    /// The source's length; `told` is the announced one.
    length: u64,
    told: i64,
    sources: BTreeMap<i32, Source>,
    /// Data was supplied at a wrong place, so the content that clients get is not known any more.
    is_muddled: bool,
}

#[derive(Default)]
struct Source {
    /// For shared sources: offset and length of data requested under this name and not supplied
    /// under it.
    owed: VecDeque<(u64, u64)>,
    /// For sources that are not shared: the offsets up to which data was requested, and supplied.
    requested: u64,
    supplied: u64,
    has_ended: bool,
}

impl Ledger {
    pub fn new(input: &mut Input<'_>) -> Ledger {
        let choices = input.byte();
        let length = u64::from(input.short());
        let told = match input.byte() % 4 {
            0 => length as i64,
            1 => -1,
            2 => length as i64 + 1 + i64::from(input.byte()),
            _ => (length / 2) as i64,
        };
        Ledger {
            is_shared: choices & 1 == 1,
            length,
            told,
            sources: BTreeMap::new(),
            is_muddled: false,
        }
    }

    pub fn told(&self) -> i64 {
        self.told
    }

    /// Returns the most bytes that a client gets.
    pub fn length(&self) -> u64 {
        u64::try_from(self.told).unwrap_or(self.length)
    }

    pub fn key(&self) -> &'static CStr {
        if self.is_shared { c"one" } else { c"" }
    }

    /// Returns true if clients get the bytes of the source.
    pub fn is_pure(&self) -> bool {
        !self.is_muddled
    }

    pub fn begins(&mut self, id: i32) {
        let before = self.sources.insert(id, Source::default());
        assert!(before.is_none_or(|before| before.has_ended), "{id} begins twice");
    }

    pub fn ends(&mut self, id: i32) {
        let source = self.sources.get_mut(&id).expect("it has begun");
        assert!(!source.has_ended, "{id} ends twice");
        source.has_ended = true;
    }

    pub fn wanted(&mut self, id: i32, offset: i64, length: i64) {
        let (offset, length) = (
            u64::try_from(offset).expect("an offset"),
            u64::try_from(length).expect("a length"),
        );
        assert!(length > 0);
        assert!(
            self.told < 0 || offset + length <= self.told as u64,
            "more than there is"
        );
        let source = self.sources.get_mut(&id).expect("it has begun");
        if !self.is_shared {
            assert!(!source.has_ended, "{id} wants something after its end");
            assert_eq!(
                source.requested, offset,
                "{id} leaves something out, or wants it twice"
            );
        }
        source.requested = offset + length;
        if self.is_shared {
            source.owed.push_back((offset, length));
        }
    }

    /// Returns the connection that began last.
    pub fn last(&self) -> i32 {
        self.sources.last_key_value().map_or(0, |(id, _)| *id)
    }

    pub fn some_id(&self, input: &mut Input<'_>) -> Option<i32> {
        let number = usize::from(input.byte());
        self.sources
            .keys()
            .nth(number % self.sources.len().max(1))
            .copied()
    }

    /// Returns a piece to supply, a correct one or a wrong one.
    pub fn piece(&self, input: &mut Input<'_>) -> Option<Piece> {
        let id = self.some_id(input)?;
        let (offset, owed) = self.sources[&id].next(self.is_shared);
        let length = match input.byte() % 8 {
            0..=2 => owed,
            3 => owed / 2,
            4 => owed.min(1),
            5 => 0,
            6 => owed + 1 + u64::from(input.byte()),
            _ => u64::from(input.short()),
        };
        let reaches_end = self.told < 0 && offset + length >= self.length;
        let length = if self.told < 0 {
            length.min(self.length.saturating_sub(offset))
        } else {
            length
        };
        let is_last = reaches_end || input.byte() > 250;
        Some(self.make(id, offset, length, is_last))
    }

    fn make(&self, id: i32, offset: u64, length: u64, is_last: bool) -> Piece {
        Piece {
            id,
            offset,
            bytes: pattern(offset, length),
            is_last,
            is_owed: self.sources[&id].owes(offset, length, self.is_shared),
        }
    }

    /// Returns the next piece that a connection is owed.
    pub fn honest_piece(&self) -> Option<Piece> {
        let owed = |(id, source): (&i32, &Source)| (*id, source.next(self.is_shared));
        let (id, (offset, length)) =
            self.sources.iter().map(owed).find(|(_, (_, owed))| *owed > 0)?;
        let length = length.min(self.length.saturating_sub(offset));
        let is_last = offset + length >= self.length;
        Some(self.make(id, offset, length, is_last))
    }

    /// Records and checks the library's result for a piece.
    pub fn supplied(&mut self, piece: &Piece, code: i32) {
        let (length, is_owed) = (piece.bytes.len() as u64, piece.is_owed);
        let is_beyond = self.told >= 0 && piece.offset + length > self.told as u64;
        let is_shared = self.is_shared;
        let source = self.sources.get_mut(&piece.id).expect("it has begun");
        match code {
            0 => {
                assert!(!is_beyond || is_shared, "more than there is was taken");
                // The library may have used it for another pass over the source, in which this
                // offset is not the next.
                self.is_muddled |= is_shared && !is_owed;
                source.take(length);
                if piece.is_last {
                    source.forget();
                }
            }
            905 => assert!(
                !is_owed || is_shared || source.has_ended,
                "{length} bytes are owed, and refused"
            ),
            _ => source.forget(),
        }
    }

    /// Records that nothing more can be supplied under this name.
    pub fn forget(&mut self, id: i32) {
        self.sources.get_mut(&id).expect("it has begun").forget();
    }
}

impl Source {
    /// Returns the offset and the length of the data that is owed next.
    fn next(&self, is_shared: bool) -> (u64, u64) {
        match self.owed.front() {
            Some(owed) => *owed,
            None if is_shared => (self.requested, 0),
            None => (self.supplied, self.requested.saturating_sub(self.supplied)),
        }
    }

    fn owes(&self, offset: u64, length: u64, is_shared: bool) -> bool {
        if !is_shared {
            // Before the first request even an empty piece is not owed.
            return self.requested > 0 && offset + length <= self.requested;
        }
        let mut end = offset;
        for (start, length) in &self.owed {
            if *start == end {
                end += length;
            }
        }
        offset + length <= end
    }

    fn take(&mut self, mut length: u64) {
        self.supplied += length;
        while let Some((offset, owed)) = self.owed.front_mut() {
            let taken = length.min(*owed);
            (*offset, *owed, length) = (*offset + taken, *owed - taken, length - taken);
            if *owed > 0 {
                return;
            }
            self.owed.pop_front();
        }
    }

    fn forget(&mut self) {
        self.owed.clear();
        self.supplied = self.supplied.max(self.requested);
    }
}
