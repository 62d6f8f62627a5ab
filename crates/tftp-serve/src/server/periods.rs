//! Periods of listening: the engines that listen, one for each address, and the stopped ones that
//! finish their transfers.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tftp_udp::Adopted;

use super::error::{Error, ErrorKind};
use super::listen::ListenTarget;
use crate::config::{Config, Policy};
use crate::inline::EventSink;
use crate::shared::Shared;
use crate::{Engine, Listener};

/// Starts and stops engines. The caller serializes calls.
#[derive(Default)]
pub(super) struct Periods {
    /// The engines that listen, in the order of their addresses.
    engines: Vec<Engine>,
    /// The engines that have stopped listening and have transfers left.
    draining: Vec<Engine>,
    bound: Bound,
    is_closed: bool,
}

/// The addresses of the current or last listening sockets, and the buffer sizes that the system
/// granted them.
#[derive(Clone, Default)]
pub(super) struct Bound {
    /// Each address, and whether its socket takes both families.
    pub(super) addresses: Vec<(SocketAddr, bool)>,
    /// The first socket's receive and send buffer sizes in bytes.
    pub(super) buffers: (usize, usize),
}

/// A port that is bound and not read yet.
pub(super) enum Port {
    Bound(Listener),
    /// A port that an engine which has stopped listening still holds.
    Kept(Engine),
}

impl Periods {
    pub(super) fn is_on(&self) -> bool {
        !self.engines.is_empty()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }

    pub(super) fn bound(&self) -> &Bound {
        &self.bound
    }

    /// Takes every port; if one fails, none.
    pub(super) fn take_ports(
        &mut self,
        wanted: Vec<(Config, ListenTarget)>,
    ) -> Result<Vec<Port>, Error> {
        self.reap();
        let mut ports = Vec::new();
        for (position, (config, place)) in wanted.into_iter().enumerate() {
            match self.take_port(config, place) {
                Ok(port) => ports.push(port),
                Err(error) => {
                    self.give_back(ports);
                    return Err(error.at_position(position));
                }
            }
        }
        Ok(ports)
    }

    /// Takes one port. With a single port, an engine whose transfers still need the port resumes
    /// listening on it. If the configuration of its sockets has changed it cannot, and the port is
    /// in use.
    fn take_port(&mut self, config: Config, place: ListenTarget) -> Result<Port, Error> {
        let kept = self.draining.iter().position(|engine| engine.can_resume(&config));
        if let Some(kept) = kept.filter(|&kept| self.draining[kept].hold()) {
            return Ok(Port::Kept(self.draining.remove(kept)));
        }
        match place {
            ListenTarget::Address(address, _) => {
                Listener::bind(config).map(Port::Bound).map_err(|error| {
                    Error::io(ErrorKind::Listen, format!("listening on {address}"), error)
                        .at(address)
                })
            }
            ListenTarget::Socket(adopted) => adopted
                .and_then(|adopted| self.adopt(config, adopted))
                .map(Port::Bound)
                .map_err(|error| Error::io(ErrorKind::Socket, "adopting a socket", error)),
        }
    }

    fn adopt(&self, config: Config, adopted: Adopted) -> io::Result<Listener> {
        match self.draining.iter().any(|engine| engine.keeps(adopted.id())) {
            true => Err(io::ErrorKind::AddrInUse.into()),
            false => Listener::adopt(config, adopted),
        }
    }

    fn give_back(&mut self, ports: impl IntoIterator<Item = Port>) {
        for port in ports {
            if let Port::Kept(engine) = port {
                engine.release();
                self.draining.push(engine);
            }
        }
    }

    /// Starts to read the ports: all of them or, if one fails, none.
    pub(super) fn launch(
        &mut self,
        ports: Vec<Port>,
        policy: &Policy,
        sink: &Arc<dyn EventSink>,
        shared: &Arc<Shared>,
    ) -> Result<(), Error> {
        let mut ports = ports.into_iter();
        while let Some(port) = ports.next() {
            let started = match port {
                Port::Bound(listener) => {
                    Engine::listen(listener, policy.clone(), Arc::clone(sink), Arc::clone(shared))
                }
                Port::Kept(engine) => {
                    engine.resume(policy.clone());
                    Ok(engine)
                }
            };
            match started {
                Ok(engine) => self.engines.push(engine),
                Err(error) => {
                    self.give_back(ports);
                    self.stop();
                    return Err(Error::io(ErrorKind::System, "starting to listen", error));
                }
            }
        }
        let addresses = self.engines.iter();
        self.bound = Bound {
            addresses: addresses
                .map(|engine| (engine.local_addr(), engine.is_dual_stack()))
                .collect(),
            buffers: self
                .engines
                .first()
                .map(|engine| (engine.recv_buffer(), engine.send_buffer()))
                .unwrap_or_default(),
        };
        Ok(())
    }

    /// Sets the policy for requests from now on.
    pub(super) fn set_policy(&self, policy: &Policy) {
        self.engines
            .iter()
            .for_each(|engine| engine.set_policy(policy.clone()));
    }

    /// Stops accepting requests; transfers continue. Returns true if requests were accepted before.
    pub(super) fn stop(&mut self) -> bool {
        self.reap();
        let was_on = self.is_on();
        self.engines.iter().for_each(Engine::stop_listening);
        self.draining.append(&mut self.engines);
        was_on
    }

    /// Stops accepting requests and ends every transfer. Returns true if requests were accepted
    /// before.
    pub(super) fn shutdown(&mut self) -> bool {
        let was_on = self.stop();
        self.draining.iter().for_each(Engine::shutdown);
        self.reap();
        was_on
    }

    /// Shuts down for good, and returns the engines, which the caller has to join.
    pub(super) fn close(&mut self) -> Vec<Engine> {
        self.is_closed = true;
        self.shutdown();
        std::mem::take(&mut self.draining)
    }

    /// Frees the engines whose transfers have all ended.
    pub(super) fn reap(&mut self) {
        for engine in self.draining.extract_if(.., |engine| engine.is_finished()) {
            engine.join();
        }
    }
}
