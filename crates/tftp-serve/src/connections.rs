//! The loop's state of each transfer: its connection as the application knows it, the source or
//! target of its bytes, the data that the application has not taken yet. The machine decides what a
//! transfer does. This table uses the machine's index, so that no look-up needs a hash.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use tftp_files::{Lane, Owner, Store};
use tftp_machine::{Datagram, DropReason, Ending, Handled, LocalAddr, Server, TransferId};
use tftp_proto::Instant;
use tftp_proto::wire::{self, Mode, Operation, Packet, RequestedOptions};

use super::Outcome;
use super::config::Policy;
use super::connection_info::ConnectionInfo;
use super::flow::Flow;
use super::inline::Interests;
use super::limits::ThreadLimits;
use super::observer::Observer;
use super::progress::Progress;
use super::reply::Post;
use super::shared::Shared;
pub(crate) use state::{Body, ConnectionState, Late};

mod ends;
mod state;

/// The maximum length of a peer's text that is shown, in bytes.
const SHOWN: usize = 256;

/// The connections of one I/O thread.
pub(crate) struct Connections<S: Store> {
    slots: Vec<Option<Box<ConnectionState<S>>>>,
    /// Uploads that received data and have not passed it on yet.
    dirty: Vec<TransferId>,
    /// A connection that a limit or a setting refused, until its client's ERROR is sent.
    refusal: Option<(Arc<ConnectionInfo>, Outcome)>,
    /// The address that every request is sent to, if the sockets are bound to one.
    only_address: Option<IpAddr>,
    shared: Arc<Shared>,
    /// Receives answers for the connections.
    inbox: Arc<dyn Post>,
}

/// A request, admitted or refused, from which a [`ConnectionInfo`] is made.
struct Asking<'a> {
    id: i32,
    peer: SocketAddr,
    local: Option<LocalAddr>,
    filename: &'a [u8],
    mode: Mode,
    operation: Operation,
    requested: RequestedOptions,
    began: Instant,
}

/// Returns the name of a transfer in storage.
pub(crate) fn owner(id: TransferId) -> Owner {
    Owner {
        index: id.index,
        generation: id.generation,
    }
}

impl<S: Store> Connections<S> {
    pub(crate) fn new(
        only_address: Option<IpAddr>,
        shared: Arc<Shared>,
        inbox: Arc<dyn Post>,
    ) -> Self {
        Connections {
            slots: Vec::new(),
            dirty: Vec::new(),
            refusal: None,
            only_address,
            shared,
            inbox,
        }
    }

    /// Counts the connections. It takes linear time, for checks whether something is left.
    pub(crate) fn len(&self) -> usize {
        self.slots.iter().flatten().count()
    }

    #[inline]
    pub(crate) fn get(&self, id: TransferId) -> Option<&ConnectionState<S>> {
        let state = self.slots.get(id.index as usize)?.as_deref()?;
        (state.id == id).then_some(state)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, id: TransferId) -> Option<&mut ConnectionState<S>> {
        let state = self.slots.get_mut(id.index as usize)?.as_deref_mut()?;
        (state.id == id).then_some(state)
    }

    /// Makes the connection of a transfer that was admitted.
    fn begin(&mut self, id: TransferId, server: &Server<ThreadLimits>, policy: &Arc<Policy>) {
        let Some(transfer) = server.transfer(id) else {
            return;
        };
        let asking = Asking {
            id: transfer.connection().0,
            peer: transfer.route().peer,
            local: transfer.local(),
            filename: transfer.filename().unwrap_or_default(),
            mode: transfer.mode(),
            operation: transfer.operation(),
            requested: transfer.requested().copied().unwrap_or_default(),
            began: transfer.began(),
        };
        let (connection, has_no_name) = self.connection(asking, policy, Some(id));
        let state = ConnectionState {
            id,
            has_no_name,
            connection,
            policy: Arc::clone(policy),
            body: Body::Nothing,
            lane: Lane::NONE,
            place: None,
            local_file: None,
            sources: None,
            upto: None,
            late: None,
            failure: None,
            moved: 0,
            is_settled: false,
            is_closed: false,
            is_announced: false,
            is_known: false,
            is_admitted: false,
            is_held: false,
            is_dirty: false,
        };
        let index = id.index as usize;
        if index >= self.slots.len() {
            self.slots.resize_with(index + 1, || None);
        }
        self.slots[index] = Some(Box::new(state));
    }

