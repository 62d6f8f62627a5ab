//! The server and its life: from the options to the last transfer.

mod bind;
mod events;
mod explain;
mod life;
mod rights;
mod settings;
mod signals;
mod sockets;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use tftp_serve::{LogKind, LogLevel, Server};

use crate::cli::Serve;
use crate::config::Plan;
use crate::exit::{Code, Failure};
use crate::output::{self, Output};
use crate::rules::Rules;
use crate::system::user::{self, Identity};
use crate::system::{limits, service_manager};
use crate::text;
use crate::watch::Board;
use crate::{logging, web};
use signals::Grace;
use sockets::Places;

/// State that all threads share.
#[derive(Clone)]
pub struct Running {
    server: Arc<OnceLock<Server>>,
    pub board: Arc<Board>,
    pub output: Output,
    rules: Arc<RwLock<Rules>>,
    denied: Arc<AtomicU64>,
    grace: Grace,
}

impl Running {
    /// Starts the threads that write what it shows.
    fn start(plan: &Plan) -> Result<Running, Failure> {
        let board = Arc::<Board>::default();
        let shown = Arc::clone(&board);
        let output = Output::start(&plan.options, Arc::new(move || shown.snapshot()))?;
        logging::start(&plan.options, output.clone());
        let grace = Grace::default();
        grace.set(plan.options.grace());
        Ok(Running {
            server: Arc::default(),
            board,
            output,
            rules: Arc::new(RwLock::new(plan.rules.clone())),
            denied: Arc::default(),
            grace,
        })
    }

    /// Requests that met silence because `--allow` and `--deny` exclude their clients.
    pub fn denied(&self) -> u64 {
        self.denied.load(Relaxed)
    }

    /// The server, once it listens.
    pub fn server(&self) -> Option<&Server> {
        self.server.get()
    }

    fn set_rules(&self, rules: Rules) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }
}

/// Serves until a signal ends it, or runs --check-config or --explain instead.
pub fn run(asked: &Serve) -> Result<Code, Failure> {
    let plan = Plan::read(asked)?;
    match (&asked.explain, asked.client) {
        (Some(name), Some(client)) => return explain::run(plan, name, client, asked.upload),
        _ if asked.check_config => return check(asked, &plan),
        _ => {}
    }
    limits::raise_descriptors();
    if let Some(mask) = plan.options.umask {
        limits::set_umask(mask);
    }
    let running = Running::start(&plan)?;
    let ended = serve(&running, asked, plan);
    running.output.close();
    ended
}

/// Reads the configuration and checks it without a port and without printing anything.
#[cfg(windows)]
pub fn validate(asked: &Serve) -> Result<(), Failure> {
    check_settings(&Plan::read(asked)?).map(drop)
}

/// Checks the settings without a port. Returns the user to become.
fn check_settings(plan: &Plan) -> Result<Option<Identity>, Failure> {
    let user = Identity::wanted(&plan.options)?;
    let builder = settings::at_start(plan, &Arc::default())?;
    builder
        .check()
        .map_err(|error| settings::not_configured(&error))?;
    Ok(user)
}

/// Tries everything that can be tried without a port.
fn check(asked: &Serve, plan: &Plan) -> Result<Code, Failure> {
    let user = check_settings(plan)?;
    // Only root can find out what another user may do.
    if let Some(user) = user.filter(|user| user::is_root() && user.is_another()) {
        user.switch_user()?;
        for remark in rights::left(&user, asked, plan)? {
            output::say(&text::printable(&remark));
        }
    }
    let dir = text::printable(&plan.dir.to_string_lossy());
    output::say(&format!("everything is right; {dir} would be served"));
    Ok(Code::Done)
}

fn serve(running: &Running, asked: &Serve, plan: Plan) -> Result<Code, Failure> {
    let verbose = plan.options.verbose;
    let configured = || {
        let builder = settings::at_start(&plan, &running.denied)?;
        Ok(events::connect(builder, running, verbose))
    };
    let checked = configured()?.check();
    checked.map_err(|error| settings::not_configured(&error))?;
    let (page, places) = open_ports(running, asked, &plan)?;
    let reloads = asked.config.is_some() || service_manager::is_there();
    let requests = signals::watch(running, reloads)?;
    let server = sockets::start(running, &plan.options, &places, configured)?;
    // The library has duplicates of its own now.
    drop(places);
    let server = running.server.get_or_init(|| server);
    let addresses = sockets::addresses(server);
    if verbose >= 2 {
        let message = format!("Listening on {}", addresses.join(" "));
        events::log(0, LogLevel::Info, LogKind::Info, &message);
    }
    if let Some(page) = page {
        page.serve(running)?;
    }
    let described = sockets::described(server);
    running.output.listening(&plan.dir, &addresses, described);
    tracing::info!(dir = %plan.dir.display(), addresses = addresses.join(" "), "listening");
    service_manager::ready(&addresses);
    Ok(life::until_stopped(running, server, asked, plan, &requests))
}

/// Opens what may need privileges, gives them up, and looks whether the rest can be done without.
fn open_ports(
    running: &Running,
    asked: &Serve,
    plan: &Plan,
) -> Result<(Option<web::Port>, Places), Failure> {
    let options = &plan.options;
    let user = Identity::wanted(options)?;
    let page = options
        .metrics
        .map(|address| web::Port::open(address, &options.metrics_name))
        .transpose()?;
    let changes = user.as_ref().is_some_and(Identity::is_another);
    let places = sockets::prepare(running, options, changes)?;
    match user {
        Some(user) if changes => {
            user.switch_user()?;
            for remark in rights::left(&user, asked, plan)? {
                running.output.remark(&remark);
            }
        }
        Some(_) if user::is_root() => running.output.remark(user::ROOT_STAYS),
        _ => {}
    }
    Ok((page, places))
}

/// A thread that lives as long as the program.
pub fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(body);
    thread
        .map(drop)
        .map_err(|error| Failure::new(Code::System, format!("no thread for {name}: {error}")))
}
