//! Where it listens: addresses that the library opens, sockets that were opened before privileges went, or those that
//! the service manager opened.

use std::io::ErrorKind;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use tftpserver::server::Server;
use tftpserver::server::errors;
use tftpserver::server::property::Value;
use tftpserver::server::property::id::{LOCAL_HOST, LOCAL_PORT};

use super::{Running, bind, settings, systemd};
use crate::exit::{Code, Failure};
use crate::listen::{Listen, PORT, UNPRIVILEGED_PORT, has_ipv6};
use crate::options::Options;
use crate::text;

/// Sockets that must stay open until listening has started.
pub type Held = Vec<OwnedFd>;

/// Tells the class where to listen. With `now` the sockets are bound here, for later the right to may be gone.
pub fn prepare(running: &Running, options: &Options, now: bool) -> Result<Held, Failure> {
    let server = &running.server;
    let inherited: Held = systemd::inherited()?.into_iter().map(OwnedFd::from).collect();
    if !inherited.is_empty() {
        descriptors(server, &inherited)?;
        listen_on(server, &options.listen)?;
        return Ok(inherited);
    }
    let wanted = wanted(options);
    if now {
        let sockets = bind_all(running, options, &wanted)?;
        descriptors(server, &sockets)?;
        return Ok(sockets);
    }
    if let Some((first, others)) = wanted.split_first() {
        local(server, first)?;
        listen_on(server, others)?;
    }
    Ok(Vec::new())
}

/// Starts to listen, and says where.
pub fn start(running: &Running, options: &Options) -> Result<Vec<String>, Failure> {
    let server = &running.server;
    let mut started = server.start_listening();
    if options.listen.is_empty() && code(&started) == errors::ACCESS_DENIED {
        hint(running);
        local(server, &Listen::everywhere(UNPRIVILEGED_PORT))?;
        started = server.start_listening();
    }
    started.map_err(|failure| match &options.interface {
        Some(name) if failure.text.contains("Interface ") => no_interface(name, failure.code),
        _ => refused(failure.code, &what_failed(&failure, options)),
    })?;
    let addresses = server.config("ListenAddresses").unwrap_or_default();
    let mut addresses: Vec<String> = addresses.split_whitespace().map(str::to_owned).collect();
    // Sockets of one address, one a thread.
    addresses.dedup();
    Ok(addresses)
}

