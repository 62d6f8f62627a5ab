//! The settings that may change while a server runs.

use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tftp_files::jail::Jail;
use tftp_files::names::{self, NameCodec};
use tftp_proto::negotiate::{LARGE_WINDOW, Limits, Rollover};
use tftp_proto::retry::Timing;
use tftp_proto::wire::OptionSet;

use super::error::{Error, ErrorKind};
use crate::bounds;
use crate::config::{ClientFilter, Policy};

/// The maximum window with a single port, in blocks: a forged ACK makes the server send no more
/// than that.
const SINGLE_PORT_WINDOW: u16 = 4;

/// Settings that may change while a server runs:
/// [`Server::reconfigure`](crate::Server::reconfigure).
///
/// [`Builder`](crate::Builder) has the same methods for the initial values. A transfer keeps the
/// settings under which it began.
#[derive(Clone)]
pub struct Settings {
    root: Option<PathBuf>,
    follow_symlinks: bool,
    read_only: bool,
    overwrite: bool,
    sync_uploads: bool,
    max_connections: usize,
    max_connections_per_client: Option<usize>,
    max_block_size: u16,
    max_window_size: u16,
    first_block_after_wrap: u16,
    retransmit_timeout: Duration,
    max_retransmits: u32,
    adaptive_retransmit: bool,
    inactivity_timeout: Option<Duration>,
    transfer_timeout: Option<Duration>,
    clients: Option<Arc<dyn ClientFilter>>,
    ignored_options: Vec<String>,
    names: Arc<dyn NameCodec>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            root: None,
            follow_symlinks: true,
            read_only: true,
            overwrite: false,
            sync_uploads: false,
            max_connections: bounds::MAX_CONNECTIONS_DEFAULT,
            max_connections_per_client: None,
            max_block_size: bounds::MAX_BLOCK_SIZE_DEFAULT,
            max_window_size: bounds::MAX_WINDOW_SIZE_DEFAULT,
            first_block_after_wrap: 0,
            retransmit_timeout: Duration::from_secs(bounds::RETRANSMIT_TIMEOUT_DEFAULT),
            max_retransmits: bounds::MAX_RETRANSMITS_DEFAULT,
            adaptive_retransmit: true,
            inactivity_timeout: Some(Duration::from_secs(bounds::TIMEOUT_DEFAULT)),
            transfer_timeout: None,
            clients: None,
            ignored_options: Vec::new(),
            names: Arc::new(Utf8),
        }
    }
}

/// Writes each setter twice: for [`Settings`], and for the builder, which contains settings.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $kind:ty),*) => |$settings:ident| $body:expr;)*) => {
        impl Settings {
            $($(#[$doc])*
            #[must_use]
            pub fn $name(self, $($argument: $kind),*) -> Settings {
                let mut $settings = self;
                $body;
                $settings
            })*
        }

        impl super::Builder {
            $($(#[$doc])*
            pub fn $name(self, $($argument: $kind),*) -> super::Builder {
                self.map_settings(|settings| settings.$name($($argument),*))
            })*
        }
    };
}

