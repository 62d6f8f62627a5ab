//! From a configuration to a server that listens.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::unbounded;

use tftp_sync::Mutex;
use tftp_udp::{Adopted, MacAddr};

use super::carriers::Carriers;
use super::crew::Crew;
use super::error::{Error, ErrorKind};
use super::event::{Event, LogLevel};
use super::handler::{AsyncHandler, Handler, Serving, Spawner, Task};
use super::router::Router;
use super::settings::{Root, Settings, within};
use super::{Listening, Server};
use crate::config::{Config, Policy};
use crate::shared::Shared;
use crate::{Engine, Listener};

/// RFC 1350 section 4.
const PORT: u16 = 69;

/// Where requests are awaited.
enum Place {
    Address(SocketAddr, bool),
    #[cfg_attr(windows, expect(dead_code, reason = "sockets are adopted by descriptors"))]
    Socket(io::Result<Adopted>),
}

/// The configuration of a server: [`Server::builder`].
///
/// What is not set has the value that the method's documentation names. Values are checked by
/// [`Builder::start`]. The methods that [`Settings`] has, too, may be changed while the server runs.
#[must_use = "a builder does nothing until it is started"]
pub struct Builder {
    settings: Settings,
    places: Vec<Place>,
    config: Config,
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
            places: Vec::new(),
            config: Config::default(),
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
    /// What [`Builder::io_threads`] takes.
    pub const IO_THREADS: RangeInclusive<usize> = crate::bounds::IO_THREADS;
    /// What [`Builder::handler_threads`] takes.
    pub const HANDLER_THREADS: RangeInclusive<usize> = 1..=1024;
    /// What [`Builder::blocking_threads`] takes.
    pub const BLOCKING_THREADS: RangeInclusive<usize> = 1..=65536;

    pub(super) fn map_settings(self, change: impl FnOnce(Settings) -> Settings) -> Builder {
        Builder {
            settings: change(self.settings),
            ..self
        }
    }

    fn map_config(mut self, change: impl FnOnce(&mut Config)) -> Builder {
        change(&mut self.config);
        self
    }

    /// Replaces all settings.
    pub fn settings(self, settings: Settings) -> Builder {
        Builder { settings, ..self }
    }

    /// Listens on an address; may be called for several. Port 0 lets the system choose. Default: 0.0.0.0:69.
    ///
    /// An IPv6 address takes IPv6 only, so that it may stand beside the same port on IPv4.
    pub fn listen(mut self, address: impl Into<SocketAddr>) -> Builder {
        self.places.push(Place::Address(address.into(), false));
        self
    }

    /// Listens on a port of every address, by one socket for IPv4 and IPv6.
    pub fn listen_dual_stack(mut self, port: u16) -> Builder {
        let address = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        self.places.push(Place::Address(address, true));
        self
    }

    /// Listens on a bound UDP socket, as a service manager passes it on; may be called for several.
    ///
    /// The server duplicates the descriptor at once: the socket may be closed afterwards. What is wrong with it is
    /// reported by [`Builder::start`].
    #[cfg(unix)]
    pub fn adopt(mut self, socket: impl std::os::fd::AsFd) -> Builder {
        use std::os::fd::AsRawFd;
        let adopted = Adopted::new(socket.as_fd().as_raw_fd());
        self.places.push(Place::Socket(adopted));
        self
    }

    /// Lets other programs listen on the same port (SO_REUSEADDR, SO_REUSEPORT). Default: false.
    pub fn share_port(self, share: bool) -> Builder {
        self.map_config(|config| config.share_port = share)
    }

    /// The number of threads that move packets, 1 to 64. Default: 1, which serves some gigabits a second.
    pub fn io_threads(self, threads: usize) -> Builder {
        self.map_config(|config| config.io_threads = threads)
    }

