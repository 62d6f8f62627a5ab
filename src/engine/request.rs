//! A datagram on the listening port: whether it is answered, and the transfer that begins with it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use tftp_proto::wire::{self, Asked, ErrorCode, Malformed, Operation, Packet, Request};

use super::causes;
use super::core::Core;
use super::notice::{Cause, Connection, LogKind, Notice, Wants};
use super::platform::{Arrival, LocalAddr, Route, plain};
use super::port_plan::Reception;
use super::ports::{LISTENING, Newcomer};
use super::progress::Progress;
use super::reply::Key;
use super::shared::Admission;
use super::trail;
use super::transfer::Transfer;
use super::transfers::Tid;

/// Text of a peer that is shown, at most.
const SHOWN: usize = 256;

impl Core {
    /// Only requests are answered here: an answer to an ERROR, a stray ACK or garbage is how two servers are made to
    /// talk to each other forever (CVE-2024-2169).
    pub(super) fn arrive_listening(&mut self, arrival: &Arrival<'_>) {
        match wire::parse(arrival.bytes) {
            Ok(Packet::Request(request)) => self.handle_request(arrival, &request),
            Ok(packet) if self.single_port => {
                self.arrive_known(
                    Tid {
                        socket: LISTENING,
                        peer: arrival.peer,
                    },
                    &packet,
                );
            }
            Err(Malformed::Mode) if self.answers(arrival) => {
                let route = self.route(LISTENING, arrival);
                self.ctx
                    .send_error(route, 0, ErrorCode::ILLEGAL, "Unknown transfer mode");
                self.log_ignored(arrival, "unknown transfer mode");
            }
            Ok(_) => self.log_ignored(arrival, "not a request"),
            Err(_) => self.log_ignored(arrival, "malformed"),
        }
    }

    fn handle_request(&mut self, arrival: &Arrival<'_>, request: &Request<'_>) {
        let digest = self.table.digest(arrival.bytes);
        if let Some(transfer) = self.table.by_request(arrival.peer, digest)
            && !transfer.has_ended()
        {
            transfer.handle_repeat(&mut self.ctx);
            let key = transfer.key();
            return self.remove_if_over(key);
        }
        if !self.answers(arrival) {
            return;
        }
        if !self.ctx.application.admits() {
            self.ctx.shared.figures.unanswered.fetch_add(1, Relaxed);
            return;
        }
        self.replace_in_single_port(arrival.peer);
        let (connection, known) = self.connection(arrival, request);
        let connection = Arc::new(connection);
        if self.policy.capture_destination {
            self.ctx.shared.set_latest_destination(connection.local);
        }
        match self.admit(&connection, known) {
            Ok(Admission::Unanswered) => {
                self.ctx.shared.figures.unanswered.fetch_add(1, Relaxed);
            }
            Ok(_) => self.begin(arrival, request, digest, connection),
            Err(cause) => self.refuse(self.route(LISTENING, arrival), connection, &request.asked, cause),
        }
    }

    /// Whether a request is to be answered at all: not after StopListening, and never to a broadcast address.
    fn answers(&self, arrival: &Arrival<'_>) -> bool {
        self.listening && !arrival.broadcast
    }

    /// One port cannot tell two transfers of one client port apart: the client has moved on, and so does the server.
    fn replace_in_single_port(&mut self, peer: SocketAddr) {
        if !self.single_port {
            return;
        }
        let socket = LISTENING;
        if let Some(occupant) = self.table.occupant(Tid { socket, peer }) {
            self.replace(occupant.transfer);
        }
    }

    /// What is known of the connection, and whether its name could be converted.
    fn connection(&self, arrival: &Arrival<'_>, request: &Request<'_>) -> (Connection, bool) {
        let name = self.policy.names.decode(request.filename);
        let known = name.is_some();
        let connection = Connection {
            id: self.ctx.shared.next_id(),
            remote: plain(arrival.peer),
            local: arrival
                .local
                .map(|local| plain(SocketAddr::new(local.ip, 0)).ip())
                .or(self.ports.only_address()),
            filename: name.unwrap_or_else(|| wire::printable(request.filename, SHOWN)),
            mode: request.mode,
            operation: request.operation,
            progress: Progress::new(self.ctx.now),
        };
        (connection, known)
    }

