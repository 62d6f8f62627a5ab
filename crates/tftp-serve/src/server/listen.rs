//! The addresses, sockets and options that a server listens with. They are fixed for one period of
//! listening.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use tftp_machine::Mode;
use tftp_udp::{Adopted, IoMode, ListenOptions, MacAddr};

use super::error::{Error, ErrorKind};
use super::settings::within;
use crate::config::Config;

/// The well-known port of TFTP (RFC 1350 section 4).
const PORT: u16 = 69;

/// An address or a socket to listen on.
#[derive(Debug)]
pub(super) enum ListenTarget {
    /// An address, and true if one socket takes both IPv4 and IPv6.
    Address(SocketAddr, bool),
    Socket(io::Result<Adopted>),
}

impl ListenTarget {
    /// Returns the address, and whether it takes both families; `None` if an adopted socket is
    /// unusable.
    fn address(&self) -> Option<(SocketAddr, bool)> {
        match self {
            ListenTarget::Address(address, dual_stack) => Some((*address, *dual_stack)),
            ListenTarget::Socket(Ok(adopted)) => Some((adopted.address(), adopted.dual_stack())),
            ListenTarget::Socket(Err(_)) => None,
        }
    }
}

/// The configuration of listening, for [`Server::listen`](crate::Server::listen).
///
/// [`Builder`](crate::Builder) has the same methods for a server that listens from its start. A
/// value that is not set has the default that its method's documentation names.
///
/// ```
/// use tftp_serve::{Listen, Server};
///
/// # fn main() -> Result<(), tftp_serve::Error> {
/// # let directory = std::env::temp_dir();
/// let server = Server::builder().root(&directory).open()?;
/// assert!(!server.is_listening());
/// server.listen(Listen::default().listen(([127, 0, 0, 1], 0)))?;
/// server.stop_listening();
/// server.listen(Listen::default().listen(([127, 0, 0, 1], 0)).io_threads(2))?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "it does nothing until a server listens by it"]
pub struct Listen {
    places: Vec<ListenTarget>,
    /// The options of every socket. The address and the transfer ports are filled in for each
    /// place.
    options: ListenOptions,
    single_port: bool,
    port_per_transfer: bool,
    require_port_per_transfer: bool,
    busy_poll: Duration,
}

impl Default for Listen {
    fn default() -> Listen {
        Listen {
            places: Vec::new(),
            options: ListenOptions::new((Ipv4Addr::UNSPECIFIED, PORT).into()),
            single_port: false,
            port_per_transfer: true,
            require_port_per_transfer: false,
            busy_poll: Duration::ZERO,
        }
    }
}

/// Writes each setter twice: for [`Listen`], and for the builder, which contains one.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $kind:ty),*) => |$listen:ident| $body:expr;)*) => {
        impl Listen {
            $($(#[$doc])*
            pub fn $name(self, $($argument: $kind),*) -> Listen {
                let mut $listen = self;
                $body;
                $listen
            })*
        }

        impl super::Builder {
            $($(#[$doc])*
            pub fn $name(self, $($argument: $kind),*) -> super::Builder {
                self.map_listen(|listen| listen.$name($($argument),*))
            })*
        }
    };
}

