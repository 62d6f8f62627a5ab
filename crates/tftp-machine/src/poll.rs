//! Produces the outputs one at a time: first those of the transfer that the last input was about,
//! then those of other transfers that it affected, then those that belong to no transfer.

use alloc::borrow::Cow;

use tftp_proto::wire;
use tftp_proto::{ErrorCode, Transmit};

use crate::due::Due;
use crate::handled::Handled;
use crate::id::{PortId, TransferId};
use crate::limits::Limits;
use crate::net::{OpenPlan, PortKind, Reception};
use crate::output::{Blocks, Io, Output, Question};
use crate::port_assignment::NOBODY;
use crate::server::{Server, UnboundOutput};
use crate::transfer::{Found, Stage, Step, Transfer};

/// An [`Output`] without its borrows, which names transfers by index.
enum Todo {
    /// Sends the scratch buffer to this transfer's client.
    Packet(u32),
    /// Sends the scratch buffer to `Server::to`.
    Answer,
    Data(u32, Blocks),
    Ask(u32, Question),
    Io(u32, Io),
    Begun(u32),
    Settled(u32),
    Over(u32),
    Gone(TransferId),
    /// Opens the port of `Server::plan`.
    Port(TransferId),
    ClosePort(PortId),
    /// The request is `Server::retried`.
    Retried(Handled<'static>),
    Drained,
}

impl<L: Limits> Server<L> {
    /// Returns the next output. `None` if there are no more: the next input may come.
    #[inline]
    pub fn poll_output(&mut self) -> Option<Output<'_>> {
        if !self.is_undrained {
            return None;
        }
        match self.next() {
            Some(todo) => self.show(todo),
            None => {
                self.is_undrained = false;
                None
            }
        }
    }

    fn next(&mut self) -> Option<Todo> {
        loop {
            if let Some(index) = self.current {
                if let Some(todo) = self.next_of(index) {
                    return Some(todo);
                }
                // The step may have made another transfer the current one.
                if self.current == Some(index) {
                    self.current = None;
                }
            } else if let Some(index) = self.listed.pop_front() {
                self.table.unlist(index);
                self.current = Some(index);
            } else {
                return self.next_unbound();
            }
        }
    }

    /// Returns the next output of a transfer. If there is none, sets the transfer's timer.
    fn next_of(&mut self, index: u32) -> Option<Todo> {
        let now = self.now;
        loop {
            let transfer = self.table.at_mut(index)?;
            if let Some(due) = transfer.due.take(Due::BEFORE) {
                return Some(self.due(index, due));
            }
            if let Some(io) = transfer.wanted() {
                return Some(Todo::Io(index, io));
            }
            if let Some(transmit) = transfer.poll_transmit(now) {
                if transfer.is_steady() && transfer.has_sent_all() {
                    // In the usual case this was the only output: the transfer need not be polled
                    // once more.
                    let deadline = transfer.deadline();
                    self.timers.set(transfer.id, &mut transfer.timer, deadline);
                    self.current = None;
                }
                return Some(self.transmit(index, transmit));
            }
            let is_quiet = transfer.is_steady();
            if !is_quiet && let Some(due) = transfer.due.take(Due::ALL) {
                return Some(self.due(index, due));
            }
            if is_quiet || !self.follow(index) {
                let transfer = self.table.at_mut(index)?;
                let deadline = transfer.deadline();
                self.timers.set(transfer.id, &mut transfer.timer, deadline);
                return None;
            }
        }
    }

    /// Turns a pending output that is no packet into the form that is returned.
    fn due(&mut self, index: u32, due: Due) -> Todo {
        match due {
            Due::PORT => {
                let kind = self.kind_of_port(index);
                self.plan = self.plan_of(index, kind);
                Todo::Port(self.id(index))
            }
            Due::ASK => Todo::Ask(index, self.question(index)),
            Due::OPEN => Todo::Io(
                index,
                Io::Open {
                    again: self.step(index) == Some(&Step::Opening { again: true }),
                },
            ),
            Due::BEGUN => Todo::Begun(index),
            Due::LET_GO => Todo::Io(index, Io::LetGo),
            Due::SETTLED => Todo::Settled(index),
            Due::COMMIT => Todo::Io(index, Io::Commit),
            Due::ERROR => self.error_of(index),
            Due::CLOSE => Todo::Io(index, Io::Close),
            Due::OVER => Todo::Over(index),
            Due::CLOSE_PORT => {
                let port = self
                    .table
                    .at(index)
                    .map_or(self.to.port, |transfer| transfer.route.port);
                self.ports.remove(port);
                Todo::ClosePort(port)
            }
            _ => {
                let id = self.id(index);
                self.remove(index);
                Todo::Gone(id)
            }
        }
    }

    fn id(&self, index: u32) -> TransferId {
        self.table.at(index).map_or(NOBODY, |transfer| transfer.id)
    }

    fn step(&self, index: u32) -> Option<&Step> {
        Some(&self.table.at(index)?.pending()?.step)
    }

