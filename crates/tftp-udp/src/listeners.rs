//! Turns a server's settings into its network: the listening sockets, and [`Sockets`] on each of
//! them.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use tftp_budget::descriptors::read_limit;
use tftp_machine::Mode;
use tftp_machine::port_plan::Budget;

use super::sockets::{NetOptions, Sockets};
use super::sockopt;
use super::{
    Adopted, Bundling, FrameOptions, IoMode, MacAddr, PortOptions, SocketOptions, UdpSocket, is_own,
};

/// The kernel's default queue for one socket, in bytes: holds packets of a thousand clients.
const DEFAULT_BUFFER: usize = 4 << 20;

/// The options of a server's sockets on one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenOptions {
    /// The address to listen on; with port 0 the system chooses one. For an adopted socket, its
    /// address.
    pub address: SocketAddr,
    /// True if an IPv6 socket receives IPv4 as well (only with an unspecified address).
    pub dual_stack: bool,
    /// True if other sockets may bind to the same port (SO_REUSEADDR and SO_REUSEPORT).
    pub share_port: bool,
    /// The number of I/O threads, each with a listening socket of its own on the same port; at
    /// least 1.
    pub threads: usize,
    /// The ports that transfers get.
    pub mode: Mode,
    /// The range of port numbers for transfers; `None`: any.
    pub transfer_ports: Option<RangeInclusive<u16>>,
    /// The network interface for all packets, received and sent (SO_BINDTODEVICE, also for a VRF;
    /// IP_BOUND_IF on macOS).
    pub interface: Option<String>,
    /// The source address of packets to peers of its family, instead of the address that the
    /// request was sent to. Only Linux takes an address that is not this host's.
    pub source_ip: Option<IpAddr>,
    /// The Ethernet source address; IPv4 packets then leave as frames (Linux, CAP_NET_RAW, no IPv6
    /// socket).
    pub source_mac: Option<MacAddr>,
    /// SO_RCVBUF in bytes. By default 4 MiB for sockets shared by peers, and the size that the
    /// transfer needs for a private one.
    pub recv_buffer: Option<usize>,
    /// SO_SNDBUF in bytes; by default 4 MiB.
    pub send_buffer: Option<usize>,
    /// Sets Don't Fragment on outgoing packets.
    pub dont_fragment: bool,
    /// The TOS (IPv4) or traffic class (IPv6) byte of outgoing packets.
    pub traffic_class: Option<u8>,
    /// Selects the system calls that move datagrams.
    pub io_mode: IoMode,
}

impl ListenOptions {
    /// Returns the default options for an address: one thread, a port for each transfer.
    pub fn new(address: SocketAddr) -> ListenOptions {
        ListenOptions {
            address,
            dual_stack: false,
            share_port: false,
            threads: 1,
            mode: Mode::Own,
            transfer_ports: None,
            interface: None,
            source_ip: None,
            source_mac: None,
            recv_buffer: None,
            send_buffer: None,
            dont_fragment: false,
            traffic_class: None,
            io_mode: IoMode::Auto,
        }
    }

    /// Returns the options of every socket of the server.
    fn sockets(&self) -> SocketOptions {
        SocketOptions {
            share_port: self.share_port,
            recv_buffer: Some(self.recv_buffer.unwrap_or(DEFAULT_BUFFER)),
            send_buffer: Some(self.send_buffer.unwrap_or(DEFAULT_BUFFER)),
            dont_fragment: self.dont_fragment,
            traffic_class: self.traffic_class,
            v6_only: !self.dual_stack,
            packet_info: self.address.ip().is_unspecified(),
            report_errors: true,
            foreign_source: self.source_ip.is_some_and(|ip| !is_own(ip)),
            coalesce: self.io_mode == IoMode::Auto,
            interface: self.interface.clone(),
            late_port: false,
            port_range: None,
        }
    }

    /// Returns the options of the listening sockets. Errors are reported only where transfers use
    /// the listening port: anybody can cause them, and each of them makes a call fail.
    fn listening(&self) -> SocketOptions {
        SocketOptions {
            report_errors: self.mode == Mode::Single,
            ..self.sockets()
        }
    }

    /// Returns the options of one thread's network; its listening socket, passed separately, is
    /// bound to `port`.
    fn network(&self, port: u16, sockets: SocketOptions) -> NetOptions {
        let range = self.transfer_ports.as_ref();
        let budget = Budget::new(self.mode, range, self.threads, read_limit());
        let frames = self.source_mac.map(|mac| FrameOptions {
            mac,
            port,
            traffic_class: self.traffic_class.unwrap_or_default(),
            dont_fragment: self.dont_fragment,
        });
        let ports = PortOptions {
            address: self.address,
            source: self.source_ip,
            range: self.transfer_ports.clone(),
            mode: self.io_mode,
            bundling: match self.io_mode {
                IoMode::Auto => Bundling::Auto,
                IoMode::Portable => Bundling::None,
            },
            sockets,
            recv_buffer: self.recv_buffer,
            shared: budget.shared,
            private: budget.own,
            idle: budget.idle,
            always_private: self.mode == Mode::AlwaysOwn,
        };
        NetOptions {
            ports,
            single_port: self.mode == Mode::Single,
            frames,
            dont_fragment: self.dont_fragment,
        }
    }
}

