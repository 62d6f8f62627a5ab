//! The server object that an application holds.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tftp_sync::Mutex;
use tftp_sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::builder::Builder;
use super::connection::Connection;
use super::error::Error;
#[cfg(doc)]
use super::error::ErrorKind;
use super::handler_threads::HandlerThreads;
use super::listen::Listen;
use super::periods::{Bound, Periods, Port};
use super::router::Router;
use super::settings::{Root, Settings};
use super::stats::Stats;
use crate::Engine;
use crate::config::Policy;
use crate::inline::EventSink;
use crate::shared::Shared;

/// A TFTP server, listening or not.
///
/// It may be used from any thread. Dropping it has the effect of [`Server::close`].
pub struct Server {
    /// Locked before `state`.
    pub(super) periods: Mutex<Periods>,
    pub(super) state: Mutex<State>,
    pub(super) is_on: AtomicBool,
    /// The current or last listening addresses. A lock apart from `periods`, so that readers do not
    /// wait while the server starts to listen.
    pub(super) bound: Mutex<Bound>,
    pub(super) shared: Arc<Shared>,
    pub(super) sink: Arc<dyn EventSink>,
    /// `None` if the application supplied the sink.
    pub(super) handler_threads: Option<(Arc<Router>, HandlerThreads)>,
}

/// The state that may change while the server runs.
pub(super) struct State {
    pub(super) settings: Settings,
    pub(super) root: Option<Root>,
    /// The single-port setting of the current or last period of listening.
    pub(super) single_port: bool,
}

impl Server {
    /// Returns the configuration of a new server, with every value at its default.
    ///
    /// ```
    /// use tftp_serve::Server;
    ///
    /// # fn main() -> Result<(), tftp_serve::Error> {
    /// # let directory = std::env::temp_dir();
    /// let server = Server::builder()
    ///     .listen(([127, 0, 0, 1], 0))
    ///     .root(&directory)
    ///     .start()?;
    /// println!("listening on {}", server.local_addr());
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Returns the first address that the server listens on, or last listened on; 0.0.0.0:0 if it
    /// never did.
    pub fn local_addr(&self) -> SocketAddr {
        let bound = self.bound.lock();
        let nowhere = (SocketAddr::from(([0; 4], 0)), false);
        bound.addresses.first().unwrap_or(&nowhere).0
    }

