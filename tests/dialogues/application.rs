//! An application that records its events, and answers them as its script determines.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use tftp_serve::inline::{DataRun, EngineEvent, EventSink, Instant, Interests, Reply, Sources};
use tftp_serve::{Connection, ErrorCode, FileStep, LogKind, LogLevel, Outcome, Refusal};

use crate::script::{Answer, Script, Supply, digest};

/// A limit longer than any wait for an expected packet.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Recorder {
    interests: Interests,
    answer: Answer,
    at_start: Answer,
    supply: Supply,
    takes_late: bool,
    root: PathBuf,
    state: Mutex<State>,
    turned: Condvar,
}

#[derive(Default)]
struct State {
    told: Vec<String>,
    reply: Option<Reply>,
    /// The number of requests not answered yet.
    open: usize,
    /// The weight of Transfer data not reported as taken yet.
    owed: u64,
    /// The number of packets that the server has sent since the start.
    sent: usize,
    /// The number of probes received, and of those received before the last turn ended.
    probes: usize,
    probes_done: usize,
}

impl Recorder {
    pub fn new(script: &Script, root: &Path) -> Recorder {
        let logs = Interests::LOG_INFO
            .with(Interests::LOG_VERBOSE)
            .with(Interests::LOG_DEBUG);
        Recorder {
            interests: logs.with(script.wants.interests()),
            answer: script.answer,
            at_start: script.at_start,
            supply: script.supply,
            takes_late: script.takes_late,
            root: root.to_owned(),
            state: Mutex::default(),
            turned: Condvar::new(),
        }
    }

    /// Returns the number of packets that the server has sent, by its log.
    pub fn sent(&self) -> usize {
        self.state.lock().unwrap().sent
    }

    /// Waits until `count` probes are handled and the turns in which they arrived have ended.
    pub fn wait_for_probes(&self, count: usize) {
        let state = self.state.lock().unwrap();
        let (_state, waited) = self
            .turned
            .wait_timeout_while(state, PATIENCE, |state| state.probes_done < count)
            .unwrap();
        assert!(!waited.timed_out(), "the server reads its port");
    }

    /// Answers requests that were put off, and reports received data as taken. Returns true if
    /// there was either.
    pub fn catch_up(&self) -> bool {
        let (reply, open, owed) = {
            let mut state = self.state.lock().unwrap();
            let (open, owed) = (std::mem::take(&mut state.open), std::mem::take(&mut state.owed));
            (state.reply.clone(), open, owed)
        };
        let Some(reply) = reply else { return false };
        if owed > 0 {
            reply.taken(owed);
        }
        for _ in 0..open {
            reply.admit(self.sources());
        }
        owed > 0 || open > 0
    }

    /// Returns the record of events, with the path of `root` replaced.
    pub fn told(&self, root: &Path) -> Vec<String> {
        let root = root.to_str().unwrap();
        let state = self.state.lock().unwrap();
        state.told.iter().map(|line| line.replace(root, "ROOT")).collect()
    }

    fn sources(&self) -> Sources {
        match self.supply {
            Supply::Nothing => Sources::default(),
            Supply::Data => Sources {
                data: Some(Arc::new(b"data of the application\n".repeat(60))),
                ..Sources::default()
            },
            Supply::Path => Sources {
                local_file: Some(self.root.join("shown")),
                ..Sources::default()
            },
            Supply::Name => Sources {
                served_name: Some("other".to_owned()),
                ..Sources::default()
            },
        }
    }

    fn asked(&self, state: &mut State, answer: Answer) {
        let reply = state.reply.clone().expect("a connection was asked for");
        match answer {
            Answer::Now => reply.admit(self.sources()),
            Answer::Later => state.open += 1,
            Answer::Never => {}
            Answer::Refuse => reply.end(Refusal::access_denied().because(DENIED)),
            Answer::Fail => {
                let refusal =
                    Refusal::new(ErrorCode::UNDEFINED, "Ended by the server's application");
                reply.end(refusal.because(CALLBACK));
            }
        }
    }
}

fn without_port(text: &str, remote: Option<SocketAddr>) -> String {
    remote.map_or(text.to_owned(), |remote| {
        text.replace(&remote.to_string(), "CLIENT")
    })
}

/// The number at the end of a line of the log.
fn number(text: &str) -> Option<u16> {
    text.rsplit(' ').next()?.parse().ok()
}

fn packets(line: &str) -> usize {
    match line
        .strip_prefix("-> DATA ")
        .and_then(|blocks| blocks.split_once(" to "))
    {
        Some((first, last)) => {
            let ends = number(first).zip(number(last)).expect("numbers of blocks");
            usize::from(ends.1.wrapping_sub(ends.0)) + 1
        }
        None => usize::from(line.starts_with("-> ")),
    }
}

fn run(run: &DataRun) -> String {
    let bytes: Vec<u8> = run
        .slices
        .iter()
        .flat_map(|(data, range)| data[range.clone()].iter().copied())
        .collect();
    assert_eq!(bytes.len() as u64, run.length);
    format!(
        "moved {} bytes after {} in blocks of {}, {:08x}, of {:?}{}{}{}",
        run.length,
        run.before,
        run.block,
        digest(&bytes),
        run.total,
        if run.empty_block { ", an empty block" } else { "" },
        if run.is_last { ", the last" } else { "" },
        if run.is_only_copy { ", the only copy" } else { "" },
    )
}

