//! Carries out the outputs of the machine.

use std::borrow::Cow;
use std::sync::Arc;

use tftp_files::{DownloadStream, Store};
use tftp_machine::{
    Blocks, Decision, Io, IoDone, NoPort, OpenPlan, Output, PortId, Question, Route, TransferId,
};
use tftp_proto::wire::{ErrorCode, Operation};
use tftp_udp::datagrams::Datagrams;

use super::connections::{Body, Late, owner};
use super::inline::{EngineEvent, Interests};
use super::observer::Over;
use super::reply::Reply;
use super::turn::Loop;
use super::wording;
use super::{Connection, Outcome};

/// Sends blocks of a download.
#[inline(always)]
fn send<N: Datagrams, S: Store>(
    net: &mut N,
    download: &DownloadStream<S>,
    to: &Route,
    blocks: Blocks,
) {
    let segment = 4 + usize::from(blocks.blksize);
    match blocks.count {
        1 => net.begin_one(to, segment),
        _ => net.begin(to, segment),
    }
    for (header, range) in blocks {
        match download.packet(header, range.clone()) {
            Some((bytes, packet)) => net.packet(bytes, packet),
            None => {
                net.block(header);
                download.slices(range, |bytes, range| net.slice(bytes, range));
            }
        }
    }
    net.end();
}

impl<N: Datagrams, S: Store> Loop<N, S> {
    /// Carries out the machine's outputs until there are no more. Called after every input.
    #[inline]
    pub(crate) fn drain(&mut self) {
        while let Some(output) = self.server.poll_output() {
            match output {
                Output::Data {
                    id,
                    to,
                    blocks,
                    repeated,
                } => {
                    let Some(state) = self.connections.get(id) else {
                        continue;
                    };
                    let Body::Download(download) = &state.body else {
                        continue;
                    };
                    if download.lacks(blocks.upto()) {
                        let to = *to;
                        self.read_again_and_send(
                            id,
                            Late {
                                to,
                                blocks,
                                repeated,
                            },
                        );
                        continue;
                    }
                    if self.observer.logs_packets() {
                        self.observer.data_sent(state.connection.id, &blocks);
                    }
                    send(&mut self.net, download, to, blocks);
                    state.connection.progress.set_repeated(repeated);
                }
                Output::Control { to, id, bytes } => {
                    if self.observer.logs_packets() {
                        let number = match id {
                            Some(id) => self.connections.log_request(id, &self.observer),
                            None => self.connections.refused_number(),
                        };
                        self.observer.control_sent(number, to.peer, bytes);
                    }
                    self.net.control(to, bytes);
                    match id {
                        Some(id) => self.note_repeats(id),
                        None => self.note_refusal(),
                    }
                }
                Output::Io { id, what } => self.serve(id, what),
                Output::Ask { id, question } => {
                    let decision = self.ask(id, question);
                    self.server.decide(self.now, id, decision);
                }
                Output::Begun { id } => self.begun(id),
                Output::Settled { id } => self.settled(id),
                Output::Over { id, how } => {
                    let outcome = self.connections.outcome(id, how);
                    self.over(id, outcome);
                }
                Output::Gone { id } => self.connections.remove(id),
                Output::OpenPort { id, plan } => {
                    let plan = *plan;
                    let opened = self.open_port(id, &plan);
                    self.server.handle_port(self.now, id, opened);
                }
                Output::ClosePort { port } => self.close_port(port),
                Output::Retried { handled, .. } => {
                    if let Some(request) = self.server.take_retried() {
                        let datagram = request.datagram();
                        self.connections.handle_unadvanced(
                            &handled,
                            &datagram,
                            &self.server,
                            &self.policy,
                            &self.observer,
                            self.now,
                        );
                    }
                }
                Output::Drained => self.drained.thread_is_done(),
            }
        }
    }

