//! The server's life from the first request to the last: reacts to signals.

use std::io::IsTerminal;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use tftp_serve::{LogKind, LogLevel, Server};

use super::{Running, events, settings};
use crate::cli::Serve;
use crate::clock;
use crate::config::Plan;
use crate::exit::Code;
use crate::options::Options;
use crate::system::{ControlRequest, service_manager};

/// Serves until a signal ends it.
pub fn until_stopped(
    running: &Running,
    server: &Server,
    asked: &Serve,
    mut plan: Plan,
    requests: &Receiver<ControlRequest>,
) -> Code {
    let started = plan.options.clone();
    while let Ok(ControlRequest::Reload) = requests.recv() {
        plan = reload(running, server, asked, plan, &started);
    }
    drain(running, server, started.verbose, requests)
}

/// Reads everything again; what is wrong leaves everything as it was. `started` is what some
/// options keep until the end.
fn reload(running: &Running, server: &Server, asked: &Serve, old: Plan, started: &Options) -> Plan {
    service_manager::reloading();
    let new = Plan::read(asked)
        .and_then(|new| settings::any_time(server, &new, &running.denied).map(|()| new));
    let plan = match new {
        Ok(new) => {
            running.set_rules(new.rules.clone());
            running.grace.set(new.options.grace());
            for option in settings::needs_restart(started, &new.options) {
                tracing::warn!(option, "changed, but stays as it was until the next start");
            }
            tracing::info!(dir = %new.dir.display(), "reloaded");
            new
        }
        Err(failure) => {
            tracing::error!(%failure, "nothing was reloaded, everything stays as it was");
            old
        }
    };
    service_manager::reloaded();
    plan
}

/// The last part of the grace is for cutting off transfers and for telling their clients: this
/// share, and at most so long.
const CUT_SHARE: u32 = 8;
const CUT_TIME: Duration = Duration::from_secs(1);

/// How often it looks whether a second signal has come.
const TICK: Duration = Duration::from_millis(100);

/// Takes no new requests and lets transfers finish; ends them on a second signal, or when the grace
/// period is over.
fn drain(
    running: &Running,
    server: &Server,
    verbose: u8,
    requests: &Receiver<ControlRequest>,
) -> Code {
    let (grace, begin) = (running.grace.time(), clock::now());
    let cut = grace - (grace / CUT_SHARE).min(CUT_TIME);
    service_manager::stopping(grace);
    server.stop_listening();
    tracing::info!("stopping: transfers finish, a second signal ends them");
    if verbose >= 2 {
        events::log(0, LogLevel::Info, LogKind::Info, "Stopped listening");
    }
    let left = server.connection_count();
    if left > 0 && std::io::stdin().is_terminal() {
        let line =
            format!("transfers that still run: {left}; they may finish, Ctrl-C again ends them");
        running.output.remark(&line);
    }
    let mut code = Code::Done;
    while !server.wait_idle(Some(TICK)) {
        let is_over = begin.elapsed() >= cut;
        if code == Code::Done
            && (is_over || requests.try_iter().any(|request| request == ControlRequest::End))
        {
            code = Code::CutOff;
            if is_over {
                let seconds = running.grace.seconds();
                tracing::warn!(seconds, "the time of --grace is over: transfers are cut off");
            }
            server.shutdown();
        }
    }
    // The last events.
    server.close();
    code
}
