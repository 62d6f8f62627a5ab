//! Queues jobs in the order of arrival, with a limit on the jobs that run at once for one file and
//! for one directory.
//!
//! Storage hangs for one file (a bad sector), or for a whole mount (a server that is gone). A job
//! passes the gate of its file, then that of its directory, and is ready behind both. A finished
//! job lets the next one through.

use std::collections::VecDeque;

use hashbrown::HashMap;

use super::Job;
use crate::Lane;

/// The most jobs between the gate and their end: for one file, and for one directory.
pub(super) const A_FILE: usize = 4;
pub(super) const A_DIRECTORY: usize = 32;

/// The most jobs in all for one file and for one directory, waiting or not; no more should be added
/// beyond it. The numbers are below the half-open transfers that one host may have, so that a hang
/// leaves it some, and above the number of machines that boot at once behind one address.
const MOST: [usize; 2] = [2_048, 3_072];

const GATES: [usize; 2] = [A_FILE, A_DIRECTORY];

/// Returns the gates that a job of this lane passes, in order.
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
    /// The number of jobs that have passed it and are not done.
    inside: usize,
    waiting: VecDeque<Task>,
    /// The number of jobs that have passed it, wait for it or have yet to reach it.
    jobs: usize,
}

/// The queue of a pool.
#[derive(Default)]
pub(super) struct Lanes {
    ready: VecDeque<Task>,
    /// The gates that have jobs.
    gates: HashMap<Key, Gate, foldhash::fast::RandomState>,
}

impl Lanes {
    /// The number of jobs that a thread could run now.
    pub(super) fn ready(&self) -> usize {
        self.ready.len()
    }

    pub(super) fn has_room(&self, lane: Lane) -> bool {
        let mut keys = keys(lane).into_iter().flatten();
        keys.all(|key| self.gates.get(&key).is_none_or(|gate| gate.jobs < MOST[key.gate]))
    }

    /// Adds a job. Returns true if it is ready.
    pub(super) fn push(&mut self, task: Task) -> bool {
        for key in keys(task.lane).into_iter().flatten() {
            self.gates.entry(key).or_default().jobs += 1;
        }
        self.enter(task, 0)
    }

    pub(super) fn pop(&mut self) -> Option<Task> {
        self.ready.pop_front()
    }

    /// Called when a popped job has run. Others may become ready.
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

    /// Moves a job through the gates from this one on, as far as there is room. Returns true if it
    /// is ready.
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
