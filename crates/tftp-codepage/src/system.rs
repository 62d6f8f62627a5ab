//! Pages that the C library converts: a pair of open conversions behind a lock.

use super::iconv::Converter;
use super::single::Single;
use tftp_sync::Mutex;

/// A character set of the C library. Kept open: opening loads a module, which a jailed process may
/// not find later.
pub(super) struct System {
    decoder: Mutex<Converter>,
    encoder: Mutex<Converter>,
}

impl System {
    /// `None` where this system lacks the set, or one of its directions.
    pub(super) fn open(name: &str) -> Option<System> {
        Some(System {
            decoder: Mutex::new(Converter::open(name, "UTF-8")?),
            encoder: Mutex::new(Converter::open("UTF-8", name)?),
        })
    }

    pub(super) fn decode(&self, wire: &[u8]) -> Option<String> {
        String::from_utf8(self.decoder.lock().convert(wire)?).ok()
    }

    pub(super) fn encode(&self, text: &str) -> Option<Vec<u8>> {
        self.encoder.lock().convert(text.as_bytes())
    }
}

const SO: u8 = 0x0E;
const SI: u8 = 0x0F;

/// EBCDIC of single bytes from one set, and of pairs between SO and SI from another.
pub(super) struct Mixed {
    pub(super) single: Single,
    pub(super) pairs: System,
}

impl Mixed {
    pub(super) fn decode(&self, wire: &[u8]) -> Option<String> {
        let mut text = String::new();
        let mut rest = wire;
        while let Some(start) = rest.iter().position(|&byte| byte == SO) {
            let end = start + rest[start..].iter().position(|&byte| byte == SI)? + 1;
            text.push_str(&self.single.decode(&rest[..start])?);
            text.push_str(&self.pairs.decode(&rest[start..end])?);
            rest = &rest[end..];
        }
        text.push_str(&self.single.decode(rest)?);
        Some(text)
    }

    pub(super) fn encode(&self, text: &str) -> Option<Vec<u8>> {
        let mut wire = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let single = self.single.byte(first).is_some();
            let end = rest
                .find(|character| self.single.byte(character).is_some() != single)
                .unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            wire.extend(if single {
                self.single.encode(run)?
            } else {
                self.pairs.encode(run)?
            });
            rest = after;
        }
        Some(wire)
    }
}
