//! Everything that differs between systems: `unix/` and `windows/` have the same modules with the
//! same functions, and all other code calls them by these names.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::{access, errors, files, limits, machine, service_manager, signals, sockets, user};
#[cfg(windows)]
pub use windows::{
    access, errors, files, limits, machine, service_manager, signals, sockets, user,
};

#[cfg(windows)]
pub use windows::service;

/// Tested on every system: it is made of the standard library alone.
#[cfg(all(test, unix))]
#[path = "windows/service_log.rs"]
#[allow(dead_code, reason = "only services write to it")]
mod service_log;

/// A request to a running server, by a signal or by a service manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlRequest {
    /// SIGHUP: read the configuration and its files again.
    Reload,
    /// SIGTERM, SIGINT, Ctrl-C; SIGHUP without a configuration, as from a terminal that closes:
    /// end.
    End,
}
