//! The downloads that share one source, and the passes over it. One pass serves all of them as long
//! as each finds its bytes there; a download that finds them in no pass gets a new one. No lock, no
//! thread.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tftp_proto::Instant;

use super::Wanted;
use super::ahead::{self, Budget, Share};
use super::pass::{Found, Pass, Refused};

/// The time for which the slowest readers of a pass may hold the others back. Then the pass goes on
/// without them.
pub(super) const PATIENCE: Duration = Duration::from_millis(500);

/// The number of ended downloads whose names a source keeps in any case.
const LEAST_LEFT: usize = 64;

/// The number of ended downloads whose names a pass keeps although no request carried them.
const MOST_LEFT: usize = 1024;

/// A callback that resumes a download that waits for data.
pub(super) type Waiter = Box<dyn FnOnce() + Send>;

/// Identifies a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PassId(pub(super) u64);

/// The state of one source.
pub(super) struct State {
    size: Option<u64>,
    is_shared: bool,
    passes: BTreeMap<PassId, Entry>,
    readers: BTreeMap<u32, Reader>,
    names: BTreeMap<i32, Name>,
    /// The names of downloads that have left, the oldest first.
    left: VecDeque<i32>,
    /// The length of `left` from which on names are forgotten.
    most_left: usize,
    next_pass: u64,
    next_reader: u32,
    budget: Arc<Budget>,
}

#[derive(Default)]
struct Name {
    /// The pass that data supplied under it belongs to; `None` before it has read anything.
    pass: Option<PassId>,
    /// The application serves no request that carries it and begins at this offset or later.
    refused_from: Option<u64>,
    /// A request for bytes of that pass has carried it.
    was_carried: bool,
    has_left: bool,
}

struct Entry {
    pass: Pass,
    /// Its part of the memory for reading ahead.
    share: Share,
    /// The waiting downloads, with the offset from which on each needs data.
    waiting: Vec<(u64, Waiter)>,
    /// The time since which slow readers have held the others back.
    held_back_since: Option<Instant>,
    /// The reader whose name the last request carried, and that name. All outstanding requests
    /// carry it.
    named: Option<(u32, i32)>,
    /// The application has ended every download that could read it, and supplies it no further.
    is_abandoned: bool,
}

struct Reader {
    name: i32,
    /// The first offset that it needs.
    at: u64,
    window: u64,
    /// Its pass; `None` before it reads, and after it was left behind.
    pass: Option<PassId>,
    /// The application has ended it.
    is_ended: bool,
}