    /// Answers from the listening port instead of a port for each transfer, against RFC 1350 section 4, for firewalls and
    /// NAT. Default: false.
    pub fn single_port(self, single: bool) -> Builder {
        self.map_config(|config| config.single_port = single)
    }

    /// Takes the ports of transfers from this range. Default: the system chooses.
    pub fn transfer_ports(self, ports: RangeInclusive<u16>) -> Builder {
        self.map_config(|config| config.transfer_ports = Some(ports))
    }

    /// Gives each transfer a random port and a connected socket of its own, as long as descriptors last. Default: true;
    /// with false all transfers share some random ports.
    pub fn port_per_transfer(self, own: bool) -> Builder {
        self.map_config(|config| config.port_per_transfer = own)
    }

    /// Refuses a transfer for which no socket of its own is left. Default: false, it shares one.
    pub fn require_port_per_transfer(self, required: bool) -> Builder {
        self.map_config(|config| config.use_connection = required)
    }

    /// Sends and receives through one network interface or VRF (Linux). Default: any.
    pub fn interface(self, name: impl Into<String>) -> Builder {
        self.map_config(|config| config.interface = Some(name.into()))
    }

    /// Sends from this address instead of the one that was asked, to clients of its family (Linux).
    pub fn source_ip(self, ip: IpAddr) -> Builder {
        self.map_config(|config| config.source_ip = Some(ip.to_canonical()))
    }

    /// Sends IPv4 packets as Ethernet frames from this address (Linux, CAP_NET_RAW).
    pub fn source_mac(self, mac: [u8; 6]) -> Builder {
        let mac: MacAddr = mac;
        self.map_config(|config| config.source_mac = Some(mac))
    }

    /// Bytes of the listening socket's receive queue. Default: the library's choice.
    pub fn receive_buffer(self, bytes: usize) -> Builder {
        self.map_config(|config| config.recv_buffer = Some(bytes))
    }

    /// Bytes of the listening socket's send queue. Default: the library's choice.
    pub fn send_buffer(self, bytes: usize) -> Builder {
        self.map_config(|config| config.send_buffer = Some(bytes))
    }

    /// Sets the Don't Fragment flag of packets. Default: false.
    pub fn dont_fragment(self, set: bool) -> Builder {
        self.map_config(|config| config.dont_fragment = set)
    }

    /// The TOS byte (IPv4) or traffic class (IPv6) of packets: a DSCP shifted left by 2. Default: the system's.
    pub fn traffic_class(self, class: u8) -> Builder {
        self.map_config(|config| config.traffic_class = Some(class))
    }

    /// Looks for the next packet this long at most before sleeping, while packets come that fast. Default: 0, never.
    pub fn busy_poll(self, spin: Duration) -> Builder {
        self.map_config(|config| config.busy_poll = spin)
    }

    /// Answers requests by a handler. Without one every request is served from the root directory.
    ///
    /// Uploads reach it only where [`Builder::read_only`] is false.
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

    /// Answers requests by futures: see [`AsyncHandler`].
    pub fn async_handler(mut self, handler: impl AsyncHandler) -> Builder {
        self.handler = Some(Chosen::Async(Box::new(handler)));
        self
    }

    /// Runs the futures of asynchronous handlers, sources and sinks on a runtime instead of the library's threads, as in
    /// `.spawner(move |task| drop(tokio_handle.spawn(task)))`.
    pub fn spawner(mut self, spawn: impl Fn(Task) + Send + Sync + 'static) -> Builder {
        self.spawner = Some(Box::new(spawn));
        self
    }

    /// The number of threads on which handlers run, 1 to 1024. Default: 4.
    pub fn handler_threads(self, threads: usize) -> Builder {
        Builder {
            handler_threads: threads,
            ..self
        }
    }

