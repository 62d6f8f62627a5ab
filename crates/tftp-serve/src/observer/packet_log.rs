//! The log lines of one transfer.
//!
//! Level 1: each request with its client, and each end. Level 2: the dialogue of the protocol, a
//! PITrail line for each RRQ, WRQ, OACK and ERROR ("<-" received, "->" sent), and Verbose lines
//! with the negotiated options and a summary of the transfer. Level 3: a Debug line for each
//! received DATA and ACK, and for each sent ACK and each run of sent DATA. A line is made only if
//! there is interest in its level.

use std::fmt::{self, Write};
use std::io;
use std::net::SocketAddr;

use tftp_machine::{Blocks, Datagram, DropReason};
use tftp_proto::Timing;
use tftp_proto::block::to_wire;
use tftp_proto::negotiate::NegotiatedOptions;
use tftp_proto::wire::{self, ErrorCode, Mode, Operation, Packet, RequestedOptions};

use super::{Observer, Over};
use crate::LogKind;
use crate::Outcome;
use crate::connection_info::ConnectionInfo;
use crate::inline::Interests;
use crate::names::Quoted;
use crate::wording;
use tftp_udp::plain;

/// The maximum length of a peer's text that is shown, in bytes.
const SHOWN: usize = 256;

impl Observer {
    /// Logs how an I/O thread that begins to serve sends and receives packets, if the system offers
    /// a choice.
    pub(crate) fn serves(&self, how: Option<&'static str>) {
        if let Some(how) = how {
            self.log(Interests::LOG_VERBOSE, 0, LogKind::Verbose, || {
                format!("Packets of many clients are moved {how}")
            });
        }
    }

    /// Logs a request.
    pub(crate) fn request(&self, connection: &ConnectionInfo) {
        let ConnectionInfo {
            id,
            remote,
            filename,
            ..
        } = connection;
        let mode = match connection.mode {
            Mode::Octet => "octet",
            Mode::Netascii => "netascii",
        };
        let (verb, opcode) = match connection.operation {
            Operation::Read => ("read", "RRQ"),
            Operation::Write => ("write", "WRQ"),
        };
        self.log(Interests::LOG_INFO, *id, LogKind::Info, || {
            format!("{remote} asks to {verb} {}, {mode}", Quoted(filename))
        });
        self.log(Interests::LOG_VERBOSE, *id, LogKind::Dialogue, || {
            format!(
                "<- {opcode} {} {mode}{}",
                Quoted(filename),
                Options(&connection.requested)
            )
        });
    }

    /// Logs a request that was refused before a connection began.
    pub(super) fn log_refusal(&self, connection: &ConnectionInfo, outcome: &Outcome) {
        self.log(Interests::LOG_INFO, connection.id, LogKind::Error, || {
            format!(
                "{}: refused: {}",
                Quoted(&connection.filename),
                wording::describe(outcome, connection.operation)
            )
        });
    }

    /// Logs the beginning of a transfer, which has its source or target.
    pub(super) fn log_beginning(
        &self,
        connection: &ConnectionInfo,
        negotiated: &NegotiatedOptions,
        timing: &Timing,
    ) {
        self.log(Interests::LOG_VERBOSE, connection.id, LogKind::Verbose, || {
            let wait = match negotiated.timeout {
                None if timing.adaptive => "measured".to_owned(),
                wait => format!("{:?}", wait.unwrap_or(timing.retransmit_timeout)),
            };
            let size = negotiated
                .tsize
                .map_or("unknown".to_owned(), |size| format!("{size} bytes"));
            format!(
                "{} begins: blksize {}, windowsize {}, timeout {wait}, size {size}",
                direction(connection.operation),
                negotiated.blksize,
                negotiated.windowsize,
            )
        });
    }

    /// Logs the end of a transfer.
    pub(super) fn log_end(&self, over: &Over<'_>) {
        let (id, bytes, file) = (over.connection.id, over.bytes, Quoted(&over.connection.filename));
        match &over.outcome {
            Outcome::Complete => self.log(Interests::LOG_INFO, id, LogKind::Info, || {
                format!("{file}: {bytes} bytes, whole")
            }),
            Outcome::Probe { .. } => self.log(Interests::LOG_VERBOSE, id, LogKind::Verbose, || {
                format!("{file}: the client only asked for the size")
            }),
            outcome => self.log(Interests::LOG_INFO, id, LogKind::Error, || {
                let why = wording::describe(outcome, over.connection.operation);
                format!("{file}: ended after {bytes} bytes: {why}")
            }),
        }
        self.log(Interests::LOG_VERBOSE, id, LogKind::Verbose, || {
            format!(
                "{} ends: {bytes} bytes in {:.6} s, {} packets sent again",
                direction(over.connection.operation),
                over.took.as_secs_f64(),
                over.repeated
            )
        });
    }