    /// Sends blocks whose bytes were given up ([`DownloadStream::give_up`]), or keeps them until
    /// these are here again.
    #[cold]
    fn read_again_and_send(&mut self, id: TransferId, late: Late) {
        if let Some(state) = self.connections.get_mut(id) {
            let upto = late.blocks.upto().max(state.upto.unwrap_or(0));
            match &mut state.late {
                // One of them alone is to be sent again: all of them will be.
                Some(earlier)
                    if earlier.blocks.from() >= state.moved
                        && earlier.blocks.contain(&late.blocks) =>
                {
                    earlier.repeated = late.repeated;
                }
                _ => state.late = Some(Box::new(late)),
            }
            self.read(id, upto);
        }
        // The timers of many silent clients may be due in one turn, most of all after a pause.
        if self.cache.is_due() {
            self.net.flush();
            self.give_up();
        }
    }

    /// Sends the blocks that have waited for their bytes, unless one was acknowledged meanwhile, or
    /// the client has turned to another transfer.
    #[cold]
    pub(crate) fn send_late(&mut self, id: TransferId) {
        let Some(state) = self.connections.get_mut(id) else {
            return;
        };
        let (Some(late), Body::Download(download)) = (state.late.take(), &state.body) else {
            return;
        };
        let is_silenced = self
            .server
            .transfer(id)
            .is_none_or(|transfer| transfer.is_silenced());
        if is_silenced || late.blocks.from() < state.moved || download.lacks(late.blocks.upto()) {
            return;
        }
        if self.observer.logs_packets() {
            self.observer.data_sent(state.connection.id, &late.blocks);
        }
        send(&mut self.net, download, &late.to, late.blocks);
        state.connection.progress.set_repeated(late.repeated);
    }

    /// Updates the figure of retransmitted packets.
    #[inline]
    fn note_repeats(&mut self, id: TransferId) {
        if let (Some(transfer), Some(state)) = (self.server.transfer(id), self.connections.get(id))
        {
            state.connection.progress.set_repeated(transfer.repeated());
        }
    }

    /// Reports a refused request to the application, because the ERROR to its client is sent.
    fn note_refusal(&mut self) {
        if let Some((connection, outcome)) = self.connections.take_refusal() {
            self.observer.refused(self.now, connection, outcome);
        }
    }

    fn serve(&mut self, id: TransferId, what: Io) {
        match what {
            Io::Read { upto } => self.read(id, upto),
            Io::Open { .. } => self.open(id),
            // Commits once the application has taken all of it.
            Io::Commit => self.connections.mark_dirty(id),
            Io::LetGo => {
                if let Some(state) = self.connections.get_mut(id)
                    && state.place.is_some()
                    && let Body::Download(download) = &mut state.body
                    && let Some(file) = download.park()
                {
                    self.cache.close(owner(id), file);
                    self.server.handle_io(self.now, id, IoDone::LetGo);
                }
            }
            Io::Reopen => self.reopen(id),
            Io::Close => {
                if let Some(state) = self.connections.get_mut(id) {
                    state.close(&self.cache);
                }
            }
        }
    }

    /// Passes the machine's question to the application if it is interested, and returns the
    /// decision, which is [`Decision::Later`] while the application holds the connection.
    fn ask(&mut self, id: TransferId, question: Question) -> Decision {
        match question {
            Question::Request => self.ask_about_request(id),
            Question::Start { found } => self.ask_about_start(id, found),
        }
    }

    fn ask_about_request(&mut self, id: TransferId) -> Decision {
        let wants = self.observer.wants();
        let Some(state) = self.connections.get_mut(id) else {
            return Decision::Go;
        };
        if let Some(outcome) = state.refusal_reason() {
            self.connections.log_request(id, &self.observer);
            return self.refuse(id, outcome);
        }
        let (is_announced, held) = (wants.follows_connections(), wants.has(Interests::REQUESTS));
        self.observer.admitted();
        if is_announced {
            state.is_announced = true;
            let reply = Reply::new(Arc::clone(&state.connection));
            self.observer.report(EngineEvent::Requested { reply, held });
        }
        state.is_admitted = true;
        self.connections.log_request(id, &self.observer);
        if is_announced && held {
            Decision::Later
        } else {
            Decision::Go
        }
    }

