//! The other end: a client that gets a file or puts one.
//!
//! A client is a request in front of the server's machines: a get receives as an upload is
//! received, a put sends as a download is sent. This module adds sending and repeating the request,
//! the server's port, which its first answer determines (RFC 1350 section 4), ERROR 5 for datagrams
//! from other addresses, and the check of the OACK.

mod answer;
mod options;

use alloc::string::String;
use alloc::vec::Vec;
use core::net::SocketAddr;

pub use options::encode_request;

use crate::negotiate::NegotiatedOptions;
use crate::read::ReadTransfer;
use crate::retry::{Retry, Timing};
use crate::time::Instant;
use crate::transfer::{Outcome, Transmit};
use crate::wire::{self, ErrorCode, Mode, Operation, Packet, RequestedOptions};
use crate::write::WriteTransfer;

/// The request of a client.
#[derive(Clone, Copy, Debug)]
pub struct ClientRequest<'a> {
    /// RRQ (get) or WRQ (put).
    pub operation: Operation,
    /// The name on the server, without a NUL.
    pub filename: &'a [u8],
    /// How the bytes are carried. The stream here is the one on the wire, as everywhere in this
    /// crate.
    pub mode: Mode,
    /// The options: blksize, windowsize, timeout, tsize; others are not sent.
    pub requested: RequestedOptions,
}

/// One thing to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A whole datagram.
    Datagram {
        /// The destination.
        to: SocketAddr,
        /// The datagram.
        bytes: Vec<u8>,
    },
    /// DATA packets of a put, to the server's port of this transfer: as [`Transmit::Data`].
    Data {
        /// Where to.
        to: SocketAddr,
        /// The first block's position, 1 or more.
        first: u64,
        /// How many blocks, 1 or more, at most a window.
        count: u32,
    },
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every byte arrived.
    Complete,
    /// The server sent an ERROR.
    Refused {
        /// Its code.
        code: ErrorCode,
        /// Its text, printable and bounded.
        message: String,
    },
    /// The server's OACK does not match the request; the text has the reason.
    BadOptions(String),
    /// Silence past every repetition.
    TimedOut {
        /// The server has answered before.
        answered: bool,
        /// Of a put: only the acknowledgement of its end is missing.
        probably_complete: bool,
    },
    /// A DATA longer than was negotiated.
    Oversized,
    /// The caller ended it.
    Failed,
}

/// One get or put as a state machine, driven as [the crate](crate) describes for the servers'
/// machines: a get like an upload there, a put like a download.
#[derive(Debug)]
pub struct Client {
    /// The address that requests go to; only the port changes with the first answer.
    server: SocketAddr,
    /// The server's port is known.
    answered: bool,
    operation: Operation,
    requested: RequestedOptions,
    request: Vec<u8>,
    timing: Timing,
    state: State,
    /// The unknown sender that ERROR 5 goes to.
    stranger: Option<SocketAddr>,
    /// Requests sent again.
    repeated: u64,
}

#[derive(Debug)]
enum State {
    /// The request is under way.
    Asking {
        retry: Retry,
        due: bool,
        resend_at: Instant,
    },
    Get(WriteTransfer),
    Put(ReadTransfer),
    /// Ended before a transfer began. `tell`: the ERROR that goes to the server.
    Over {
        ended: Ended,
        tell: Option<(ErrorCode, &'static str)>,
    },
}

impl Client {
    /// A client that begins: poll it at once, for the request.
    pub fn new(wanted: &ClientRequest<'_>, server: SocketAddr, timing: &Timing) -> Client {
        let mut request = Vec::new();
        encode_request(
            wanted.operation,
            wanted.filename,
            wanted.mode,
            &wanted.requested,
            &mut request,
        );
        Client {
            server,
            answered: false,
            operation: wanted.operation,
            requested: wanted.requested,
            request,
            timing: *timing,
            state: State::Asking {
                retry: Retry::new(timing, None),
                due: true,
                resend_at: Instant::NEVER,
            },
            stranger: None,
            repeated: 0,
        }
    }

