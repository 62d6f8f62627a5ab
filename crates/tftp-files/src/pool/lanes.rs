//! Jobs in the order of their arrival, but only so many at once for one file and for one directory.
//!
//! What hangs, hangs for a file (a bad sector), or for all of a mount (a server that is gone). A job passes the gate of
//! its file, then that of its directory, and is ready behind both; whoever is done lets the next one in.

use std::collections::VecDeque;

use hashbrown::HashMap;

use super::Job;
use crate::Lane;

/// Jobs between the gate and the end: for one file, and for one directory.
pub(super) const A_FILE: usize = 4;
pub(super) const A_DIRECTORY: usize = 32;

/// Jobs in all, waiting or not, beyond which no more should come: fewer than the half-open transfers that one host may
/// have, so that what hangs leaves it some, and more than machines boot at once behind one address.
const MOST: [usize; 2] = [2_048, 3_072];

const GATES: [usize; 2] = [A_FILE, A_DIRECTORY];

/// The gates on its way.
fn keys(lane: Lane) -> [Option<Key>; 2] {
    let key = |gate, number: u64| (number != 0).then_some(Key { gate, number });
    [key(0, lane.file), key(1, lane.directory)]
}

/// A job and its lane.
pub(super) struct Task {
    pub(super) lane: Lane,
    pub(super) job: Job,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    gate: usize,
    number: u64,
}

#[derive(Default)]
struct Gate {
    /// Jobs behind it that are not done.
    inside: usize,
    waiting: VecDeque<Task>,
    /// Jobs that have passed it, wait for it or will come to it.
    jobs: usize,
}

/// The queue of a pool.
#[derive(Default)]
pub(super) struct Lanes {
    ready: VecDeque<Task>,
    /// Those that have jobs.
    gates: HashMap<Key, Gate, foldhash::fast::RandomState>,
}

impl Lanes {
    /// Jobs that a thread could run.
    pub(super) fn ready(&self) -> usize {
        self.ready.len()
    }

    pub(super) fn has_room(&self, lane: Lane) -> bool {
        let mut keys = keys(lane).into_iter().flatten();
        keys.all(|key| self.gates.get(&key).is_none_or(|gate| gate.jobs < MOST[key.gate]))
    }

    /// True if the job is ready.
    pub(super) fn push(&mut self, task: Task) -> bool {
        for key in keys(task.lane).into_iter().flatten() {
            self.gates.entry(key).or_default().jobs += 1;
        }
        self.enter(task, 0)
    }

    pub(super) fn pop(&mut self) -> Option<Task> {
        self.ready.pop_front()
    }

    /// A job that was popped has run: others may be ready now.
    pub(super) fn done(&mut self, lane: Lane) {
        for key in keys(lane).into_iter().flatten() {
            let Some(gate) = self.gates.get_mut(&key) else {
                continue;
            };
            gate.jobs -= 1;
            match gate.waiting.pop_front() {
                Some(next) => {
                    self.enter(next, key.gate + 1);
                }
                None => gate.inside -= 1,
            }
            if self.gates.get(&key).is_some_and(|gate| gate.jobs == 0) {
                self.gates.remove(&key);
            }
        }
    }

    /// Through the gates from this one on, as far as there is room.
    fn enter(&mut self, task: Task, from: usize) -> bool {
        for key in keys(task.lane).into_iter().skip(from).flatten() {
            let gate = self.gates.entry(key).or_default();
            if gate.inside >= GATES[key.gate] {
                gate.waiting.push_back(task);
                return false;
            }
            gate.inside += 1;
        }
        self.ready.push_back(task);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(file: u64, directory: u64) -> Task {
        Task {
            lane: Lane { file, directory },
            job: Box::new(|| {}),
        }
    }

    #[test]
    fn so_many_at_once_and_in_their_order() {
        let mut lanes = Lanes::default();
        let count = 3 * A_DIRECTORY as u64;
        for number in 0..count {
            lanes.push(task(1 + number / 2, 9));
            lanes.push(task(500, 9));
        }
        let (mut running, mut order) = (VecDeque::new(), Vec::new());
        loop {
            running.extend(std::iter::from_fn(|| lanes.pop()).map(|task| task.lane));
            assert!(running.len() <= A_DIRECTORY);
            assert!(running.iter().filter(|lane| lane.file == 500).count() <= A_FILE);
            let Some(lane) = running.pop_front() else { break };
            order.push(lane.file);
            lanes.done(lane);
        }
        assert_eq!(order.len() as u64, 2 * count);
        let others: Vec<_> = order.into_iter().filter(|&file| file != 500).collect();
        assert!(others.is_sorted(), "{others:?}");
        assert!(lanes.gates.is_empty(), "nothing is kept of lanes without jobs");
    }

    #[test]
    fn there_is_room_until_too_many_wait() {
        let mut lanes = Lanes::default();
        let lane = |file| Lane { file, directory: 2 };
        for _ in 0..MOST[0] {
            assert!(lanes.has_room(lane(1)));
            lanes.push(task(1, 2));
        }
        assert!(!lanes.has_room(lane(1)));
        while lanes.has_room(lane(3)) {
            lanes.push(task(4, 2));
        }
        assert!(
            lanes.has_room(Lane {
                file: 3,
                directory: 5
            }),
            "another directory"
        );
        assert!(lanes.has_room(Lane::NONE));
    }
}
