//! The simulated host of the server: sockets, storage, descriptors, and the log of everything
//! observable.

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use super::budget::Budget;
use super::counts::Counts;
use super::event::{Event, Id, Log, Observation};
use super::judges::Broken;
use super::plan::Plan;
use super::simnet::{Moments, SimNet, SimWaker};
use super::simstore::SimStore;
use super::wire::Wire;

pub struct Ground {
    pub address: IpAddr,
    pub wire: Rc<RefCell<Wire>>,
    pub store: SimStore,
    pub budget: Arc<Budget>,
    pub waker: SimWaker,
    pub moments: Moments,
    pub log: Log,
    pub counts: Counts,
    pub broken: Option<Broken>,
    next_id: Id,
}

impl Ground {
    pub fn new(plan: &Plan, address: IpAddr) -> Ground {
        let (log, budget) = (Log::default(), Budget::new(plan.settings.descriptors));
        Ground {
            address,
            wire: Rc::new(RefCell::new(Wire::new(
                plan,
                address,
                log.clone(),
                Arc::clone(&budget),
            ))),
            store: SimStore::new(plan, Arc::clone(&budget)),
            budget,
            waker: SimWaker::default(),
            moments: Moments::default(),
            log,
            counts: Counts::default(),
            broken: None,
            next_id: 0,
        }
    }

    pub fn id(&mut self) -> Id {
        self.next_id += 1;
        self.next_id
    }

    /// Logs an event that the server reports.
    pub fn record(&self, event: Event) {
        self.log.record(Observation::Event(event));
    }

    /// Returns the network for a server that starts.
    pub fn net(&self) -> SimNet {
        SimNet::new(Rc::clone(&self.wire), self.waker.clone(), self.moments.clone())
    }

    /// Takes the violation that network or storage have found, if any.
    pub fn broken(&mut self) -> Option<Broken> {
        let wire = self.wire.borrow_mut().broken.take();
        let store = self.store.lock().broken.take();
        self.broken.take().or(wire).or(store)
    }

    /// Returns the counts of the host, its network and its storage.
    pub fn all_counts(&self) -> Counts {
        let mut counts = self.counts;
        counts.add(&self.wire.borrow().counts);
        counts.add(&self.store.lock().counts);
        counts
    }
}

/// A server in the world.
pub trait Node {
    /// Runs one turn of its loop, at the network's time.
    fn turn(&mut self, ground: &mut Ground);
    /// Returns the time of its next turn if nothing arrives.
    fn deadline(&self) -> Option<u64>;
    fn stop(&mut self, ground: &mut Ground);
    fn resume(&mut self, ground: &mut Ground);
    fn shutdown(&mut self, ground: &mut Ground);
    /// Ends one transfer by a fault.
    fn abandon(&mut self, ground: &mut Ground);
    /// Returns the number of transfers, and of other things that remain of them.
    fn left(&self) -> usize;
}