    fn question(&self, index: u32) -> Question {
        match self.step(index) {
            Some(Step::Start { found }) => Question::Start {
                found: matches!(found, Found::Stream(_)),
            },
            _ => Question::Request,
        }
    }

    fn error_of(&mut self, index: u32) -> Todo {
        let told = match self.table.at(index).map(|transfer| &transfer.stage) {
            Some(Stage::Over(Some(told))) => told.clone(),
            _ => (ErrorCode::UNDEFINED, Cow::Borrowed("")),
        };
        self.encode_error(told.0, &told.1);
        Todo::Packet(index)
    }

    fn encode_error(&mut self, code: ErrorCode, text: &str) {
        self.scratch.clear();
        wire::encode_error(code, text, &mut self.scratch);
    }

    #[inline]
    fn transmit(&mut self, index: u32, transmit: Transmit) -> Todo {
        match transmit {
            Transmit::Data { first, count } => {
                let negotiated = self.table.at(index).and_then(Transfer::negotiated);
                let (blksize, rollover) = negotiated
                    .map_or((0, Default::default()), |negotiated| {
                        (negotiated.blksize, negotiated.rollover)
                    });
                let blocks = Blocks {
                    first,
                    count,
                    blksize,
                    rollover,
                };
                return Todo::Data(index, blocks);
            }
            Transmit::Ack { block } => {
                self.scratch.clear();
                self.scratch.extend_from_slice(&wire::ack(block));
            }
            Transmit::Oack(oack) => {
                self.scratch.clear();
                oack.encode(&mut self.scratch);
            }
            Transmit::Error { code, message } => self.encode_error(code, &message),
        }
        Todo::Packet(index)
    }

    /// Returns the next output that belongs to no transfer.
    fn next_unbound(&mut self) -> Option<Todo> {
        match self.unbound.pop_front() {
            Some(UnboundOutput::Error(route, code, text)) => {
                self.to = route;
                self.encode_error(code, text);
                Some(Todo::Answer)
            }
            Some(UnboundOutput::ClosePort(port)) => {
                self.ports.remove(port);
                Some(Todo::ClosePort(port))
            }
            Some(UnboundOutput::Retry(request)) => {
                let handled = self.retry(&request);
                self.retried = Some(request);
                Some(Todo::Retried(handled))
            }
            Some(UnboundOutput::Reserve(bucket)) => {
                self.plan = OpenPlan {
                    kind: PortKind::Shared { bucket },
                    reception: Reception {
                        buffer: 0,
                        batches: true,
                    },
                    draw: self.draw(),
                    ..OpenPlan::nothing(self.config.address)
                };
                Some(Todo::Port(NOBODY))
            }
            None if self.is_drained() => {
                self.was_told_drained = true;
                Some(Todo::Drained)
            }
            None => None,
        }
    }

    #[inline]
    fn show(&self, todo: Todo) -> Option<Output<'_>> {
        let at = |index: u32| self.table.at(index);
        Some(match todo {
            Todo::Data(index, blocks) => {
                let transfer = at(index)?;
                let (id, to) = (transfer.id, &transfer.route);
                Output::Data {
                    id,
                    to,
                    blocks,
                    repeated: transfer.repeated(),
                }
            }
            Todo::Packet(index) => {
                let transfer = at(index)?;
                let (id, to, bytes) = (Some(transfer.id), &transfer.route, &self.scratch[..]);
                Output::Control { to, id, bytes }
            }
            Todo::Answer => Output::Control {
                to: &self.to,
                id: None,
                bytes: &self.scratch,
            },
            Todo::Io(index, what) => Output::Io {
                id: at(index)?.id,
                what,
            },
            Todo::Ask(index, question) => Output::Ask {
                id: at(index)?.id,
                question,
            },
            Todo::Begun(index) => Output::Begun { id: at(index)?.id },
            Todo::Settled(index) => Output::Settled { id: at(index)?.id },
            Todo::Over(index) => {
                let transfer = at(index)?;
                let (id, how) = (transfer.id, transfer.ending.as_deref()?);
                Output::Over { id, how }
            }
            Todo::Gone(id) => Output::Gone { id },
            Todo::Port(id) => Output::OpenPort {
                id,
                plan: &self.plan,
            },
            Todo::ClosePort(port) => Output::ClosePort { port },
            Todo::Retried(handled) => Output::Retried {
                handled,
                request: self.retried.as_deref()?,
            },
            Todo::Drained => Output::Drained,
        })
    }
}

impl Transfer {
    /// Returns the operation that a download needs of storage, once until its result has come.
    #[inline]
    fn wanted(&mut self) -> Option<Io> {
        let Stage::Sending(machine) = &self.stage else {
            return None;
        };
        if self.is_reading || self.has_ended {
            return None;
        }
        let upto = machine.wants()?;
        self.is_reading = true;
        Some(if self.is_parked {
            Io::Reopen
        } else {
            Io::Read { upto }
        })
    }
}
