//! A small blocking TFTP client, and a server's minimal surroundings.
#![allow(dead_code, unused_imports, reason = "each test program uses its own part")]

pub mod class;
mod client;
pub mod committed;

use std::path::Path;
use std::sync::Arc;

pub use client::{Client, Failed, Options, pattern};
use tftp_files::jail::Jail;
use tftp_files::names::NameCodec;
use tftp_serve::config::Policy;
use tftp_serve::notice::{Application, Notice, Wants};

/// An application that listens to nothing.
pub struct Nobody;

impl Application for Nobody {
    fn wants(&self) -> Wants {
        Wants::NONE
    }

    fn admits(&self) -> bool {
        true
    }

    fn tell(&self, notice: Notice) {
        panic!("nobody asked for {notice:?}");
    }
}

struct Utf8;

impl NameCodec for Utf8 {
    fn decode(&self, wire: &[u8]) -> Option<String> {
        std::str::from_utf8(wire).ok().map(str::to_owned)
    }
}

/// The policy that a server object has by default, on `root`.
pub fn policy(root: &Path) -> Policy {
    Policy {
        root: Some(Arc::new(Jail::new(root, true).unwrap())),
        ..Policy::new(Arc::new(Utf8))
    }
}
