//! The state of one connection that its I/O thread, its handles and its `Reply` share.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use tftp_proto::wire::{Mode, Operation, RequestedOptions};

use super::flow::Flow;
use super::ids::IdLease;
use super::progress::Progress;
use super::reply::Post;
use super::{Key, Outcome};

/// The properties of a connection: those known with its request, and those that become known later.
pub(crate) struct ConnectionInfo {
    /// The connection's number, from 1000001 up. The same server does not use it again while
    /// anything holds this value.
    pub(crate) id: i32,
    /// Keeps the id reserved.
    pub(crate) _lease: Option<IdLease>,
    /// The client's TID. An IPv4 client of a dual-stack socket appears with its IPv4 address.
    pub(crate) remote: SocketAddr,
    /// The local address that the request was sent to, if the system reports it.
    pub(crate) local: Option<IpAddr>,
    /// The requested name as text, otherwise unchanged.
    pub(crate) filename: String,
    /// octet or netascii.
    pub(crate) mode: Mode,
    /// RRQ or WRQ.
    pub(crate) operation: Operation,
    /// The options of the request, without those that the policy refuses.
    pub(crate) requested: RequestedOptions,
    /// Live figures.
    pub(crate) progress: Progress,
    /// The file that was found or created.
    pub(crate) path: OnceLock<PathBuf>,
    pub(crate) outcome: OnceLock<Outcome>,
    /// The transfer's key and the inbox of its I/O thread; `None` if a limit refused the request,
    /// so that no transfer began.
    pub(crate) way: Option<(Key, Arc<dyn Post>)>,
    /// Counts the data that the application has not taken yet.
    pub(crate) flow: Flow,
}
