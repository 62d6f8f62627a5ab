//! This machine's name, and the commands with which an administrator examines it.

/// Returns the machine's own name.
pub fn host_name() -> Option<String> {
    nix::unistd::gethostname().ok()?.into_string().ok()
}

/// The command that shows which program has a port.
pub const PORTS_SHOWN_BY: &str = if cfg!(target_os = "linux") {
    "ss -lunp"
} else if cfg!(target_os = "freebsd") {
    "sockstat -l -P udp"
} else {
    "lsof -nP -iUDP"
};

/// The command that shows the ports that the system reserves for itself.
pub const RESERVED_PORTS_SHOWN_BY: &str = if cfg!(target_os = "linux") {
    "sysctl net.ipv4.ip_local_reserved_ports"
} else {
    "sysctl net.inet.ip.portrange"
};

/// The command that lists the network interfaces.
pub const INTERFACES_LISTED_BY: &str = if cfg!(target_os = "linux") {
    "ip link"
} else {
    "ifconfig -l"
};

/// The command that lists the addresses of this machine.
pub const ADDRESSES_LISTED_BY: &str = if cfg!(target_os = "linux") {
    "ip address"
} else {
    "ifconfig"
};
