//! Tests fed downloads. The received bytes are compared with the contents of the source;
//! `simulated.rs` tries many orders, by seed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use tftp_proto::netascii::Encoder;
use tftp_proto::wire::Mode;
use tftp_proto::{Instant, Rollover};

use super::*;
use crate::content_cache::Completed;
use crate::testing::{Bench, Simulated, owner};
use crate::{DownloadStream, Opening, Place, Standing, Supply};

mod ahead;
mod passes;
mod simulated;

/// Records the requests.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<VecDeque<Wanted>>>);

impl Asks for Asked {
    fn ask(&self, wanted: Wanted) {
        self.0.lock().unwrap().push_back(wanted);
    }
}

impl Asked {
    fn take(&self) -> Vec<Wanted> {
        self.0.lock().unwrap().drain(..).collect()
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((u128::from(self.0 >> 11) * u128::from(bound.max(1))) >> 53) as u64
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }
}

fn byte(offset: u64) -> u8 {
    match (offset.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as u8 {
        // Line ends are frequent, to exercise netascii.
        0..32 => b'\n',
        32..64 => b'\r',
        other => other,
    }
}

/// Returns bytes of the one source that all tests use.
fn source(range: std::ops::Range<u64>) -> Vec<u8> {
    static SOURCE: LazyLock<Vec<u8>> = LazyLock::new(|| (0..11 << 20).map(byte).collect());
    SOURCE[range.start as usize..range.end as usize].to_vec()
}

fn text(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    Encoder::new().encode(bytes, &mut text);
    text
}

/// One client and its received bytes.
struct Client {
    download: DownloadStream<Simulated>,
    index: u32,
    got: Vec<u8>,
    blksize: u64,
    window: u64,
    is_text: bool,
    is_pending: bool,
}

enum Step {
    Waits,
    Moves,
    Done,
    Failed(std::io::Error),
}

struct World {
    bench: Bench,
    asked: Asked,
    feeds: Arc<Feeds>,
    now: Instant,
}

impl World {
    fn new() -> World {
        World::of(Feeds::new)
    }

    /// Creates a world whose sources are read ahead.
    fn reading_ahead() -> World {
        World::of(Feeds::reading_ahead)
    }

    fn of(feeds: impl FnOnce(Asked) -> Arc<Feeds>) -> World {
        let asked = Asked::default();
        World {
            bench: Bench::new(),
            feeds: feeds(asked.clone()),
            asked,
            now: Instant::from_micros(0),
        }
    }

    fn client(
        &mut self,
        name: i32,
        size: Option<u64>,
        key: Option<&str>,
        (blksize, window): (u64, u64),
        mode: Mode,
    ) -> Client {
        let place = Place::Fed(Arc::new(Fed {
            feeds: Arc::clone(&self.feeds),
            name,
            size,
            key: key.map(Arc::from),
        }));
        let index = name as u32;
        let Opening::Now(Ok(opened)) =
            self.bench.cache.open(owner(index), &place, Standing::HalfOpen)
        else {
            panic!("not at once")
        };
        let mut download = DownloadStream::new(opened, mode);
        download.set_window(blksize as u16, window as u16, Rollover::Zero, 1);
        Client {
            download,
            index,
            got: Vec::new(),
            blksize,
            window: blksize * window,
            is_text: mode == Mode::Netascii,
            is_pending: false,
        }
    }

    fn plain(&mut self, name: i32, size: Option<u64>, key: Option<&str>) -> Client {
        self.client(name, size, key, (1428, 1), Mode::Octet)
    }

    /// Reads one window.
    fn step(&mut self, client: &mut Client) -> Step {
        if client.is_pending {
            return Step::Waits;
        }
        let at = client.got.len() as u64;
        match client
            .download
            .ensure(&mut self.bench.cache, owner(client.index), at + client.window)
        {
            Supply::Have { available, end } => {
                let upto = match end {
                    true => available.min(at + client.window),
                    false => {
                        at + (available - at).min(client.window) / client.blksize * client.blksize
                    }
                };
                let before = client.got.len();
                let got = &mut client.got;
                client
                    .download
                    .slices(at..upto, |bytes, range| got.extend_from_slice(&bytes[range]));
                assert_eq!(client.got.len() as u64, upto, "everything available is held");
                client.download.release(upto);
                match (end && upto == available, client.got.len() > before) {
                    (true, _) => Step::Done,
                    (false, true) => Step::Moves,
                    (false, false) => panic!("neither bytes nor the end"),
                }
            }
            Supply::Pending => {
                client.is_pending = true;
                Step::Waits
            }
            Supply::Failed(error) => Step::Failed(error),
            Supply::Parked => panic!("nothing is parked"),
        }
    }

    /// Delivers the completions to their clients.
    fn deliver(&mut self, clients: &mut BTreeMap<u32, Client>) {
        for completion in self.bench.completions() {
            let owner = completion.owner();
            let Completed::Read(mut read) = self.bench.cache.complete(completion) else {
                panic!("not a read")
            };
            if let Some(client) = clients.get_mut(&owner.index) {
                client.download.accept(&mut self.bench.cache, owner, &mut read);
                client.is_pending = false;
            }
            for waiting in &read.waiting {
                if let Some(client) = clients.get_mut(&waiting.index) {
                    client.is_pending = false;
                }
            }
        }
    }
}

#[test]
fn requests_cover_two_windows() {
    for (window, most) in [
        ((512, 1), 32 << 10),
        ((1428, 4), 32 << 10),
        ((1428, 64), 2 * 1428 * 64),
        ((65464, 16), 2 * 65464 * 16),
    ] {
        let mut world = World::new();
        let mut client = world.client(1, Some(10 << 20), None, window, Mode::Octet);
        assert_eq!(world.asked.take(), [], "nothing before it reads");
        assert!(matches!(world.step(&mut client), Step::Waits));
        let first = Wanted {
            name: 1,
            offset: 0,
            length: most,
        };
        assert_eq!(world.asked.take(), [first]);
        assert!(matches!(world.step(&mut client), Step::Waits));
        let bytes = source(0..most);
        assert_eq!(
            world.feeds.supply(1, &source(0..most + 1), false),
            Err(Refused::TooMuch)
        );
        world.feeds.supply(1, &bytes[..1000], false).unwrap();
        world.feeds.supply(1, &bytes[1000..], false).unwrap();
        assert_eq!(world.asked.take(), [], "no room");
        assert_eq!(world.feeds.supply(1, b"x", false), Err(Refused::TooMuch));
    }
}

#[test]
fn more_is_requested_below_half_and_never_twice() {
    let mut world = World::new();
    let size = 200_000;
    let mut clients = BTreeMap::from([(1, world.plain(1, Some(size), None))]);
    let (mut asked, mut supplied) = (0, 0);
    loop {
        let client = clients.get_mut(&1).unwrap();
        let mut client = std::mem::replace(client, world.plain(2, None, None));
        let is_done = matches!(world.step(&mut client), Step::Done);
        clients.insert(1, client);
        for wanted in world.asked.take() {
            assert_eq!(wanted.offset, asked, "in order, without gap or overlap");
            asked += wanted.length;
            assert!(asked - supplied <= 48 << 10 && asked <= size);
        }
        if is_done {
            break;
        }
        if supplied < asked {
            let next = (supplied + 700).min(asked);
            world.feeds.supply(1, &source(supplied..next), false).unwrap();
            supplied = next;
        }
        world.deliver(&mut clients);
    }
    assert_eq!((asked, supplied), (size, size));
    assert_eq!(world.feeds.supply(1, b"", true), Err(Refused::Over));
}

/// The application supplies in pieces of any size, so that pieces and windows have no bounds in
/// common, and the last piece of a request may be a few bytes: they are handed on if nothing more
/// is requested until the client goes on.
#[test]
fn no_download_waits_for_what_is_not_requested() {
    for seed in 0..3000 {
        let mut random = Random(seed);
        let mut world = World::new();
        let size = 300_000 + random.below(1000);
        let window = [(512, 64), (512, 16), (1428, 8), (8192, 2)][random.below(4) as usize];
        let mut clients =
            BTreeMap::from([(1, world.client(1, Some(size), None, window, Mode::Octet))]);
        let patience = 2 + random.below(8);
        let (mut asked, mut supplied, mut is_done) = (0, 0, false);
        while !is_done {
            asked += world.asked.take().iter().map(|wanted| wanted.length).sum::<u64>();
            if supplied == asked || random.one_in(patience) {
                match step(&mut world, &mut clients, 1) {
                    Step::Failed(error) => panic!("{error}"),
                    Step::Waits if world.asked.0.lock().unwrap().is_empty() => {
                        assert!(supplied < asked, "seed {seed}: stuck at {supplied} of {size}");
                    }
                    result => is_done = matches!(result, Step::Done),
                }
                continue;
            }
            let rest = asked - supplied;
            let part = match random.below(3) {
                0 if rest > 2000 => rest - random.below(2000),
                1 => random.below(rest),
                _ => random.below(600),
            };
            let next = (supplied + 1 + part).min(asked);
            world.feeds.supply(1, &source(supplied..next), false).unwrap();
            supplied = next;
        }
        assert!(clients[&1].got == source(0..size), "seed {seed}");
    }
}

#[test]
fn a_source_that_ends_early_fails_and_one_of_unknown_size_ends_there() {
    for (size, is_whole) in [(Some(20_000), false), (None, true)] {
        for supplied in [0, 1, 700, 10_000] {
            let mut world = World::new();
            let mut clients = BTreeMap::from([(1, world.plain(1, size, None))]);
            assert_eq!(clients[&1].download.stream_size(), size);
            step(&mut world, &mut clients, 1);
            world.feeds.supply(1, &source(0..supplied), true).unwrap();
            let mut outcome = step(&mut world, &mut clients, 1);
            while matches!(outcome, Step::Moves | Step::Waits) {
                outcome = step(&mut world, &mut clients, 1);
            }
            match outcome {
                Step::Done if is_whole => assert!(clients[&1].got == source(0..supplied)),
                Step::Failed(error) if !is_whole => {
                    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
                }
                _ => panic!("neither whole nor failed"),
            }
        }
    }
}

fn step(world: &mut World, clients: &mut BTreeMap<u32, Client>, id: u32) -> Step {
    world.deliver(clients);
    let mut client = clients.remove(&id).unwrap();
    let step = world.step(&mut client);
    clients.insert(id, client);
    step
}

/// Supplies all requests and lets every client read, `rounds` times. Returns the number of
/// requested bytes.
fn run(world: &mut World, clients: &mut BTreeMap<u32, Client>, rounds: usize) -> u64 {
    let mut asked = 0;
    for _ in 0..rounds {
        for Wanted {
            name,
            offset,
            length,
        } in world.asked.take()
        {
            asked += length;
            world
                .feeds
                .supply(name, &source(offset..offset + length), false)
                .unwrap();
        }
        let ids: Vec<u32> = clients.keys().copied().collect();
        for id in ids {
            let _ = step(world, clients, id);
        }
    }
    asked
}

#[test]
fn three_hundred_downloads_of_one_source_cause_one_pass() {
    let mut world = World::new();
    let size = 1 << 20;
    let mut clients = BTreeMap::new();
    let mut asked = 0;
    // They join one after the other, while the first ones already run.
    for id in 1..=300 {
        clients.insert(id, world.plain(id as i32, Some(size), Some("image")));
        asked += run(&mut world, &mut clients, 1);
    }
    asked += run(&mut world, &mut clients, 900);
    assert_eq!(asked, size);
    for client in clients.values() {
        assert!(client.got == source(0..size));
    }
}

#[test]
fn a_slow_download_delays_the_others_only_briefly() {
    let mut world = World::new();
    let size = 8 << 20;
    let mut clients: BTreeMap<_, _> = (1..=4)
        .map(|id| (id, world.plain(id as i32, Some(size), Some("image"))))
        .collect();
    let slow = {
        run(&mut world, &mut clients, 3);
        clients.remove(&1).unwrap()
    };
    run(&mut world, &mut clients, 2000);
    let held_back = clients[&2].got.len();
    assert!(held_back < 1 << 20, "{held_back}");
    let due = world.bench.cache.drop_slow_readers(world.now).expect("they wait");
    assert_eq!(due, world.now + group::PATIENCE);
    let later = world
        .bench
        .cache
        .drop_slow_readers(due)
        .expect("they wait for what is asked for now");
    assert_eq!(later, due + group::PATIENCE);
    // A later one needs the beginning, which is not kept any more. The slow one needs it as well;
    // it is supplied once for both.
    let asked = run(&mut world, &mut clients, 10_000);
    assert!(clients.values().all(|client| client.got == source(0..size)));
    assert!(asked < size);
    clients.clear();
    clients.insert(1, slow);
    clients.insert(5, world.plain(5, Some(size), Some("image")));
    assert_eq!(run(&mut world, &mut clients, 10_000), size);
    assert!(clients.values().all(|client| client.got == source(0..size)));
}

#[test]
fn a_late_download_reads_the_beginning_and_joins_the_running_pass() {
    let mut world = World::new();
    let size = 4 << 20;
    let mut clients = BTreeMap::from([(1, world.plain(1, Some(size), Some("image")))]);
    let mut asked = run(&mut world, &mut clients, 1400);
    let at = clients[&1].got.len() as u64;
    assert!(at > pass::KEPT && at < size);
    // The first one pauses, and the second catches up.
    let first = clients.remove(&1).unwrap();
    clients.insert(2, world.plain(2, Some(size), Some("image")));
    asked += run(&mut world, &mut clients, 5000);
    clients.insert(1, first);
    world.now += Duration::from_secs(1);
    asked += run(&mut world, &mut clients, 5000);
    assert!(clients.values().all(|client| client.got == source(0..size)));
    let again = asked - size;
    assert!(again <= at + (64 << 10), "{again} of {at}");
}

#[test]
fn different_sizes_under_one_key_are_different_sources() {
    let mut world = World::new();
    let mut clients = BTreeMap::new();
    for (id, size) in [(1, Some(1000)), (2, Some(1001)), (3, None), (4, Some(1000))] {
        clients.insert(id, world.plain(id as i32, size, Some("image")));
        step(&mut world, &mut clients, id);
    }
    let offsets: Vec<_> = world.asked.take().iter().map(|wanted| wanted.name).collect();
    assert_eq!(offsets, [1, 2, 3]);
    world.feeds.supply(4, &source(0..1000), false).unwrap();
    assert!(matches!(step(&mut world, &mut clients, 1), Step::Done));
    assert!(matches!(step(&mut world, &mut clients, 4), Step::Done));
    assert!(matches!(step(&mut world, &mut clients, 2), Step::Waits));
}

#[test]
fn one_download_is_named_as_long_as_it_reads() {
    let mut world = World::new();
    let size = 1 << 20;
    let mut clients: BTreeMap<_, _> = (1..=3)
        .map(|id| (id, world.plain(id as i32, Some(size), Some("image"))))
        .collect();
    // The last one that joined reads first.
    step(&mut world, &mut clients, 3);
    let mut names = Vec::new();
    for _ in 0..100 {
        for Wanted {
            name,
            offset,
            length,
        } in world.asked.take()
        {
            names.push(name);
            world
                .feeds
                .supply(name, &source(offset..offset + length), false)
                .unwrap();
        }
        (1..=3).for_each(|id| drop(step(&mut world, &mut clients, id)));
    }
    assert!(
        names.len() > 3 && names.iter().all(|name| *name == 3),
        "{names:?}"
    );
}

#[test]
fn data_is_accepted_for_an_ended_download_while_others_run() {
    let mut world = World::new();
    let mut clients = BTreeMap::new();
    for id in 1..=2 {
        clients.insert(id, world.plain(id as i32, Some(1000), Some("image")));
        step(&mut world, &mut clients, id);
    }
    assert_eq!(world.asked.take()[0].name, 1);
    clients.remove(&1);
    world.feeds.supply(1, &source(0..600), false).unwrap();
    world.feeds.supply(2, &source(600..1000), false).unwrap();
    assert!(matches!(step(&mut world, &mut clients, 2), Step::Done));
    assert!(clients[&2].got == source(0..1000));
    assert!(world.feeds.knows(1));
    clients.clear();
    assert!(!world.feeds.knows(1));
    assert_eq!(world.feeds.supply(1, b"", false), Err(Refused::Over));
}

#[test]
fn a_download_not_yet_begun_finds_the_beginning_after_all_others_end() {
    let mut world = World::new();
    let mut clients = BTreeMap::from([(1, world.plain(1, Some(1000), Some("image")))]);
    step(&mut world, &mut clients, 1);
    clients.insert(2, world.plain(2, Some(1000), Some("image")));
    world.asked.take();
    world.feeds.supply(1, &source(0..1000), false).unwrap();
    assert!(matches!(step(&mut world, &mut clients, 1), Step::Done));
    clients.remove(&1);
    assert!(matches!(step(&mut world, &mut clients, 2), Step::Done));
    assert_eq!(world.asked.take(), []);
}

#[test]
fn a_thousand_of_different_sources_hold_little() {
    hold_little(World::new());
    hold_little(World::reading_ahead());
}

fn hold_little(mut world: World) {
    let mut clients: BTreeMap<_, _> = (1..=1000)
        .map(|id| (id, world.plain(id as i32, Some(10 << 20), None)))
        .collect();
    // All requests are supplied, byte by byte where that is worst, and no client acknowledges
    // anything.
    for id in 1..=1000 {
        step(&mut world, &mut clients, id);
    }
    for Wanted {
        name,
        offset,
        length,
    } in world.asked.take()
    {
        let bytes = source(offset..offset + length);
        let crumbs = if name % 2 == 0 { 100 } else { bytes.len() };
        for crumb in bytes.chunks(crumbs) {
            world.feeds.supply(name, crumb, false).unwrap();
            world.deliver(&mut clients);
            let mut client = clients.remove(&(name as u32)).unwrap();
            let _ = client
                .download
                .ensure(&mut world.bench.cache, owner(name as u32), 1428);
            clients.insert(name as u32, client);
        }
    }
    assert_eq!(world.asked.take(), []);
    let memory = memory(&world);
    assert!(memory <= 1000 * 40_000, "{memory}");
}

/// Returns the bytes that all sources hold in memory.
fn memory(world: &World) -> usize {
    let known = world.feeds.known.lock();
    let groups = known.names.values().filter_map(Weak::upgrade);
    groups.map(|group| group.state.lock().memory()).sum()
}

/// One download of the key runs at any time, so that the source is never empty.
#[test]
fn names_of_ended_downloads_are_forgotten() {
    let world = World::new();
    let fed = |name, size| Fed {
        feeds: Arc::clone(&world.feeds),
        name,
        size,
        key: Some("image".into()),
    };
    for (size, reads) in [(Some(1_000_000), false), (Some(20 << 20), true), (None, true)] {
        let first = fed(1, size).join();
        first.find(0).unwrap();
        let wanted = world.asked.take()[0];
        let mut last = fed(2, size).join();
        drop(first);
        for name in 3..10_000 {
            last = fed(name, size).join();
            if reads {
                last.find(0).unwrap();
            }
        }
        assert!(world.feeds.known().0 < 3000, "{:?}", world.feeds.known());
        // The name of a request is kept.
        let piece = source(0..wanted.length);
        world.feeds.supply(wanted.name, &piece, false).unwrap();
        drop(last);
        assert_eq!(world.feeds.known(), (0, 0));
        world.asked.take();
    }
}

/// Supplies the data of one download inside [`Asks::wake`], as happens when the system can start
/// no thread for the application.
struct AtOnce {
    feeds: Weak<Feeds>,
    name: i32,
    asked: Asked,
    served: AtomicU64,
}

impl Asks for Arc<AtOnce> {
    fn ask(&self, wanted: Wanted) {
        self.asked.ask(wanted);
    }

    fn wake(&self) {
        let Some(feeds) = self.feeds.upgrade() else {
            return;
        };
        for wanted in self.asked.take() {
            if wanted.name == self.name {
                let range = wanted.offset..wanted.offset + wanted.length;
                feeds.supply(wanted.name, &source(range), false).unwrap();
                self.served.fetch_add(1, SeqCst);
            }
        }
    }
}

#[test]
fn a_thread_that_supplies_one_download_may_be_asked_for_another() {
    let mut asks = None;
    let feeds = Arc::new_cyclic(|feeds| {
        let at_once = Arc::new(AtOnce {
            feeds: Weak::clone(feeds),
            name: 2,
            asked: Asked::default(),
            served: AtomicU64::new(0),
        });
        asks = Some(Arc::clone(&at_once));
        Arc::into_inner(Feeds::new(at_once)).unwrap()
    });
    let [first, second] = [1, 2].map(|name| {
        let fed = Fed {
            feeds: Arc::clone(&feeds),
            name,
            size: Some(500_000),
            key: Some("image".into()),
        };
        let reader = fed.join();
        reader.find(0).unwrap();
        reader
    });
    drop(first);
    // The outstanding request names the first download. When its last byte is supplied, the next
    // request names the second one.
    let served = || asks.as_ref().unwrap().served.load(SeqCst);
    let (mut at, mut supplied) = (0, 0);
    while served() == 0 {
        feeds.supply(1, &source(supplied..supplied + 512), false).unwrap();
        supplied += 512;
        while served() == 0
            && let Piece::Bytes { bytes, .. } = second.find(at).unwrap()
        {
            at += bytes.len() as u64;
            second.release(at);
        }
    }
    assert_eq!(supplied, 2 * pass::LEAST_WINDOW);
}