    fn ask_about_start(&mut self, id: TransferId, found: bool) -> Decision {
        let wants = self.observer.wants();
        let Some(state) = self.connections.get_mut(id) else {
            return Decision::Go;
        };
        let held = state.is_announced && wants.has(Interests::STARTS);
        if state.is_announced && (found || held) {
            if let Some(path) = state.local_file.take() {
                // Cannot fail: if the question comes twice, no file was found the first time.
                let _ = state.connection.path.set(path);
            }
            let connection = Connection::new(Arc::clone(&state.connection));
            let started = EngineEvent::Started {
                connection,
                held,
                found,
            };
            self.observer.report(started);
        }
        if held { Decision::Later } else { Decision::Go }
    }

    /// Returns the decision to end a transfer with an ERROR that names the reason to its client.
    pub(crate) fn refuse(&mut self, id: TransferId, outcome: Outcome) -> Decision {
        let (code, text) = self.fail(id, outcome);
        Decision::End {
            code,
            text,
            silent: false,
        }
    }

    /// Keeps the reason of a failure for the end that follows, and returns code and text of the
    /// client's ERROR.
    pub(crate) fn fail(
        &mut self,
        id: TransferId,
        outcome: Outcome,
    ) -> (ErrorCode, Cow<'static, str>) {
        let operation = self.connections.get(id).map(|state| state.connection.operation);
        let said = wording::wire(&outcome, operation.unwrap_or(Operation::Read));
        self.connections.fails(id, Some(outcome));
        said
    }

    fn open_port(&mut self, id: TransferId, plan: &OpenPlan) -> Result<PortId, NoPort> {
        match self.net.open(plan) {
            Ok(port) => {
                self.connections.fails(id, None);
                Ok(port)
            }
            Err(unopened) => {
                self.connections.fails(id, Some(Outcome::network(unopened.error)));
                Err(unopened.why)
            }
        }
    }

    fn close_port(&mut self, port: PortId) {
        if port == self.net.listening() {
            // The socket is closed at once, and may have ERRORs left to send.
            self.net.flush();
        }
        self.net.close(port);
    }

    fn begun(&mut self, id: TransferId) {
        let Some(negotiated) = self
            .server
            .transfer(id)
            .and_then(|transfer| transfer.negotiated())
        else {
            return;
        };
        if let Some(state) = self.connections.get_mut(id) {
            state.set_window(negotiated, self.observer.active());
            let total = state.total(negotiated.tsize);
            let timing = &self.policy.timing;
            self.observer.begun(&state.connection, negotiated, total, timing);
        }
    }

    fn settled(&mut self, id: TransferId) {
        self.request_budget.answered();
        if let Some(transfer) = self.server.transfer(id) {
            self.net.settle(transfer.route().port);
        }
        if let Some(state) = self.connections.get_mut(id) {
            state.settle();
        }
    }

    fn over(&mut self, id: TransferId, outcome: Outcome) {
        self.connections.log_request(id, &self.observer);
        let (Some(state), Some(transfer)) = (self.connections.get(id), self.server.transfer(id))
        else {
            return;
        };
        let connection = &state.connection;
        if !state.is_admitted && !outcome.is_complete() {
            return self.observer.refused(self.now, Arc::clone(connection), outcome);
        }
        if matches!(outcome, Outcome::Limit) {
            self.observer.unanswered();
        }
        self.request_budget.ended(&outcome, state.is_settled);
        self.observer.over(
            self.now,
            Over {
                connection,
                is_announced: state.is_announced,
                outcome,
                bytes: state.moved,
                took: self.now.saturating_sub(transfer.began()),
                repeated: connection.progress.repeated(),
            },
        );
    }
}
