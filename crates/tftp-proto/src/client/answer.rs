//! The server's first answer, which determines its port and the options.

use core::net::SocketAddr;

use super::{Client, Ended, State, options};
use crate::negotiate::NegotiatedOptions;
use crate::read::ReadTransfer;
use crate::time::Instant;
use crate::transfer::MAX_PEER_TEXT;
use crate::wire::{ErrorCode, Operation, Packet, printable};
use crate::write::WriteTransfer;

impl Client {
    /// The server's address, and once it has answered its port: an answer from another address
    /// would be believed from anybody who guesses one port.
    pub(super) fn is_server(&self, from: SocketAddr) -> bool {
        from.ip() == self.server.ip() && (!self.answered || from.port() == self.server.port())
    }

    pub(super) fn answer<'a>(
        &mut self,
        now: Instant,
        from: SocketAddr,
        packet: &Packet<'a>,
        datagram: &[u8],
    ) -> Option<&'a [u8]> {
        let plain = options::plain(&self.requested, self.operation);
        let negotiated = match (*packet, self.operation) {
            (Packet::Oack, _) => options::negotiated(&self.requested, self.operation, datagram),
            (Packet::Data { block: 1, .. }, Operation::Read) => Ok(plain),
            (Packet::Ack { block: 0 }, Operation::Write) => Ok(plain),
            (Packet::Error { code, message }, _) => {
                let message = printable(message, MAX_PEER_TEXT);
                self.over(Ended::Refused { code, message }, None);
                return None;
            }
            _ => return None,
        };
        self.answered = true;
        self.server.set_port(from.port());
        match negotiated {
            Ok(negotiated) => self.begin(now, &negotiated, packet),
            Err(why) => {
                let tell = (ErrorCode::OPTION, "Options not acceptable");
                self.over(Ended::BadOptions(why), Some(tell));
                None
            }
        }
    }

    /// The transfer, which the first answer may be a part of.
    fn begin<'a>(
        &mut self,
        now: Instant,
        negotiated: &NegotiatedOptions,
        packet: &Packet<'a>,
    ) -> Option<&'a [u8]> {
        match self.operation {
            Operation::Read => {
                // Its first ACK is the answer: ACK 0 to an OACK, ACK 1 to a DATA 1.
                let mut get = WriteTransfer::of_client(now, negotiated, &self.timing);
                let bytes = get.handle_packet(now, packet);
                self.state = State::Get(get);
                bytes
            }
            Operation::Write => {
                self.state = State::Put(ReadTransfer::of_client(now, negotiated, &self.timing));
                None
            }
        }
    }
}