impl State {
    /// Creates the state of a source. Pass numbers begin at `first_pass`.
    pub(super) fn new(
        size: Option<u64>,
        is_shared: bool,
        first_pass: u64,
        budget: &Arc<Budget>,
    ) -> State {
        State {
            size,
            is_shared,
            passes: BTreeMap::new(),
            readers: BTreeMap::new(),
            names: BTreeMap::new(),
            left: VecDeque::new(),
            most_left: LEAST_LEFT,
            next_pass: first_pass,
            next_reader: 0,
            budget: Arc::clone(budget),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.readers.is_empty()
    }

    /// The names of its downloads and of those that have left, if they are not forgotten.
    pub(super) fn names(&self) -> impl Iterator<Item = i32> {
        self.names.keys().copied()
    }

    /// Adds a download. Until it reads, it holds no data, and does not hold others back.
    pub(super) fn join(&mut self, name: i32) -> u32 {
        let id = self.next_reader;
        self.next_reader = self.next_reader.wrapping_add(1);
        let reader = Reader {
            name,
            at: 0,
            window: 0,
            pass: None,
            is_ended: false,
        };
        self.readers.insert(id, reader);
        self.names.entry(name).or_default().has_left = false;
        id
    }

    /// Removes a download that has ended. Returns the names that are forgotten now.
    pub(super) fn leave(&mut self, id: u32) -> Vec<i32> {
        let Some(reader) = self.readers.remove(&id) else {
            return Vec::new();
        };
        self.detach(reader.pass, reader.at);
        self.abandon();
        self.drop_unread();
        if let Some(name) = self.names.get_mut(&reader.name) {
            name.has_left = true;
        }
        self.left.push_back(reader.name);
        if self.left.len() > self.most_left {
            self.forget_names()
        } else {
            Vec::new()
        }
    }

    /// Forgets the names of ended downloads under which nothing can be supplied any more, and the
    /// oldest of those that no request carried. Returns them.
    fn forget_names(&mut self) -> Vec<i32> {
        let left = std::mem::take(&mut self.left);
        let is_spare = |name: &i32| self.names.get(name).is_some_and(|name| !name.was_carried);
        let mut surplus = left.iter().filter(|name| is_spare(name)).count();
        surplus = surplus.saturating_sub(MOST_LEFT);
        let mut forgotten = Vec::new();
        for name in left {
            let Some(state) = self.names.get(&name).filter(|state| state.has_left) else {
                continue;
            };
            let is_surplus = surplus > 0 && !state.was_carried;
            surplus -= usize::from(is_surplus);
            let pass = state.pass.and_then(|pass| self.passes.get(&pass));
            if !is_surplus && pass.is_some_and(|entry| entry.pass.is_open()) {
                self.left.push_back(name);
            } else {
                self.names.remove(&name);
                forgotten.push(name);
            }
        }
        self.most_left = LEAST_LEFT.max(2 * self.left.len());
        forgotten
    }

    /// Notes that the application has ended the download of this name, which still has to leave.
    pub(super) fn end(&mut self, name: i32) {
        let ended = self.readers.values_mut().find(|reader| reader.name == name);
        if let Some(reader) = ended {
            reader.is_ended = true;
            self.abandon();
        }
    }

    /// Abandons the passes of which the application has ended all that could read them: it may not
    /// supply what was requested before, and a download that joins now would wait for that.
    fn abandon(&mut self) {
        let readers = &self.readers;
        if !readers.values().any(|reader| reader.is_ended) {
            return;
        }
        for (id, entry) in &mut self.passes {
            let is_elsewhere = |pass: Option<PassId>| pass.is_some_and(|pass| pass != *id);
            let mut all = readers.values();
            entry.is_abandoned |= all.all(|reader| reader.is_ended || is_elsewhere(reader.pass));
        }
    }

    fn detach(&mut self, pass: Option<PassId>, at: u64) {
        if let Some(entry) = pass.and_then(|pass| self.passes.get_mut(&pass)) {
            entry.pass.detach(at);
            entry.heed_progress();
        }
    }

    /// Drops passes that no download reads. One that still has the beginning stays for downloads
    /// that have not begun.
    fn drop_unread(&mut self) {
        if self.passes.values().any(|entry| entry.pass.is_unread()) {
            let mut readers = self.readers.values();
            let is_awaited = readers.any(|reader| reader.pass.is_none() && reader.at == 0);
            self.passes
                .retain(|_, entry| !entry.pass.is_unread() || (is_awaited && entry.holds(0)));
        }
    }

    /// Sets the window of a download in bytes.
    pub(super) fn widen(&mut self, id: u32, window: u64) {
        if let Some(reader) = self.readers.get_mut(&id) {
            reader.window = window;
        }
    }

    /// Called when the download needs nothing below `to` any more.
    pub(super) fn release(&mut self, id: u32, to: u64) {
        let Some(reader) = self.readers.get_mut(&id).filter(|reader| reader.at < to) else {
            return;
        };
        let from = std::mem::replace(&mut reader.at, to);
        let entry = reader.pass.and_then(|pass| self.passes.get_mut(&pass));
        if let Some(entry) = entry {
            entry.pass.release(from, to);
            entry.heed_progress();
        }
    }

    /// Finds the bytes from `start` on, and the pass that has them or will have them.
    pub(super) fn find(&mut self, id: u32, start: u64) -> (PassId, Found) {
        let mut pass = self.pass_of(id, start);
        let mut found = self.look(pass, start);
        let is_there = matches!(found, Found::Bytes { .. } | Found::Short);
        let owes = self
            .passes
            .get(&pass)
            .is_some_and(|entry| entry.pass.outstanding() > 0);
        // A reader leaves a pass only if no request of it is outstanding, because supplied data
        // carries no offset. One that the application has ended stays: under its name the
        // application might still end the pass of another.
        let may_leave = (matches!(found, Found::Gone) || !owes) && !self.is_ended(id);
        if !is_there && may_leave {
            let better = self.locate(start);
            if better != pass {
                self.move_to(id, better, start);
                (pass, found) = (better, self.look(better, start));
            } else if self.goes_on_elsewhere(pass, start)
                && let Some(entry) = self.passes.get_mut(&pass)
            {
                found = entry.pass.find_rest(start);
            }
        }
        (pass, found)
    }

    fn look(&mut self, pass: PassId, start: u64) -> Found {
        match self.passes.get_mut(&pass) {
            Some(entry) => entry.pass.find(start),
            None => Found::Gone,
        }
    }

    fn pass_of(&mut self, id: u32, start: u64) -> PassId {
        if let Some(pass) = self.readers.get(&id).and_then(|reader| reader.pass) {
            return pass;
        }
        let pass = match self.is_ended(id) {
            true => self.begin_pass(true),
            false => self.locate(start),
        };
        self.move_to(id, pass, start);
        pass
    }

    fn is_ended(&self, id: u32) -> bool {
        self.readers.get(&id).is_some_and(|reader| reader.is_ended)
    }

    /// Returns the pass in which a download finds the bytes from `start` on: one that holds them,
    /// one that will reach them, or a new one.
    fn locate(&mut self, start: u64) -> PassId {
        let holding = self.passes.iter().filter(|(_, entry)| entry.holds(start));
        let coming = self
            .passes
            .iter()
            .filter(|(_, entry)| entry.is_open() && entry.pass.supplied() <= start);
        let farthest = |(_, entry): &(&PassId, &Entry)| entry.pass.supplied();
        let found = holding
            .max_by_key(farthest)
            .or_else(|| coming.max_by_key(farthest));
        match found {
            Some((id, _)) => *id,
            None => self.begin_pass(false),
        }
    }

    fn begin_pass(&mut self, is_abandoned: bool) -> PassId {
        let id = PassId(self.next_pass);
        self.next_pass += 1;
        let entry = Entry {
            pass: Pass::new(self.size, self.is_shared),
            share: Share::new(&self.budget),
            waiting: Vec::new(),
            held_back_since: None,
            named: None,
            is_abandoned,
        };
        self.passes.insert(id, entry);
        id
    }

    fn move_to(&mut self, id: u32, to: PassId, start: u64) {
        let Some(reader) = self.readers.get_mut(&id) else {
            return;
        };
        let (from, at) = (reader.pass.replace(to), reader.at);
        reader.at = start.max(at);
        let name = self.names.entry(reader.name).or_default();
        (name.pass, name.was_carried) = (Some(to), false);
        if let Some(entry) = self.passes.get_mut(&to) {
            entry.pass.widen(reader.window);
            entry.pass.attach(reader.at);
        }
        self.detach(from, at);
        self.abandon();
        self.drop_unread();
    }

    /// Keeps `waiter` until there are more bytes from `start` on. Returns it if there are already.
    pub(super) fn wait(&mut self, pass: PassId, start: u64, waiter: Waiter) -> Option<Waiter> {
        let is_elsewhere = self.goes_on_elsewhere(pass, start);
        match self.passes.get_mut(&pass) {
            Some(entry) if !entry.pass.can_go_on(start) && !is_elsewhere => {
                entry.waiting.push((start, waiter));
                None
            }
            _ => Some(waiter),
        }
    }

    /// Returns true if a pass gets no more data for now although it has room, because another pass
    /// has the bytes that follow.
    fn ends_in_another(&self, pass: PassId) -> bool {
        self.passes.len() > 1
            && self.passes.get(&pass).is_some_and(|entry| {
                let owes_nothing = entry.pass.is_open() && entry.pass.outstanding() == 0;
                owes_nothing && self.is_in_another(pass, entry.pass.asked())
            })
    }

    /// Returns true if a reader at `start` would otherwise wait for ever: it reads the rest of its
    /// pass, and then the other one.
    fn goes_on_elsewhere(&self, pass: PassId, start: u64) -> bool {
        let came = |entry: &Entry| start <= entry.pass.supplied();
        self.passes.get(&pass).is_some_and(came) && self.ends_in_another(pass)
    }

    fn is_in_another(&self, pass: PassId, start: u64) -> bool {
        let mut others = self.passes.iter().filter(|(other, _)| **other != pass);
        others.any(|(_, other)| other.holds(start) && other.pass.supplied() > start)
    }

    /// Adds the waiters of all passes whose bytes another pass has, now that data was supplied.
    fn ready_elsewhere(&mut self, ready: &mut Vec<Waiter>) {
        let ids: Vec<PassId> = self.passes.keys().copied().collect();
        for id in ids {
            let Some(entry) = self.passes.get_mut(&id) else {
                continue;
            };
            let waiting = std::mem::take(&mut entry.waiting);
            let (found, rest): (Vec<_>, Vec<_>) = waiting
                .into_iter()
                .partition(|(start, _)| self.goes_on_elsewhere(id, *start));
            ready.extend(found.into_iter().map(|(_, waiter)| waiter));
            if let Some(entry) = self.passes.get_mut(&id) {
                entry.waiting = rest;
            }
        }
    }

    /// Returns whether this many bytes may be supplied under a name.
    pub(super) fn check(&self, name: i32, length: u64) -> Result<Checked, Refused> {
        let name = self.names.get(&name).ok_or(Refused::Over)?;
        let pass = name.pass.ok_or(Refused::TooMuch)?;
        let entry = self.passes.get(&pass).ok_or(Refused::Over)?;
        entry.pass.check(length)?;
        Ok(Checked {
            pass,
            taken_back: entry.pass.taken_back(),
            piece: entry.pass.piece(),
        })
    }

    /// Takes checked data, and adds the waiters that can go on to `ready`. Returns false if it took
    /// nothing: the pass has ended since the check, or its requests were taken back. The same bytes
    /// may then have been requested for another download.
    pub(super) fn take(
        &mut self,
        checked: &Checked,
        bytes: &[u8],
        is_last: bool,
        ready: &mut Vec<Waiter>,
    ) -> bool {
        let Some(entry) = self.passes.get_mut(&checked.pass) else {
            return false;
        };
        let is_stale = entry.pass.taken_back() != checked.taken_back;
        if is_stale || entry.pass.check(bytes.len() as u64).is_err() {
            return false;
        }
        entry.pass.take(bytes, is_last);
        let pass = &entry.pass;
        let found = entry.waiting.extract_if(.., |(start, _)| pass.can_go_on(*start));
        ready.extend(found.map(|(_, waiter)| waiter));
        if self.passes.len() > 1 {
            self.ready_elsewhere(ready);
        }
        true
    }

    /// Returns false if no request is due. Called for every piece that is read, when usually there
    /// is one pass and no request is due.
    #[inline]
    pub(super) fn may_want(&self) -> bool {
        let first = self.passes.first_key_value();
        self.passes.len() > 1 || first.is_some_and(|(_, entry)| entry.is_due())
    }

    /// Returns the next request to the application, if one is due.
    pub(super) fn poll_wanted(&mut self) -> Option<Wanted> {
        if self.passes.len() == 1 {
            let (id, entry) = self.passes.first_key_value()?;
            let id = *id;
            return if entry.is_due() { self.ask(id) } else { None };
        }
        let mut passes = self.passes.iter();
        let mut after = passes.find(|(_, entry)| entry.is_due()).map(|(id, _)| *id);
        while let Some(id) = after {
            if let Some(wanted) = self.ask(id) {
                return Some(wanted);
            }
            let mut later = self.passes.range(PassId(id.0 + 1)..);
            after = later.find(|(_, entry)| entry.is_due()).map(|(id, _)| *id);
        }
        None
    }

    fn ask(&mut self, id: PassId) -> Option<Wanted> {
        // The readers of this pass go on in the other one when they have read so far.
        if self.passes.len() > 1 && self.is_in_another(id, self.passes.get(&id)?.pass.asked()) {
            return None;
        }
        let entry = self.passes.get_mut(&id)?;
        // The same name as before, as long as that download reads this pass: the application has
        // its source open.
        let names = &self.names;
        let is_refused =
            |name: i32| names.get(&name).is_some_and(|name| name.refused_from.is_some());
        let reads = |reader: &&Reader| {
            reader.pass == Some(id) && !reader.is_ended && !is_refused(reader.name)
        };
        let before = entry.named.and_then(|(named, _)| self.readers.get(&named));
        let name = match before.filter(reads) {
            Some(reader) => reader.name,
            // Two names may be two sources that supply at the same time, and data carries no
            // offset.
            None if entry.pass.outstanding() > 0 => return None,
            None => {
                let (named, reader) = self.readers.iter().find(|(_, reader)| reads(reader))?;
                entry.named = Some((*named, reader.name));
                reader.name
            }
        };
        entry.read_ahead();
        let is_starving = !entry.waiting.is_empty();
        let (offset, length) = entry.pass.ask(is_starving)?;
        if let Some(name) = self.names.get_mut(&name) {
            name.was_carried = true;
        }
        Some(Wanted {
            name,
            offset,
            length,
        })
    }

    /// Takes back the rest of a request that the application will not serve, and no further request
    /// carries that name. Adds the waiters that go on in another pass to `ready`.
    pub(super) fn take_back(&mut self, wanted: Wanted, ready: &mut Vec<Waiter>) {
        let Some(name) = self.names.get_mut(&wanted.name) else {
            return;
        };
        // Those that followed the first one were taken back together with it.
        if name.refused_from.is_some_and(|from| from <= wanted.offset) {
            return;
        }
        let entry = name.pass.and_then(|pass| self.passes.get_mut(&pass));
        let Some(entry) = entry.filter(|entry| entry.owes(wanted.name)) else {
            // It was served to its end before, and nothing else was requested under that name: what
            // is outstanding carries that of another download.
            name.refused_from.get_or_insert(u64::MAX);
            return;
        };
        name.refused_from = Some(wanted.offset);
        entry.pass.take_back(wanted.offset);
        if self.passes.len() > 1 {
            self.ready_elsewhere(ready);
        }
    }

    /// No further request carries this name.
    pub(super) fn refuse(&mut self, name: i32) {
        if let Some(name) = self.names.get_mut(&name) {
            name.refused_from.get_or_insert(u64::MAX);
        }
    }

    /// Returns whether what was requested under this name may still be supplied.
    pub(super) fn is_wanted(&self, name: i32) -> bool {
        let pass = self.names.get(&name).and_then(|name| name.pass);
        pass.is_none_or(|id| self.passes.get(&id).is_some_and(|entry| entry.pass.is_open()))
    }

    /// Leaves readers behind that held others back for [`PATIENCE`]. Returns when to call it again.
    pub(super) fn drop_slow_readers(&mut self, now: Instant) -> Option<Instant> {
        if !self.is_shared {
            return None;
        }
        for entry in self.passes.values_mut() {
            entry.drop_slow_readers(now);
        }
        let late: Vec<PassId> = self.late(now);
        for id in late {
            self.drop_reader(id);
        }
        // The next slowest may hold the others back as well, or the same one when it reads again.
        let due = self
            .passes
            .values_mut()
            .filter_map(|entry| entry.drop_slow_readers(now))
            .min();
        let waits = self.passes.values().any(|entry| !entry.waiting.is_empty());
        waits.then(|| due.unwrap_or(now + PATIENCE))
    }

    fn late(&mut self, now: Instant) -> Vec<PassId> {
        let late = self.passes.iter_mut().filter(|(_, entry)| entry.is_late(now));
        late.map(|(id, entry)| {
            entry.held_back_since = None;
            *id
        })
        .collect()
    }

    fn drop_reader(&mut self, id: PassId) {
        let Some(entry) = self.passes.get_mut(&id) else {
            return;
        };
        let limit = entry.pass.too_far_behind();
        let mine = self.readers.values_mut().filter(|reader| reader.pass == Some(id));
        let (slow, others): (Vec<_>, Vec<_>) = mine.partition(|reader| reader.at <= limit);
        if others.is_empty() {
            return;
        }
        for reader in slow {
            reader.pass = None;
            entry.pass.detach(reader.at);
        }
    }

    /// The number of bytes in memory.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.passes.values().map(|entry| entry.pass.memory()).sum()
    }
}

