//! Options become the configuration of the library.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tftp_serve::{Builder, Error, ErrorKind, Server, Settings};

use crate::config::Plan;
use crate::exit::{Code, Failure};
use crate::options::Options;
use crate::text;

/// Everything but where it listens; `denied` counts the requests of clients that `--allow` and
/// `--deny` exclude.
pub fn at_start(plan: &Plan, denied: &Arc<AtomicU64>) -> Result<Builder, Failure> {
    let options = &plan.options;
    let threads = within("--threads", options.threads.unwrap_or(1), &Builder::IO_THREADS)?;
    let mut builder = Server::builder()
        .settings(settings(plan, denied)?)
        .single_port(options.single_port)
        .io_threads(threads);
    if let Some(ports) = &options.transfer_ports {
        builder = builder.transfer_ports(parse_ports(ports)?);
    }
    if let Some(name) = &options.interface {
        builder = builder.interface(name.trim());
    }
    Ok(builder)
}

/// Applies the settings that may change while it listens: all of them, or none.
pub fn any_time(server: &Server, plan: &Plan, denied: &Arc<AtomicU64>) -> Result<(), Failure> {
    let settings = settings(plan, denied)?;
    server
        .reconfigure(|_| settings)
        .map_err(|error| not_configured(&error))
}

fn settings(plan: &Plan, denied: &Arc<AtomicU64>) -> Result<Settings, Failure> {
    let options = &plan.options;
    let dir = plan.dir.to_str().ok_or_else(|| {
        let what = format!(
            "{}: the path must be UTF-8; name it by a link that is",
            plan.dir.display()
        );
        Failure::new(Code::NoInput, what)
    })?;
    let takes_uploads = options.create && !options.read_only;
    let settings = Settings::default()
        .root(dir)
        .read_only(!takes_uploads)
        .overwrite(!options.no_overwrite)
        .follow_symlinks(!options.no_symlinks)
        .sync_uploads(options.sync);
    restrictions(limits(settings, options)?, options, denied)
}

/// Who is not answered, and which options are passed over.
fn restrictions(
    mut settings: Settings,
    options: &Options,
    denied: &Arc<AtomicU64>,
) -> Result<Settings, Failure> {
    let networks = options.networks();
    if !networks.is_empty() {
        let denied = Arc::clone(denied);
        settings = settings.clients(move |client| {
            let admits = networks.verdict(client).admits();
            if !admits {
                denied.fetch_add(1, Relaxed);
            }
            admits
        });
    }
    for name in &options.refuse {
        let known: Vec<&str> = Settings::option_names().collect();
        if !known.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            let what = format!("there is no option {name:?}; there are {}", known.join(", "));
            return Err(refused("--refuse", name, what));
        }
        settings = settings.ignore_option(name);
    }
    Ok(settings)
}

fn limits(mut settings: Settings, options: &Options) -> Result<Settings, Failure> {
    if let Some(seconds) = options.timeout {
        let timeout = Duration::from_secs(seconds.into());
        settings = settings.inactivity_timeout(Some(timeout).filter(|timeout| !timeout.is_zero()));
    }
    if let Some(count) = options.retries {
        settings = settings.max_retransmits(within("--retries", count, &Settings::RETRANSMITS)?);
    }
    if let Some(bytes) = options.max_blksize {
        settings = settings.max_block_size(within("--max-blksize", bytes, &Settings::BLOCK_SIZES)?);
    }
    if let Some(blocks) = options.max_windowsize {
        settings =
            settings.max_window_size(within("--max-windowsize", blocks, &Settings::WINDOW_SIZES)?);
    }
    if let Some(limit) = options.max_connections {
        settings =
            settings.max_connections(within("--max-connections", limit, &Settings::CONNECTIONS)?);
    }
    if let Some(limit) = options.max_connections_per_host.filter(|limit| *limit > 0) {
        let limit = within("--max-connections-per-host", limit, &Settings::CONNECTIONS)?;
        settings = settings.max_connections_per_client(Some(limit));
    }
    Ok(settings)
}

/// "40000-40100", or one port alone.
fn parse_ports(given: &str) -> Result<RangeInclusive<u16>, Failure> {
    let (first, last) = given.split_once('-').unwrap_or((given, given));
    match (first.trim().parse(), last.trim().parse()) {
        (Ok(first), Ok(last)) if 0 < first && first <= last => Ok(first..=last),
        _ => Err(refused(
            "--transfer-ports",
            given,
            "two ports are expected, as in 40000-40100",
        )),
    }
}

/// A number within the library's bounds.
fn within<T>(option: &str, value: u32, range: &RangeInclusive<T>) -> Result<T, Failure>
where
    T: TryFrom<u32> + PartialOrd + fmt::Display,
{
    let fits = T::try_from(value).ok().filter(|value| range.contains(value));
    fits.ok_or_else(|| {
        let what = format!("{} to {} is expected", range.start(), range.end());
        refused(option, value, what)
    })
}

fn refused(option: &str, value: impl fmt::Display, what: impl fmt::Display) -> Failure {
    Failure::new(Code::Config, format!("{option} {value}: {what}"))
}

/// An error of the library's own validation.
pub fn not_configured(error: &Error) -> Failure {
    let code = match error.kind() {
        ErrorKind::Root => Code::NoInput,
        ErrorKind::Invalid => Code::Config,
        _ => Code::System,
    };
    Failure::new(code, text::printable(&error.to_string()))
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