    /// Logs a packet from the transfer's client.
    pub(crate) fn packet_received(&self, id: i32, packet: &Packet<'_>) {
        match packet {
            Packet::Error { code, message } => {
                self.log(Interests::LOG_VERBOSE, id, LogKind::Dialogue, || {
                    format!("<- ERROR {code} \"{}\"", wire::printable(message, SHOWN))
                })
            }
            Packet::Ack { block } => {
                self.log(Interests::LOG_DEBUG, id, LogKind::Debug, || {
                    format!("<- ACK {block}")
                });
            }
            Packet::Data { block, data } => {
                self.log(Interests::LOG_DEBUG, id, LogKind::Debug, || {
                    format!("<- DATA {block}, {} bytes", data.len())
                })
            }
            Packet::Request(_) | Packet::Oack => {}
        }
    }

    /// Logs a datagram to the listening port that was ignored.
    pub(crate) fn ignored(&self, datagram: &Datagram<'_>, why: DropReason) {
        let why = match why {
            DropReason::NoRequest => "not a request",
            DropReason::Malformed => "malformed",
            DropReason::Mode => "unknown transfer mode",
            _ => return,
        };
        self.log(Interests::LOG_DEBUG, 0, LogKind::Debug, || {
            let (length, peer) = (datagram.bytes.len(), plain(datagram.peer));
            format!("{length} bytes from {peer} ignored: {why}")
        });
    }

    /// Logs a packet that could not be sent, for a reason that may be temporary.
    pub(crate) fn failed_to_send(&self, peer: Option<SocketAddr>, error: &io::Error) {
        self.log(Interests::LOG_DEBUG, 0, LogKind::Debug, || match peer {
            Some(peer) => format!("{peer}: {error}"),
            None => error.to_string(),
        });
    }

    /// Logs an OACK, ACK or ERROR that is sent.
    #[cold]
    pub(crate) fn control_sent(&self, id: i32, peer: SocketAddr, packet: &[u8]) {
        match wire::parse(packet) {
            Ok(Packet::Ack { block }) => self.ack_sent(id, block),
            Ok(Packet::Oack) => self.oack_sent(id, packet),
            Ok(Packet::Error { code, message }) => {
                self.error_sent(id, peer, code, &String::from_utf8_lossy(message));
            }
            _ => {}
        }
    }

    /// Logs an ERROR that is sent.
    fn error_sent(&self, id: i32, peer: SocketAddr, code: ErrorCode, message: &str) {
        self.log(Interests::LOG_VERBOSE, id, LogKind::Dialogue, || match id {
            0 => format!("-> ERROR {code} {message:?} to {}", plain(peer)),
            _ => format!("-> ERROR {code} {message:?}"),
        });
    }

    /// Logs an OACK that is sent: `packet` is its encoding.
    fn oack_sent(&self, id: i32, packet: &[u8]) {
        self.log(Interests::LOG_VERBOSE, id, LogKind::Dialogue, || {
            let mut line = "-> OACK".to_owned();
            let mut fields = packet[2..].split(|&byte| byte == 0).map(String::from_utf8_lossy);
            while let (Some(name), Some(value)) = (fields.next(), fields.next()) {
                // Writing to a String does not fail.
                let _ = write!(line, " {name}={value}");
            }
            line
        });
    }

    fn ack_sent(&self, id: i32, block: u16) {
        self.log(Interests::LOG_DEBUG, id, LogKind::Debug, || {
            format!("-> ACK {block}")
        });
    }

    /// Logs a run of blocks that is sent.
    #[cold]
    pub(crate) fn data_sent(&self, id: i32, blocks: &Blocks) {
        self.log(Interests::LOG_DEBUG, id, LogKind::Debug, || {
            let number = |block| to_wire(block, blocks.rollover);
            let first = number(blocks.first);
            match blocks.count {
                1 => format!("-> DATA {first}"),
                count => format!(
                    "-> DATA {first} to {}",
                    number(blocks.first + u64::from(count) - 1)
                ),
            }
        });
    }
}

fn direction(operation: Operation) -> &'static str {
    match operation {
        Operation::Read => "download",
        Operation::Write => "upload",
    }
}

/// Formats the requested options, as " name=value" each.
struct Options<'a>(&'a RequestedOptions);

impl fmt::Display for Options<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.0.options() {
            write!(f, " {name}={value}")?;
        }
        Ok(())
    }
}
