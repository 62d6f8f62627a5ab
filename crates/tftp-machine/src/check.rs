//! Invariants of the machine, which tests check between two inputs.

use crate::limits::Limits;
use crate::ports::Role;
use crate::server::Server;
use crate::transfer::{Stage, Step, Transfer};

/// The amounts that a machine's transfers count in the limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Transfers that count.
    pub active: usize,
    /// Half-open transfers, whether they count or not.
    pub half_open: usize,
    /// Bytes taken for windows.
    pub windows: usize,
}

impl<L: Limits> Server<L> {
    /// Checks all invariants that hold when everything was polled, and returns the amounts counted
    /// in the limits.
    ///
    /// # Panics
    /// If an invariant does not hold.
    pub fn check(&self) -> Tally {
        assert!(!self.is_undrained, "everything was polled");
        let (mut tally, mut private, mut linked, mut dallying) = (Tally::default(), 0, 0, 0);
        for index in self.table.indices() {
            let Some(transfer) = self.table.at(index) else {
                continue;
            };
            self.check_one(index, transfer);
            tally.active += usize::from(!transfer.has_ended && !transfer.is_doubted);
            tally.half_open += usize::from(transfer.half_open.is_some());
            tally.windows += transfer.window as usize;
            private += usize::from(transfer.is_private);
            dallying += usize::from(transfer.is_private && transfer.has_ended);
            linked += usize::from(!transfer.is_private && !self.is_displaced(transfer));
        }
        let (places, requests, of_clients) = self.table.entries();
        assert_eq!(self.ports.own(), private, "private ports are those of transfers");
        assert_eq!(
            places, linked,
            "a peer's place on a shared port is that of a transfer"
        );
        assert!(requests <= self.table.len(), "requests lead to transfers");
        assert_eq!(
            self.dallying.len(),
            dallying,
            "only what still dallies may give way"
        );
        assert_eq!(
            of_clients,
            self.table.len(),
            "each transfer is one of its client's"
        );
        assert_eq!(
            self.half_open.len(),
            tally.half_open,
            "half-open ones are in order"
        );
        tally
    }

    /// Returns true if a later transfer of the same request has its client's place on the listening
    /// port.
    fn is_displaced(&self, transfer: &Transfer) -> bool {
        let route = &transfer.route;
        let there = self.table.by_peer(route.port, route.peer);
        there
            .and_then(|index| self.table.at(index))
            .is_some_and(|there| there.former == Some(transfer.id))
    }

    fn check_one(&self, index: u32, transfer: &Transfer) {
        let route = &transfer.route;
        assert!(transfer.due.is_empty(), "nothing is left to say");
        assert!(
            !transfer.is_steady() || transfer.has_sent_all(),
            "nothing is left to send"
        );
        assert!(
            transfer.timer.is_set_to(transfer.deadline()),
            "the timer runs until the deadline"
        );
        assert!(!transfer.is_over(), "what is over is gone");
        assert!(
            !transfer
                .pending()
                .is_some_and(|pending| pending.step == Step::Port),
            "a port is found or not at once"
        );
        match transfer.is_private {
            true => assert_eq!(self.ports.role(route.port), Role::Private(index)),
            false if self.is_displaced(transfer) => assert!(transfer.is_superseded()),
            false => assert_eq!(self.table.by_peer(route.port, route.peer), Some(index)),
        }
        if transfer.has_ended {
            assert!(
                matches!(transfer.stage, Stage::Receiving(_)),
                "only uploads dally"
            );
            assert!(transfer.half_open.is_none() && transfer.window == 0 && !transfer.is_doubted);
        }
    }
}
