//! The builder: turns a configuration into a server that listens.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crossbeam_channel::unbounded;

use tftp_sync::Mutex;
use tftp_sync::atomic::AtomicBool;

use super::data_threads::DataThreads;
use super::error::{Error, ErrorKind};
use super::event::{Event, LogLevel};
use super::handler::{AsyncHandler, Handler, Serving, Spawner, Task};
use super::handler_threads::HandlerThreads;
use super::listen::Listen;
use super::periods::Periods;
use super::router::Router;
use super::settings::{Root, Settings, within};
use super::{Server, State};
use crate::inline::EventSink;

/// The configuration of a server: [`Server::builder`].
///
/// A value that is not set has the default that its method's documentation names.
/// [`Builder::start`] checks the values. The settings that [`Settings`] has as well can be changed
/// while the server runs.
#[must_use = "a builder does nothing until it is started"]
pub struct Builder {
    settings: Settings,
    listen: Listen,
    sink: Option<Arc<dyn EventSink>>,
    handler: Option<Chosen>,
    spawner: Option<Spawner>,
    handler_threads: usize,
    blocking_threads: usize,
    on_event: Option<Box<dyn FnMut(Event) + Send>>,
    log_level: LogLevel,
}

enum Chosen {
    Sync(Box<dyn Handler>),
    Async(Box<dyn super::handler::Boxed>),
}

impl Default for Builder {
    fn default() -> Builder {
        Builder {
            settings: Settings::default(),
            listen: Listen::default(),
            sink: None,
            handler: None,
            spawner: None,
            handler_threads: 4,
            blocking_threads: 512,
            on_event: None,
            log_level: LogLevel::Off,
        }
    }
}

impl Builder {
    /// The range of [`Builder::io_threads`].
    pub const IO_THREADS: RangeInclusive<usize> = Listen::IO_THREADS;
    /// The range of [`Builder::handler_threads`].
    pub const HANDLER_THREADS: RangeInclusive<usize> = 1..=1024;
    /// The range of [`Builder::blocking_threads`].
    pub const BLOCKING_THREADS: RangeInclusive<usize> = 1..=65536;

    pub(super) fn map_settings(self, change: impl FnOnce(Settings) -> Settings) -> Builder {
        Builder {
            settings: change(self.settings),
            ..self
        }
    }

    pub(super) fn map_listen(self, change: impl FnOnce(Listen) -> Listen) -> Builder {
        Builder {
            listen: change(self.listen),
            ..self
        }
    }

    /// Replaces all settings.
    pub fn settings(self, settings: Settings) -> Builder {
        Builder { settings, ..self }
    }

