//! The engines of a server: those that listen, one an address, and those that stopped listening and finish their
//! transfers.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::errors::{self, Failure};
use super::options::{self, Wanted};
use super::places::Place;
use super::property;
use super::setting;
use super::value::Value;
use super::values::Values;
use tftp_codepage::CodePage;
use tftp_files::jail::Jail;
use tftp_serve::config::{Config, Policy};
use tftp_serve::notice::Application;
use tftp_serve::shared::Shared;
use tftp_serve::{Engine, Listener};

/// Starts and stops engines. One call at a time.
pub(super) struct Listening {
    shared: Arc<Shared>,
    /// Those that listen, one an address, the main one first.
    engines: Vec<Engine>,
    draining: Vec<Engine>,
    root: Option<Root>,
    /// CodePage, opened once for as long as it stays the same.
    names: CodePage,
    is_closed: bool,
}

/// What the listening sockets are bound to, the main one first, and what the system gave that.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) recv_buffer: usize,
    pub(super) send_buffer: usize,
}

impl Bound {
    /// Where requests are awaited in the first place.
    pub(super) fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// All of them, as `127.0.0.1:6969 [::1]:6969`.
    pub(super) fn all(&self) -> String {
        let all: Vec<String> = self.addresses.iter().map(SocketAddr::to_string).collect();
        all.join(" ")
    }
}

/// A port that is ours, and that nobody reads yet.
enum Port {
    Bound(Listener),
    /// An engine that has stopped listening has it still.
    Kept(Engine),
}

/// LocalDir, checked, with the settings that it was checked under.
struct Root {
    path: String,
    follow_symlinks: bool,
    jail: Arc<Jail>,
}

impl Listening {
    pub(super) fn new(shared: Arc<Shared>) -> Listening {
        Listening {
            shared,
            engines: Vec::new(),
            draining: Vec::new(),
            root: None,
            names: CodePage::default(),
            is_closed: false,
        }
    }

    pub(super) fn is_on(&self) -> bool {
        !self.engines.is_empty()
    }

    /// Starts an engine for each address, or none; the caller has seen that there are none.
    pub(super) fn start(
        &mut self,
        values: &Values,
        application: &Arc<dyn Application>,
    ) -> Result<Bound, Failure> {
        if self.is_closed {
            return Err(Failure::plain(errors::NOT_A_HANDLE));
        }
        self.reap();
        self.check_root(values)?;
        let root = self.root(values)?;
        let wanted = options::wanted(values)?;
        wanted
            .iter()
            .try_for_each(|wanted| options::permitted(&wanted.config))?;
        let policy = options::policy(values, root, self.names(values)?)?;
        let ports = self.take_ports(wanted)?;
        self.launch(ports, &policy, application)?;
        Ok(self.bound())
    }

    /// Every port, or none.
    fn take_ports(&mut self, wanted: Vec<Wanted>) -> Result<Vec<Port>, Failure> {
        let mut ports = Vec::new();
        for Wanted { config, place } in wanted {
            let what = place.what.clone();
            match self.take_port(config, place) {
                Ok(port) => ports.push(port),
                Err(error) => {
                    self.give_back(ports);
                    return Err(Failure::from_io(&error, &what));
                }
            }
        }
        Ok(ports)
    }

    /// With SinglePort, an engine whose transfers still need the port listens again; with other settings for its
    /// sockets it can't, and the port is in use.
    fn take_port(&mut self, config: Config, place: Place) -> io::Result<Port> {
        let kept = self.draining.iter().position(|engine| engine.can_resume(&config));
        if let Some(kept) = kept.filter(|&kept| self.draining[kept].hold()) {
            return Ok(Port::Kept(self.draining.remove(kept)));
        }
        let Some(adopted) = place.adopted else {
            return Listener::bind(config).map(Port::Bound);
        };
        if self.draining.iter().any(|engine| engine.keeps(adopted.id())) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        Listener::adopt(config, adopted).map(Port::Bound)
    }

    fn give_back(&mut self, ports: impl IntoIterator<Item = Port>) {
        for port in ports {
            if let Port::Kept(engine) = port {
                engine.let_go();
                self.draining.push(engine);
            }
        }
    }

