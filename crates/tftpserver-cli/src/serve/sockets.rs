//! Where it listens: addresses that the library opens, sockets that were opened before privileges
//! went, or those that the service manager opened.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tftp_serve::{Builder, Error, Server};

use super::{Running, bind, settings};
use crate::exit::{Code, Failure};
use crate::listen::{Listen, PORT, UNPRIVILEGED_PORT, has_ipv6};
use crate::options::Options;
use crate::system::sockets::{Bound, HAS_PRIVILEGED_PORTS, is_no_interface};
use crate::system::{machine, service_manager};
use crate::text;

/// Where it will listen.
pub struct Places {
    /// Sockets that are open already.
    sockets: Vec<Bound>,
    /// Addresses that the library opens.
    addresses: Vec<Listen>,
    /// Each thread has a socket of its own among `sockets`.
    one_thread: bool,
}

/// Finds out where to listen. With `now` the sockets are bound here, for later the right to may be
/// gone.
pub fn prepare(running: &Running, options: &Options, now: bool) -> Result<Places, Failure> {
    let inherited = service_manager::inherited()?;
    if !inherited.is_empty() {
        return Ok(Places {
            sockets: inherited.into_iter().map(Bound::from).collect(),
            addresses: options.listen.clone(),
            one_thread: false,
        });
    }
    let wanted = wanted(options);
    Ok(match now {
        true => Places {
            sockets: bind_all(running, options, &wanted)?,
            addresses: Vec::new(),
            one_thread: true,
        },
        false => Places {
            sockets: Vec::new(),
            addresses: wanted,
            one_thread: false,
        },
    })
}

/// Starts to listen. `configured` makes what is to be started, twice where the first port is not
/// allowed.
pub fn start(
    running: &Running,
    options: &Options,
    places: &Places,
    configured: impl Fn() -> Result<Builder, Failure>,
) -> Result<Server, Failure> {
    let mut started = add(configured()?, places).start();
    let is_denied = HAS_PRIVILEGED_PORTS && why(&started) == Some(ErrorKind::PermissionDenied);
    if options.listen.is_empty() && is_denied {
        hint(running);
        let instead = Places {
            sockets: Vec::new(),
            addresses: vec![Listen::all_addresses(UNPRIVILEGED_PORT)],
            one_thread: false,
        };
        started = add(configured()?, &instead).start();
    }
    started.map_err(|error| not_started(&error, options))
}

/// Why an address was refused.
fn why(started: &Result<Server, Error>) -> Option<ErrorKind> {
    let error = started.as_ref().err()?;
    let is_listening = error.kind() == tftp_serve::ErrorKind::Listen;
    error
        .io_error()
        .filter(|_| is_listening)
        .map(std::io::Error::kind)
}

fn add(mut builder: Builder, places: &Places) -> Builder {
    if places.one_thread {
        builder = builder.io_threads(1);
    }
    for socket in &places.sockets {
        builder = socket.give(builder);
    }
    for (number, listen) in places.addresses.iter().enumerate() {
        let is_first = number == 0 && places.sockets.is_empty();
        builder = match listen.ip {
            None if has_ipv6() && is_first => builder.listen_dual_stack(listen.port),
            // Beside others each family has a socket of its own.
            None if has_ipv6() => builder
                .listen((Ipv4Addr::UNSPECIFIED, listen.port))
                .listen((Ipv6Addr::UNSPECIFIED, listen.port)),
            _ => builder.listen(listen.socket_addr()),
        };
    }
    builder
}

/// Where it listens; sockets of one address, one a thread, count once.
pub fn addresses(server: &Server) -> Vec<String> {
    let mut addresses: Vec<String> =
        server.local_addrs().iter().map(SocketAddr::to_string).collect();
    addresses.dedup();
    addresses
}

/// The addresses that it listens on, as text. `[::]` without IPv4 is marked, because it looks like
/// every address.
pub fn described(server: &Server) -> String {
    let mut all: Vec<String> = Vec::new();
    for (address, dual_stack) in server.local_addrs().into_iter().zip(server.dual_stack()) {
        all.push(
            match address.ip().is_unspecified() && address.is_ipv6() && !dual_stack {
                true => format!("{address} (IPv6 only)"),
                false => address.to_string(),
            },
        );
    }
    all.dedup();
    all.join(" and ")
}

fn hint(running: &Running) {
    running.output.remark(&format!(
        "port {PORT} is not allowed to this user: serving on port {UNPRIVILEGED_PORT} instead. \
         For {PORT} start it as root, or as a service (docs/command.md)."
    ));
}

/// The addresses, every one first: it is what LocalHost "" means.
fn wanted(options: &Options) -> Vec<Listen> {
    let mut wanted = options.listen.clone();
    if wanted.is_empty() {
        wanted.push(Listen::all_addresses(PORT));
    }
    wanted.sort_by_key(|listen| listen.ip.is_some());
    wanted
}

