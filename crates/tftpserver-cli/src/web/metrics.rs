//! Figures in Prometheus' text format, version 0.0.4.

use std::fmt::Write;

use serde_json::Value;

use crate::watch::{BOUNDS, Kind, Row, Totals};

/// All figures. `figures` is the class' Statistics, which counts what a transfer moved when it has ended.
pub fn text(totals: &Totals, figures: &Value) -> String {
    let mut out = String::new();
    transfers(&mut out, totals);
    for (name, kind, field, about) in [
        ("active_transfers", "gauge", "active", "Transfers that run."),
        (
            "requests_total",
            "counter",
            "requests",
            "Requests that came, repetitions not counted.",
        ),
        (
            "requests_refused_total",
            "counter",
            "refused",
            "Requests refused by a limit or a setting.",
        ),
        (
            "requests_unanswered_total",
            "counter",
            "unanswered",
            "Requests met with silence, for too much waited.",
        ),
        (
            "sent_bytes_total",
            "counter",
            "bytes_sent",
            "Bytes sent and acknowledged, counted when a transfer ends.",
        ),
        (
            "received_bytes_total",
            "counter",
            "bytes_received",
            "Bytes received, counted when a transfer ends.",
        ),
        (
            "retransmissions_total",
            "counter",
            "retransmissions",
            "Packets sent again, counted when a transfer ends.",
        ),
    ] {
        let value = figures[field].as_u64().unwrap_or(0);
        head(&mut out, name, kind, about);
        line(&mut out, name, "", value);
    }
    durations(&mut out, totals);
    head(
        &mut out,
        "build_info",
        "gauge",
        "Always 1; the version is a label.",
    );
    let label = format!("{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    line(&mut out, "build_info", &label, 1);
    out
}

fn transfers(out: &mut String, totals: &Totals) {
    head(
        out,
        "transfers_total",
        "counter",
        "Transfers that ended, by operation and outcome.",
    );
    for (kind, row) in &totals.rows {
        line(
            out,
            "transfers_total",
            &format!("{{{}}}", labels(*kind)),
            row.count,
        );
    }
}

fn durations(out: &mut String, totals: &Totals) {
    const NAME: &str = "transfer_duration_seconds";
    head(
        out,
        NAME,
        "histogram",
        "Seconds from request to end, by operation and outcome.",
    );
    for (
        kind,
        Row {
            count,
            seconds,
            classes,
        },
    ) in &totals.rows
    {
        let labels = labels(*kind);
        let mut so_far = 0;
        for (class, bound) in classes.iter().zip(BOUNDS) {
            so_far += class;
            line(
                out,
                "transfer_duration_seconds_bucket",
                &format!("{{{labels},le=\"{bound}\"}}"),
                so_far,
            );
        }
        line(
            out,
            "transfer_duration_seconds_bucket",
            &format!("{{{labels},le=\"+Inf\"}}"),
            count,
        );
        line(
            out,
            "transfer_duration_seconds_sum",
            &format!("{{{labels}}}"),
            seconds,
        );
        line(
            out,
            "transfer_duration_seconds_count",
            &format!("{{{labels}}}"),
            count,
        );
    }
}

fn labels(kind: Kind) -> String {
    format!(
        "operation=\"{}\",outcome=\"{}\"",
        kind.operation.word(),
        kind.outcome.word()
    )
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