    fn launch(
        &mut self,
        ports: Vec<Port>,
        policy: &Policy,
        application: &Arc<dyn Application>,
    ) -> Result<(), Failure> {
        let mut ports = ports.into_iter();
        while let Some(port) = ports.next() {
            let (application, shared) = (Arc::clone(application), Arc::clone(&self.shared));
            let started = match port {
                Port::Bound(listener) => Engine::listen(listener, policy.clone(), application, shared),
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
                    return Err(Failure::from_io(&error, "Starting to listen."));
                }
            }
        }
        Ok(())
    }

    fn bound(&self) -> Bound {
        let first = &self.engines[0];
        Bound {
            addresses: self.engines.iter().map(Engine::local_addr).collect(),
            recv_buffer: first.recv_buffer(),
            send_buffer: first.send_buffer(),
        }
    }

    /// Goes by new values: checks LocalDir, and tells the engines that listen.
    pub(super) fn adopt(&mut self, values: &Values) -> Result<(), Failure> {
        let (root, names) = (self.root(values)?, self.names(values)?);
        if !values.setting_is_on(setting::Key::CaptureIpPacketInfo) {
            self.shared.set_latest_destination(None);
        }
        if !self.engines.is_empty() {
            let policy = options::policy(values, root, names)?;
            self.engines
                .iter()
                .for_each(|engine| engine.set_policy(policy.clone()));
        }
        Ok(())
    }

    /// Takes no new requests; true if it took some before. Transfers go on.
    pub(super) fn stop(&mut self) -> bool {
        self.reap();
        let was_on = self.is_on();
        self.engines.iter().for_each(Engine::stop_listening);
        self.draining.append(&mut self.engines);
        was_on
    }

    /// Ends every transfer as well.
    pub(super) fn shutdown(&mut self) -> bool {
        let was_on = self.stop();
        self.draining.iter().for_each(Engine::shutdown);
        self.reap();
        was_on
    }

    /// Shuts down for good and waits for every thread.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
        self.shutdown();
        self.draining.drain(..).for_each(Engine::join);
    }

    /// Lets go the engines whose transfers have all ended.
    pub(super) fn reap(&mut self) {
        for engine in self.draining.extract_if(.., |engine| engine.is_finished()) {
            engine.join();
        }
    }

    /// One line of JSON.
    pub(super) fn statistics(&self) -> String {
        let figures = &self.shared.figures;
        let rows = [
            ("active", self.shared.active() as u64),
            ("requests", figures.requests.load(Relaxed)),
            ("completed", figures.completed.load(Relaxed)),
            ("failed", figures.failed.load(Relaxed)),
            ("refused", figures.refused.load(Relaxed)),
            ("unanswered", figures.unanswered.load(Relaxed)),
            ("bytes_sent", figures.bytes_sent.load(Relaxed)),
            ("bytes_received", figures.bytes_received.load(Relaxed)),
            ("retransmissions", figures.retransmissions.load(Relaxed)),
        ];
        let fields: Vec<String> = rows
            .iter()
            .map(|(name, figure)| format!("\"{name}\":{figure}"))
            .collect();
        format!("{{{}}}", fields.join(","))
    }

    /// LocalDir may have gone since it was set.
    fn check_root(&mut self, values: &Values) -> Result<(), Failure> {
        let path = values.text(property::Key::LocalDir);
        if let Some(root) = self.root.as_mut().filter(|root| root.path == path) {
            let jail = Jail::new(root.jail.root(), root.follow_symlinks);
            root.jail = Arc::new(jail.map_err(|error| not_served(&root.path, &error))?);
        }
        Ok(())
    }

    fn names(&mut self, values: &Values) -> Result<CodePage, Failure> {
        let id: u32 = values.setting_integer(setting::Key::CodePage);
        if id != self.names.id() {
            self.names = setting::code_page(&Value::Integer(id.into()))?;
        }
        Ok(self.names.clone())
    }

    /// LocalDir as the engine wants it; `None` for "".
    fn root(&mut self, values: &Values) -> Result<Option<Arc<Jail>>, Failure> {
        let path = values.text(property::Key::LocalDir);
        let follow_symlinks = values.setting_is_on(setting::Key::FollowSymlinks);
        if path.is_empty() {
            return Ok(None);
        }
        if let Some(root) = &self.root
            && root.path == path
            && root.follow_symlinks == follow_symlinks
        {
            return Ok(Some(Arc::clone(&root.jail)));
        }
        // The directory that was meant when it was set, also after the program has gone elsewhere.
        let meant = match &self.root {
            Some(root) if root.path == path => root.jail.root().to_path_buf(),
            _ => std::path::absolute(path).map_err(|error| not_served(path, &error))?,
        };
        let jail = Arc::new(Jail::new(&meant, follow_symlinks).map_err(|error| not_served(path, &error))?);
        self.root = Some(Root {
            path: path.to_owned(),
            follow_symlinks,
            jail: Arc::clone(&jail),
        });
        Ok(Some(jail))
    }
}

fn not_served(path: &str, error: &io::Error) -> Failure {
    Failure::from_io(error, &format!("LocalDir {path}."))
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.close();
    }
}
