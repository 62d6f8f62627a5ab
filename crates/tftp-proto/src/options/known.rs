//! Made from api/options.toml by `make bless`; not to be edited.

use super::Known;

/// RFC 2349.
pub const TSIZE: Known = Known { name: "tsize", range: 0..=u64::MAX };

/// RFC 2348.
pub const BLKSIZE: Known = Known { name: "blksize", range: 8..=65464 };

/// tftp-hpa.
pub const BLKSIZE2: Known = Known { name: "blksize2", range: 8..=65464 };

/// RFC 2349.
pub const TIMEOUT: Known = Known { name: "timeout", range: 1..=255 };

/// tftp-hpa.
pub const UTIMEOUT: Known = Known { name: "utimeout", range: 10000..=255000000 };

/// RFC 7440.
pub const WINDOWSIZE: Known = Known { name: "windowsize", range: 1..=65535 };

/// tftp-hpa.
pub const ROLLOVER: Known = Known { name: "rollover", range: 0..=1 };

/// How many there are.
pub const COUNT: usize = 7;
