//! One line of JSON for each transfer that ended, after one that says where it listens.

use std::path::Path;

use serde::Serialize;
use serde_json::json;

use super::{View, print};
use crate::watch::Transfer;

pub struct Json;

#[derive(Serialize)]
struct Line<'t> {
    event: &'static str,
    #[serde(flatten)]
    transfer: &'t Transfer,
}

impl View for Json {
    fn listening(&self, addresses: &[String], dir: &Path) {
        let line = json!({
            "event": "listening",
            "addresses": addresses,
            "dir": dir.to_string_lossy(),
            "version": env!("CARGO_PKG_VERSION"),
        });
        print(&line.to_string());
    }

    fn ended(&self, transfer: &Transfer) {
        let line = Line {
            event: "transfer",
            transfer,
        };
        if let Ok(line) = serde_json::to_string(&line) {
            print(&line);
        }
    }
}
