//! What a run has reached: a test whose count stays 0 has not tried what it says.

macro_rules! counts {
    ($($(#[doc = $doc:literal])* $name:ident),* $(,)?) => {
        /// How often each thing happened.
        #[derive(Clone, Copy, Debug, Default)]
        pub struct Counts {
            $($(#[doc = $doc])* pub $name: u64,)*
        }

        impl Counts {
            pub fn add(&mut self, other: &Counts) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

counts! {
    transfers,
    whole,
    uploads,
    /// Clients that were reset and began anew beside their former transfer.
    restarts,
    /// Clients that took the answer to a late copy of an earlier request for the answer to another one.
    misled,
    repeats,
    evictions,
    /// Requests that came where there were as many half-open transfers as there may be, and windows that were granted where
    /// memory for them was short.
    at_a_bound,
    short_windows,
    /// Shared ports instead of private ones.
    fallbacks,
    held,
    later,
    /// Transfers that the application ended while they moved data.
    ended_by_callback,
    reopened,
    /// Downloads that the application feeds, pieces that it supplied, and those in the middle of a turn.
    fed,
    supplied,
    meanwhile,
    /// Pieces with more data than requested, and sources that failed.
    too_much,
    failed_sources,
    /// Requests for the beginning of a source.
    passes,
    probes,
    unreachable,
    refused,
    unanswered,
    forged,
    guesses,
    /// Victims in whose name somebody went on by guessing, each transfer with a port of its own, ...
    hits,
    /// ... or with shared ones.
    shared_hits,
    drained,
    crashes,
    pauses,
    datagrams,
    /// Datagrams to a broadcast address.
    broadcasts,
    /// Datagrams that found a full socket.
    overflows,
    /// Packets that could not leave at once: EAGAIN, ENOBUFS.
    blocked,
    /// Ports that could not be opened.
    unopened,
    /// Packets that were too long for their path, in pieces from then on, ...
    shrunk,
    /// ... or never.
    too_long,
    damaged,
    /// Openings and pieces of files that were at hand, ...
    warm,
    /// ... or had to be waited for.
    jobs,
    /// Calls of storage, opened ports, sent packets.
    calls,
    opened,
    left,
    /// Jobs that failed, and those that hung.
    failed_jobs,
    hung_jobs,
    /// Files that were written over in place, and replaced.
    changed,
    replaced,
    /// Uploads of which a power cut left a part.
    torn,
    /// Unfinished uploads that a crash left behind.
    swept,
    /// Datagrams of settled transfers beside a flood.
    beside_a_flood,
}
