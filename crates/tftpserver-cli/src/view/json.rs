//! One line of JSON for each transfer that ended, after one with the addresses.

use std::sync::Arc;

use serde::Serialize;

use super::{View, print};
use crate::text;
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

#[derive(Serialize)]
struct Dropped {
    event: &'static str,
    lines: u64,
}

impl View for Json {
    fn listening(&mut self, dir: &str, _described: &str, addresses: &[String]) {
        write(&Listening {
            event: "listening",
            version: env!("CARGO_PKG_VERSION"),
            addresses,
            dir,
        });
    }

    fn ended(&mut self, transfer: &Arc<Transfer>) {
        write(&Ended {
            event: "transfer",
            transfer,
        });
    }

    fn dropped(&mut self, count: u64) {
        write(&Dropped {
            event: "dropped",
            lines: count,
        });
    }
}

fn write(line: &impl Serialize) {
    match serde_json::to_string(line) {
        Ok(line) => print(&text::json(&line)),
        Err(error) => tracing::error!(%error, "a line of JSON"),
    }
}