    fn admit(&self, connection: &Connection, name_is_known: bool) -> Result<Admission, Cause> {
        if !name_is_known {
            return Err(Cause::Name);
        }
        if connection.operation == Operation::Write && self.policy.read_only {
            return Err(Cause::ReadOnly);
        }
        match self
            .ctx
            .shared
            .enter(connection.remote.ip(), connection.operation, &self.policy)
        {
            Admission::TooMany => Err(Cause::TooMany),
            admission => Ok(admission),
        }
    }

    fn begin(
        &mut self,
        arrival: &Arrival<'_>,
        request: &Request<'_>,
        digest: u64,
        connection: Arc<Connection>,
    ) {
        let (peer, host, operation) = (arrival.peer, connection.remote.ip(), connection.operation);
        let socket = match self.seat(arrival, operation, &request.asked) {
            Ok(socket) => socket,
            Err(error) => {
                self.ctx.shared.leave(host, operation, true);
                let route = self.route(LISTENING, arrival);
                return self.refuse(route, connection, &request.asked, Cause::Socket(error));
            }
        };
        self.ctx.shared.figures.requests.fetch_add(1, Relaxed);
        let (route, asked, now) = (self.route(socket, arrival), request.asked, self.ctx.now);
        let policy = Arc::clone(&self.policy);
        let key = self.table.insert(Tid { socket, peer }, digest, |key| {
            Transfer::new(key, route, connection, digest, asked, policy, now)
        });
        if let Some(transfer) = self.table.get(key) {
            transfer.start(&mut self.ctx);
        }
        self.remove_if_over(key);
    }

    /// The socket of a new transfer. A transfer that has its place there ends.
    fn seat(&mut self, arrival: &Arrival<'_>, operation: Operation, asked: &Asked) -> io::Result<usize> {
        let peer = arrival.peer;
        let limits = &self.policy.limits;
        let newcomer = Newcomer {
            peer,
            asked: arrival.local,
            reception: Reception::of(operation, asked, limits.max_blksize, limits.max_windowsize),
        };
        let table = &self.table;
        let occupant = |socket| table.occupant(Tid { socket, peer });
        let seat = self.ports.choose(&self.poller, &newcomer, occupant)?;
        if let Some(key) = seat.gives_way {
            self.replace(key);
        }
        Ok(seat.place)
    }

    fn replace(&mut self, key: Key) {
        if let Some(transfer) = self.table.get(key) {
            transfer.end_silently(&mut self.ctx, Cause::Replaced);
            self.remove_if_over(key);
        }
    }

    /// The connection never begins; the client is told why.
    fn refuse(&mut self, route: Route, connection: Arc<Connection>, asked: &Asked, cause: Cause) {
        let (code, message) = causes::wire(&cause);
        trail::request(&self.ctx, &connection, asked);
        self.ctx.send_error(route, connection.id, code, message);
        trail::refused(&self.ctx, &connection, &cause);
        self.ctx.shared.figures.refused.fetch_add(1, Relaxed);
        connection.progress.ended(self.ctx.now);
        let (id, cause) = (connection.id, Arc::new(cause));
        self.ctx.failed(id, Arc::clone(&cause));
        if self.ctx.wants().any_connection() {
            self.ctx.tell(Notice::Refused { connection, cause });
        }
    }

    /// The way back to whoever sent `arrival`, from `socket`, and from the address that was asked or SourceIPAddress.
    pub(super) fn route(&self, socket: usize, arrival: &Arrival<'_>) -> Route {
        let connected = self.ports.is_connected(socket);
        let asked = arrival.local.filter(|_| self.wildcard);
        let source = self.ports.source_for(arrival.peer).map_or(asked, |ip| {
            let interface = arrival.local.map_or(0, |local| local.interface);
            Some(LocalAddr { ip, interface })
        });
        Route {
            socket,
            peer: arrival.peer,
            source: source.filter(|_| !connected),
            connected,
        }
    }

    fn log_ignored(&self, arrival: &Arrival<'_>, why: &str) {
        self.ctx.log(Wants::LOG_DEBUG, 0, LogKind::Debug, || {
            format!(
                "{} bytes from {} ignored: {why}",
                arrival.bytes.len(),
                plain(arrival.peer)
            )
        });
    }
}
