//! Made from api/settings.toml, api/properties.toml and api/options.toml by `make bless`; not to be edited.
//!
//! The help of options that are properties or settings of the class, or ask for options of the protocol,
//! with their bounds and defaults.

use std::ops::RangeInclusive;

pub const MAX_BLKSIZE: &str = "Largest block that a client gets, 8 to 65464 bytes (RFC 2348) [default: 65464]";
pub const MAX_WINDOWSIZE: &str = "Most blocks that are sent before an answer, 1 to 65535 (RFC 7440) [default: 64]";
pub const MAX_CONNECTIONS: &str = "Transfers at once [default: 10000]";
pub const MAX_CONNECTIONS_PER_HOST: &str = "Transfers at once from one address; 0: no limit [default: 0]";
pub const THREADS: &str = "Threads that move packets, 1 to 64 [default: 1]";
pub const RETRIES: &str = "How often a packet is sent again before the transfer fails [default: 3]";
pub const TIMEOUT: &str = "Seconds of silence after which a transfer fails; 0: none [default: 60]";
pub const ASKED_BLKSIZE: &str = "Bytes in a block to ask for, 8 to 65464 (RFC 2348)";
pub const ASKED_BLKSIZE_RANGE: RangeInclusive<i64> = 8..=65464;
pub const ASKED_TIMEOUT: &str = "Send again after exactly so many seconds, 1 to 255, and ask the server for the same (RFC 2349) [default: as the network needs, 5 at most]";
pub const ASKED_TIMEOUT_RANGE: RangeInclusive<i64> = 1..=255;
pub const ASKED_WINDOWSIZE: &str = "Blocks in a window to ask for, 1 to 65535 (RFC 7440)";
pub const ASKED_WINDOWSIZE_RANGE: RangeInclusive<i64> = 1..=65535;
