//! A small blocking TFTP client, and a server's minimal surroundings.
#![allow(dead_code, unused_imports, reason = "each test program uses its own part")]

pub mod class;
mod client;
pub mod committed;

use std::path::Path;

pub use client::{Client, Failed, Options, becomes_free, pattern};
use tftp_serve::inline::{EngineEvent, EventSink, Interests};
use tftp_serve::{NameCodec, Settings};

/// A sink without interests.
pub struct Nobody;

impl EventSink for Nobody {
    fn interests(&self) -> Interests {
        Interests::NONE
    }

    fn event(&self, event: EngineEvent) {
        panic!("nobody asked for {event:?}");
    }
}

struct Utf8;

impl NameCodec for Utf8 {
    fn decode(&self, wire: &[u8]) -> Option<String> {
        std::str::from_utf8(wire).ok().map(str::to_owned)
    }
}

/// Returns the settings that a server object has by default, for `root`.
pub fn settings(root: &Path) -> Settings {
    Settings::default()
        .root(root)
        .read_only(false)
        .overwrite(true)
        .names(Utf8)
}
