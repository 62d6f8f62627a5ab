//! The listening sockets of one engine, before anybody reads them: of several engines all are bound, or none starts.

use std::io;

use super::config::Config;
use super::ports;
use tftp_udp::{Adopted, SocketOptions, UdpSocket};

/// One socket for each shard, on the same address and port.
#[derive(Debug)]
pub struct Listener {
    pub(super) config: Config,
    pub(super) sockets: Vec<UdpSocket>,
}

impl Listener {
    /// Binds a listening socket for each shard. The first is bound alone, so that a stranger on the same port is found
    /// out; then the others join it, and the kernel keeps each client's packets on one of them.
    ///
    /// # Errors
    /// What the system says of the address and the port.
    pub fn bind(config: Config) -> io::Result<Listener> {
        let options = ports::options(&config);
        let first = UdpSocket::bind(config.address, &options)?;
        let mut listener = Listener {
            sockets: vec![first],
            config,
        };
        listener.join_in(&options)?;
        Ok(listener)
    }

    /// Listens on a socket that the application bound, which is `config.adopted`. Where nobody else may have its port,
    /// one shard has to do.
    ///
    /// # Errors
    /// Those of setsockopt.
    pub fn adopt(config: Config, adopted: Adopted) -> io::Result<Listener> {
        let options = ports::options(&config);
        let theirs = SocketOptions {
            recv_buffer: config.recv_buffer,
            send_buffer: config.send_buffer,
            interface: None,
            ..options.clone()
        };
        let mut listener = Listener {
            sockets: vec![UdpSocket::adopt(adopted, &theirs)?],
            config,
        };
        let alike = SocketOptions {
            interface: listener.sockets[0].interface(),
            ..options
        };
        // Bound by another user, or a port that takes a privilege which has been given up since.
        let _ = listener.join_in(&alike);
        Ok(listener)
    }

    fn join_in(&mut self, options: &SocketOptions) -> io::Result<()> {
        if self.config.io_threads == 1 || cfg!(windows) {
            return Ok(());
        }
        self.sockets[0].allow_sharing()?;
        let address = self.sockets[0].local_addr()?;
        let sharing = SocketOptions {
            share_port: true,
            ..options.clone()
        };
        while self.sockets.len() < self.config.io_threads {
            self.sockets.push(UdpSocket::bind(address, &sharing)?);
        }
        Ok(())
    }
}
