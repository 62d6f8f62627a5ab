//! Figures in Prometheus' text format, version 0.0.4.

use std::fmt::Write;

use serde_json::Value;

use crate::watch::{BOUNDS, Kind, Row, Totals};

/// Name, type, field of the class' Statistics, and what it says.
#[rustfmt::skip] // One row a figure: it is read as a table.
const FIGURES: &[(&str, &str, &str, &str)] = &[
    ("active_transfers", "gauge", "active", "Transfers that run."),
    ("requests_total", "counter", "requests", "Requests that came, repetitions not counted."),
    ("requests_refused_total", "counter", "refused", "Requests refused by a limit or a setting."),
    ("requests_unanswered_total", "counter", "unanswered", "Requests met with silence, for too much waited."),
    ("sent_bytes_total", "counter", "bytes_sent", "Bytes sent and acknowledged, counted when a transfer ends."),
    ("received_bytes_total", "counter", "bytes_received", "Bytes received, counted when a transfer ends."),
    ("retransmissions_total", "counter", "retransmissions", "Packets sent again, counted when a transfer ends."),
];

const DURATION: &str = "transfer_duration_seconds";

/// All figures. `figures` is the class' Statistics, which counts what a transfer moved when it has ended.
pub fn text(totals: &Totals, figures: &Value) -> String {
    let mut out = String::new();
    let about = "Transfers that ended, by operation and outcome.";
    head(&mut out, "transfers_total", "counter", about);
    for (kind, row) in &totals.rows {
        let labels = format!("{{{}}}", labels(*kind));
        line(&mut out, "transfers_total", &labels, row.count);
    }
    for (name, kind, field, about) in FIGURES {
        head(&mut out, name, kind, about);
        line(&mut out, name, "", figures[field].as_u64().unwrap_or(0));
    }
    let about = "Seconds from request to end, by operation and outcome.";
    head(&mut out, DURATION, "histogram", about);
    for (kind, row) in &totals.rows {
        duration(&mut out, &labels(*kind), row);
    }
    head(
        &mut out,
        "build_info",
        "gauge",
        "Always 1; the version is a label.",
    );
    let version = format!("{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    line(&mut out, "build_info", &version, 1);
    out
}

/// A histogram: each class counts those below it too.
fn duration(out: &mut String, labels: &str, row: &Row) {
    let bucket = format!("{DURATION}_bucket");
    let mut so_far = 0;
    for (class, bound) in row.classes.iter().zip(BOUNDS) {
        so_far += class;
        line(out, &bucket, &format!("{{{labels},le=\"{bound}\"}}"), so_far);
    }
    line(out, &bucket, &format!("{{{labels},le=\"+Inf\"}}"), row.count);
    let labels = format!("{{{labels}}}");
    line(out, &format!("{DURATION}_sum"), &labels, row.seconds);
    line(out, &format!("{DURATION}_count"), &labels, row.count);
}

fn labels(kind: Kind) -> String {
    let (operation, outcome) = (kind.operation.word(), kind.outcome.word());
    format!("operation=\"{operation}\",outcome=\"{outcome}\"")
}

fn head(out: &mut String, name: &str, kind: &str, about: &str) {
    // Writing to a String does not fail.
    let _ = write!(
        out,
        "# HELP tftpserver_{name} {about}\n# TYPE tftpserver_{name} {kind}\n"
    );
}

fn line(out: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    let _ = writeln!(out, "tftpserver_{name}{labels} {value}");
}
