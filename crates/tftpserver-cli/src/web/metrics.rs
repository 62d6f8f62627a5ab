//! Figures in the text format of OpenMetrics, which Prometheus reads.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use tftp_serve::{Server, Stats};

use crate::serve::Running;
use crate::watch::{BOUNDS, Kind, Operation, Row, Totals};

pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything at one moment.
#[derive(Debug)]
struct Snapshot {
    totals: Totals,
    active: u64,
    /// Bytes that arrived: of downloads, of uploads, those that still run included.
    sent: u64,
    received: u64,
    retransmissions: u64,
    denied: u64,
    dropped: (u64, u64),
    /// The library's own.
    stats: Stats,
}

/// All figures, as text.
pub fn text(running: &Running) -> String {
    let mut registry = Registry::with_prefix("tftpserver");
    registry.register_collector(Box::new(Snapshot::now(running)));
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = prometheus_client::encoding::text::encode(&mut text, &registry);
    text
}

impl Snapshot {
    fn now(running: &Running) -> Snapshot {
        let snapshot = running.board.snapshot();
        let moved = |operation| {
            let active = snapshot.active.iter().filter(|one| one.operation == operation);
            let running: u64 = active.map(|one| one.figures.bytes).sum();
            running + snapshot.totals.bytes_of(operation)
        };
        Snapshot {
            active: snapshot.active.len() as u64,
            sent: moved(Operation::Read),
            received: moved(Operation::Write),
            retransmissions: snapshot.sums().retransmissions,
            denied: running.denied(),
            dropped: running.output.dropped(),
            stats: running.server().map(Server::stats).unwrap_or_default(),
            totals: snapshot.totals,
        }
    }

    fn counters(&self) -> [(&'static str, u64, &'static str); 7] {
        [
            (
                "requests",
                self.stats.requests,
                "Requests that came, repetitions not counted",
            ),
            (
                "requests_refused",
                self.stats.refused,
                "Requests refused by a limit or a setting",
            ),
            (
                "requests_unanswered",
                self.stats.unanswered,
                "Requests met with silence, for too much waited",
            ),
            (
                "requests_denied",
                self.denied,
                "Requests met with silence, for --allow and --deny exclude the client",
            ),
            ("sent_bytes", self.sent, "Bytes sent and acknowledged"),
            ("received_bytes", self.received, "Bytes received"),
            ("retransmissions", self.retransmissions, "Packets sent again"),
        ]
    }
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let about = "Transfers that ended, by operation and outcome";
        let mut metric = describe(&mut encoder, "transfers", about, MetricType::Counter)?;
        for kind in Kind::all() {
            let count = self.totals.row(kind).count;
            metric
                .encode_family(&labels(kind))?
                .encode_counter::<NoLabelSet, _, u64>(&count, None)?;
        }
        let about = "Seconds from request to end, by operation and outcome";
        let name = "transfer_duration_seconds";
        let mut metric = describe(&mut encoder, name, about, MetricType::Histogram)?;
        for kind in Kind::all() {
            duration(metric.encode_family(&labels(kind))?, &self.totals.row(kind))?;
        }
        for (name, value, about) in self.counters() {
            describe(&mut encoder, name, about, MetricType::Counter)?
                .encode_counter::<NoLabelSet, _, u64>(&value, None)?;
        }
        let about = "Lines that were dropped because the output was not read";
        let mut metric = describe(&mut encoder, "dropped_lines", about, MetricType::Counter)?;
        for (stream, count) in [("stdout", self.dropped.0), ("stderr", self.dropped.1)] {
            metric
                .encode_family(&[("stream", stream)])?
                .encode_counter::<NoLabelSet, _, u64>(&count, None)?;
        }
        describe(
            &mut encoder,
            "active_transfers",
            "Transfers that run",
            MetricType::Gauge,
        )?
        .encode_gauge(&self.active)?;
        let about = "Always 1; the version is a label";
        describe(&mut encoder, "build_info", about, MetricType::Gauge)?
            .encode_family(&[("version", env!("CARGO_PKG_VERSION"))])?
            .encode_gauge(&1_u64)
    }
}

fn describe<'e>(
    encoder: &'e mut DescriptorEncoder<'_>,
    name: &'e str,
    about: &str,
    kind: MetricType,
) -> Result<MetricEncoder<'e>, fmt::Error> {
    encoder.encode_descriptor(name, about, None, kind)
}

fn labels(kind: Kind) -> [(&'static str, &'static str); 2] {
    [
        ("operation", kind.operation.word()),
        ("outcome", kind.outcome.word()),
    ]
}

fn duration(mut metric: MetricEncoder<'_>, row: &Row) -> fmt::Result {
    let bounds = BOUNDS.into_iter().chain([f64::INFINITY]);
    let classes: Vec<(f64, u64)> = bounds.zip(row.classes).collect();
    metric.encode_histogram::<NoLabelSet>(row.seconds, row.count, &classes, None)
}
