//! This machine's name, and the commands with which an administrator examines it.

/// Returns the machine's own name.
pub fn host_name() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}

/// The command that shows which program has a port.
pub const PORTS_SHOWN_BY: &str = "netstat -abno -p UDP";

/// The command that shows the ports that the system reserves for itself.
pub const RESERVED_PORTS_SHOWN_BY: &str = "netsh interface ipv4 show excludedportrange udp";

/// The command that lists the network interfaces.
pub const INTERFACES_LISTED_BY: &str = "netsh interface show interface";

/// The command that lists the addresses of this machine.
pub const ADDRESSES_LISTED_BY: &str = "ipconfig";
