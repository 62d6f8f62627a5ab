//! The server and its life: from the options to the last transfer.

mod bind;
mod events;
mod explain;
mod life;
mod limits;
mod rights;
mod settings;
mod signals;
mod sockets;
mod systemd;
mod user;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};

use tftpserver::server::Server;

use crate::cli::Serve;
use crate::config::Plan;
use crate::exit::{Code, Failure};
use crate::output::{self, Output};
use crate::rules::Rules;
use crate::text;
use crate::watch::Board;
use crate::{logging, web};
use signals::Grace;
use sockets::Held;
use user::Identity;

/// What everything that runs shares.
#[derive(Clone)]
pub struct Running {
    pub server: Arc<Server>,
    pub board: Arc<Board>,
    pub output: Output,
    rules: Arc<RwLock<Rules>>,
    denied: Arc<AtomicU64>,
    grace: Grace,
}

impl Running {
    /// Opens a server that does not listen yet, and starts the threads that write what it shows.
    fn start(plan: &Plan) -> Result<Running, Failure> {
        let (server, board) = (Server::open(), Arc::<Board>::default());
        let shown = (Arc::clone(&server), Arc::clone(&board));
        let output = Output::start(&plan.options, Arc::new(move || shown.1.look(&shown.0)))?;
        logging::start(&plan.options, output.clone());
        let grace = Grace::default();
        grace.set(plan.options.grace());
        Ok(Running {
            server,
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

    fn set_rules(&self, rules: Rules) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }
}

/// Serves until a signal says that it is enough, or does what is asked for instead.
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

/// Tries everything that can be tried without a port.
fn check(asked: &Serve, plan: &Plan) -> Result<Code, Failure> {
    let user = Identity::wanted(&plan.options)?;
    settings::at_start(&Server::open(), plan, &Arc::default())?;
    // Only root can find out what another user may do.
    if let Some(user) = user.filter(|user| user::is_root() && user.is_another()) {
        user.become_it()?;
        for remark in rights::left(&user, asked, plan)? {
            output::say(&text::printable(&remark));
        }
    }
    let dir = text::printable(&plan.dir.to_string_lossy());
    output::say(&format!("everything is right; {dir} would be served"));
    Ok(Code::Done)
}

fn serve(running: &Running, asked: &Serve, plan: Plan) -> Result<Code, Failure> {
    settings::at_start(&running.server, &plan, &running.denied)?;
    let (page, held) = open_ports(running, asked, &plan)?;
    events::register(running, plan.options.verbose);
    let reloads = asked.config.is_some() || systemd::is_there();
    let wishes = signals::watch(running, reloads)?;
    let addresses = sockets::start(running, &plan.options)?;
    // The library has duplicates of its own now.
    drop(held);
    if let Some(page) = page {
        page.serve(running)?;
    }
    let described = sockets::described(&running.server);
    running.output.listening(&plan.dir, &addresses, described);
    tracing::info!(dir = %plan.dir.display(), addresses = addresses.join(" "), "listening");
    systemd::ready(&addresses);
    life::until_told(running, asked, plan, &wishes)
}

/// Opens what may need privileges, gives them up, and looks whether the rest can be done without.
fn open_ports(running: &Running, asked: &Serve, plan: &Plan) -> Result<(Option<web::Port>, Held), Failure> {
    let options = &plan.options;
    let user = Identity::wanted(options)?;
    let page = options
        .metrics
        .map(|address| web::Port::open(address, &options.metrics_name))
        .transpose()?;
    let changes = user.as_ref().is_some_and(Identity::is_another);
    let held = sockets::prepare(running, options, changes)?;
    match user {
        Some(user) if changes => {
            user.become_it()?;
            for remark in rights::left(&user, asked, plan)? {
                running.output.remark(&remark);
            }
        }
        Some(_) if user::is_root() => running.output.remark(user::ROOT_STAYS),
        _ => {}
    }
    Ok((page, held))
}

/// A thread that lives as long as the program.
pub fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(body);
    thread
        .map(drop)
        .map_err(|error| Failure::new(Code::System, format!("no thread for {name}: {error}")))
}
