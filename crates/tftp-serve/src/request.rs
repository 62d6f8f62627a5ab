//! A datagram on the listening port: whether it is answered, and the transfer that begins with it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tftp_proto::wire::{self, Asked, ErrorCode, Malformed, Operation, Packet, Request};

use super::Key;
use super::admission::groups::Group;
use super::admission::{self, Limit, Verdict};
use super::cause;
use super::cause::Cause;
use super::config::ClientFilter;
use super::core::Core;
use super::notice::{Connection, LogKind, Wants};
use super::port_plan::{Reception, Seat};
use super::ports::{LISTENING, SocketRequest};
use super::progress::Progress;
use super::repeats;
use super::transfer::{Terms, Transfer};
use super::transfers::Tid;
use tftp_udp::{Arrival, LocalAddr, Route, own_ipv6_addresses, plain};

/// Text of a peer that is shown, at most.
const SHOWN: usize = 256;

/// Half-open transfers that give way to one newcomer: one at the bound of uploads, one at that of all, one at each limit
/// of the settings.
const MOST_TO_GIVE_WAY: usize = 5;

/// What became of the transfer that began with the same request.
enum Former {
    /// There is none, or it has ended.
    None,
    /// The request was its repetition.
    Repeated,
    /// Its client was reset.
    Reset(Key),
}

