//! Many seeds on all processors; how many: TFTP_TRANSFERS, of which each family of plans has its
//! share. They begin with 1, or after TFTP_SEEDS_AFTER, for a million other ones.

use super::judge::Ending;
use super::plan::Plan;
use super::{Report, Rng};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// The number of transfers in `make test`.
const TRANSFERS: u64 = 10_000;

/// Transfers of one kind, one a seed.
pub struct Family {
    /// The test's name.
    pub name: &'static str,
    /// Of a thousand transfers, and the fewest.
    pub share: u64,
    pub least: u64,
    pub plan: fn(u64, &mut Rng) -> Plan,
    /// Runs the plan; the generator goes on where the plan has left it.
    pub test: fn(&Plan, &mut Rng) -> Report,
}

/// The results.
#[derive(Debug, Default)]
pub struct Tally {
    pub endings: BTreeMap<Ending, u64>,
    pub transfers: u64,
    pub datagrams: u64,
    pub longest: u64,
    pub half_open: u64,
}

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

impl Family {
    /// Runs them all, or only the seed in TFTP_SEED, and prints the one that failed.
    pub fn run(&self) -> Tally {
        let tally = match variable("TFTP_SEED") {
            Some(seed) => {
                println!("{:#?}", self.chosen(seed).0);
                let mut tally = Tally::default();
                tally.add(&self.one(seed));
                tally
            }
            None => self.all(),
        };
        tally.tell(self.name);
        tally
    }

    fn chosen(&self, seed: u64) -> (Plan, Rng) {
        let mut rng = Rng(seed);
        let plan = (self.plan)(seed, &mut rng);
        (plan, rng)
    }

    fn one(&self, seed: u64) -> Report {
        let (plan, mut rng) = self.chosen(seed);
        (self.test)(&plan, &mut rng)
    }

    fn all(&self) -> Tally {
        let count =
            (variable("TFTP_TRANSFERS").unwrap_or(TRANSFERS) * self.share / 1000).max(self.least);
        let after = variable("TFTP_SEEDS_AFTER").unwrap_or(0);
        let (next, failed) = (AtomicU64::new(after + 1), AtomicBool::new(false));
        let total = Mutex::new(Tally::default());
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let tally = self.some(&next, after + count, &failed);
                    total.lock().unwrap().merge(tally);
                });
            }
        });
        assert!(!failed.load(Relaxed), "a transfer failed: see above for its seed");
        total.into_inner().unwrap()
    }

    /// One thread's part: seed after seed until there are enough or one has failed.
    fn some(&self, next: &AtomicU64, last: u64, failed: &AtomicBool) -> Tally {
        let mut tally = Tally::default();
        loop {
            let seed = next.fetch_add(1, Relaxed);
            if seed > last || failed.load(Relaxed) {
                return tally;
            }
            match catch_unwind(AssertUnwindSafe(|| self.one(seed))) {
                Ok(report) => tally.add(&report),
                Err(_) => {
                    failed.store(true, Relaxed);
                    let plan = self.chosen(seed).0;
                    eprintln!(
                        "failed: TFTP_SEED={seed} cargo test -p tftp-proto --test simulated {}",
                        self.name
                    );
                    eprintln!("{plan:?}");
                    return tally;
                }
            }
        }
    }
}

impl Tally {
    fn add(&mut self, report: &Report) {
        *self.endings.entry(report.ending).or_default() += 1;
        self.transfers += 1;
        self.datagrams += report.sent;
        self.longest = self.longest.max(report.time);
        self.half_open = self.half_open.max(report.half_open);
    }

    fn merge(&mut self, other: Tally) {
        for (ending, count) in other.endings {
            *self.endings.entry(ending).or_default() += count;
        }
        self.transfers += other.transfers;
        self.datagrams += other.datagrams;
        self.longest = self.longest.max(other.longest);
        self.half_open = self.half_open.max(other.half_open);
    }

    pub fn of(&self, ending: Ending) -> u64 {
        self.endings.get(&ending).copied().unwrap_or(0)
    }

    fn tell(&self, name: &str) {
        let endings: Vec<String> = self
            .endings
            .iter()
            .map(|(ending, count)| format!("{count} {ending:?}"))
            .collect();
        println!(
            "\nfigure: {} transfers, {} datagrams of the server, {name}: {}; longest {} s; \
             half-open {}.{:02} bytes for a byte",
            self.transfers,
            self.datagrams,
            endings.join(", "),
            self.longest / 1_000_000,
            self.half_open / 100,
            self.half_open % 100
        );
    }
}