/// Data that may be supplied: see [`State::check`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Checked {
    pass: PassId,
    /// How often requests of the pass were taken back before.
    taken_back: u32,
    /// The largest number of bytes that is taken at once.
    pub(super) piece: usize,
}

impl Entry {
    /// Returns true if requests that carry this name are outstanding.
    fn owes(&self, name: i32) -> bool {
        self.pass.outstanding() > 0 && self.named.is_some_and(|(_, named)| named == name)
    }

    fn is_due(&self) -> bool {
        self.pass.next_request(!self.waiting.is_empty()).is_some() && !self.is_abandoned
    }

    /// Returns true if a download that begins to read it at `start` finds everything from there on.
    fn holds(&self, start: u64) -> bool {
        self.pass.holds(start) && !self.is_abandoned
    }

    /// Returns true if a download can begin to read it beyond what was supplied.
    fn is_open(&self) -> bool {
        self.pass.is_open() && !self.is_abandoned
    }

    /// Fits the memory for reading ahead to the progress of the downloads and to the number of
    /// sources.
    fn read_ahead(&mut self) {
        let useful = self.pass.useful_ahead(ahead::MOST);
        self.pass
            .set_ahead(self.share.adjust(useful, self.pass.used_ahead()));
    }

    fn heed_progress(&mut self) {
        if !self.pass.is_held_back() {
            self.held_back_since = None;
        }
    }

    fn drop_slow_readers(&mut self, now: Instant) -> Option<Instant> {
        if self.waiting.is_empty() || !self.pass.is_held_back() {
            self.held_back_since = None;
            return None;
        }
        let since = *self.held_back_since.get_or_insert(now);
        Some(since + PATIENCE).filter(|due| *due > now)
    }

    fn is_late(&self, now: Instant) -> bool {
        self.held_back_since.is_some_and(|since| since + PATIENCE <= now)
    }
}