/// Where it listens, for people: an IPv6 address that looks as though it were every address, and is not, says so.
pub fn described(server: &Server) -> String {
    let mut all: Vec<String> = Vec::new();
    for (address, dual_stack) in server.listens_on() {
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

fn code(started: &Result<(), errors::Failure>) -> i32 {
    started.as_ref().err().map_or(0, |failure| failure.code)
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
        wanted.push(Listen::everywhere(PORT));
    }
    wanted.sort_by_key(|listen| listen.ip.is_some());
    wanted
}

fn local(server: &Server, listen: &Listen) -> Result<(), Failure> {
    let address = listen.socket_addr();
    let done = server
        .set(LOCAL_HOST, 0, Value::Text(listen.host()))
        .and_then(|()| server.set(LOCAL_PORT, 0, Value::Integer(listen.port.into())))
        .and_then(|()| server.config(&format!("UseIPv6={}", address.is_ipv6())));
    done.map(drop)
        .map_err(|failure| Failure::new(Code::Config, format!("--listen {listen}: {failure}")))
}

fn listen_on(server: &Server, others: &[Listen]) -> Result<(), Failure> {
    if others.is_empty() {
        return Ok(());
    }
    // An IPv6 address there takes IPv6 only.
    let both = |listen: &Listen| match listen.ip {
        None if has_ipv6() => format!("0.0.0.0:{} [::]:{}", listen.port, listen.port),
        _ => listen.socket_addr().to_string(),
    };
    let list: Vec<String> = others.iter().map(both).collect();
    settings::set(server, "--listen", "ListenOn", &list.join(" "))
}

fn descriptors(server: &Server, sockets: &Held) -> Result<(), Failure> {
    let list: Vec<String> = sockets
        .iter()
        .map(|socket| socket.as_raw_fd().to_string())
        .collect();
    settings::set(server, "sockets", "ListenDescriptors", &list.join(","))
}

/// Binds what the class will be handed; each thread has a socket, so the class needs no more than one for each.
fn bind_all(running: &Running, options: &Options, wanted: &[Listen]) -> Result<Held, Failure> {
    settings::set(&running.server, "--threads", "IoThreads", &1)?;
    let interface = options.interface.as_deref();
    match bind::all(wanted, options.threads.unwrap_or(1), interface) {
        Err((error, _)) if error.kind() == ErrorKind::PermissionDenied && is_default(options, wanted) => {
            hint(running);
            bind_all(running, options, &[Listen::everywhere(UNPRIVILEGED_PORT)])
        }
        Ok(bound) => Ok(bound.into_iter().map(OwnedFd::from).collect()),
        Err((error, address)) => Err(not_bound(&error, &address, interface)),
    }
}

fn not_bound(error: &std::io::Error, address: &str, interface: Option<&str>) -> Failure {
    let code = match error.kind() {
        ErrorKind::PermissionDenied => errors::ACCESS_DENIED,
        ErrorKind::AddrInUse => errors::ADDRESS_IN_USE,
        ErrorKind::AddrNotAvailable => errors::ADDRESS_NOT_AVAILABLE,
        _ if error.raw_os_error() == Some(Errno::ENODEV as i32) => {
            return no_interface(interface.unwrap_or_default(), errors::ADDRESS_NOT_AVAILABLE);
        }
        _ => 0,
    };
    refused(code, &format!("{address}: {}", text::system(error)))
}

fn is_default(options: &Options, wanted: &[Listen]) -> bool {
    options.listen.is_empty() && wanted[0].port == PORT
}

/// The culprit, and why, in the words of the system.
fn what_failed(failure: &errors::Failure, options: &Options) -> String {
    let errno = match failure.code {
        errors::ACCESS_DENIED => Some(Errno::EACCES),
        errors::ADDRESS_IN_USE => Some(Errno::EADDRINUSE),
        errors::ADDRESS_NOT_AVAILABLE => Some(Errno::EADDRNOTAVAIL),
        errors::ADDRESS_FAMILY_NOT_SUPPORTED => Some(Errno::EAFNOSUPPORT),
        errors::TOO_MANY_FILES => Some(Errno::EMFILE),
        _ => None,
    };
    // The class names the address; where it does not, the options do.
    let named = failure.text.split_once("Listening on ");
    let named = named.map(|(_, address)| address.trim_end_matches('.').to_owned());
    let culprit = named.unwrap_or_else(|| {
        let list: Vec<String> = wanted(options).iter().map(Listen::to_string).collect();
        list.join(" ")
    });
    match errno {
        Some(errno) => format!("{culprit}: {}", errno.desc()),
        None => format!("{culprit}: {}", failure.text),
    }
}

fn no_interface(name: &str, code: i32) -> Failure {
    let (code, why) = match code {
        errors::ACCESS_DENIED => (
            Code::NoPermission,
            "Operation not permitted; this system lets only root bind sockets to an interface (CAP_NET_RAW)",
        ),
        _ => (
            Code::Unavailable,
            "there is no such interface (ip link lists them)",
        ),
    };
    Failure::new(code, format!("--interface {name}: {why}"))
}

fn refused(code: i32, what: &str) -> Failure {
    let (code, advice) = match code {
        errors::ACCESS_DENIED => (
            Code::NoPermission,
            "take a port from 1024 up, as in --listen :6969, or start it as root",
        ),
        errors::ADDRESS_IN_USE => (
            Code::Unavailable,
            "another program has it (ss -lunp tells which); end that one, or take another with --listen :6969",
        ),
        errors::ADDRESS_NOT_AVAILABLE => (
            Code::Unavailable,
            "take an address of this machine (ip address lists them)",
        ),
        905 | 10009 | 10022 | 10038 | 11001 | 11004 => (Code::Config, "check what --listen says"),
        _ => (Code::System, "the system refuses to listen there"),
    };
    Failure::new(code, format!("{what}; {advice}"))
}
