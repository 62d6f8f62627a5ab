//! One connection as its I/O thread, its handles and whoever answers for it share it.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use tftp_proto::wire::{Asked, Mode, Operation};

use super::flow::Flow;
use super::ids::IdLease;
use super::progress::Progress;
use super::reply::Post;
use super::{Key, Outcome};

/// What is known of a connection from its request on, and what becomes known later.
pub(crate) struct About {
    /// From 1000001 up; not used again by the same server while anything holds this.
    pub(crate) id: i32,
    /// Keeps the id.
    pub(crate) _lease: Option<IdLease>,
    /// The client's TID; an IPv4 client of a dual-stack socket has its IPv4 address here.
    pub(crate) remote: SocketAddr,
    /// The address that was asked, where the system tells it.
    pub(crate) local: Option<IpAddr>,
    /// The requested name as text, unchanged otherwise.
    pub(crate) filename: String,
    /// octet or netascii.
    pub(crate) mode: Mode,
    /// RRQ or WRQ.
    pub(crate) operation: Operation,
    /// The options that the client asked for, without those that the policy refuses.
    pub(crate) asked: Asked,
    /// Live figures.
    pub(crate) progress: Progress,
    /// The file that was found or made.
    pub(crate) path: OnceLock<PathBuf>,
    pub(crate) outcome: OnceLock<Outcome>,
    /// The way back to its I/O thread; `None` where a limit refused it: it never began.
    pub(crate) way: Option<(Key, Arc<dyn Post>)>,
    /// How much of its data was not taken yet.
    pub(crate) flow: Flow,
}
