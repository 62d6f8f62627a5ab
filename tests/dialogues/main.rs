//! Compares the packets and the events of two hundred scripted transfers over real sockets with a
//! record of them (`recorded.txt`; TFTPSERVER_RECORD=1 writes it anew).
//!
//! Ports and durations are left out. Every packet of a client is handled before its next one is
//! sent, so the record does not depend on how packets are batched.

mod application;
mod client;
mod script;

#[path = "../support/mod.rs"]
mod support;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use application::Recorder;
use client::Dialogue;
use script::{Script, scripts};
use tftp_serve::{Server, Settings};

const RECORD: &str = "tests/dialogues/recorded.txt";

/// How many scripts run at once: most of them wait for a timer at some point.
const AT_ONCE: usize = 8;

/// How often a script is run whose record depends on a short timeout.
const TRIES: usize = 10;

/// Returns settings with timeouts too long to expire on a busy machine; clients can still negotiate
/// shorter ones.
fn settings(script: &Script, root: &Path) -> Settings {
    let settings = support::settings(root)
        .read_only(script.read_only)
        .max_connections(script.max_connections)
        .retransmit_timeout(Duration::from_secs(50))
        .max_retransmits(3)
        .adaptive_retransmit(false)
        .inactivity_timeout(Some(Duration::from_millis(script.inactivity)));
    match script.has_root {
        true => settings,
        false => settings.no_root(),
    }
}

/// Runs one transfer on a server of its own and returns its record as text.
fn record(script: &Script) -> String {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("file"), script.content()).unwrap();
    std::fs::write(root.path().join("other"), b"the other file\n").unwrap();
    let application = Arc::new(Recorder::new(script, root.path()));
    let server = Server::builder()
        .settings(settings(script, root.path()))
        .listen(([127, 0, 0, 1], 0))
        .single_port(script.single_port)
        .event_sink(Arc::clone(&application) as _)
        .start()
        .unwrap();
    let dialogue = Dialogue::new(script, &application, server.local_addr());
    let packets = dialogue.run(&|| server.connection_count() == 0);
    let stats = server.stats();
    let counts = [
        ("completed", stats.completed),
        ("failed", stats.failed),
        ("refused", stats.refused),
        ("sent", stats.bytes_sent),
        ("received", stats.bytes_received),
        ("repeated", stats.retransmissions),
    ]
    .map(|(name, count)| format!("{name} {count}"));
    server.close();
    let mut text = format!("== {}\n{packets}-- told\n", script.name);
    application
        .told(root.path())
        .iter()
        .for_each(|line| writeln!(text, "{line}").unwrap());
    writeln!(text, "-- {}", counts.join(", ")).unwrap();
    for name in ["sent", "shown"] {
        if let Ok(data) = std::fs::read(root.path().join(name)) {
            writeln!(
                text,
                "-- {name}: {} bytes, {:08x}",
                data.len(),
                script::digest(&data)
            )
            .unwrap();
        }
    }
    text
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(RECORD)
}

/// Returns the committed records, none if they are written anew.
fn committed() -> Vec<String> {
    if std::env::var_os("TFTPSERVER_RECORD").is_some() {
        return Vec::new();
    }
    let committed = std::fs::read_to_string(path()).unwrap();
    committed
        .split("\n\n")
        .map(|text| text.trim_end().to_owned())
        .collect()
}

/// Runs a transfer once, or, if the server retransmits soon, until it matches the committed record:
/// a client that is not scheduled for 40 ms gets packets twice.
fn record_until_it_matches(script: &Script, committed: Option<&String>) -> String {
    let mut text = record(script);
    for _ in 1..TRIES {
        let matches = committed.is_none_or(|before| text.trim_end() == before);
        if matches || !script.is_impatient() {
            break;
        }
        text = record(script);
    }
    text
}

/// Compares the new records with the committed ones, transfer by transfer, or writes them.
fn compare(records: &[String], committed: &[String]) {
    if std::env::var_os("TFTPSERVER_RECORD").is_some() {
        return std::fs::write(path(), records.join("\n")).unwrap();
    }
    for (now, before) in records.iter().zip(committed) {
        assert!(now.trim_end() == *before, "now:\n{now}\nbefore:\n{before}");
    }
    assert_eq!(records.len(), committed.len());
}

#[test]
fn two_hundred_transfers_match_their_record() {
    let scripts = scripts();
    assert!(scripts.len() >= 200, "{}", scripts.len());
    let committed = committed();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let records = Mutex::new(vec![String::new(); scripts.len()]);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(script) = scripts.get(index) else {
                        return;
                    };
                    let text = record_until_it_matches(script, committed.get(index));
                    records.lock().unwrap()[index] = text;
                }
            });
        }
    });
    compare(&records.into_inner().unwrap(), &committed);
}
