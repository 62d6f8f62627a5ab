//! The listening sockets of one engine, before any is read: of several engines all are bound, or none starts.

use std::io;

use tftp_machine::Mode;
use tftp_udp::{Adopted, ListenOptions, Listeners};

use super::config::Config;

/// One socket for each I/O thread, on the same address and port.
#[derive(Debug)]
pub struct Listener {
    pub(super) config: Config,
    pub(super) sockets: Listeners,
}

impl Listener {
    /// Binds a listening socket for each I/O thread.
    ///
    /// # Errors
    /// What the system says of the address and the port.
    pub fn bind(config: Config) -> io::Result<Listener> {
        let sockets = Listeners::bind(options(&config))?;
        Ok(Listener { config, sockets })
    }

    /// Listens on a socket that the application bound, which is `config.adopted`. Where no other socket may have its
    /// port, one thread has to do.
    ///
    /// # Errors
    /// Those of setsockopt.
    pub fn adopt(config: Config, adopted: Adopted) -> io::Result<Listener> {
        let sockets = Listeners::adopt(options(&config), adopted)?;
        Ok(Listener { config, sockets })
    }
}

/// Which ports transfers get.
pub(super) fn mode(config: &Config) -> Mode {
    Mode::new(
        config.single_port,
        config.use_connection,
        config.port_per_transfer,
    )
}

fn options(config: &Config) -> ListenOptions {
    ListenOptions {
        address: config.address,
        dual_stack: config.dual_stack,
        share_port: config.share_port,
        threads: config.io_threads,
        mode: mode(config),
        transfer_ports: config.transfer_ports.clone(),
        interface: config.interface.clone(),
        source_ip: config.source_ip,
        source_mac: config.source_mac,
        recv_buffer: config.recv_buffer,
        send_buffer: config.send_buffer,
        dont_fragment: config.dont_fragment,
        traffic_class: config.traffic_class,
        io_mode: config.io_mode,
    }
}