    /// A datagram that came from `from`. `Some`: the next bytes of a get's stream, each exactly
    /// once, in order; empty where the last block is. Whatever makes no sense now is ignored.
    pub fn handle_datagram<'a>(
        &mut self,
        now: Instant,
        from: SocketAddr,
        datagram: &'a [u8],
    ) -> Option<&'a [u8]> {
        let packet = wire::parse(datagram).ok()?;
        if !self.is_server(from) {
            // An ERROR is never answered; before the server has answered there is no transfer to
            // disturb.
            if self.answered && !matches!(packet, Packet::Error { .. }) {
                self.stranger = Some(from);
            }
            return None;
        }
        match &mut self.state {
            State::Asking { .. } => self.answer(now, from, &packet, datagram),
            State::Get(get) => match packet {
                // The server did not hear ACK 0.
                Packet::Oack if get.is_half_open() => {
                    get.handle_repeat(now);
                    None
                }
                packet => get.handle_packet(now, &packet),
            },
            State::Put(put) => {
                match packet {
                    // The server did not hear DATA 1.
                    Packet::Oack if put.is_half_open() => put.handle_repeat(now),
                    packet => put.handle_packet(now, &packet),
                }
                None
            }
            State::Over { .. } => None,
        }
    }

    /// A deadline of [`Self::poll_timeout`] has passed. Harmless when none has.
    pub fn handle_timeout(&mut self, now: Instant) {
        match &mut self.state {
            State::Asking {
                retry,
                due,
                resend_at,
            } => {
                if *resend_at > now {
                    return;
                }
                *resend_at = Instant::NEVER;
                if retry.expire() {
                    *due = true;
                    self.repeated += 1;
                } else {
                    let (answered, probably_complete) = (false, false);
                    self.over(
                        Ended::TimedOut {
                            answered,
                            probably_complete,
                        },
                        None,
                    );
                }
            }
            State::Get(get) => get.handle_timeout(now),
            State::Put(put) => put.handle_timeout(now),
            State::Over { .. } => {}
        }
    }

    /// The next thing to send. Poll until `None` after every call that takes `now`.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Output> {
        let mut bytes = Vec::new();
        if let Some(to) = self.stranger.take() {
            wire::encode_error(ErrorCode::UNKNOWN_TID, "Unknown transfer ID", &mut bytes);
            return Some(Output::Datagram { to, bytes });
        }
        let to = self.server;
        let transmit = match &mut self.state {
            State::Asking {
                retry,
                due,
                resend_at,
            } => {
                if !core::mem::take(due) {
                    return None;
                }
                *resend_at = now + retry.wait();
                bytes.clone_from(&self.request);
                return Some(Output::Datagram { to, bytes });
            }
            State::Get(get) => get.poll_transmit(now)?,
            State::Put(put) => put.poll_transmit(now)?,
            State::Over { tell, .. } => {
                let (code, message) = tell.take()?;
                Transmit::Error {
                    code,
                    message: message.into(),
                }
            }
        };
        match transmit {
            Transmit::Data { first, count } => return Some(Output::Data { to, first, count }),
            Transmit::Ack { block } => bytes.extend_from_slice(&wire::ack(block)),
            Transmit::Error { code, message } => wire::encode_error(code, &message, &mut bytes),
            Transmit::Oack(oack) => oack.encode(&mut bytes),
        }
        Some(Output::Datagram { to, bytes })
    }

    /// When [`Self::handle_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Asking { resend_at, .. } => (*resend_at != Instant::NEVER).then_some(*resend_at),
            State::Get(get) => get.poll_timeout(),
            State::Put(put) => put.poll_timeout(),
            State::Over { .. } => None,
        }
    }

    /// Ends it from this side; the server gets an ERROR where it has answered. Nothing happens
    /// after the end.
    pub fn fail(&mut self, now: Instant, code: ErrorCode, message: &'static str) {
        match &mut self.state {
            State::Asking { .. } => self.over(Ended::Failed, None),
            State::Get(get) => get.fail(now, code, message),
            State::Put(put) => put.fail(now, code, message),
            State::Over { .. } => {}
        }
    }

    /// Ends a complete get soon, in place of dallying for seconds (RFC 1350 section 6): at once if
    /// nothing was retransmitted, otherwise after three more copies of the last ACK, sent within
    /// 0.3 s. A server that loses all of them reports a timeout. Does nothing while the get runs.
    /// Poll for packets afterwards, and drive the client until [`Self::is_over`].
    pub fn leave(&mut self, now: Instant) {
        let has_lost = self.retransmissions() > 0;
        if let State::Get(get) = &mut self.state {
            get.leave(now, has_lost);
        }
    }

    /// How it ended; `None` while it goes on. A get that is complete dallies after that.
    pub fn ended(&self) -> Option<Ended> {
        let outcome = match &self.state {
            State::Asking { .. } => None,
            State::Get(get) => get.outcome(),
            State::Put(put) => put.outcome(),
            State::Over { ended, .. } => return Some(ended.clone()),
        };
        outcome.map(|outcome| match outcome.clone() {
            Outcome::Complete => Ended::Complete,
            Outcome::ClientError { code, message, .. } => Ended::Refused { code, message },
            Outcome::TimedOut { probably_complete } => Ended::TimedOut {
                answered: true,
                probably_complete,
            },
            // An owner that hears of refusals ends it itself.
            Outcome::Unreachable => Ended::TimedOut {
                answered: true,
                probably_complete: false,
            },
            Outcome::Oversized => Ended::Oversized,
            Outcome::Failed => Ended::Failed,
        })
    }

    /// Nothing more will be sent or expected, and everything was polled.
    pub fn is_over(&self) -> bool {
        self.stranger.is_none()
            && match &self.state {
                State::Asking { .. } => false,
                State::Get(get) => get.is_over(),
                State::Put(put) => put.is_over(),
                State::Over { tell, .. } => tell.is_none(),
            }
    }

    /// The parameters of the transfer, once the server has answered.
    pub fn negotiated(&self) -> Option<&NegotiatedOptions> {
        match &self.state {
            State::Get(get) => Some(get.negotiated()),
            State::Put(put) => Some(put.negotiated()),
            State::Asking { .. } | State::Over { .. } => None,
        }
    }

    /// How many packets were sent again, the request among them.
    pub fn retransmissions(&self) -> u64 {
        self.repeated
            + match &self.state {
                State::Get(get) => get.retransmissions(),
                State::Put(put) => put.retransmissions(),
                State::Asking { .. } | State::Over { .. } => 0,
            }
    }

    /// The get that runs, for what an owner of a [`WriteTransfer`] does: `is_complete`, `commit`.
    pub fn get(&mut self) -> Option<&mut WriteTransfer> {
        match &mut self.state {
            State::Get(get) => Some(get),
            _ => None,
        }
    }

    /// The put that runs, for what an owner of a [`ReadTransfer`] does: `wants`, `supply`,
    /// `acked_bytes`, `wire_block`.
    pub fn put(&mut self) -> Option<&mut ReadTransfer> {
        match &mut self.state {
            State::Put(put) => Some(put),
            _ => None,
        }
    }

    fn over(&mut self, ended: Ended, tell: Option<(ErrorCode, &'static str)>) {
        self.state = State::Over { ended, tell };
    }
}