setters! {
    /// Adds an address to listen on; may be called several times. Port 0 lets the system choose.
    /// Default: 0.0.0.0:69.
    ///
    /// An IPv6 address accepts IPv6 only, so the same port can be listened on with IPv4, too.
    listen(address: impl Into<SocketAddr>) => |listen| listen.places.push(ListenTarget::Address(address.into(), false));
    /// Listens on a port of every address, with one socket for IPv4 and IPv6.
    listen_dual_stack(port: u16) => |listen| {
        let address = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        listen.places.push(ListenTarget::Address(address, true));
    };
    /// Adds a socket that was adopted before; may be called several times.
    adopt_socket(socket: Adopted) => |listen| listen.places.push(ListenTarget::Socket(Ok(socket)));
    /// Lets other programs listen on the same port (SO_REUSEADDR, SO_REUSEPORT). Default: false.
    share_port(share: bool) => |listen| listen.options.share_port = share;
    /// Sets the number of threads that send and receive packets, 1 to 64. Default: 1, which serves
    /// some gigabits a second.
    io_threads(threads: usize) => |listen| listen.options.threads = threads;
    /// Answers from the listening port instead of a port for each transfer, in deviation from RFC
    /// 1350 section 4, for firewalls and NAT. Default: false.
    single_port(single: bool) => |listen| listen.single_port = single;
    /// Takes the ports of transfers from this range. Default: the system chooses.
    transfer_ports(ports: RangeInclusive<u16>) => |listen| listen.options.transfer_ports = Some(ports);
    /// Gives each transfer a random port and a connected socket of its own, as long as descriptors
    /// last. Default: true. With false all transfers share some random ports.
    port_per_transfer(own: bool) => |listen| listen.port_per_transfer = own;
    /// Refuses a transfer when no socket of its own is left for it. Default: false, the transfer
    /// shares one.
    require_port_per_transfer(required: bool) => |listen| listen.require_port_per_transfer = required;
    /// Sends and receives through one network interface (Linux, where it may be a VRF, and macOS).
    /// Default: any.
    interface(name: impl Into<String>) => |listen| listen.options.interface = Some(name.into());
    /// Sends from this address instead of the one that the request was sent to, to clients of its
    /// family. Only Linux takes an address that is not this host's.
    source_ip(ip: IpAddr) => |listen| listen.options.source_ip = Some(ip.to_canonical());
    /// Sends IPv4 packets as Ethernet frames from this address (Linux, CAP_NET_RAW).
    source_mac(mac: [u8; 6]) => |listen| {
        let mac: MacAddr = mac;
        listen.options.source_mac = Some(mac);
    };
    /// Sets the size of the listening socket's receive buffer in bytes. Default: the library's
    /// choice.
    receive_buffer(bytes: usize) => |listen| listen.options.recv_buffer = Some(bytes);
    /// Sets the size of the listening socket's send buffer in bytes. Default: the library's choice.
    send_buffer(bytes: usize) => |listen| listen.options.send_buffer = Some(bytes);
    /// Sets the Don't Fragment flag of packets. Default: false.
    dont_fragment(set: bool) => |listen| listen.options.dont_fragment = set;
    /// Sets the TOS byte (IPv4) or traffic class (IPv6) of packets: a DSCP shifted left by 2.
    /// Default: the system's.
    traffic_class(class: u8) => |listen| listen.options.traffic_class = Some(class);
    /// Polls for the next packet for at most this long before sleeping, while packets arrive that
    /// fast. Default: 0, never.
    busy_poll(spin: Duration) => |listen| listen.busy_poll = spin;
    /// Sends and receives one datagram per system call, which every system can do, instead of
    /// batches. Default: false, the library uses the fastest way that the system offers and a
    /// sandbox permits.
    one_datagram_per_call(portable: bool) => |listen| {
        listen.options.io_mode = if portable { IoMode::Portable } else { IoMode::Auto };
    };
}

#[cfg(unix)]
impl Listen {
    /// Adds a bound UDP socket to listen on, as a service manager passes it on; may be called
    /// several times.
    ///
    /// The server duplicates the descriptor at once, so the socket may be closed afterwards. An
    /// unsuitable socket is reported when the server starts to listen.
    pub fn adopt(mut self, socket: impl std::os::fd::AsFd) -> Listen {
        use std::os::fd::AsRawFd;
        let adopted = Adopted::new(socket.as_fd().as_raw_fd());
        self.places.push(ListenTarget::Socket(adopted));
        self
    }
}

#[cfg(unix)]
impl super::Builder {
    /// Adds a bound UDP socket to listen on, as a service manager passes it on; may be called
    /// several times.
    ///
    /// The server duplicates the descriptor at once, so the socket may be closed afterwards. An
    /// unsuitable socket is reported by [`Builder::start`](crate::Builder::start).
    pub fn adopt(self, socket: impl std::os::fd::AsFd) -> super::Builder {
        self.map_listen(|listen| listen.adopt(socket))
    }
}

impl Listen {
    /// The range of [`Listen::io_threads`].
    pub const IO_THREADS: RangeInclusive<usize> = crate::bounds::IO_THREADS;