    /// Acts on the result of a datagram that did not advance a transfer: a request, or one that was
    /// refused or dropped.
    #[cold]
    pub(crate) fn handle_unadvanced(
        &mut self,
        handled: &Handled<'_>,
        datagram: &Datagram<'_>,
        server: &Server<ThreadLimits>,
        policy: &Arc<Policy>,
        observer: &Observer,
        now: Instant,
    ) {
        match *handled {
            Handled::Requested(id) => self.begin(id, server, policy),
            Handled::Unanswered(DropReason::Full | DropReason::Crowded) => observer.unanswered(),
            Handled::Refused(why, id) => {
                if let Ok(Packet::Request(mut request)) = wire::parse(datagram.bytes) {
                    request.requested.forget(policy.refused_options);
                    let asking = Asking {
                        id: id.0,
                        peer: datagram.peer,
                        local: datagram.local,
                        filename: request.filename,
                        mode: request.mode,
                        operation: request.operation,
                        requested: request.requested,
                        began: now,
                    };
                    let (connection, _) = self.connection(asking, policy, None);
                    observer.request(&connection);
                    let outcome = match why {
                        DropReason::ReadOnly => Outcome::ReadOnly,
                        _ => Outcome::Limit,
                    };
                    self.refusal = Some((connection, outcome));
                }
            }
            _ => {}
        }
    }

    /// Returns the number of the refused connection whose ERROR is about to be sent; 0: none.
    pub(crate) fn refused_number(&self) -> i32 {
        self.refusal.as_ref().map_or(0, |(connection, _)| connection.id)
    }

    /// Takes the refused connection, once the ERROR to its client is sent.
    pub(crate) fn take_refusal(&mut self) -> Option<(Arc<ConnectionInfo>, Outcome)> {
        self.refusal.take()
    }

    /// Logs a received packet of a transfer. Called only if the log has lines for packets.
    #[cold]
    pub(crate) fn log_packet(
        &self,
        datagram: &Datagram<'_>,
        handled: &Handled<'_>,
        observer: &Observer,
    ) {
        let (Handled::Packet(id) | Handled::Acked(id, _) | Handled::Received { id, .. }) = *handled
        else {
            return;
        };
        if let (Some(state), Ok(packet)) = (self.get(id), wire::parse(datagram.bytes)) {
            observer.packet_received(state.connection.id, &packet);
        }
    }

    /// Logs the request, once. Returns the connection's number, which the application knows; 0:
    /// none.
    pub(crate) fn log_request(&mut self, id: TransferId, observer: &Observer) -> i32 {
        let Some(state) = self.get_mut(id) else { return 0 };
        if !std::mem::replace(&mut state.is_known, true) {
            observer.request(&state.connection);
        }
        state.connection.id
    }

    /// Makes the shared state of a connection. Also returns true if its name could not be converted
    /// to text.
    fn connection(
        &self,
        asking: Asking<'_>,
        policy: &Policy,
        transfer: Option<TransferId>,
    ) -> (Arc<ConnectionInfo>, bool) {
        let name = policy.names.decode(asking.filename);
        let has_no_name = name.is_none();
        let local = asking.local.map(|local| local.ip.to_canonical());
        let connection = ConnectionInfo {
            id: asking.id,
            _lease: Some(self.shared.ids.lease(asking.id)),
            remote: tftp_udp::plain(asking.peer),
            local: local.or(self.only_address),
            filename: name.unwrap_or_else(|| wire::printable(asking.filename, SHOWN)),
            mode: asking.mode,
            operation: asking.operation,
            requested: asking.requested,
            progress: Progress::new(asking.began),
            path: OnceLock::new(),
            outcome: OnceLock::new(),
            way: transfer.map(|id| (id, Arc::clone(&self.inbox))),
            flow: Flow::default(),
        };
        (Arc::new(connection), has_no_name)
    }

