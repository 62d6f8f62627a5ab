//! The engines of a server: the one that listens, and those that stopped listening and finish their transfers.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::codepage::CodePage;
use super::errors::{self, Failure};
use super::options;
use super::property;
use super::setting;
use super::value::Value;
use super::values::Values;
use crate::engine::Engine;
use crate::engine::config::{Config, Policy};
use crate::engine::jail::Jail;
use crate::engine::notice::Application;
use crate::engine::shared::Shared;

/// Starts and stops engines. One call at a time.
pub(super) struct Listening {
    shared: Arc<Shared>,
    engine: Option<Engine>,
    draining: Vec<Engine>,
    root: Option<Root>,
    /// CodePage, opened once for as long as it stays the same.
    names: CodePage,
    is_closed: bool,
}

/// What the listening socket is bound to, and what the system gave it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    pub(super) address: SocketAddr,
    pub(super) recv_buffer: usize,
    pub(super) send_buffer: usize,
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
            engine: None,
            draining: Vec::new(),
            root: None,
            names: CodePage::default(),
            is_closed: false,
        }
    }

    pub(super) fn is_on(&self) -> bool {
        self.engine.is_some()
    }

    /// Starts an engine; the caller has seen that there is none.
    pub(super) fn start(
        &mut self,
        values: &Values,
        application: Arc<dyn Application>,
    ) -> Result<Bound, Failure> {
        if self.is_closed {
            return Err(Failure::plain(errors::NOT_A_HANDLE));
        }
        self.reap();
        self.check_root(values)?;
        let root = self.root(values)?;
        let config = options::config(values)?;
        options::permitted(&config)?;
        let policy = options::policy(values, root, self.names(values)?);
        let engine = match self.resume(&config, &policy) {
            Some(engine) => engine,
            None => Engine::start(&config, policy, application, Arc::clone(&self.shared))
                .map_err(|error| Failure::from_io(&error, &format!("Listening on {}.", config.address)))?,
        };
        let bound = Bound {
            address: engine.local_addr(),
            recv_buffer: engine.recv_buffer(),
            send_buffer: engine.send_buffer(),
        };
        self.engine = Some(engine);
        Ok(bound)
    }

    /// With SinglePort, an engine whose transfers still need the port listens again; with other settings for its
    /// sockets it can't, and the port is in use.
    fn resume(&mut self, config: &Config, policy: &Policy) -> Option<Engine> {
        let place = self
            .draining
            .iter()
            .position(|engine| engine.can_resume(config))?;
        if !self.draining[place].resume(policy.clone()) {
            return None;
        }
        Some(self.draining.remove(place))
    }

    /// Goes by new values: checks LocalDir, and tells the engine that listens.
    pub(super) fn adopt(&mut self, values: &Values) -> Result<(), Failure> {
        let (root, names) = (self.root(values)?, self.names(values)?);
        if !values.setting_is_on(setting::Key::CaptureIpPacketInfo) {
            self.shared.set_latest_destination(None);
        }
        if let Some(engine) = &self.engine {
            engine.set_policy(options::policy(values, root, names));
        }
        Ok(())
    }

    /// Takes no new requests; true if it took some before. Transfers go on.
    pub(super) fn stop(&mut self) -> bool {
        self.reap();
        let Some(engine) = self.engine.take() else {
            return false;
        };
        engine.stop_listening();
        self.draining.push(engine);
        true
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