impl Core {
    /// Only requests are answered here: an answer to an ERROR, a stray ACK or garbage is how two servers are made to
    /// talk to each other forever (CVE-2024-2169).
    pub(super) fn arrive_listening(&mut self, arrival: &Arrival<'_>) {
        match wire::parse(arrival.bytes) {
            Ok(Packet::Request(mut request)) => {
                request.asked.forget(self.policy.refused_options);
                self.handle_request(arrival, &request);
            }
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
        let former = match self.former(arrival, digest) {
            Former::None => None,
            Former::Repeated => return,
            Former::Reset(key) => Some(key),
        };
        if !self.answers(arrival) {
            return;
        }
        if !self.ctx.observer.admits() {
            self.ctx.observer.unanswered();
            return;
        }
        self.leave_former(arrival.peer, former);
        let newcomer = self.newcomer(arrival, request.operation);
        self.make_room(&newcomer);
        let name = self.policy.names.decode(request.filename);
        let admitted = match &name {
            None => Err(Cause::Name),
            Some(_) => self.admit(&newcomer),
        };
        if matches!(admitted, Ok(false)) {
            self.ctx.observer.unanswered();
            return;
        }
        let connection = Arc::new(self.connection(arrival, request, name));
        if self.policy.capture_destination {
            self.ctx.shared.set_latest_destination(connection.local);
        }
        match admitted {
            Ok(_) => self.begin(arrival, request, digest, connection, &newcomer, former),
            Err(cause) => self.refuse(self.route(LISTENING, arrival), connection, &request.asked, cause),
        }
    }

    /// Whether a request is to be answered at all: not after StopListening, never to a broadcast address, and not for
    /// clients that the policy excludes.
    fn answers(&self, arrival: &Arrival<'_>) -> bool {
        let admits = |clients: &Arc<dyn ClientFilter>| clients.admits(plain(arrival.peer).ip());
        self.listening && !arrival.broadcast && self.policy.clients.as_ref().is_none_or(admits)
    }

    /// The transfer that began with the same request, after what such a repetition does to it.
    fn former(&mut self, arrival: &Arrival<'_>, digest: u64) -> Former {
        let now = self.ctx.now;
        let Some(transfer) = self.table.by_request(arrival.peer, digest) else {
            return Former::None;
        };
        let (key, known) = (transfer.key(), transfer.known());
        match repeats::judge(now, &known) {
            repeats::Verdict::Anew if known.has_ended => return Former::None,
            repeats::Verdict::Anew => return Former::Reset(key),
            repeats::Verdict::Wait => transfer.hold_request(arrival),
            repeats::Verdict::Repeat => transfer.handle_repeat(&mut self.ctx),
        }
        self.remove_if_over(key);
        Former::Repeated
    }

    /// A client begins anew. One port cannot tell two transfers of one client port apart: with SinglePort the former one
    /// ends at once. Otherwise it is silent, so that a forged request ends nobody's transfer.
    fn leave_former(&mut self, peer: SocketAddr, former: Option<Key>) {
        if !self.single_port {
            if let Some(transfer) = former.and_then(|key| self.table.get(key)) {
                transfer.supersede(&mut self.ctx);
            }
            return;
        }
        let socket = LISTENING;
        if let Some(transfer) = self.table.peek(Tid { socket, peer }) {
            self.replace(transfer.key());
        }
    }

    /// What is known of the connection. It takes an id.
    fn connection(&self, arrival: &Arrival<'_>, request: &Request<'_>, name: Option<String>) -> Connection {
        let lease = self.ctx.shared.ids.take();
        Connection {
            id: lease.id(),
            lease: Some(lease),
            remote: plain(arrival.peer),
            local: self.local(arrival),
            filename: name.unwrap_or_else(|| wire::printable(request.filename, SHOWN)),
            mode: request.mode,
            operation: request.operation,
            asked: request.asked,
            progress: Progress::new(self.ctx.now),
        }
    }

    /// The address that was asked, where it is known.
    fn local(&self, arrival: &Arrival<'_>) -> Option<IpAddr> {
        let local = arrival.local.map(|local| local.ip.to_canonical());
        local.or(self.ports.only_address())
    }

    fn newcomer(&mut self, arrival: &Arrival<'_>, operation: Operation) -> admission::Newcomer {
        let (host, local) = (arrival.peer.ip().to_canonical(), self.local(arrival));
        let networks = &mut self.networks;
        let now = self.ctx.now;
        admission::Newcomer {
            group: Group::of(host, |network| {
                networks.have(network, local, now, own_ipv6_addresses)
            }),
            host,
            operation,
        }
    }

    /// Counts a newcomer in; half-open transfers may have to give way. False: it is left unanswered.
    fn admit(&mut self, newcomer: &admission::Newcomer) -> Result<bool, Cause> {
        if newcomer.operation == Operation::Write && self.policy.read_only {
            return Err(Cause::ReadOnly);
        }
        let bounds = self.bounds();
        // Each bound is met once at most.
        for _ in 0..MOST_TO_GIVE_WAY {
            match self.ctx.half_open.judge(self.ctx.now, newcomer, &bounds) {
                Verdict::Unanswered => return Ok(false),
                Verdict::GivesWay(key) => self.give_way(key),
                Verdict::Enter => match self.ctx.shared.enter(newcomer.host, &self.policy) {
                    Ok(()) => return Ok(true),
                    Err(limit) => match self.ctx.half_open.gives_way(self.ctx.now, newcomer, limit) {
                        Some(key) => self.give_way(key),
                        None if limit == Limit::Connections && self.ctx.shared.is_flooded() => {
                            return Ok(false);
                        }
                        None => return Err(Cause::TooMany),
                    },
                },
            }
        }
        Ok(false)
    }

    /// A half-open transfer ends for a newcomer; its client, if there is one, repeats its request.
    pub(super) fn give_way(&mut self, key: Key) {
        if let Some(transfer) = self.table.get(key) {
            let probably_complete = false;
            transfer.end_silently(&mut self.ctx, Cause::Silent { probably_complete });
            self.remove_if_over(key);
        }
    }

    fn begin(
        &mut self,
        arrival: &Arrival<'_>,
        request: &Request<'_>,
        digest: u64,
        connection: Arc<Connection>,
        newcomer: &admission::Newcomer,
        former: Option<Key>,
    ) {
        let peer = arrival.peer;
        let socket = match self.seat(arrival, newcomer, &request.asked) {
            Ok(socket) => socket,
            Err(error) => {
                self.ctx.shared.turn_away(newcomer.host);
                let route = self.route(LISTENING, arrival);
                return self.refuse(route, connection, &request.asked, Cause::Socket(error));
            }
        };
        self.ctx.observer.admitted();
        let (route, now) = (self.route(socket, arrival), self.ctx.now);
        let terms = Terms {
            request: digest,
            asked: request.asked,
            policy: Arc::clone(&self.policy),
            former,
        };
        let half_open = &mut self.ctx.half_open;
        let key = self.table.insert(Tid { socket, peer }, digest, |key| {
            let place = half_open.enter(now, newcomer, key);
            Transfer::new(key, route, connection, terms, place, now)
        });
        if let Some(transfer) = self.table.get(key) {
            transfer.start(&mut self.ctx);
        }
        self.remove_if_over(key);
    }

    /// The socket of a new transfer. A transfer that has its place there ends.
    fn seat(
        &mut self,
        arrival: &Arrival<'_>,
        newcomer: &admission::Newcomer,
        asked: &Asked,
    ) -> io::Result<usize> {
        let (peer, limits) = (arrival.peer, &self.policy.limits);
        let request = SocketRequest {
            peer,
            group: newcomer.group,
            asked: arrival.local,
            reception: Reception::of(
                newcomer.operation,
                asked,
                limits.max_blksize,
                limits.max_windowsize,
            ),
            half_open: self.ctx.half_open.len(),
        };
        let mut chosen = self.choose(&request);
        for _ in 0..MOST_TO_GIVE_WAY {
            // With UseConnection, where ports are used up: what is over, or was never gone on with, keeps nobody out.
            if chosen.is_ok() || !(self.end_dallying() || self.give_socket_way(newcomer)) {
                break;
            }
            chosen = self.choose(&request);
        }
        let seat = chosen?;
        if let Some(key) = seat.gives_way {
            self.replace(key);
        }
        Ok(seat.place)
    }

    fn choose(&mut self, request: &SocketRequest) -> io::Result<Seat<usize, Key>> {
        let (table, peer) = (&self.table, request.peer);
        let occupant = |socket| table.peek(Tid { socket, peer }).map(Transfer::as_occupant);
        self.ports.choose(&self.poller, request, occupant)
    }

    pub(super) fn replace(&mut self, key: Key) {
        if let Some(transfer) = self.table.get(key) {
            transfer.replace(&mut self.ctx);
            self.remove_if_over(key);
        }
    }

    /// The connection never begins; the client is told why.
    fn refuse(&mut self, route: Route, connection: Arc<Connection>, asked: &Asked, cause: Cause) {
        let (code, message) = cause::wire(&cause);
        self.ctx.observer.request(&connection, asked);
        self.ctx.send_error(route, connection.id, code, &message);
        self.ctx.observer.refused(self.ctx.now, connection, cause);
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
        self.ctx.observer.log(Wants::LOG_DEBUG, 0, LogKind::Debug, || {
            format!(
                "{} bytes from {} ignored: {why}",
                arrival.bytes.len(),
                plain(arrival.peer)
            )
        });
    }
}