setters! {
    /// Serves this directory. Default: none, only the handler's answers are served.
    ///
    /// Clients reach files below the directory and nothing outside of it, even by names with `..`,
    /// absolute paths or symbolic links. A relative path is resolved once, against the current
    /// directory when the server starts.
    root(path: impl AsRef<Path>) => |settings| settings.root = Some(path.as_ref().to_path_buf());
    /// Serves no directory, as by default.
    no_root() => |settings| settings.root = None;
    /// Follows symbolic links as long as they stay inside the root directory. Default: true.
    follow_symlinks(follow: bool) => |settings| settings.follow_symlinks = follow;
    /// Refuses uploads with ERROR 2. Default: true.
    read_only(read_only: bool) => |settings| settings.read_only = read_only;
    /// Lets uploads replace existing files. Default: false, they are refused with ERROR 6.
    overwrite(overwrite: bool) => |settings| settings.overwrite = overwrite;
    /// Acknowledges the end of an upload only after its file would survive a power failure (fsync
    /// of the file and of its directory). Default: false.
    sync_uploads(sync: bool) => |settings| settings.sync_uploads = sync;
    /// Limits the number of concurrent transfers, 0 to a million. Requests beyond the limit get an
    /// ERROR; 0 refuses all. Default: 10,000.
    max_connections(limit: usize) => |settings| settings.max_connections = limit;
    /// Limits the number of concurrent transfers of one client address. Default: `None`, no limit.
    max_connections_per_client(limit: Option<usize>) => |settings| settings.max_connections_per_client = limit;
    /// Limits the block size that clients may negotiate (RFC 2348), 8 to 65464 bytes. Default: 65464.
    ///
    /// With an MTU of 1500, blocks of up to 1468 bytes fit in one IPv4 packet without
    /// fragmentation.
    max_block_size(bytes: u16) => |settings| settings.max_block_size = bytes;
    /// Limits the window that clients may negotiate (RFC 7440), 1 to 65535 blocks. Default: 64.
    ///
    /// With [`single_port`](crate::Builder::single_port) windows have at most 4 blocks, because one
    /// forged ACK makes the server send a whole window. A limit above 64 lifts this bound, and the
    /// bound of the bytes in a window of large blocks. Set it only if the clients are known.
    max_window_size(blocks: u16) => |settings| settings.max_window_size = blocks;
    /// Sets the block number that follows 65535, 0 or 1, for clients that do not negotiate it.
    /// Default: 0.
    first_block_after_wrap(number: u16) => |settings| settings.first_block_after_wrap = number;
    /// Sets the longest wait before a packet is retransmitted. Default: 5 s.
    retransmit_timeout(wait: Duration) => |settings| settings.retransmit_timeout = wait;
    /// Sets how many full waits may follow the first before the server gives up on a silent client, 0 to 1000. Default:
    /// 3.
    max_retransmits(count: u32) => |settings| settings.max_retransmits = count;
    /// Derives the wait before a retransmission from the measured round trip, up to the retransmit timeout. Default:
    /// true. With false every wait has the full length.
    adaptive_retransmit(adaptive: bool) => |settings| settings.adaptive_retransmit = adaptive;
    /// Ends a transfer that makes no progress for this long. Default: 60 s; `None`: no limit.
    ///
    /// It also limits the time until a deferred answer.
    inactivity_timeout(limit: Option<Duration>) => |settings| settings.inactivity_timeout = limit;
    /// Ends a transfer that takes longer than this in total. Default: `None`, no limit.
    transfer_timeout(limit: Option<Duration>) => |settings| settings.transfer_timeout = limit;
    /// Answers requests only from addresses for which `admits` returns true. Default: all
    /// addresses.
    ///
    /// Requests from other addresses get no answer, and no event reports them. `admits` runs on I/O
    /// threads, once per request, and must not block. It gets the IPv4 address of an IPv4 client on
    /// every socket, dual-stack ones included.
    clients(admits: impl Fn(IpAddr) -> bool + Send + Sync + 'static) => |settings| {
        settings.clients = Some(Arc::new(Admits(admits)));
    };
    /// Answers requests from every address, as by default.
    all_clients() => |settings| settings.clients = None;
    /// Treats requests as if they did not contain the option of this name, as in `windowsize`; may
    /// be called several times. For clients whose implementation of an option is broken.
    ignore_option(name: &str) => |settings| settings.ignored_options.push(name.to_owned());
    /// Accepts all options again, as by default.
    heed_all_options() => |settings| settings.ignored_options.clear();
    /// Sets the conversion of file names on the wire. Default: UTF-8; invalid bytes are kept.
    ///
    /// The crate `tftp-codepage` has code pages of Windows, DOS and others.
    names(codec: impl NameCodec + 'static) => |settings| settings.names = Arc::new(codec);
}

impl Settings {
    /// The range of [`Settings::max_block_size`]: the sizes of RFC 2348.
    pub const BLOCK_SIZES: RangeInclusive<u16> = bounds::MAX_BLOCK_SIZE;
    /// The range of [`Settings::max_window_size`]: the sizes of RFC 7440.
    pub const WINDOW_SIZES: RangeInclusive<u16> = bounds::MAX_WINDOW_SIZE;
    /// The range of [`Settings::max_connections_per_client`], and with 0 of
    /// [`Settings::max_connections`].
    pub const CONNECTIONS: RangeInclusive<usize> = bounds::MAX_CONNECTIONS;
    /// The range of [`Settings::max_retransmits`].
    pub const RETRANSMITS: RangeInclusive<u32> = bounds::MAX_RETRANSMITS;

    /// Returns the names of the options that the server knows, which [`Settings::ignore_option`]
    /// accepts.
    pub fn option_names() -> impl Iterator<Item = &'static str> {
        OptionSet::names()
    }

    pub(super) fn has_root(&self) -> bool {
        self.root.is_some()
    }

    /// Opens the root directory. If `before` has the same path and symlink setting, its root is
    /// reused.
    pub(super) fn open_root(&self, before: Option<&Root>) -> Result<Option<Root>, Error> {
        let Some(path) = &self.root else {
            return Ok(None);
        };
        if let Some(root) = before.filter(|root| root.is(path, self.follow_symlinks)) {
            return Ok(Some(root.clone()));
        }
        let jail = Jail::new(path, self.follow_symlinks)
            .map_err(|error| Error::io(ErrorKind::Root, path.display().to_string(), error))?;
        Ok(Some(Root {
            path: path.clone(),
            follow_symlinks: self.follow_symlinks,
            jail: Arc::new(jail),
        }))
    }

    pub(super) fn policy(&self, root: Option<&Root>, single_port: bool) -> Result<Policy, Error> {
        Ok(Policy {
            root: root.map(|root| Arc::clone(&root.jail)),
            read_only: self.read_only,
            allow_overwrite: self.overwrite,
            sync_uploads: self.sync_uploads,
            max_connections: within(
                "max_connections",
                self.max_connections,
                &(0..=*Settings::CONNECTIONS.end()),
            )?,
            max_per_host: self.max_connections_per_client.map_or(Ok(0), |limit| {
                within("max_connections_per_client", limit, &Settings::CONNECTIONS)
            })?,
            limits: self.limits(single_port)?,
            timing: self.timing()?,
            names: Arc::clone(&self.names),
            clients: self.clients.clone(),
            refused_options: self.refused_options()?,
        })
    }

    fn limits(&self, single_port: bool) -> Result<Limits, Error> {
        let window = within("max_window_size", self.max_window_size, &Settings::WINDOW_SIZES)?;
        let is_raised = window > bounds::MAX_WINDOW_SIZE_DEFAULT;
        Ok(Limits {
            max_blksize: within("max_block_size", self.max_block_size, &Settings::BLOCK_SIZES)?,
            max_windowsize: match single_port && !is_raised {
                true => window.min(SINGLE_PORT_WINDOW),
                false => window,
            },
            max_large_window: if is_raised { u32::MAX } else { LARGE_WINDOW },
            rollover: match within("first_block_after_wrap", self.first_block_after_wrap, &(0..=1))?
            {
                0 => Rollover::Zero,
                _ => Rollover::One,
            },
        })
    }

    fn timing(&self) -> Result<Timing, Error> {
        if self.retransmit_timeout.is_zero() {
            return Err(Error::invalid("retransmit_timeout is zero"));
        }
        let limits = [self.inactivity_timeout, self.transfer_timeout];
        if limits.contains(&Some(Duration::ZERO)) {
            return Err(Error::invalid(
                "a timeout is zero; None means that there is no limit",
            ));
        }
        Ok(Timing {
            retransmit_timeout: self.retransmit_timeout,
            max_retransmits: within(
                "max_retransmits",
                self.max_retransmits,
                &Settings::RETRANSMITS,
            )?,
            adaptive: self.adaptive_retransmit,
            inactivity: self.inactivity_timeout,
            absolute: self.transfer_timeout,
        })
    }

    fn refused_options(&self) -> Result<OptionSet, Error> {
        let mut set = OptionSet::default();
        for name in &self.ignored_options {
            if !set.insert(name) {
                let names: Vec<&str> = OptionSet::names().collect();
                let text = format!("there is no option {name:?}; there are {}", names.join(", "));
                return Err(Error::invalid(text));
            }
        }
        Ok(set)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("root", &self.root)
            .field("follow_symlinks", &self.follow_symlinks)
            .field("read_only", &self.read_only)
            .field("overwrite", &self.overwrite)
            .field("sync_uploads", &self.sync_uploads)
            .field("max_connections", &self.max_connections)
            .field("max_connections_per_client", &self.max_connections_per_client)
            .field("max_block_size", &self.max_block_size)
            .field("max_window_size", &self.max_window_size)
            .field("first_block_after_wrap", &self.first_block_after_wrap)
            .field("retransmit_timeout", &self.retransmit_timeout)
            .field("max_retransmits", &self.max_retransmits)
            .field("adaptive_retransmit", &self.adaptive_retransmit)
            .field("inactivity_timeout", &self.inactivity_timeout)
            .field("transfer_timeout", &self.transfer_timeout)
            .field("ignored_options", &self.ignored_options)
            .finish_non_exhaustive()
    }
}

