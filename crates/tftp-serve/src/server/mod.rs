//! The public face of the crate: a server, its handler, its events.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tftp_sync::Mutex;

mod answer;
mod builder;
mod carriage;
mod carriers;
mod connection;
mod crew;
mod error;
mod event;
mod executor;
mod handler;
mod live;
mod outcome;
mod pump;
mod refusal;
mod request;
mod router;
mod settings;
mod sink;
mod source;
mod stats;
mod stream;

pub use answer::{Answer, Content};
pub use builder::Builder;
pub use connection::Connection;
pub use error::{Error, ErrorKind};
pub use event::{Event, LogKind, LogLevel};
pub use handler::{AsyncHandler, Handler, Task};
pub use outcome::{FileError, FileErrorKind, FileStep, NetworkError, Outcome};
pub use refusal::Refusal;
pub use request::{Deferred, Request};
pub use settings::Settings;
pub use sink::{AsyncSink, Sink};
pub use source::{AsyncSource, Source};
pub use stats::Stats;

use crate::Engine;
use crate::shared::Shared;
use crew::Crew;
use router::Router;
use settings::Root;

/// A TFTP server that listens.
///
/// It may be used from any thread. Dropping it is [`Server::close`].
pub struct Server {
    /// One for each address; none once it is closed.
    engines: Mutex<Vec<Engine>>,
    /// Each with whether its socket takes both families.
    addresses: Vec<(SocketAddr, bool)>,
    router: Arc<Router>,
    shared: Arc<Shared>,
    state: Mutex<Listening>,
    single_port: bool,
    crew: Crew,
}

struct Listening {
    settings: Settings,
    root: Option<Root>,
    is_on: bool,
}

impl Server {
    /// Returns the configuration of a server to be, with every value at its default.
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

    /// Returns the first address that it listens on, or listened on.
    pub fn local_addr(&self) -> SocketAddr {
        self.addresses[0].0
    }

    /// Returns every address that it listens on, or listened on, in the order of the builder.
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        self.addresses.iter().map(|(address, _)| *address).collect()
    }

    /// Returns, for each of [`Server::local_addrs`], whether its socket takes both IPv4 and IPv6.
    pub fn dual_stack(&self) -> Vec<bool> {
        self.addresses.iter().map(|(_, dual_stack)| *dual_stack).collect()
    }

    /// Returns whether requests are taken.
    pub fn is_listening(&self) -> bool {
        self.state.lock().is_on
    }

    /// Returns a handle to every connection under way, in the order of their numbers.
    pub fn connections(&self) -> Vec<Connection> {
        self.router
            .connections()
            .into_iter()
            .map(Connection::new)
            .collect()
    }

    /// Returns how many connections are under way.
    pub fn connection_count(&self) -> usize {
        self.router.count()
    }

    /// Returns totals since the start.
    pub fn stats(&self) -> Stats {
        Stats::of(&self.shared)
    }

    /// Returns the settings as they are.
    pub fn settings(&self) -> Settings {
        self.state.lock().settings.clone()
    }

    /// Changes settings for requests from now on: all that `change` does, or nothing.
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
        let mut state = self.state.lock();
        let root = settings.open_root(state.root.as_ref())?;
        let policy = settings.policy(root.as_ref(), self.single_port)?;
        self.engines
            .lock()
            .iter()
            .for_each(|engine| engine.set_policy(policy.clone()));
        (state.settings, state.root) = (settings, root);
        Ok(())
    }

    /// Takes no new requests; transfers go on. Returns when the listening sockets are closed, with
    /// [`Builder::single_port`] when nobody reads requests from them any more.
    pub fn stop_listening(&self) {
        let was_on = std::mem::replace(&mut self.state.lock().is_on, false);
        if was_on {
            self.engines.lock().iter().for_each(Engine::stop_listening);
        }
    }

    /// Waits until no connection is under way and the end of each was told. Returns false where some are after
    /// `patience`; `None` waits without a limit.
    ///
    /// While the server listens, new connections may begin at any time.
    pub fn wait_idle(&self, patience: Option<Duration>) -> bool {
        self.router.wait_idle(patience)
    }

    /// Takes no new requests, lets transfers finish for at most `grace`, and shuts down. Returns true where all finished.
    pub fn shutdown_gracefully(&self, grace: Duration) -> bool {
        self.stop_listening();
        let has_finished = self.wait_idle(Some(grace));
        self.shutdown();
        has_finished
    }

    /// Stops listening and ends every transfer with an ERROR; returns when all sockets are closed.
    pub fn shutdown(&self) {
        self.stop_listening();
        self.engines.lock().iter().for_each(Engine::shutdown);
    }

    /// Shuts down, waits until everything that waits has been done and every event was told, and ends all threads.
    ///
    /// Called on one of the server's own threads, it does not wait for that one.
    pub fn close(&self) {
        self.shutdown();
        let engines = std::mem::take(&mut *self.engines.lock());
        engines.into_iter().for_each(Engine::join);
        self.crew.stop();
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
