//! The listening sockets of one engine, bound before any is read: several engines start only if all
//! are bound.

use std::io;

use tftp_udp::{Adopted, Listeners};

use super::config::Config;

/// One socket for each I/O thread, on the same address and port.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(super) config: Config,
    pub(super) sockets: Listeners,
}

impl Listener {
    /// Binds a listening socket for each I/O thread.
    ///
    /// # Errors
    /// The system's error for the address and the port.
    pub(crate) fn bind(config: Config) -> io::Result<Listener> {
        let sockets = Listeners::bind(config.options.clone())?;
        Ok(Listener { config, sockets })
    }

    /// Listens on a socket that the application bound, which is `config.adopted`. If no other
    /// socket can share its port, there is only one I/O thread.
    ///
    /// # Errors
    /// Those of setsockopt.
    pub(crate) fn adopt(config: Config, adopted: Adopted) -> io::Result<Listener> {
        let sockets = Listeners::adopt(config.options.clone(), adopted)?;
        Ok(Listener { config, sockets })
    }
}