/// An open root directory, with the path and setting that it was opened with.
#[derive(Clone)]
pub(super) struct Root {
    path: PathBuf,
    follow_symlinks: bool,
    jail: Arc<Jail>,
}

impl Root {
    /// Opens the directory anew, because it may have been removed or replaced.
    pub(super) fn reopen(&mut self) -> Result<(), Error> {
        let jail = Jail::new(self.jail.root(), self.follow_symlinks)
            .map_err(|error| Error::io(ErrorKind::Root, self.path.display().to_string(), error))?;
        self.jail = Arc::new(jail);
        Ok(())
    }

    fn is(&self, path: &Path, follow_symlinks: bool) -> bool {
        self.path == path && self.follow_symlinks == follow_symlinks
    }
}

/// Returns the value, or an error that names it and its range.
pub(super) fn within<T>(name: &str, value: T, range: &RangeInclusive<T>) -> Result<T, Error>
where
    T: PartialOrd + fmt::Display,
{
    match range.contains(&value) {
        true => Ok(value),
        false => Err(Error::invalid(format!(
            "{name} {value}: {} to {} is expected",
            range.start(),
            range.end()
        ))),
    }
}

/// Keeps names unchanged, including bytes that are not valid UTF-8.
struct Utf8;

impl NameCodec for Utf8 {
    fn decode(&self, wire: &[u8]) -> Option<String> {
        Some(names::from_bytes(wire))
    }
}