impl EventSink for Recorder {
    fn interests(&self) -> Interests {
        self.interests
    }

    fn turn_ends(&self, _: Instant) -> Option<Duration> {
        let mut state = self.state.lock().unwrap();
        state.probes_done = state.probes;
        self.turned.notify_all();
        None
    }

    fn event(&self, event: EngineEvent) {
        let state = &mut *self.state.lock().unwrap();
        let line = match &event {
            EngineEvent::Requested { reply, held } => {
                state.reply = Some(reply.clone());
                if *held {
                    self.asked(state, self.answer);
                }
                let connection = reply.connection();
                format!(
                    "{} asked for {}, {:?} {:?}, held: {held}",
                    connection.id(),
                    connection.name(),
                    connection.operation(),
                    connection.mode()
                )
            }
            EngineEvent::Refused { connection, outcome } => {
                format!("{} refused: {}", connection.id(), shown(outcome, connection))
            }
            EngineEvent::Started {
                connection, held, ..
            } => {
                if *held {
                    self.asked(state, self.at_start);
                }
                format!(
                    "{} started, {:?}, held: {held}",
                    connection.id(),
                    connection.path()
                )
            }
            EngineEvent::Data(moved) => {
                match self.takes_late {
                    true => state.owed += moved.weight(),
                    false => state.reply.clone().unwrap().taken(moved.weight()),
                }
                format!("{} {}", moved.id, run(moved))
            }
            // For the application a transfer that it refused never began.
            EngineEvent::Failed { outcome, .. } | EngineEvent::Ended { outcome, .. }
                if is_denied(outcome) =>
            {
                return;
            }
            EngineEvent::Failed { connection, outcome } => {
                format!("{} failed: {}", connection.id(), shown(outcome, connection))
            }
            EngineEvent::Ended { connection, outcome } if outcome.is_complete() => {
                state.told.push(format!("{} ended", connection.id()));
                format!("{} disconnected: None", connection.id())
            }
            EngineEvent::Ended { connection, outcome } => {
                format!(
                    "{} disconnected: Some({})",
                    connection.id(),
                    shown(outcome, connection)
                )
            }
            EngineEvent::Log { id: 0, message, .. } if message.starts_with("5 bytes from ") => {
                state.probes += 1;
                return;
            }
            // This message depends on the system.
            EngineEvent::Log { id: 0, message, .. }
                if message.starts_with("Packets of many clients ") =>
            {
                return;
            }
            EngineEvent::Log {
                id,
                level,
                kind,
                message,
            } => {
                state.sent += packets(message);
                log(*id, *level, *kind, message)
            }
            other => format!("{other:?}"),
        };
        state.told.push(line);
    }
}

const DENIED: &str = "Access denied";
const CALLBACK: &str = "a callback returned 7";

fn reason(outcome: &Outcome) -> Option<String> {
    use std::error::Error;
    match outcome {
        Outcome::Refused(refusal) => refusal.source().map(ToString::to_string),
        _ => None,
    }
}

fn is_denied(outcome: &Outcome) -> bool {
    reason(outcome).as_deref() == Some(DENIED)
}

/// Describes an outcome as the record does.
fn shown(outcome: &Outcome, connection: &Connection) -> String {
    let client = |code: &ErrorCode, text: &str, probe: bool| {
        format!("ClientError {{ code: {code}, message: {text:?}, probe: {probe} }}")
    };
    match outcome {
        Outcome::Probe { code, text } => client(code, text, true),
        Outcome::ClientError { code, text } => client(code, text, false),
        Outcome::Shutdown => "Ended(\"Server is shutting down\")".to_owned(),
        Outcome::Limit => "TooMany".to_owned(),
        Outcome::NoSource => format!("NoSource({:?})", connection.operation()),
        Outcome::File(error) if error.step() == FileStep::Open => {
            format!("Open({:?})", error.kind())
        }
        Outcome::Refused(_) if reason(outcome).as_deref() == Some(CALLBACK) => {
            "Callback(7)".to_owned()
        }
        other => format!("{other:?}"),
    }
}

/// Returns a line of the log without the parts that differ from run to run.
fn log(id: i32, level: LogLevel, kind: LogKind, message: &str) -> String {
    let from = |text: &str, word: &str| -> Option<SocketAddr> {
        let mut words = text.split(' ').skip_while(|at| *at != word);
        words.nth(1)?.trim_end_matches(':').parse().ok()
    };
    let remote = message.split(' ').next().and_then(|first| first.parse().ok());
    let remote = remote.or(from(message, "from")).or(from(message, "to"));
    let mut text = without_port(message, remote);
    if let (Some(at), Some(end)) = (text.find(" bytes in "), text.find(" s, ")) {
        text.replace_range(at + " bytes in ".len()..end, "so many");
    }
    let kind = match kind {
        LogKind::Dialogue => "PiTrail".to_owned(),
        kind => format!("{kind:?}"),
    };
    format!("{id} log {} {kind}: {text}", level as u8)
}
