//! The world's application as the source of downloads. It supplies requested data at once, late, in
//! small pieces, too much, too little or never, between two turns of the loop or in the middle of
//! one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tftp_files::{Asks, Fed, Feeds, Refused, Wanted};
use tftp_sim::Rng;

use super::super::counts::Counts;
use super::super::event::{Event, Id, Log, Observation};
use super::super::ground::Ground;
use super::super::judges::{Broken, Judge};
use super::super::plan::{self, Plan, part};
use super::super::simstore::SimStore;
use super::super::sources::{self, Fate, Source};

/// Supplies the downloads of one server.
pub struct Supplier {
    plan: Plan,
    store: SimStore,
    feeds: Arc<Feeds>,
    state: Arc<Mutex<State>>,
}

struct State {
    now: u64,
    knobs: plan::Feeding,
    rng: Rng,
    log: Log,
    /// All downloads so far, by the number under which data is supplied for them.
    downloads: BTreeMap<i32, Download>,
    owed: Vec<Owed>,
    counts: Counts,
    broken: Option<Broken>,
}

#[derive(Clone)]
struct Download {
    id: Id,
    name: Vec<u8>,
    content: &'static [u8],
    source: Source,
    has_ended: bool,
}

/// Data that was requested and not supplied yet.
#[derive(Clone, Copy, Debug)]
struct Owed {
    number: i32,
    from: usize,
    to: usize,
    due: u64,
    /// True if it is supplied in the middle of a turn.
    meanwhile: bool,
}

/// A piece that is to be supplied.
struct Piece {
    owed: Owed,
    bytes: &'static [u8],
    is_last: bool,
    /// The length of a first attempt with more data than requested, if there is one.
    too_much: Option<usize>,
    /// True if the source supplies nothing after it.
    ends: bool,
}

/// The next action.
enum Step {
    Supply(Piece),
    /// Ends these downloads, because their source has failed.
    Fail(Vec<i32>),
}

struct DataRequester(Arc<Mutex<State>>);