/// Listening sockets that are bound and not read yet, one for each I/O thread, all on one port.
#[derive(Debug)]
pub struct Listeners {
    options: ListenOptions,
    sockets: Vec<UdpSocket>,
}

impl Listeners {
    /// Binds a listening socket for each thread. The first is bound alone, so that another server
    /// on the same port is detected; then the others join it, and the kernel keeps the packets of
    /// each client on one of them.
    ///
    /// # Errors
    /// The system's error for the address or the port.
    pub fn bind(options: ListenOptions) -> io::Result<Listeners> {
        Listeners::bind_as(options, sockopt::FIRST_ONLY_RESERVES)
    }

    /// As [`Listeners::bind`], on a system with that constant.
    pub(crate) fn bind_as(
        options: ListenOptions,
        first_only_reserves: bool,
    ) -> io::Result<Listeners> {
        let sockets = options.listening();
        let mut listeners = Listeners {
            sockets: vec![UdpSocket::bind(options.address, &sockets)?],
            options,
        };
        listeners.join(&sockets, first_only_reserves)?;
        Ok(listeners)
    }

    /// Listens on a socket that the application bound. If no other socket may use its port there is
    /// only one thread ([`Listeners::threads`]).
    ///
    /// # Errors
    /// Those of setsockopt.
    pub fn adopt(options: ListenOptions, adopted: Adopted) -> io::Result<Listeners> {
        let sockets = options.listening();
        // The socket is the application's: only options that were set explicitly change on it.
        let theirs = SocketOptions {
            recv_buffer: options.recv_buffer,
            send_buffer: options.send_buffer,
            interface: None,
            ..sockets.clone()
        };
        let adopted = UdpSocket::adopt(adopted, &theirs)?;
        let alike = SocketOptions {
            interface: adopted.interface(),
            ..sockets
        };
        let mut listeners = Listeners {
            sockets: vec![adopted],
            options,
        };
        if !sockopt::FIRST_ONLY_RESERVES {
            // Fails if another user bound the socket, or if its port needs a privilege that was
            // dropped since.
            let _ = listeners.join(&alike, false);
        }
        Ok(listeners)
    }

    /// Binds a socket for each further thread. `first_only_reserves`: the first socket would get no
    /// datagrams beside the others, so another one takes its place.
    fn join(&mut self, options: &SocketOptions, first_only_reserves: bool) -> io::Result<()> {
        // Windows delivers all datagrams of a shared port to one of its sockets, so that there is
        // one thread.
        if self.options.threads <= 1 || cfg!(windows) {
            return Ok(());
        }
        self.sockets[0].allow_sharing()?;
        let address = self.sockets[0].local_addr()?;
        let sharing = SocketOptions {
            share_port: true,
            ..options.clone()
        };
        let reserving = usize::from(first_only_reserves);
        while self.sockets.len() < self.options.threads + reserving {
            self.sockets.push(UdpSocket::bind(address, &sharing)?);
        }
        self.sockets.drain(..reserving);
        Ok(())
    }

    /// Returns the options they were bound with.
    pub fn options(&self) -> &ListenOptions {
        &self.options
    }

    /// Returns the address and port that they are bound to.
    ///
    /// # Errors
    /// Those of getsockname.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.sockets[0].local_addr()
    }

    /// Returns the receive buffer that the system granted, in bytes.
    ///
    /// # Errors
    /// Those of getsockopt.
    pub fn recv_buffer(&self) -> io::Result<usize> {
        self.sockets[0].recv_buffer()
    }

    /// Returns the send buffer that the system granted, in bytes.
    ///
    /// # Errors
    /// Those of getsockopt.
    pub fn send_buffer(&self) -> io::Result<usize> {
        self.sockets[0].send_buffer()
    }

    /// Returns the number of threads that can read them: one for each socket.
    pub fn threads(&self) -> usize {
        self.sockets.len()
    }

    /// Opens a network for each thread.
    ///
    /// # Errors
    /// Those of epoll; with frames those of packet sockets.
    pub fn open(self) -> io::Result<Vec<Sockets>> {
        let port = self.local_addr()?.port();
        let made = self.options.sockets();
        let network = |listening| Sockets::new(listening, self.options.network(port, made.clone()));
        self.sockets.into_iter().map(network).collect()
    }
}