    /// Sets the handler that answers requests. Without one every request is served from the root
    /// directory.
    ///
    /// The handler gets uploads only if [`Builder::read_only`] is false.
    ///
    /// ```no_run
    /// use tftp_serve::{Answer, Request, Server};
    ///
    /// # fn main() -> Result<(), tftp_serve::Error> {
    /// let server = Server::builder()
    ///     .root("/srv/tftp")
    ///     .handler(|request: Request| match request.name() {
    ///         "motd" => Answer::bytes("hello\n"),
    ///         _ => Answer::root(),
    ///     })
    ///     .start()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn handler(mut self, handler: impl Handler) -> Builder {
        self.handler = Some(Chosen::Sync(Box::new(handler)));
        self
    }

    /// Sets a handler that answers requests with futures: see [`AsyncHandler`].
    pub fn async_handler(mut self, handler: impl AsyncHandler) -> Builder {
        self.handler = Some(Chosen::Async(Box::new(handler)));
        self
    }

    /// Sets a function that runs the futures of asynchronous handlers, sources and sinks on a
    /// runtime instead of the library's threads, as in
    /// `.spawner(move |task| drop(tokio_handle.spawn(task)))`.
    pub fn spawner(mut self, spawn: impl Fn(Task) + Send + Sync + 'static) -> Builder {
        self.spawner = Some(Box::new(spawn));
        self
    }

    /// Sets the number of threads on which handlers run, 1 to 1024. Default: 4.
    pub fn handler_threads(self, threads: usize) -> Builder {
        Builder {
            handler_threads: threads,
            ..self
        }
    }

    /// Sets the maximum number of threads on which sinks and sources run, 1 to 65536. Default: 512.
    ///
    /// The threads are started on demand and end after a few seconds without work. A
    /// [`Sink`](crate::Sink) or [`Source`](crate::Source) that blocks occupies a thread; when all
    /// threads are occupied, all other sinks and sources wait. An asynchronous one occupies none.
    pub fn blocking_threads(self, most: usize) -> Builder {
        Builder {
            blocking_threads: most,
            ..self
        }
    }

    /// Calls `callback` for every [`Event`], in order, on a thread of its own. The callback may
    /// block: events are queued meanwhile. When very many are queued, new requests are left
    /// unanswered until their clients repeat them.
    pub fn on_event(mut self, callback: impl FnMut(Event) + Send + 'static) -> Builder {
        self.on_event = Some(Box::new(callback));
        self
    }

    /// Sets the level of detail of [`Event::Log`]. Default: [`LogLevel::Off`].
    pub fn log_level(self, level: LogLevel) -> Builder {
        Builder {
            log_level: level,
            ..self
        }
    }

    /// Passes all events to a sink on the I/O threads, instead of to a handler and an event
    /// callback: see [`inline`](crate::inline). A handler, [`Builder::on_event`] and
    /// [`Builder::log_level`] then have no effect.
    pub fn event_sink(self, sink: Arc<dyn EventSink>) -> Builder {
        Builder {
            sink: Some(sink),
            ..self
        }
    }

    /// Checks the configuration, binds the sockets and starts the threads. If one of these steps
    /// fails, nothing is left running.
    ///
    /// # Errors
    /// [`ErrorKind`] lists the reasons.
    pub fn start(mut self) -> Result<Server, Error> {
        let root = self.prepare()?;
        let listen = std::mem::take(&mut self.listen);
        let single_port = listen.is_single_port();
        let policy = self.settings.policy(root.as_ref(), single_port)?;
        let mut periods = Periods::default();
        let ports = periods.take_ports(listen.into_configs()?)?;
        let server = self.make(root, periods)?;
        server.launch(&mut server.periods.lock(), ports, &policy, single_port)?;
        Ok(server)
    }

    /// Does the same as [`Builder::start`] but does not listen; [`Server::listen`] starts that. The
    /// builder's own addresses and sockets are not used.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`], [`ErrorKind::Root`], [`ErrorKind::System`].
    pub fn open(self) -> Result<Server, Error> {
        let root = self.prepare()?;
        self.make(root, Periods::default())
    }

    /// Checks everything that can be checked without a socket.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`], [`ErrorKind::Root`].
    pub fn check(&self) -> Result<(), Error> {
        self.prepare().map(drop)
    }

    fn prepare(&self) -> Result<Option<Root>, Error> {
        self.check_values()?;
        let root = self.settings.open_root(None)?;
        self.settings
            .policy(root.as_ref(), self.listen.is_single_port())?;
        Ok(root)
    }

    fn check_values(&self) -> Result<(), Error> {
        if !self.settings.has_root() && self.handler.is_none() && self.sink.is_none() {
            return Err(Error::invalid("there is neither a root directory nor a handler"));
        }
        within("handler_threads", self.handler_threads, &Builder::HANDLER_THREADS)?;
        within(
            "blocking_threads",
            self.blocking_threads,
            &Builder::BLOCKING_THREADS,
        )?;
        self.listen.check()
    }

    fn make(mut self, root: Option<Root>, periods: Periods) -> Result<Server, Error> {
        let (sink, handler_threads) = match self.sink.take() {
            Some(sink) => (sink, None),
            None => {
                let (router, handler_threads) = self.start_handler_threads()?;
                (
                    Arc::clone(&router) as Arc<dyn EventSink>,
                    Some((router, handler_threads)),
                )
            }
        };
        Ok(Server {
            periods: Mutex::new(periods),
            state: Mutex::new(State {
                settings: self.settings,
                root,
                single_port: false,
            }),
            is_on: AtomicBool::new(false),
            bound: Mutex::default(),
            shared: Arc::default(),
            sink,
            handler_threads,
        })
    }

    fn start_handler_threads(&mut self) -> Result<(Arc<Router>, HandlerThreads), Error> {
        let (work, events) = (unbounded(), unbounded());
        let callback = self.on_event.take();
        let serving = self.handler.take().map(|handler| match handler {
            Chosen::Sync(handler) => Serving::Sync(handler),
            Chosen::Async(handler) => Serving::Async(handler),
        });
        let router = Router::new(
            serving.is_some(),
            self.log_level,
            work.0.clone(),
            callback.is_some().then(|| events.0.clone()),
            (DataThreads::new(self.blocking_threads), self.spawner.take()),
        );
        let handler_threads = HandlerThreads::new(Arc::clone(&router));
        let failed = |error| Error::io(ErrorKind::System, "starting a thread", error);
        if let Some(serving) = serving {
            handler_threads
                .start_handlers(self.handler_threads, serving, work)
                .map_err(failed)?;
        }
        if let Some(callback) = callback {
            handler_threads.start_events(callback, events).map_err(failed)?;
        }
        Ok((router, handler_threads))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("settings", &self.settings)
            .field("listen", &self.listen)
            .finish_non_exhaustive()
    }
}
