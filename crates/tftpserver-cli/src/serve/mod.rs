//! The server and its life: from the options to the last transfer.

mod bind;
mod events;
mod life;
mod settings;
mod signals;
mod sockets;
mod systemd;
mod user;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use socket2::Socket;
use tftpserver::server::Server;

use crate::cli::Serve;
use crate::config::{self, Plan};
use crate::exit::{Code, Failure};
use crate::rules::Rules;
use crate::view::{self, View};
use crate::watch::Board;
use crate::{logging, web};

/// How often the live view is drawn.
const REDRAW: Duration = Duration::from_millis(200);

/// What everything that runs shares.
#[derive(Clone)]
pub struct Running {
    pub server: Arc<Server>,
    pub board: Arc<Board>,
    pub view: Arc<dyn View>,
    rules: Arc<RwLock<Rules>>,
}

impl Running {
    fn set_rules(&self, rules: Rules) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }
}

/// Serves until a signal says that it is enough.
pub fn run(asked: &Serve) -> Result<Code, Failure> {
    let plan = Plan::read(asked)?;
    let view = view::choose(&plan.options);
    logging::start(&plan.options, Arc::clone(&view));
    let running = Running {
        server: Server::open(),
        board: Arc::default(),
        view,
        rules: Arc::new(RwLock::new(plan.rules.clone())),
    };
    settings::at_start(&running.server, &plan)?;
    let (page, held) = open_ports(&running, &plan)?;
    events::register(&running, plan.options.verbose);
    let wishes = signals::watch(Arc::clone(&running.server))?;
    let addresses = sockets::start(&running.server, &plan.options)?;
    // The library has duplicates of its own now.
    drop(held);
    show(&running, page)?;
    running.view.listening(&addresses, &plan.dir);
    tracing::info!(dir = %plan.dir.display(), addresses = addresses.join(" "), "listening");
    systemd::ready(&addresses);
    let code = life::until_told(&running, asked, plan, &wishes);
    running.view.close();
    code
}

/// Opens what may need privileges, gives them up, and looks whether the rest can be done without.
fn open_ports(running: &Running, plan: &Plan) -> Result<(Option<web::Port>, Vec<Socket>), Failure> {
    let options = &plan.options;
    let user = options.user.as_deref().map(user::find).transpose()?;
    let page = options.metrics.map(web::Port::open).transpose()?;
    let held = sockets::prepare(&running.server, options, user.is_some())?;
    if let Some(user) = user {
        user.become_it()?;
        // What root could enter this user perhaps can't.
        config::directory(Some(&plan.dir))?;
    }
    Ok((page, held))
}

/// Starts what shows the transfers.
fn show(running: &Running, page: Option<web::Port>) -> Result<(), Failure> {
    if let Some(page) = page {
        page.serve(Arc::clone(&running.server), Arc::clone(&running.board))?;
    }
    if running.view.is_live() {
        let running = running.clone();
        spawn("view", move || {
            loop {
                running.view.draw(&running.board.look(&running.server));
                std::thread::sleep(REDRAW);
            }
        })?;
    }
    Ok(())
}

/// A thread that lives as long as the program.
pub fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(body);
    thread
        .map(drop)
        .map_err(|error| Failure::new(Code::System, format!("no thread for {name}: {error}")))
}