    /// Returns true if [`Listen::interface`] takes this name: one that Linux accepts for an
    /// interface (dev_valid_name; IFNAMSIZ has room for 15 bytes and NUL). Its existence is checked
    /// when listening starts.
    pub fn is_interface_name(name: &str) -> bool {
        let is_plain = |c: char| !matches!(c, '/' | ':' | '\0') && !c.is_whitespace();
        (1..16).contains(&name.len()) && name != "." && name != ".." && name.chars().all(is_plain)
    }

    pub(super) fn is_single_port(&self) -> bool {
        self.single_port
    }

    /// Checks everything that can be checked without a socket.
    pub(super) fn check(&self) -> Result<(), Error> {
        let options = &self.options;
        within("io_threads", options.threads, &Listen::IO_THREADS)?;
        if let Some(name) = options
            .interface
            .as_ref()
            .filter(|name| !Listen::is_interface_name(name))
        {
            let text = format!(
                "interface {name}: the name of a network interface is expected, as in eth0"
            );
            return Err(Error::invalid(text));
        }
        match &options.transfer_ports {
            Some(ports) if ports.is_empty() || *ports.start() == 0 => {
                let text =
                    format!("transfer_ports {ports:?}: a range of ports from 1 up is expected");
                Err(Error::invalid(text))
            }
            _ => Ok(()),
        }
    }

    /// Returns every place with the configuration of its engine.
    pub(super) fn into_configs(mut self) -> Result<Vec<(Config, ListenTarget)>, Error> {
        let mut places = std::mem::take(&mut self.places);
        if places.is_empty() {
            places.push(ListenTarget::Address(self.options.address, false));
        }
        self.check_sources(&places)?;
        let configs = places.into_iter().map(|place| (self.config_for(&place), place));
        Ok(configs.collect())
    }

    fn config_for(&self, place: &ListenTarget) -> Config {
        let options = &self.options;
        let (address, dual_stack) = place.address().unwrap_or((options.address, false));
        // A thread without a port would refuse every client that the system assigns to it.
        let most_threads = match &options.transfer_ports {
            Some(ports) if !self.single_port => ports.len(),
            _ => usize::MAX,
        };
        Config {
            options: ListenOptions {
                address,
                dual_stack,
                threads: options.threads.min(most_threads),
                source_ip: options.source_ip.filter(|ip| takes(address, dual_stack, *ip)),
                mode: Mode::new(
                    self.single_port,
                    self.require_port_per_transfer,
                    self.port_per_transfer,
                ),
                ..options.clone()
            },
            adopted: match place {
                ListenTarget::Socket(Ok(adopted)) => Some(adopted.id()),
                _ => None,
            },
            busy_poll: self.busy_poll,
        }
    }

    /// Checks that the system lets this process send as configured.
    fn check_sources(&self, places: &[ListenTarget]) -> Result<(), Error> {
        let options = &self.options;
        if let Some(ip) = options.source_ip {
            let mut addresses = places.iter().filter_map(ListenTarget::address);
            if !addresses.any(|(address, dual_stack)| takes(address, dual_stack, ip)) {
                return Err(Error::invalid(format!(
                    "source_ip {ip}: nothing is listened on in its family"
                )));
            }
            tftp_udp::may_send_from(ip)
                .map_err(|error| Error::io(ErrorKind::Source, format!("source_ip {ip}"), error))?;
        }
        if let Some(interface) = &options.interface {
            tftp_udp::may_bind_to(interface).map_err(|error| {
                Error::io(ErrorKind::Interface, format!("interface {interface}"), error)
            })?;
        }
        if options.source_mac.is_some() {
            tftp_udp::may_send_frames()
                .map_err(|error| Error::io(ErrorKind::Frames, "source_mac", error))?;
        }
        Ok(())
    }
}

/// Returns true if clients of a socket at this address may be of the family of `ip`.
fn takes(address: SocketAddr, dual_stack: bool, ip: IpAddr) -> bool {
    dual_stack || ip.is_ipv4() == address.ip().to_canonical().is_ipv4()
}