    /// Takes the next bytes of an upload.
    #[inline]
    pub(crate) fn received(&mut self, id: TransferId, bytes: &[u8], last: bool) {
        let Some(state) = self.get_mut(id) else { return };
        state.moved += bytes.len() as u64;
        state.connection.progress.set_bytes(state.moved);
        if let Body::Upload(upload) = &mut state.body {
            upload.take(bytes, last);
        }
        self.mark_dirty(id);
    }

    /// Notes that a client has acknowledged a download's bytes below `upto`.
    #[inline]
    pub(crate) fn acked(
        &mut self,
        id: TransferId,
        upto: u64,
        server: &Server<ThreadLimits>,
        observer: &Observer,
    ) {
        let Some(state) = self.get_mut(id) else { return };
        state.connection.progress.set_bytes(upto);
        let before = std::mem::replace(&mut state.moved, upto);
        if observer.wants().has(Interests::DATA) && state.is_announced {
            observer.downloaded(state, server.transfer(id), before..upto);
        }
        if let Body::Download(download) = &mut state.body {
            download.release(upto);
        }
    }

    /// Asks the downloads of silent clients to give up their chunks: see
    /// [`DownloadStream::give_up`]. `reports_data`: the application gets the bytes of those that it
    /// knows when they are acknowledged, so that they must stay.
    ///
    /// [`DownloadStream::give_up`]: tftp_files::DownloadStream::give_up
    pub(crate) fn give_up(
        &mut self,
        now: Instant,
        server: &Server<ThreadLimits>,
        reports_data: bool,
    ) {
        for state in self.slots.iter_mut().flatten() {
            if let Body::Download(download) = &mut state.body
                && !(reports_data && state.is_announced)
                && server
                    .transfer(state.id)
                    .is_some_and(|transfer| transfer.is_silent(now))
            {
                download.give_up();
            }
        }
    }

    /// Puts an upload on the list of those that have something to pass on.
    #[inline]
    pub(crate) fn mark_dirty(&mut self, id: TransferId) {
        if let Some(state) = self.get_mut(id)
            && !std::mem::replace(&mut state.is_dirty, true)
        {
            self.dirty.push(id);
        }
    }

    #[inline]
    pub(crate) fn next_dirty(&mut self) -> Option<TransferId> {
        let id = self.dirty.pop()?;
        if let Some(state) = self.get_mut(id) {
            state.is_dirty = false;
        }
        Some(id)
    }

    pub(crate) fn remove(&mut self, id: TransferId) {
        if let Some(slot) = self.slots.get_mut(id.index as usize) {
            slot.take_if(|state| state.id == id);
        }
    }

    /// Keeps the reason of a failure, for the end that follows.
    pub(crate) fn fails(&mut self, id: TransferId, failure: Option<Outcome>) {
        if let Some(state) = self.get_mut(id) {
            state.failure = failure;
        }
    }

    /// Returns the outcome of a transfer, from the machine's ending and the failure that was kept
    /// here.
    pub(crate) fn outcome(&mut self, id: TransferId, how: &Ending) -> Outcome {
        ends::outcome(how, self.get_mut(id).and_then(|state| state.failure.take()))
    }

    /// Frees the slots behind the last connection.
    pub(crate) fn shrink(&mut self) {
        let last = self.slots.iter().rposition(Option::is_some);
        self.slots.truncate(last.map_or(0, |last| last + 1));
        self.slots.shrink_to_fit();
        self.dirty.shrink_to_fit();
    }

    /// Forgets all connections, after a fault.
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
        self.dirty.clear();
        self.refusal = None;
    }
}
