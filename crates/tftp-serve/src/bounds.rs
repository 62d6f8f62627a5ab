//! Made from api/settings.toml and api/properties.toml by `make bless`; not to be edited.
#![allow(dead_code, reason = "not every range is checked by its constant")]

use std::ops::RangeInclusive;

/// Largest blksize that is granted (RFC 2348).
pub const MAX_BLOCK_SIZE: RangeInclusive<u16> = 8..=65464;
/// Its default.
pub const MAX_BLOCK_SIZE_DEFAULT: u16 = 65464;

/// Largest windowsize that is granted (RFC 7440).
pub const MAX_WINDOW_SIZE: RangeInclusive<u16> = 1..=65535;
/// Its default.
pub const MAX_WINDOW_SIZE_DEFAULT: u16 = 64;

/// Largest number of concurrent transfers. Further requests are refused with 10068.
pub const MAX_CONNECTIONS: RangeInclusive<usize> = 1..=1000000;
/// Its default.
pub const MAX_CONNECTIONS_DEFAULT: usize = 10000;

/// Number of I/O threads for each listening address.
pub const IO_THREADS: RangeInclusive<usize> = 1..=64;
/// Its default.
pub const IO_THREADS_DEFAULT: usize = 1;

/// How many times a packet is retransmitted before the transfer fails (301).
pub const MAX_RETRANSMITS: RangeInclusive<u32> = 0..=1000;
/// Its default.
pub const MAX_RETRANSMITS_DEFAULT: u32 = 3;

/// Seconds until a packet is retransmitted, at most.
pub const RETRANSMIT_TIMEOUT: RangeInclusive<u64> = 1..=3600;
/// Its default.
pub const RETRANSMIT_TIMEOUT_DEFAULT: u64 = 5;

/// Seconds without progress after which a transfer fails (301); 0: no limit.
pub const TIMEOUT: RangeInclusive<u64> = 0..=2147483;
/// Its default.
pub const TIMEOUT_DEFAULT: u64 = 60;
