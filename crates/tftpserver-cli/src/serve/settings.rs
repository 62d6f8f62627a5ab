//! Options become properties and settings of the class.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tftpserver::server::errors;
use tftpserver::server::property::id::{LOCAL_DIR, MAX_RETRANSMITS, TIMEOUT};
use tftpserver::server::property::{self, Value};
use tftpserver::server::setting;
use tftpserver::server::{Restrictions, Server};

use crate::config::Plan;
use crate::exit::{Code, Failure};
use crate::options::Options;

/// Everything, before it listens; `denied` counts the requests of clients that `--allow` and `--deny` exclude.
pub fn at_start(server: &Server, plan: &Plan, denied: &Arc<AtomicU64>) -> Result<(), Failure> {
    let Options {
        single_port,
        threads,
        transfer_ports,
        verbose,
        interface,
        ..
    } = &plan.options;
    set(server, "--single-port", "SinglePort", single_port)?;
    set(server, "--threads", "IoThreads", &threads.unwrap_or(1))?;
    let ports = transfer_ports.as_deref().unwrap_or_default();
    set(server, "--transfer-ports", "TransferPorts", &ports)?;
    let interface = interface.as_deref().unwrap_or_default();
    set(server, "--interface", "Interface", &interface)?;
    // What the class logs of each transfer is logged from -vv on; the rest is told by the other events.
    let level = if *verbose >= 2 { verbose.min(&3) } else { &0 };
    set(server, "--verbose", "LogLevel", level)?;
    // DoEvents returns when there is something to do, and when a signal interrupts it.
    set(server, "", "SelectWaitMillis", &60_000)?;
    any_time(server, plan, denied)
}

/// What may be changed while it listens.
pub fn any_time(server: &Server, plan: &Plan, denied: &Arc<AtomicU64>) -> Result<(), Failure> {
    let options = &plan.options;
    let dir = plan.dir.to_str().ok_or_else(|| {
        let what = format!(
            "{}: the path must be UTF-8; name it by a link that is",
            plan.dir.display()
        );
        Failure::new(Code::NoInput, what)
    })?;
    property(server, dir, LOCAL_DIR, Value::Text(dir.to_owned()))?;
    uploads(server, options)?;
    limits(server, options)?;
    restrictions(server, options, denied)
}

/// Who is not answered, and which options are passed over.
fn restrictions(server: &Server, options: &Options, denied: &Arc<AtomicU64>) -> Result<(), Failure> {
    let mut restrictions = Restrictions::default();
    let networks = options.networks();
    if !networks.is_empty() {
        let denied = Arc::clone(denied);
        restrictions.admit(move |client| {
            let admits = networks.verdict(client).admits();
            if !admits {
                denied.fetch_add(1, Relaxed);
            }
            admits
        });
    }
    for name in &options.refuse {
        let refused = restrictions.refuse_option(name);
        refused.map_err(|failure| refused_value("--refuse", name, &failure))?;
    }
    let done = server.restrict(restrictions);
    done.map_err(|failure| Failure::new(Code::Software, failure))
}

fn uploads(server: &Server, options: &Options) -> Result<(), Failure> {
    let takes_uploads = options.create && !options.read_only;
    set(server, "--read-only", "ReadOnly", &!takes_uploads)?;
    set(server, "--no-overwrite", "AllowOverwrite", &!options.no_overwrite)?;
    set(server, "--no-symlinks", "FollowSymlinks", &!options.no_symlinks)?;
    set(server, "--sync", "SyncUploads", &options.sync)
}

fn limits(server: &Server, options: &Options) -> Result<(), Failure> {
    let properties = [
        ("--timeout", TIMEOUT, options.timeout),
        ("--retries", MAX_RETRANSMITS, options.retries),
    ];
    for (option, id, value) in properties {
        let value = value.map_or_else(|| default_of(id), |value| Value::Integer(value.into()));
        let shown = format!("{option} {}", value.clone().into_text().unwrap_or_default());
        property(server, &shown, id, value)?;
    }
    let per_host = options.max_connections_per_host;
    for (option, name, value) in [
        ("--max-blksize", "MaxBlockSize", options.max_blksize),
        ("--max-windowsize", "MaxWindowSize", options.max_windowsize),
        ("--max-connections", "MaxConnections", options.max_connections),
        ("--max-connections-per-host", "MaxConnectionsPerHost", per_host),
    ] {
        let default = || {
            setting::find(name)
                .map(|row| row.default.to_owned())
                .unwrap_or_default()
        };
        set(
            server,
            option,
            name,
            &value.map_or_else(default, |value| value.to_string()),
        )?;
    }
    Ok(())
}

/// What a property is where no option says otherwise.
fn default_of(id: i32) -> Value {
    let default = property::find(id).map_or("", |row| row.default);
    Value::Text(default.to_owned())
}

/// Options that stay as they were until the next start, and differ.
pub fn needs_restart(old: &Options, new: &Options) -> Vec<&'static str> {
    let changed = [
        ("listen", old.listen != new.listen),
        ("interface", old.interface != new.interface),
        ("umask", old.umask != new.umask),
        ("single-port", old.single_port != new.single_port),
        ("transfer-ports", old.transfer_ports != new.transfer_ports),
        ("threads", old.threads != new.threads),
        ("user", old.user != new.user),
        ("metrics", old.metrics != new.metrics),
        ("metrics-name", old.metrics_name != new.metrics_name),
        ("json", old.json != new.json),
        ("plain", old.plain != new.plain),
        ("quiet", old.quiet != new.quiet),
        ("verbose", old.verbose != new.verbose),
        ("log-format", old.log_format != new.log_format),
    ];
    changed
        .iter()
        .filter(|(_, differs)| *differs)
        .map(|(name, _)| *name)
        .collect()
}

/// "NAME=VALUE", as the class takes it; `option` is what the value came from.
pub fn set(
    server: &Server,
    option: &str,
    setting: &str,
    value: &dyn std::fmt::Display,
) -> Result<(), Failure> {
    let done = server.config(&format!("{setting}={value}"));
    done.map(drop)
        .map_err(|failure| refused_value(option, value, &failure))
}

fn property(server: &Server, shown: &str, id: i32, value: Value) -> Result<(), Failure> {
    server
        .set(id, 0, value)
        .map_err(|failure| refused(shown, &failure))
}

fn refused_value(option: &str, value: impl std::fmt::Display, failure: &errors::Failure) -> Failure {
    refused(&format!("{option} {value}"), failure)
}

fn refused(shown: &str, failure: &errors::Failure) -> Failure {
    // "Invalid value. MaxBlockSize: 8 to 65464 is expected.": the option's name is there already.
    let detail = failure
        .text
        .split_once(": ")
        .map_or(failure.text.as_str(), |(_, detail)| detail);
    Failure::new(Code::Config, format!("{shown}: {detail}"))
}
