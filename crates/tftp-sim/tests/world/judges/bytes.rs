//! Every DATA carries the bytes of its file.

use super::super::event::Sent;
use super::super::files::Files;
use super::lives::Life;
use super::{Broken, Judge, number};

/// Files are read in pieces of this, or of some of it.
const PIECE: usize = 8 * 1024;

/// Returns the value of an option in an OACK.
fn granted<T: std::str::FromStr>(oack: &[u8], names: &[&str]) -> Option<T> {
    let text = std::str::from_utf8(oack.get(2..)?).ok()?;
    let mut fields = text.split('\0');
    while let (Some(name), Some(value)) = (fields.next(), fields.next()) {
        if names.contains(&name) {
            return value.parse().ok();
        }
    }
    None
}

impl Life {
    /// Checks that each DATA is a block of the file as it was at some time since the request, and
    /// that none is short before the end.
    pub fn judge_bytes(&mut self, sent: &Sent, files: &Files) -> Option<Broken> {
        let bytes = &sent.bytes;
        if bytes[1] == 6 {
            self.blksize = granted(bytes, &["blksize", "blksize2"]).unwrap_or(self.blksize);
            self.windowsize = granted(bytes, &["windowsize"]).unwrap_or(self.windowsize);
        }
        if bytes[1] != 3 {
            return None;
        }
        let broken = |what: &str| {
            let name = String::from_utf8_lossy(&self.name);
            let text = format!("block {} of {name} for {}: {what}", number(bytes), self.peer);
            Some(Broken(Judge::Bytes, text))
        };
        let (Some(file), false) = (files.get(&self.name), self.upload) else {
            return broken("there is no such file");
        };
        let payload = &bytes[4..];
        if file.claims_more && payload.len() < self.blksize {
            return broken("the file has fewer bytes than it said, and is sent as whole");
        }
        let from = (usize::from(number(bytes)).wrapping_sub(1)).saturating_mul(self.blksize);
        let upto = file.size().min(from.saturating_add(self.blksize));
        if upto.checked_sub(from) != Some(payload.len()) {
            return broken("not the length that it has in the file");
        }
        self.sent = self.sent.max(upto as u64);
        // A file that changes while it is read is sent as each of its pieces was when it was read.
        let mut at = from;
        while at < upto {
            let end = upto.min((at / PIECE + 1) * PIECE);
            let piece = &payload[at - from..end - from];
            if !file.since(self.since).any(|content| content[at..end] == *piece) {
                return broken("bytes that the file did not hold");
            }
            at = end;
        }
        None
    }
}
