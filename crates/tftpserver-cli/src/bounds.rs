//! Made from api/settings.toml, api/properties.toml and api/options.toml by `make bless`; not to be edited.
//!
//! The help of options that are properties or settings of the class, or ask for options of the protocol,
//! with their bounds and defaults.

use std::ops::RangeInclusive;

pub const MAX_BLKSIZE: &str = "Largest block that a client gets, 8 to 65464 bytes (RFC 2348) [default: 65464]";
pub const MAX_WINDOWSIZE: &str = "Largest window that a client gets, 1 to 65535 blocks (RFC 7440) [default: 64]";
pub const MAX_CONNECTIONS: &str = "Largest number of transfers at once [default: 10000]";
pub const MAX_CONNECTIONS_PER_HOST: &str = "Largest number of transfers at once from one address; 0: no limit [default: 0]";
pub const THREADS: &str = "Threads that move packets, 1 to 64 [default: 1]";
pub const RETRIES: &str = "How often a packet is retransmitted before the transfer fails [default: 3]";
pub const TIMEOUT: &str = "Seconds of silence after which a transfer fails; 0: none [default: 60]";
pub const ASKED_BLKSIZE: &str = "Block size to request, 8 to 65464 bytes (RFC 2348)";
pub const ASKED_BLKSIZE_RANGE: RangeInclusive<i64> = 8..=65464;
pub const ASKED_TIMEOUT: &str = "Retransmit after exactly this many seconds, 1 to 255, and request the same of the server (RFC 2349) [default: by the measured round trip, at most 5]";
pub const ASKED_TIMEOUT_RANGE: RangeInclusive<i64> = 1..=255;
pub const ASKED_WINDOWSIZE: &str = "Window size to request, 1 to 65535 blocks (RFC 7440)";
pub const ASKED_WINDOWSIZE_RANGE: RangeInclusive<i64> = 1..=65535;
