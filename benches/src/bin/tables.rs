//! What it takes to find, arm and expire a transfer, with one of them and with many: the library's own table and timers,
//! their source as it is, with a transfer that is no more than its names.

#[path = "../../../crates/tftp-serve/src/transfers.rs"]
#[allow(dead_code, reason = "not every function is measured")]
mod transfers;

/// What that file takes from its neighbours.
mod transfer {
    use crate::transfers::Tid;
    use tftp_machine::timers::Timer;

    pub struct Transfer {
        pub tid: Tid,
        pub request: u64,
        pub timer: Timer,
    }

    impl Transfer {
        pub fn tid(&self) -> Tid {
            self.tid
        }

        pub fn request(&self) -> u64 {
            self.request
        }
    }
}

use std::hint::black_box;
use std::net::SocketAddr;

use tftp_machine::TransferId as Key;
use tftp_machine::timers::{Timer, Timers};
use tftp_proto::Instant;
use transfer::Transfer;
use transfers::{Tid, Transfers};

const COUNTS: [u32; 5] = [1, 100, 1_000, 10_000, 100_000];
/// Calls of one figure, about.
const CALLS: u32 = 500_000;
/// The middle one counts.
const REPEATS: usize = 5;

/// Microseconds: between two packets of a transfer, and from a packet to its deadline.
const STEP: u64 = 10;
const WAIT: u64 = 1_000_000;

struct Shard {
    table: Transfers,
    timers: Timers,
    tids: Vec<Tid>,
    keys: Vec<Key>,
    now: u64,
}

fn tid(index: u32) -> Tid {
    let [_, a, b, c] = index.to_be_bytes();
    Tid {
        socket: 1 + (index % 16) as usize,
        peer: SocketAddr::from(([10, a, b, c], 1024 + (index % 50_000) as u16)),
    }
}

impl Shard {
    fn with(count: u32) -> Shard {
        let mut table = Transfers::default();
        let tids: Vec<Tid> = (0..count).map(tid).collect();
        let insert = |&tid: &Tid| {
            table.insert(tid, 7, |_| Transfer {
                tid,
                request: 7,
                timer: Timer::default(),
            })
        };
        let keys = tids.iter().map(insert).collect();
        let timers = Timers::default();
        Shard {
            table,
            timers,
            tids,
            keys,
            now: 0,
        }
    }

    /// A transfer by the pair of ports of a datagram.
    fn find(&mut self, round: u32) {
        let transfer = self.table.by_tid(self.tids[self.any(round)]);
        black_box(transfer.expect("it is there").request);
    }

    /// The deadline of a transfer moves on, as with every packet.
    fn arm(&mut self, round: u32) {
        self.now += STEP;
        let key = self.keys[self.any(round)];
        let transfer = self.table.get(key).expect("it is there");
        let deadline = Some(Instant::from_micros(self.now + WAIT));
        self.timers.set(key, &mut transfer.timer, deadline);
    }

    /// The earliest deadline comes, and the transfer waits once more.
    fn expire(&mut self, _: u32) {
        loop {
            let at = self.timers.next().expect("somebody waits");
            let (when, key) = self.timers.pop(at).expect("it is due");
            let transfer = self.table.get(key).expect("it is there");
            if self.timers.popped(at, when, key, &mut transfer.timer) {
                let deadline = Some(Instant::from_micros(at.as_micros() + WAIT));
                self.timers.set(key, &mut transfer.timer, deadline);
                return;
            }
        }
    }

    /// A transfer ends and another takes its place.
    fn replace(&mut self, round: u32) {
        let index = self.any(round);
        let gone = self.table.remove(self.keys[index]).expect("it is there");
        let tid = gone.tid();
        self.keys[index] = self.table.insert(tid, 7, |_| Transfer {
            tid,
            request: 7,
            timer: Timer::default(),
        });
    }

    /// Every transfer once before one comes twice, in no order that a cache would like.
    fn any(&self, round: u32) -> usize {
        (u64::from(round) * 7_919 % self.tids.len() as u64) as usize
    }
}

/// Nanoseconds a call.
fn measure(count: u32, call: fn(&mut Shard, u32)) -> f64 {
    let mut figures: Vec<f64> = (0..REPEATS)
        .map(|_| {
            let mut shard = Shard::with(count);
            (0..count).for_each(|round| shard.arm(round));
            let begin = processor_time();
            (0..CALLS).for_each(|round| call(&mut shard, round));
            (processor_time() - begin) / f64::from(CALLS)
        })
        .collect();
    figures.sort_by(f64::total_cmp);
    figures[REPEATS / 2]
}

/// Nanoseconds of this thread: what else runs on the machine does not count.
fn processor_time() -> f64 {
    // SAFETY: integers, for which zero is a value.
    let mut time: libc::timespec = unsafe { std::mem::zeroed() };
    // SAFETY: the time outlives the call.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(result, 0, "every Linux has this clock");
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

fn main() {
    println!("| transfers | find by TID | arm a deadline | a deadline comes | end one, begin one |");
    println!("|---|---|---|---|---|");
    for count in COUNTS {
        let figures =
            [Shard::find, Shard::arm, Shard::expire, Shard::replace].map(|call| measure(count, call));
        let cells = figures.map(|figure| format!(" {figure:.0} |")).concat();
        println!("| {count} |{cells}");
    }
}
