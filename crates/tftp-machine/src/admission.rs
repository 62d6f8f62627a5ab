//! Decides whether a new transfer is admitted beside the half-open ones, and which of these gives
//! way to it.
//!
//! A transfer is half-open until its client has acknowledged something: its address may be forged.
//! Such transfers are bounded in all and for each address. At a bound the oldest one gives way, so
//! that abandoned requests keep no client out. Every I/O thread has an `Admission` of its own; the
//! bounds are divided by the threads, as the kernel divides the clients.

use core::net::IpAddr;

use tftp_proto::Instant;
use tftp_proto::wire::Operation;

pub mod groups;
mod order;

pub use groups::Group;
use order::{Order, Place};

/// The most half-open transfers of one address: 2000 machines behind a NAT boot at once, each
/// repeating its request.
const OF_A_GROUP: usize = 4_096;
/// The most half-open transfers in all.
const IN_ALL: usize = 16_384;
/// Half-open uploads hold files: they get this share (an eighth) of the soft limit of descriptors,
/// ...
const UPLOADS_A_DESCRIPTOR: usize = 8;
/// ... of which one address may have this share (a quarter), ...
const GROUPS_OF_UPLOADS: usize = 4;
/// ... but at least this many.
const UPLOADS_OF_A_GROUP: usize = 16;

/// The bounds on the number of half-open transfers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    in_all: usize,
    of_a_group: usize,
    uploads: usize,
    uploads_of_a_group: usize,
}

impl Bounds {
    /// Returns the bounds of one of `threads` threads, for a process that may have `descriptors`
    /// descriptors.
    pub fn new(threads: usize, descriptors: usize) -> Bounds {
        let uploads = (descriptors / UPLOADS_A_DESCRIPTOR).max(1);
        let share = |all: usize| all.div_ceil(threads.max(1));
        let uploads_of_a_group = (uploads / GROUPS_OF_UPLOADS).max(UPLOADS_OF_A_GROUP);
        Bounds {
            in_all: share(IN_ALL),
            of_a_group: share(OF_A_GROUP),
            uploads: share(uploads),
            uploads_of_a_group: share(uploads_of_a_group).max(UPLOADS_OF_A_GROUP),
        }
    }
}

/// A client that requests a transfer.
#[derive(Clone, Copy, Debug)]
pub struct Newcomer {
    /// The group of addresses that counts as one client.
    pub group: Group,
    /// Its address.
    pub host: IpAddr,
    /// A download or an upload.
    pub operation: Operation,
}

/// The decision about a newcomer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict<T> {
    /// It may enter.
    Enter,
    /// This transfer has to end first. Judge again then: another bound may be reached.
    GivesWay(T),
    /// Too many are half-open, and all of them are too young to give way: the request is not
    /// answered.
    Unanswered,
}

/// The limit of the settings that a newcomer has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// MaxConnections.
    Connections,
    /// MaxConnectionsPerHost.
    OfHost,
}

/// The half-open transfers of one I/O thread.
pub struct Admission<T> {
    all: Order<T>,
    uploads: Order<T>,
}

/// The position of a half-open transfer in an [`Admission`].
#[derive(Clone, Copy, Debug)]
pub struct HalfOpen {
    all: Place,
    upload: Option<Place>,
}

impl<T> Default for Admission<T> {
    fn default() -> Self {
        Admission {
            all: Order::default(),
            uploads: Order::default(),
        }
    }
}

impl<T: Copy> Admission<T> {
    /// Decides whether one more transfer may enter.
    pub fn judge(&mut self, now: Instant, newcomer: &Newcomer, bounds: &Bounds) -> Verdict<T> {
        let group = newcomer.group;
        let mut given = None;
        if newcomer.operation == Operation::Write {
            if self.uploads.count(group) >= bounds.uploads_of_a_group {
                given = Some(self.uploads.of_group(now, group));
            } else if self.uploads.len() >= bounds.uploads {
                given = Some(self.uploads.of_largest_group(now));
            }
        }
        if given.is_none() && self.all.count(group) >= bounds.of_a_group {
            given = Some(self.all.of_group(now, group));
        } else if given.is_none() && self.all.len() >= bounds.in_all {
            given = Some(self.all.of_largest_group(now));
        }
        match given {
            None => Verdict::Enter,
            Some(Some(item)) => Verdict::GivesWay(item),
            Some(None) => Verdict::Unanswered,
        }
    }

    /// Returns the transfer that gives way when a limit of the settings is reached; `None` if none
    /// is old enough.
    pub fn gives_way(&mut self, now: Instant, newcomer: &Newcomer, limit: Limit) -> Option<T> {
        match limit {
            Limit::Connections => self.all.of_largest_group(now),
            Limit::OfHost => self.all.of_host(now, newcomer.group, newcomer.host),
        }
    }

    /// Adds a transfer.
    pub fn enter(&mut self, now: Instant, newcomer: &Newcomer, item: T) -> HalfOpen {
        let (group, host) = (newcomer.group, newcomer.host);
        let is_upload = newcomer.operation == Operation::Write;
        HalfOpen {
            all: self.all.enter(now, group, host, item),
            upload: is_upload.then(|| self.uploads.enter(now, group, host, item)),
        }
    }

    /// Removes a transfer that has been acknowledged, or is over.
    pub fn leave(&mut self, place: HalfOpen) {
        self.all.leave(place.all);
        if let Some(upload) = place.upload {
            self.uploads.leave(upload);
        }
    }

    /// Frees the memory that is not needed.
    pub fn shrink(&mut self) {
        self.all.shrink();
        self.uploads.shrink();
    }

    /// Returns the number of half-open transfers.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Returns true if no transfer is half-open.
    pub fn is_empty(&self) -> bool {
        self.all.len() == 0 && self.uploads.len() == 0
    }
}

#[cfg(test)]
mod tests;
