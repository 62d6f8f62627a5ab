//! Made from api/settings.toml and api/properties.toml by `make bless`; not to be edited.
#![allow(dead_code, reason = "not every range is checked by its constant")]

use std::ops::RangeInclusive;

/// Largest blksize that a client gets (RFC 2348).
pub const MAX_BLOCK_SIZE: RangeInclusive<u16> = 8..=65464;
/// Its default.
pub const MAX_BLOCK_SIZE_DEFAULT: u16 = 65464;

/// Largest windowsize that a client gets (RFC 7440).
pub const MAX_WINDOW_SIZE: RangeInclusive<u16> = 1..=65535;
/// Its default.
pub const MAX_WINDOW_SIZE_DEFAULT: u16 = 64;

/// Transfers at once; more are refused with 10068.
pub const MAX_CONNECTIONS: RangeInclusive<usize> = 1..=1000000;
/// Its default.
pub const MAX_CONNECTIONS_DEFAULT: usize = 10000;

/// Threads that move packets.
pub const IO_THREADS: RangeInclusive<usize> = 1..=64;
/// Its default.
pub const IO_THREADS_DEFAULT: usize = 1;

/// How often a packet is sent again before the transfer fails.
pub const MAX_RETRANSMITS: RangeInclusive<u32> = 0..=1000;
/// Its default.
pub const MAX_RETRANSMITS_DEFAULT: u32 = 3;

/// Seconds to wait at most before a packet is sent again.
pub const RETRANSMIT_TIMEOUT: RangeInclusive<u64> = 1..=3600;
/// Its default.
pub const RETRANSMIT_TIMEOUT_DEFAULT: u64 = 5;

/// Seconds of silence after which a transfer fails; 0: none.
pub const TIMEOUT: RangeInclusive<u64> = 0..=2147483;
/// Its default.
pub const TIMEOUT_DEFAULT: u64 = 60;