/// Binds what the library will adopt.
fn bind_all(
    running: &Running,
    options: &Options,
    wanted: &[Listen],
) -> Result<Vec<Bound>, Failure> {
    let interface = options.interface.as_deref();
    match bind::all(wanted, options.threads.unwrap_or(1), interface) {
        Err((error, _))
            if error.kind() == ErrorKind::PermissionDenied && is_default(options, wanted) =>
        {
            hint(running);
            bind_all(running, options, &[Listen::all_addresses(UNPRIVILEGED_PORT)])
        }
        Ok(bound) => Ok(bound.into_iter().map(Bound::from).collect()),
        Err((error, address)) => Err(not_bound(&error, &address, interface)),
    }
}

fn not_bound(error: &std::io::Error, address: &str, interface: Option<&str>) -> Failure {
    match is_no_interface(error) || error.kind() == ErrorKind::Unsupported {
        true => no_interface(interface.unwrap_or_default(), error),
        false => refused(error, address, HAS_PRIVILEGED_PORTS),
    }
}

fn is_default(options: &Options, wanted: &[Listen]) -> bool {
    options.listen.is_empty() && wanted[0].port == PORT
}

fn not_started(error: &Error, options: &Options) -> Failure {
    let Some(source) = error.io_error() else {
        return settings::not_configured(error);
    };
    match error.kind() {
        tftp_serve::ErrorKind::Interface => {
            no_interface(options.interface.as_deref().unwrap_or_default(), source)
        }
        tftp_serve::ErrorKind::Listen | tftp_serve::ErrorKind::Socket => {
            let culprit = error.address().map(|address| address.to_string());
            let culprit = culprit.unwrap_or_else(|| list(options));
            refused(source, &culprit, HAS_PRIVILEGED_PORTS)
        }
        _ => settings::not_configured(error),
    }
}

/// The requested addresses, for errors that belong to none in particular.
fn list(options: &Options) -> String {
    let list: Vec<String> = wanted(options).iter().map(Listen::to_string).collect();
    list.join(" ")
}

fn no_interface(name: &str, error: &std::io::Error) -> Failure {
    let (code, why) = match error.kind() {
        ErrorKind::PermissionDenied => (
            Code::NoPermission,
            "Operation not permitted; this system lets only root bind sockets to an interface (CAP_NET_RAW)"
                .to_owned(),
        ),
        ErrorKind::Unsupported => (
            Code::Unavailable,
            "this system cannot bind sockets to an interface; --listen ADDRESS restricts them to an address"
                .to_owned(),
        ),
        _ => (
            Code::Unavailable,
            format!(
                "there is no such interface ({} lists them)",
                machine::INTERFACES_LISTED_BY
            ),
        ),
    };
    Failure::new(code, format!("--interface {name}: {why}"))
}

fn refused(error: &std::io::Error, culprit: &str, has_privileged_ports: bool) -> Failure {
    let (code, advice) = match error.kind() {
        ErrorKind::PermissionDenied if !has_privileged_ports => (
            Code::Unavailable,
            format!(
                "another program has it, or the system reserves it ({} and {} tell which); end that one, or take \
                 another with --listen :6969",
                machine::PORTS_SHOWN_BY,
                machine::RESERVED_PORTS_SHOWN_BY
            ),
        ),
        ErrorKind::PermissionDenied => (
            Code::NoPermission,
            "take a port from 1024 up, as in --listen :6969, or start it as root".to_owned(),
        ),
        ErrorKind::AddrInUse => (
            Code::Unavailable,
            format!(
                "another program has it ({} tells which); end that one, or take another with --listen :6969",
                machine::PORTS_SHOWN_BY
            ),
        ),
        ErrorKind::AddrNotAvailable => (
            Code::Unavailable,
            format!(
                "take an address of this machine ({} lists them)",
                machine::ADDRESSES_LISTED_BY
            ),
        ),
        ErrorKind::InvalidInput => (Code::Config, "check what --listen says".to_owned()),
        _ => (Code::System, "the system refuses to listen there".to_owned()),
    };
    Failure::new(code, format!("{culprit}: {}; {advice}", text::system(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_port_is_taken_where_none_needs_a_privilege() {
        let denied = ErrorKind::PermissionDenied.into();
        let [unix, windows] =
            [true, false].map(|privileged| refused(&denied, "0.0.0.0:69", privileged));
        assert_eq!((unix.code, windows.code), (Code::NoPermission, Code::Unavailable));
        assert!(unix.text.contains("as root") && !windows.text.contains("as root"));
        assert!(windows.text.contains("another program has it"), "{windows}");
    }
}
