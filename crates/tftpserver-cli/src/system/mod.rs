//! What differs between systems, and only that: `unix/` and `windows/` hold the same modules with the same functions, and
//! everything else calls them by these names.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::{access, errors, files, limits, machine, service_manager, signals, sockets, user};
#[cfg(windows)]
pub use windows::{access, errors, files, limits, machine, service_manager, signals, sockets, user};

#[cfg(windows)]
pub use windows::service;

/// What a signal, or a service manager, asks a running server for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// SIGHUP: read everything again.
    Reload,
    /// SIGTERM, SIGINT; SIGHUP without a configuration, as from a terminal that closes; Ctrl-C: end.
    End,
}