    /// Returns every address that the server listens on, or last listened on, in the order in which
    /// they were given.
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        let bound = self.bound.lock();
        bound.addresses.iter().map(|(address, _)| *address).collect()
    }

    /// Returns, for each of [`Server::local_addrs`], whether its socket takes both IPv4 and IPv6.
    pub fn dual_stack(&self) -> Vec<bool> {
        let bound = self.bound.lock();
        bound
            .addresses
            .iter()
            .map(|(_, dual_stack)| *dual_stack)
            .collect()
    }

    /// Returns the sizes in bytes that the system granted for the first listening socket's receive
    /// and send buffers.
    pub fn granted_buffers(&self) -> (usize, usize) {
        self.bound.lock().buffers
    }

    /// Returns true while the server accepts requests.
    pub fn is_listening(&self) -> bool {
        self.is_on.load(Relaxed)
    }

    /// Returns a handle to every active connection, in the order of their numbers. There are none
    /// with [`Builder::event_sink`], because an event sink follows connections itself.
    pub fn connections(&self) -> Vec<Connection> {
        let live = self
            .handler_threads
            .as_ref()
            .map_or_else(Vec::new, |(router, _)| router.connections());
        live.iter().map(|live| live.connection()).collect()
    }

    /// Returns the number of active connections.
    pub fn connection_count(&self) -> usize {
        match &self.handler_threads {
            Some((router, _)) => router.count(),
            None => self.shared.active(),
        }
    }

    /// Returns totals since the start.
    pub fn stats(&self) -> Stats {
        Stats::of(&self.shared)
    }

    /// Returns the current settings.
    pub fn settings(&self) -> Settings {
        self.state.lock().settings.clone()
    }

    /// Changes settings for requests from now on. If a value is invalid, nothing is changed.
    ///
    /// ```
    /// # use tftp_serve::Server;
    /// # fn main() -> Result<(), tftp_serve::Error> {
    /// # let directory = std::env::temp_dir();
    /// # let server = Server::builder().listen(([127, 0, 0, 1], 0)).root(&directory).start()?;
    /// server.reconfigure(|settings| settings.read_only(false).max_connections(100))?;
    /// assert!(server.reconfigure(|settings| settings.max_block_size(1)).is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`], [`ErrorKind::Root`].
    pub fn reconfigure(&self, change: impl FnOnce(Settings) -> Settings) -> Result<(), Error> {
        let settings = change(self.settings());
        let periods = self.periods.lock();
        let mut state = self.state.lock();
        let root = settings.open_root(state.root.as_ref())?;
        let policy = settings.policy(root.as_ref(), state.single_port)?;
        periods.set_policy(&policy);
        (state.settings, state.root) = (settings, root);
        Ok(())
    }

    /// Starts to listen, with the current settings: on every address and socket, or, if one fails,
    /// on none.
    ///
    /// A server may stop and listen again; connection numbers, totals and active transfers
    /// continue. If such transfers still use a [single port](Listen::single_port), listening with
    /// the same configuration resumes on that port.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] if the server listens already or is closed, and the errors of
    /// [`Builder::start`].
    pub fn listen(&self, listen: Listen) -> Result<(), Error> {
        listen.check()?;
        let single_port = listen.is_single_port();
        let mut periods = self.periods.lock();
        if periods.is_closed() || periods.is_on() {
            return Err(Error::invalid("the server listens already, or is closed"));
        }
        let policy = {
            let mut state = self.state.lock();
            // The directory may have been removed since it was opened.
            if let Some(root) = &mut state.root {
                root.reopen()?;
            }
            state.settings.policy(state.root.as_ref(), single_port)?
        };
        let ports = periods.take_ports(listen.into_configs()?)?;
        self.launch(&mut periods, ports, &policy, single_port)
    }

    /// Starts to read ports. The caller holds the lock of `periods`.
    pub(super) fn launch(
        &self,
        periods: &mut Periods,
        ports: Vec<Port>,
        policy: &Policy,
        single_port: bool,
    ) -> Result<(), Error> {
        periods.launch(ports, policy, &self.sink, &self.shared)?;
        self.state.lock().single_port = single_port;
        *self.bound.lock() = periods.bound().clone();
        self.is_on.store(true, Relaxed);
        Ok(())
    }

    /// Frees the threads of past periods of listening whose last transfer has ended.
    /// [`Server::stop_listening`] and [`Server::listen`] do that, too; while one of them runs, this
    /// call returns at once.
    pub fn reap(&self) {
        if let Some(mut periods) = self.periods.try_lock() {
            periods.reap();
        }
    }

    /// Stops accepting requests; active transfers continue. Returns when the listening sockets are
    /// closed or, with [`Builder::single_port`], when no thread reads requests from them any more.
    pub fn stop_listening(&self) {
        self.periods.lock().stop();
        self.is_on.store(false, Relaxed);
    }

    /// Waits until no connection is active and the end of each has been reported. Returns false if
    /// some are left after `patience`; with `None` it waits without a limit.
    ///
    /// While the server listens, new connections may begin at any time.
    pub fn wait_idle(&self, patience: Option<Duration>) -> bool {
        match &self.handler_threads {
            Some((router, _)) => router.wait_idle(patience),
            None => self.shared.wait_idle(patience),
        }
    }

    /// Stops accepting requests, lets transfers finish for at most `grace`, and shuts down. Returns
    /// true if all finished.
    pub fn shutdown_gracefully(&self, grace: Duration) -> bool {
        self.stop_listening();
        let has_finished = self.wait_idle(Some(grace));
        self.shutdown();
        has_finished
    }

    /// Stops listening and ends every transfer with an ERROR. Returns when all sockets are closed.
    pub fn shutdown(&self) {
        self.periods.lock().shutdown();
        self.is_on.store(false, Relaxed);
    }

    /// Shuts down, waits until all queued work is done and every event has been reported, and ends
    /// all threads.
    ///
    /// A call on one of the server's own threads does not wait for that thread.
    pub fn close(&self) {
        let engines = self.periods.lock().close();
        self.is_on.store(false, Relaxed);
        engines.into_iter().for_each(Engine::join);
        if let Some((_, handler_threads)) = &self.handler_threads {
            handler_threads.stop();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("local_addrs", &self.local_addrs())
            .field("connections", &self.connection_count())
            .finish_non_exhaustive()
    }
}
