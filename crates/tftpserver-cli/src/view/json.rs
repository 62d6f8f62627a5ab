//! One line of JSON for each transfer that ended, after one that says where it listens.

use std::path::Path;

use serde::Serialize;

use super::{View, print};
use crate::watch::Transfer;

pub struct Json;

#[derive(Serialize)]
struct Listening<'l> {
    event: &'static str,
    version: &'static str,
    addresses: &'l [String],
    dir: &'l str,
}

#[derive(Serialize)]
struct Ended<'t> {
    event: &'static str,
    #[serde(flatten)]
    transfer: &'t Transfer,
}

impl View for Json {
    fn listening(&self, addresses: &[String], dir: &Path) {
        write(&Listening {
            event: "listening",
            version: env!("CARGO_PKG_VERSION"),
            addresses,
            dir: &dir.to_string_lossy(),
        });
    }

    fn ended(&self, transfer: &Transfer) {
        write(&Ended {
            event: "transfer",
            transfer,
        });
    }
}

fn write(line: &impl Serialize) {
    match serde_json::to_string(line) {
        Ok(line) => print(&line),
        Err(error) => tracing::error!(%error, "a line of JSON"),
    }
}