struct Admits<F>(F);

impl<F: Fn(IpAddr) -> bool + Send + Sync> ClientFilter for Admits<F> {
    fn admits(&self, client: IpAddr) -> bool {
        (self.0)(client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the maximum blocks of a window, and the maximum bytes of a window of large blocks.
    fn window(settings: Settings, single_port: bool) -> (u16, u32) {
        let limits = settings.policy(None, single_port).unwrap().limits;
        (limits.max_windowsize, limits.max_large_window)
    }

    #[test]
    fn windows_are_small_where_a_forged_ack_brings_one_unless_they_were_raised() {
        let of = |blocks| Settings::default().max_window_size(blocks);
        assert_eq!(window(Settings::default(), false), (64, LARGE_WINDOW));
        assert_eq!(window(Settings::default(), true), (4, LARGE_WINDOW));
        assert_eq!(window(of(2), true), (2, LARGE_WINDOW));
        assert_eq!(window(of(65), true), (65, u32::MAX));
    }

    #[test]
    fn a_root_is_opened_once_for_as_long_as_it_is_the_same() {
        let settings = Settings::default().root(std::env::temp_dir());
        let first = settings.open_root(None).unwrap().unwrap();
        let again = settings.open_root(Some(&first)).unwrap().unwrap();
        assert!(Arc::ptr_eq(&first.jail, &again.jail));
        let other = settings.follow_symlinks(false).open_root(Some(&first)).unwrap();
        assert!(!Arc::ptr_eq(&first.jail, &other.unwrap().jail));
    }
}
