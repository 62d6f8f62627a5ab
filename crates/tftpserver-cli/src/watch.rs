//! The state of every transfer: those that run, the latest that ended, and the totals.
//!
//! The handler and the events write here; views and the page read. Figures of running transfers are
//! fetched from their connections only when a view or the page needs them.

mod outcome;
mod reason;
mod totals;
mod transfer;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tftp_serve::Connection;

pub use outcome::Outcome;
pub use reason::reason;
pub use totals::{BOUNDS, Brief, Kind, Row, Totals};
pub use transfer::{Figures, Operation, Transfer};

/// So many ended transfers are kept, and beside them so many that failed.
const KEPT: usize = 50;

/// All that is known.
#[derive(Default)]
pub struct Board {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    active: BTreeMap<i32, (Transfer, Connection)>,
    /// The latest first.
    ended: VecDeque<Arc<Transfer>>,
    failed: VecDeque<Arc<Transfer>>,
    totals: Totals,
}

/// A snapshot for a view or the page.
pub struct BoardSnapshot {
    /// By id: the oldest first.
    pub active: Vec<Transfer>,
    /// The latest first.
    pub ended: Vec<Arc<Transfer>>,
    /// The latest first.
    pub failed: Vec<Arc<Transfer>>,
    pub totals: Totals,
}

impl BoardSnapshot {
    /// The sums of everything, transfers that still run included.
    pub fn sums(&self) -> Brief {
        let mut sums = self.totals.brief();
        for transfer in &self.active {
            sums.bytes += transfer.figures.bytes;
            sums.retransmissions += transfer.figures.retransmissions;
        }
        sums
    }
}

impl Board {
    /// A request was taken.
    pub fn begin(&self, transfer: Transfer, connection: Connection) {
        self.state().active.insert(transfer.id, (transfer, connection));
    }

    /// A transfer that runs, as it was seen last.
    pub fn active(&self, id: i32) -> Option<Transfer> {
        self.state().active.get(&id).map(|(transfer, _)| transfer.clone())
    }

    /// A transfer that ran has ended. It is among one or the other at every moment, so that sums
    /// never shrink.
    pub fn end(&self, transfer: Transfer) -> Arc<Transfer> {
        let transfer = Arc::new(transfer);
        let mut state = self.state();
        state.active.remove(&transfer.id);
        state.totals.add(&transfer);
        keep(&mut state.ended, &transfer);
        if transfer.outcome.is_failure() {
            keep(&mut state.failed, &transfer);
        }
        transfer
    }

    /// Fetches the figures of what runs, and shows everything.
    pub fn snapshot(&self) -> BoardSnapshot {
        let state = self.state();
        let active = state.active.values();
        BoardSnapshot {
            active: active
                .map(|(transfer, connection)| Transfer {
                    figures: Figures::of(connection),
                    ..transfer.clone()
                })
                .collect(),
            ended: state.ended.iter().cloned().collect(),
            failed: state.failed.iter().cloned().collect(),
            totals: state.totals.clone(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing between two fields of it can panic half way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keep(list: &mut VecDeque<Arc<Transfer>>, transfer: &Arc<Transfer>) {
    list.truncate(KEPT - 1);
    list.push_front(Arc::clone(transfer));
}
