//! Runs the worlds of many seeds on all processors, or of one seed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::counts::Counts;
use super::ground::{Ground, Node};
use super::judges::{Broken, Judge};
use super::plan::Plan;
use super::world::{Report, World};

/// Creates a server: from the plan, its number in this world, and its host.
pub type Make<'a> = dyn Fn(&Plan, u64, &mut Ground) -> Box<dyn Node> + 'a;

impl Node for Box<dyn Node> {
    fn turn(&mut self, ground: &mut Ground) {
        (**self).turn(ground);
    }

    fn deadline(&self) -> Option<u64> {
        (**self).deadline()
    }

    fn stop(&mut self, ground: &mut Ground) {
        (**self).stop(ground);
    }

    fn resume(&mut self, ground: &mut Ground) {
        (**self).resume(ground);
    }

    fn shutdown(&mut self, ground: &mut Ground) {
        (**self).shutdown(ground);
    }

    fn abandon(&mut self, ground: &mut Ground) {
        (**self).abandon(ground);
    }

    fn left(&self) -> usize {
        (**self).left()
    }
}

/// A family of worlds.
pub struct Family {
    pub name: &'static str,
    /// The number of worlds that `make test` runs.
    pub worlds: u64,
    pub plan: fn(u64) -> Plan,
    pub node: fn(&Plan, u64, &mut Ground) -> Box<dyn Node>,
}

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Runs one world.
pub fn one(plan: &Plan, make: &Make<'_>, tracing: bool) -> Report {
    World::new(plan, &|plan, round, ground| make(plan, round, ground), tracing).run()
}

/// Runs worlds, and returns the sum of their counts.
pub fn sum(seeds: std::ops::Range<u64>, plan: fn(u64) -> Plan, make: &Make<'_>) -> Counts {
    let mut counts = Counts::default();
    seeds.for_each(|seed| counts.add(&one(&plan(seed), make, false).counts));
    counts
}

/// Runs one world, and returns the violation that a judge reports, if any.
pub fn judged(plan: &Plan, make: &Make<'_>) -> Option<Broken> {
    one(plan, make, false).broken
}

/// Shows a failure, with the end of its trace or all of it.
fn show(name: &str, plan: &Plan, make: &Make<'_>, whole: bool) -> Option<Judge> {
    let report = one(plan, make, true);
    let seed = plan.seed;
    eprintln!("{}", report.trace.show(whole));
    eprintln!("{plan:?}");
    let broken = report.broken?;
    eprintln!("judge {:?}: {}", broken.0, broken.1);
    eprintln!("failed: TFTP_SEED={seed} cargo test -p tftp-sim --test world {name}");
    Some(broken.0)
}

impl Family {
    /// Runs all seeds, or only the one in TFTP_SEED.
    pub fn run(&self) -> Counts {
        if let Some(seed) = variable("TFTP_SEED") {
            let broken = show(self.name, &(self.plan)(seed), &self.node, true);
            assert!(broken.is_none(), "judge {broken:?}");
            return Counts::default();
        }
        let (next, failed) = (AtomicU64::new(1), AtomicBool::new(false));
        let total = Mutex::new(Counts::default());
        let deadline =
            variable("TFTP_WORLD_SECONDS").map(|seconds| Watch::new(Duration::from_secs(seconds)));
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let counts = self.some(&next, deadline.as_ref(), &failed);
                    total.lock().expect("no thread panics with the lock").add(&counts);
                });
            }
        });
        assert!(!failed.load(Relaxed), "a world failed: see above for its seed");
        let counts = total.into_inner().expect("no thread panics with the lock");
        println!("\nfigure: {}: {counts:?}", self.name);
        counts
    }

    fn some(&self, next: &AtomicU64, deadline: Option<&Watch>, failed: &AtomicBool) -> Counts {
        let mut counts = Counts::default();
        loop {
            let seed = next.fetch_add(1, Relaxed);
            let enough = deadline.map_or(seed > self.worlds, Watch::is_over);
            if enough || failed.load(Relaxed) {
                return counts;
            }
            let plan = (self.plan)(seed);
            match catch_unwind(AssertUnwindSafe(|| one(&plan, &self.node, false))) {
                Ok(report) if report.broken.is_none() => counts.add(&report.counts),
                Ok(_) => {
                    if !failed.swap(true, Relaxed) {
                        show(self.name, &plan, &self.node, false);
                    }
                }
                Err(_) => {
                    failed.store(true, Relaxed);
                    eprintln!(
                        "{plan:?}\njudge Panic\nfailed: TFTP_SEED={seed} cargo test -p tftp-sim --test world {}",
                        self.name
                    );
                }
            }
        }
    }
}

/// The real time that a run has taken. No decision of a world depends on it.
struct Watch(std::time::Instant, Duration);

impl Watch {
    #[allow(clippy::disallowed_methods)]
    fn new(span: Duration) -> Watch {
        Watch(std::time::Instant::now(), span)
    }

    fn is_over(&self) -> bool {
        self.0.elapsed() > self.1
    }
}
