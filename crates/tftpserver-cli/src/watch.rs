//! What is known of every transfer: those that run, the latest that ended, and the sums of all.
//!
//! Callbacks write here, on the thread that calls DoEvents; views and the page read. Figures of running transfers are
//! fetched from the server when somebody looks, never in between.

mod outcome;
mod totals;
mod transfer;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tftpserver::server::Server;

pub use outcome::Outcome;
pub use totals::{BOUNDS, Brief, Kind, Row, Totals};
pub use transfer::{Figures, Operation, Transfer, plain};

/// So many ended transfers are kept, and beside them so many that failed.
const KEPT: usize = 50;

/// All that is known.
#[derive(Default)]
pub struct Board {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    active: BTreeMap<i32, Transfer>,
    /// The latest first.
    ended: VecDeque<Arc<Transfer>>,
    failed: VecDeque<Arc<Transfer>>,
    totals: Totals,
}

/// What somebody sees who looks.
pub struct Look {
    /// By id: the oldest first.
    pub active: Vec<Transfer>,
    /// The latest first.
    pub ended: Vec<Arc<Transfer>>,
    /// The latest first.
    pub failed: Vec<Arc<Transfer>>,
    pub totals: Totals,
}

impl Look {
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
    pub fn begin(&self, transfer: Transfer) {
        self.state().active.insert(transfer.id, transfer);
    }

    /// A transfer that runs, as it was seen last.
    pub fn active(&self, id: i32) -> Option<Transfer> {
        self.state().active.get(&id).cloned()
    }

    /// A transfer that ran has ended. It is among one or the other at every moment, so that sums never shrink.
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
    pub fn look(&self, server: &Server) -> Look {
        let ids: Vec<i32> = self.state().active.keys().copied().collect();
        // Without the lock: a callback that waits for it would hold up the transfers.
        let figures: Vec<_> = ids.iter().map(|&id| (id, Figures::of(server, id))).collect();
        let mut state = self.state();
        for (id, figures) in figures {
            if let (Some(transfer), Some(figures)) = (state.active.get_mut(&id), figures) {
                // Another thread may have fetched later figures meanwhile.
                if figures.seconds >= transfer.figures.seconds {
                    transfer.figures = figures;
                }
            }
        }
        Look {
            active: state.active.values().cloned().collect(),
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
