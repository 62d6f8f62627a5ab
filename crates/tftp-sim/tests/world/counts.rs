//! Counts of what happened in a run. A test whose count stays 0 did not reach the case that it is
//! about.

macro_rules! counts {
    ($($(#[doc = $doc:literal])* $name:ident),* $(,)?) => {
        /// The number of times that each thing happened.
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
    /// Clients that were reset and began a new transfer while the former one existed.
    restarts,
    /// Clients that took the answer to a late copy of an earlier request for the answer to a later
    /// request.
    misled,
    repeats,
    evictions,
    /// Requests that arrived when the half-open transfers were at their limit, and windows that
    /// were granted while memory for windows was short.
    at_a_bound,
    short_windows,
    /// Transfers that got a shared port instead of a private one.
    fallbacks,
    held,
    later,
    /// Transfers that the application ended while they moved data.
    ended_by_callback,
    reopened,
    /// Downloads that the application feeds, pieces that it supplied, and pieces that it supplied
    /// in the middle of a turn.
    fed,
    supplied,
    meanwhile,
    /// Supplied pieces with more data than requested, and sources that failed.
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
    /// Transfers of victims that an attacker advanced with guessed ports: with a private port each,
    /// ...
    hits,
    /// ... or with shared ports.
    shared_hits,
    drained,
    crashes,
    pauses,
    datagrams,
    /// Datagrams to a broadcast address.
    broadcasts,
    /// Datagrams that were dropped at a full socket.
    overflows,
    /// Packets that could not be sent at once: EAGAIN, ENOBUFS.
    blocked,
    /// Ports that could not be opened.
    unopened,
    /// Packets that exceeded the path MTU and were fragmented afterwards, ...
    shrunk,
    /// ... or were never fragmented.
    too_long,
    damaged,
    /// Openings and reads of files that were in the cache, ...
    warm,
    /// ... or needed a job.
    jobs,
    /// Storage calls, opened ports, sent packets.
    calls,
    opened,
    left,
    /// Jobs that failed, and those that hung.
    failed_jobs,
    hung_jobs,
    /// Files that were rewritten in place, and files that were replaced.
    changed,
    replaced,
    /// Uploads that a power cut truncated.
    torn,
    /// Unfinished uploads that remained after a crash and were removed.
    swept,
    /// Datagrams of settled transfers during a flood.
    beside_a_flood,
}
