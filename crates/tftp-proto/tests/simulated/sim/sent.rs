//! Checks each packet of the server: may it be sent now?

use super::options::NegotiatedOptions;
use super::rules::{HALF_OPEN_BYTES, OACK_BYTES, Rule, Verdict, Watcher, broken};

impl Watcher<'_> {
    /// The server sent this.
    pub fn sent(&mut self, bytes: &[u8]) -> Verdict {
        if self.error_heard {
            return broken(Rule::ErrorAnswered, format!("{bytes:?}"));
        }
        if self.error_said || self.complete && !self.upload {
            return broken(Rule::AfterTheEnd, format!("{bytes:?}"));
        }
        if !self.answered {
            self.figures.half_open_packets += 1;
            self.figures.half_open_bytes += bytes.len() as u64;
            if bytes.len() > HALF_OPEN_BYTES {
                return broken(Rule::HalfOpen, format!("{} bytes", bytes.len()));
            }
        }
        let number = u16::from_be_bytes([bytes[2], bytes[3]]);
        match bytes[1] {
            3 if !self.upload => self.said_data(number, &bytes[4..]),
            4 if self.upload && bytes.len() == 4 => self.said_ack(number),
            5 => {
                self.error_said = true;
                self.turn.errors += 1;
                Ok(())
            }
            6 => self.said_oack(bytes),
            _ => broken(Rule::Options, format!("{bytes:?}")),
        }
    }

    fn said_data(&mut self, number: u16, data: &[u8]) -> Verdict {
        if self.opening() {
            return broken(Rule::Options, "DATA before ACK 0");
        }
        let reach = self.acked + self.negotiated.windowsize;
        let guess = self.high + 1;
        let found = if guess <= reach && self.negotiated.wire(guess) == number {
            Some(guess)
        } else {
            (self.acked + 1..=reach).find(|&block| self.negotiated.wire(block) == number)
        };
        let Some(block) = found.filter(|&block| block <= guess) else {
            return broken(
                Rule::Window,
                format!("DATA {number} after ACK {}, high {}", self.acked, self.high),
            );
        };
        let from = ((block - 1) * self.negotiated.blksize) as usize;
        let upto = (from + self.negotiated.blksize as usize).min(self.content.len());
        if from > upto || self.content[from..upto] != *data {
            return broken(Rule::WrongByte, format!("DATA {number} is not block {block}"));
        }
        self.turn.current |= block == self.acked + 1;
        *(if block > self.high {
            &mut self.turn.new
        } else {
            &mut self.turn.again
        }) += 1;
        self.high = self.high.max(block);
        Ok(())
    }

    fn said_ack(&mut self, number: u16) -> Verdict {
        // A client that sends DATA has received the OACK: if that is not block 1, ACK 0 means that
        // block 1 was lost.
        let has_had_it = self.oack_said && !self.last_heard.is_empty();
        if self.received == 0 && self.wants_oack() && !has_had_it {
            return broken(Rule::Options, "ACK 0 instead of an OACK");
        }
        if !self.negotiated.could_be(self.received, number) {
            return broken(
                Rule::FalseAck,
                format!("ACK {number} after block {}", self.received),
            );
        }
        if self.held || self.whole && !self.complete {
            return broken(Rule::TooEarly, format!("ACK {number}"));
        }
        *(if self.received > self.acked {
            &mut self.turn.new
        } else {
            &mut self.turn.again
        }) += 1;
        self.acked = self.received;
        Ok(())
    }

    fn said_oack(&mut self, bytes: &[u8]) -> Verdict {
        let moved = if self.upload {
            self.received > 0
        } else {
            self.answered
        };
        if moved || self.held || !self.wants_oack() || bytes.len() > OACK_BYTES {
            return broken(Rule::Options, format!("OACK of {} bytes, not now", bytes.len()));
        }
        let default = self.settings.rollover_to_one;
        match NegotiatedOptions::read(
            &self.requested,
            self.upload,
            self.content.len(),
            default,
            &bytes[2..],
        ) {
            None => return broken(Rule::Options, format!("{}", String::from_utf8_lossy(bytes))),
            Some(negotiated) => self.negotiated = negotiated,
        }
        *(if self.oack_said {
            &mut self.turn.again
        } else {
            &mut self.turn.control
        }) += 1;
        (self.oack_said, self.turn.current) = (true, true);
        Ok(())
    }
}
