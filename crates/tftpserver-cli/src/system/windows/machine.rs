//! This machine, and what its administrator looks things up with.

/// The machine's own name.
pub fn host_name() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}

/// What shows which program has a port.
pub const PORTS_SHOWN_BY: &str = "netstat -abno -p UDP";

/// What lists the network interfaces.
pub const INTERFACES_LISTED_BY: &str = "netsh interface show interface";

/// What lists the addresses of this machine.
pub const ADDRESSES_LISTED_BY: &str = "ipconfig";
