//! Made from api/settings.toml and api/properties.toml by `make bless`; not to be edited.
//!
//! The help of options that are properties or settings of the class, with their bounds and defaults.

pub const MAX_BLKSIZE: &str = "Largest block that a client gets, 8 to 65464 bytes (RFC 2348) [default: 65464]";
pub const MAX_WINDOWSIZE: &str = "Most blocks that are sent before an answer, 1 to 65535 (RFC 7440) [default: 64]";
pub const MAX_CONNECTIONS: &str = "Transfers at once [default: 10000]";
pub const MAX_CONNECTIONS_PER_HOST: &str = "Transfers at once from one address; 0: no limit [default: 0]";
pub const THREADS: &str = "Threads that move packets, 1 to 64 [default: 1]";
pub const RETRIES: &str = "How often a packet is sent again before the transfer fails [default: 3]";
pub const TIMEOUT: &str = "Seconds of silence after which a transfer fails; 0: none [default: 60]";
