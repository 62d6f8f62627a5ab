//! What it does from the first request to the last: deliver events, heed signals.

use std::io::IsTerminal;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use tftpserver::server::Server;
use tftpserver::server::property::id::CONN_COUNT;

use super::signals::Wish;
use super::{Running, settings, systemd};
use crate::cli::Serve;
use crate::clock;
use crate::config::Plan;
use crate::exit::{Code, Failure};
use crate::options::Options;

/// Delivers events until a signal ends it.
pub fn until_told(
    running: &Running,
    asked: &Serve,
    mut plan: Plan,
    wishes: &Receiver<Wish>,
) -> Result<Code, Failure> {
    let started = plan.options.clone();
    loop {
        deliver(&running.server)?;
        for wish in wishes.try_iter() {
            match wish {
                Wish::Reload => plan = reload(running, asked, plan, &started),
                Wish::End => return drain(running, wishes),
            }
        }
    }
}

/// Reads everything again; what is wrong leaves everything as it was. `started` is what some options keep until the end.
fn reload(running: &Running, asked: &Serve, old: Plan, started: &Options) -> Plan {
    systemd::reloading();
    let new = Plan::read(asked)
        .and_then(|new| settings::any_time(&running.server, &new, &running.denied).map(|()| new));
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
            // Some may have been set before the one that failed.
            if let Err(failure) = settings::any_time(&running.server, &old, &running.denied) {
                tracing::error!(%failure, "what was set before cannot be restored");
            }
            old
        }
    };
    systemd::reloaded();
    plan
}

/// The last part of the grace is for cutting off transfers and for telling their clients: this share, and at most so long.
const CUT_SHARE: u32 = 8;
const CUT_TIME: Duration = Duration::from_secs(1);

/// Takes no new requests and lets transfers finish; told again, or when the grace is over, ends them.
fn drain(running: &Running, wishes: &Receiver<Wish>) -> Result<Code, Failure> {
    let server = &running.server;
    let (grace, begin) = (running.grace.time(), clock::now());
    let cut = grace - (grace / CUT_SHARE).min(CUT_TIME);
    systemd::stopping();
    server.stop_listening();
    tracing::info!("stopping: transfers finish, a second signal ends them");
    let left = active(server);
    if left > 0 && std::io::stdin().is_terminal() {
        let line = format!("transfers that still run: {left}; they may finish, Ctrl-C again ends them");
        running.output.remark(&line);
    }
    settings::set(server, "", "SelectWaitMillis", &100)?;
    let mut code = Code::Done;
    while active(server) > 0 {
        let is_over = begin.elapsed() >= cut;
        if code == Code::Done && (is_over || wishes.try_iter().any(|wish| wish == Wish::End)) {
            code = Code::CutOff;
            if is_over {
                let seconds = running.grace.seconds();
                tracing::warn!(seconds, "the time of --grace is over: transfers are cut off");
            }
            server.shutdown();
        }
        deliver(server)?;
    }
    // The last events.
    deliver(server)?;
    server.close();
    Ok(code)
}

fn deliver(server: &Server) -> Result<(), Failure> {
    server
        .do_events()
        .map_err(|failure| Failure::new(Code::Software, failure))
}

/// Transfers that run; not fewer than those whose end was not told yet.
fn active(server: &Server) -> i64 {
    let told = server.get(CONN_COUNT, 0).and_then(|count| count.to_integer());
    let figures: serde_json::Value = serde_json::from_str(&server.statistics()).unwrap_or_default();
    told.unwrap_or(0).max(figures["active"].as_i64().unwrap_or(0))
}
