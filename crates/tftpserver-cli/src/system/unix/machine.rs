//! This machine, and what its administrator looks things up with.

/// The machine's own name.
pub fn host_name() -> Option<String> {
    nix::unistd::gethostname().ok()?.into_string().ok()
}

/// What shows which program has a port.
pub const PORTS_SHOWN_BY: &str = if cfg!(target_os = "linux") {
    "ss -lunp"
} else if cfg!(target_os = "freebsd") {
    "sockstat -l -P udp"
} else {
    "lsof -nP -iUDP"
};

/// What lists the network interfaces.
pub const INTERFACES_LISTED_BY: &str = if cfg!(target_os = "linux") {
    "ip link"
} else {
    "ifconfig -l"
};

/// What lists the addresses of this machine.
pub const ADDRESSES_LISTED_BY: &str = if cfg!(target_os = "linux") {
    "ip address"
} else {
    "ifconfig"
};