impl Asks for DataRequester {
    fn ask(&self, wanted: Wanted) {
        lock(&self.0).ask(wanted);
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Supplier {
    pub fn new(plan: &Plan, round: u64, ground: &Ground) -> Supplier {
        let state = Arc::new(Mutex::new(State {
            now: 0,
            knobs: plan.feeding,
            rng: plan.rng(part::SOURCES).part(round),
            log: ground.log.clone(),
            downloads: BTreeMap::new(),
            owed: Vec::new(),
            counts: Counts::default(),
            broken: None,
        }));
        Supplier {
            plan: *plan,
            store: ground.store.clone(),
            feeds: Feeds::new(DataRequester(Arc::clone(&state))),
            state,
        }
    }

    /// Returns the source of a download, if the application has one for it.
    pub fn feed(&self, number: i32, id: Id, name: &[u8]) -> Option<Arc<Fed>> {
        let content = self.store.lock().files.expected(name);
        let source = sources::of(&self.plan, name, content.len())?;
        let download = Download {
            id,
            name: name.to_vec(),
            content,
            source,
            has_ended: false,
        };
        let mut state = lock(&self.state);
        state.counts.fed += 1;
        state.downloads.insert(number, download);
        Some(Arc::new(Fed {
            feeds: Arc::clone(&self.feeds),
            name: number,
            size: source.sized.then_some(content.len() as u64),
            key: source.keyed.then(|| String::from_utf8_lossy(name).into()),
        }))
    }

    /// Notes the end of a connection.
    pub fn ended(&self, number: i32) {
        if let Some(download) = lock(&self.state).downloads.get_mut(&number) {
            download.has_ended = true;
        }
    }

    /// Supplies the data that is due, between two turns. Returns the downloads that end because
    /// their source has failed.
    pub fn run(&self, now: u64) -> Vec<i32> {
        lock(&self.state).now = now;
        let mut failed = Vec::new();
        while let Some(step) = self.next(|owed| owed.due <= now) {
            failed.extend(self.take(step));
        }
        failed
    }

    /// Supplies data as another thread, while the loop is in the middle of a turn.
    pub fn meanwhile(&self) -> Vec<i32> {
        {
            let mut state = lock(&self.state);
            if !state.owed.iter().any(|owed| owed.meanwhile) || !state.rng.percent(10) {
                return Vec::new();
            }
            state.counts.meanwhile += 1;
        }
        let step = self.next(|owed| owed.meanwhile);
        step.map_or_else(Vec::new, |step| self.take(step))
    }

    /// Returns the time at which the next piece is due.
    pub fn next_at(&self) -> Option<u64> {
        let state = lock(&self.state);
        let first = (0..state.owed.len()).filter(|&place| state.is_first(place));
        first.map(|place| state.owed[place].due).min()
    }

    pub fn count(&self, counts: &mut Counts) {
        counts.add(&std::mem::take(&mut lock(&self.state).counts));
    }

    pub fn take_broken(&self) -> Option<Broken> {
        lock(&self.state).broken.take()
    }

    /// Returns the number of downloads that are over and of which data is kept.
    pub fn left(&self) -> usize {
        let numbers: Vec<i32> = lock(&self.state).downloads.keys().copied().collect();
        numbers
            .into_iter()
            .filter(|number| self.feeds.knows(*number))
            .count()
    }

    fn next(&self, is_due: impl Fn(&Owed) -> bool) -> Option<Step> {
        lock(&self.state).next(is_due)
    }

    /// Performs a step without the lock: supplied data makes room, and more is then requested from
    /// the application.
    fn take(&self, step: Step) -> Vec<i32> {
        let piece = match step {
            Step::Fail(numbers) => return numbers,
            Step::Supply(piece) => piece,
        };
        let number = piece.owed.number;
        if let Some(more) = piece.too_much
            && self.feeds.supply(number, &vec![0; more], false).is_ok()
        {
            let text = format!("{more} bytes were taken for {number}, which were not asked for");
            lock(&self.state)
                .broken
                .get_or_insert(Broken(Judge::Bounds, text));
        }
        let result = self.feeds.supply(number, piece.bytes, piece.is_last);
        lock(&self.state).supplied(&piece, result);
        Vec::new()
    }
}

impl State {
    fn ask(&mut self, wanted: Wanted) {
        let Wanted {
            name,
            offset,
            length,
        } = wanted;
        let Some(download) = self.downloads.get(&name) else {
            let text = format!("{name} is asked for, which is no download");
            self.broken.get_or_insert(Broken(Judge::Order, text));
            return;
        };
        if download.has_ended {
            let text = format!("{name} is asked for, which is over");
            self.broken.get_or_insert(Broken(Judge::Order, text));
        }
        let (id, delay) = (download.id, download.source.delay);
        self.log
            .record(Observation::Event(Event::Wanted { id, offset, length }));
        let meanwhile = self.rng.percent(self.knobs.meanwhile);
        let wait = if meanwhile { 0 } else { self.rng.below(delay + 1) };
        self.owed.push(Owed {
            number: name,
            from: offset as usize,
            to: (offset + length) as usize,
            due: self.now + wait,
            meanwhile,
        });
    }

    /// Returns the next piece that is due, of each pass the earliest request first.
    fn next(&mut self, is_due: impl Fn(&Owed) -> bool) -> Option<Step> {
        loop {
            let place = (0..self.owed.len())
                .find(|&place| is_due(&self.owed[place]) && self.is_first(place))?;
            let owed = self.owed[place];
            let Some(download) = self.downloads.get(&owed.number).cloned() else {
                self.owed.remove(place);
                continue;
            };
            let size = download.content.len();
            let (end, fails) = match download.source.fate {
                Fate::Whole => (size, false),
                Fate::Short(at) | Fate::Forgets(at) => (at, false),
                Fate::Fails(at) => (at, true),
            };
            if owed.from >= end && fails {
                self.owed.remove(place);
                self.counts.failed_sources += 1;
                return Some(Step::Fail(self.sharing(&download)));
            }
            let is_short = matches!(download.source.fate, Fate::Short(_));
            if owed.from > end || owed.from == end && (!is_short && size > 0) {
                // The source stops supplying, or the data was requested before its end was known.
                self.owed.remove(place);
                continue;
            }
            return Some(Step::Supply(self.piece(owed, &download, end)));
        }
    }

    /// Returns true if no other request of its pass comes before it.
    fn is_first(&self, place: usize) -> bool {
        let owed = &self.owed[place];
        let mut before = self.owed[..place].iter();
        before.all(|before| before.to != owed.from || !self.is_one(before, owed))
    }

    /// Returns true if both belong to one source.
    fn is_one(&self, one: &Owed, other: &Owed) -> bool {
        let name = |owed: &Owed| {
            let download = self.downloads.get(&owed.number)?;
            Some((&download.name, download.source.keyed))
        };
        one.number == other.number
            || name(one) == name(other) && name(one).is_some_and(|(_, keyed)| keyed)
    }

    fn piece(&mut self, owed: Owed, download: &Download, end: usize) -> Piece {
        let rest = owed.to.min(end) - owed.from;
        let length = match self.rng.below(4) {
            0 => rest.min(1 + self.rng.below(600) as usize),
            1 => self.rng.below(rest as u64 + 1) as usize,
            _ => rest,
        };
        let ends = owed.from + length == end;
        let is_last = match download.source.fate {
            Fate::Whole => ends && (!download.source.sized || self.rng.percent(50)),
            Fate::Short(_) => ends,
            _ => false,
        };
        let too_much = self.rng.percent(self.knobs.too_much).then(|| {
            self.counts.too_much += 1;
            self.owed.iter().map(|owed| owed.to - owed.from).sum::<usize>() + 1
        });
        Piece {
            owed: Owed {
                to: owed.from + length,
                ..owed
            },
            bytes: &download.content[owed.from..owed.from + length],
            is_last,
            too_much,
            // A source that fails does so after its last piece.
            ends: ends && !matches!(download.source.fate, Fate::Fails(_)),
        }
    }

    fn supplied(&mut self, piece: &Piece, result: Result<(), Refused>) {
        let Owed {
            number, from, to, ..
        } = piece.owed;
        let found = self
            .owed
            .iter()
            .position(|owed| owed.number == number && owed.from == from);
        let Some(place) = found else { return };
        // No download needs that pass any more, or this one reads another pass by now.
        let is_over = result.is_err() || piece.ends || self.owed[place].to == to;
        if is_over {
            self.owed.remove(place);
        } else {
            let delay = self
                .downloads
                .get(&number)
                .map_or(0, |download| download.source.delay);
            let wait = if self.owed[place].meanwhile {
                0
            } else {
                self.rng.below(delay + 1)
            };
            let owed = &mut self.owed[place];
            (owed.from, owed.due) = (to, self.now + wait);
        }
        self.counts.supplied += u64::from(result.is_ok());
    }

    /// Returns the running downloads of this source.
    fn sharing(&self, failed: &Download) -> Vec<i32> {
        let shares = |download: &Download| match failed.source.keyed {
            true => download.name == failed.name,
            false => download.id == failed.id,
        };
        let running = self.downloads.iter().filter(|(_, download)| !download.has_ended);
        let sharing = running.filter(|(_, download)| shares(download));
        sharing.map(|(number, _)| *number).collect()
    }
}