    /// The most threads on which sinks and sources run, 1 to 65536. Default: 512.
    ///
    /// They exist while there is work for them, and a few seconds longer. A [`Sink`](crate::Sink) or
    /// [`Source`](crate::Source) that blocks keeps a thread; while as many do as there may be threads, all others wait.
    /// An asynchronous one keeps none.
    pub fn blocking_threads(self, most: usize) -> Builder {
        Builder {
            blocking_threads: most,
            ..self
        }
    }

    /// Calls back for every [`Event`], in order, on a thread of its own. The callback may block: events wait meanwhile, and
    /// where very many do, new requests are left unanswered until their clients repeat them.
    pub fn on_event(mut self, callback: impl FnMut(Event) + Send + 'static) -> Builder {
        self.on_event = Some(Box::new(callback));
        self
    }

    /// How much [`Event::Log`] tells. Default: [`LogLevel::Off`].
    pub fn log_level(self, level: LogLevel) -> Builder {
        Builder {
            log_level: level,
            ..self
        }
    }

    /// Checks the configuration, binds the sockets and starts the threads: all of it, or nothing.
    ///
    /// # Errors
    /// [`ErrorKind`] lists the kinds.
    pub fn start(mut self) -> Result<Server, Error> {
        let (root, policy) = self.prepare()?;
        let listeners = self.bind()?;
        let shared = Arc::<Shared>::default();
        let (router, crew) = self.start_crew()?;
        let mut server = Server {
            engines: Mutex::default(),
            addresses: Vec::new(),
            router,
            shared,
            state: Mutex::new(Listening {
                settings: self.settings,
                root,
                is_on: true,
            }),
            single_port: self.config.single_port,
            crew,
        };
        for listener in listeners {
            let engine = launch(listener, &policy, &server)?;
            server
                .addresses
                .push((engine.local_addr(), engine.is_dual_stack()));
            server.engines.lock().push(engine);
        }
        Ok(server)
    }

    /// Checks everything that can be checked without a socket.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`], [`ErrorKind::Root`].
    pub fn check(&self) -> Result<(), Error> {
        self.prepare().map(drop)
    }

    fn prepare(&self) -> Result<(Option<Root>, Policy), Error> {
        self.check_values()?;
        let root = self.settings.open_root(None)?;
        let policy = self.settings.policy(root.as_ref(), self.config.single_port)?;
        Ok((root, policy))
    }

    fn check_values(&self) -> Result<(), Error> {
        if !self.settings.has_root() && self.handler.is_none() {
            return Err(Error::invalid("there is neither a root directory nor a handler"));
        }
        within("io_threads", self.config.io_threads, &Builder::IO_THREADS)?;
        within("handler_threads", self.handler_threads, &Builder::HANDLER_THREADS)?;
        within(
            "blocking_threads",
            self.blocking_threads,
            &Builder::BLOCKING_THREADS,
        )?;
        if let Some(name) = self
            .config
            .interface
            .as_ref()
            .filter(|name| !is_interface_name(name))
        {
            let text = format!("interface {name}: the name of a network interface is expected, as in eth0");
            return Err(Error::invalid(text));
        }
        match &self.config.transfer_ports {
            Some(ports) if ports.is_empty() || *ports.start() == 0 => {
                let text = format!("transfer_ports {ports:?}: a range of ports from 1 up is expected");
                Err(Error::invalid(text))
            }
            _ => Ok(()),
        }
    }

    /// Every listening socket, or none.
    fn bind(&mut self) -> Result<Vec<Listener>, Error> {
        let mut places = std::mem::take(&mut self.places);
        if places.is_empty() {
            places.push(Place::Address((Ipv4Addr::UNSPECIFIED, PORT).into(), false));
        }
        self.check_sources(&places)?;
        places.into_iter().map(|place| self.bind_place(place)).collect()
    }

    fn bind_place(&self, place: Place) -> Result<Listener, Error> {
        match place {
            Place::Address(address, dual_stack) => {
                let config = self.config_for(address, dual_stack, None);
                Listener::bind(config).map_err(|error| {
                    Error::io(ErrorKind::Listen, format!("listening on {address}"), error).at(address)
                })
            }
            Place::Socket(adopted) => {
                let wrong = |error| Error::io(ErrorKind::Socket, "adopting a socket", error);
                let adopted = adopted.map_err(wrong)?;
                let config = self.config_for(adopted.address(), adopted.dual_stack(), Some(&adopted));
                Listener::adopt(config, adopted).map_err(wrong)
            }
        }
    }

    fn config_for(&self, address: SocketAddr, dual_stack: bool, adopted: Option<&Adopted>) -> Config {
        let config = &self.config;
        // A thread without a port would refuse every client that the system gives it.
        let most_threads = match &config.transfer_ports {
            Some(ports) if !config.single_port => ports.len(),
            _ => usize::MAX,
        };
        Config {
            address,
            dual_stack,
            adopted: adopted.map(Adopted::id),
            io_threads: config.io_threads.min(most_threads),
            source_ip: config.source_ip.filter(|ip| takes(address, dual_stack, *ip)),
            ..config.clone()
        }
    }

    /// Whether the system lets this process send as it is asked to.
    fn check_sources(&self, places: &[Place]) -> Result<(), Error> {
        let config = &self.config;
        if let Some(ip) = config.source_ip {
            let is_taken = places.iter().any(|place| match place {
                Place::Address(address, dual_stack) => takes(*address, *dual_stack, ip),
                Place::Socket(adopted) => adopted
                    .as_ref()
                    .is_ok_and(|adopted| takes(adopted.address(), adopted.dual_stack(), ip)),
            });
            if !is_taken {
                return Err(Error::invalid(format!(
                    "source_ip {ip}: nothing is listened on in its family"
                )));
            }
            tftp_udp::may_send_from(ip)
                .map_err(|error| Error::io(ErrorKind::Source, format!("source_ip {ip}"), error))?;
        }
        if let Some(interface) = &config.interface {
            tftp_udp::may_bind_to(interface)
                .map_err(|error| Error::io(ErrorKind::Interface, format!("interface {interface}"), error))?;
        }
        if config.source_mac.is_some() {
            tftp_udp::may_send_frames().map_err(|error| Error::io(ErrorKind::Source, "source_mac", error))?;
        }
        Ok(())
    }

    fn start_crew(&mut self) -> Result<(Arc<Router>, Crew), Error> {
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
            (Carriers::new(self.blocking_threads), self.spawner.take()),
        );
        let crew = Crew::new(Arc::clone(&router));
        let failed = |error| Error::io(ErrorKind::System, "starting a thread", error);
        if let Some(serving) = serving {
            crew.start_handlers(self.handler_threads, serving, work)
                .map_err(failed)?;
        }
        if let Some(callback) = callback {
            crew.start_events(callback, events).map_err(failed)?;
        }
        Ok((router, crew))
    }
}

fn launch(listener: Listener, policy: &Policy, server: &Server) -> Result<Engine, Error> {
    let (application, shared) = (Arc::clone(&server.router), Arc::clone(&server.shared));
    Engine::listen(listener, policy.clone(), application, shared)
        .map_err(|error| Error::io(ErrorKind::System, "starting to listen", error))
}

/// Whether Linux accepts it as a name (dev_valid_name; IFNAMSIZ has room for 15 bytes and NUL).
fn is_interface_name(name: &str) -> bool {
    let is_plain = |c: char| !matches!(c, '/' | ':' | '\0') && !c.is_whitespace();
    (1..16).contains(&name.len()) && name != "." && name != ".." && name.chars().all(is_plain)
}

/// Whether a client at this address may be of the family of `ip`.
fn takes(address: SocketAddr, dual_stack: bool, ip: IpAddr) -> bool {
    dual_stack || ip.is_ipv4() == address.ip().to_canonical().is_ipv4()
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("settings", &self.settings)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
