//! A connection, and an inbox that remembers what the application answered, for the tests of this room.

use std::sync::Arc;

use tftp_proto::wire::{Mode, Operation};

use super::reason::Reason;
use tftp_files::{Asks, Feeds, Wanted};
use tftp_serve::Key;
use tftp_serve::notice::Connection;
use tftp_serve::progress::Progress;
use tftp_serve::reply::{Answer, Post, Reply};
use tftp_sync::Mutex;

#[derive(Default)]
pub(super) struct Inbox {
    answers: Mutex<Vec<String>>,
}

impl Inbox {
    pub(super) fn new() -> Arc<Inbox> {
        Arc::default()
    }

    /// What came, each as `<last digits of the id> <what>`.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.answers.lock())
    }
}

impl Post for Inbox {
    fn post(&self, key: Key, answer: Answer) {
        let text = match answer {
            Answer::Admit(sources) => match (sources.data, sources.local_file) {
                (Some(data), _) => format!("admit data {}", data.len()),
                (None, Some(path)) => format!("admit file {}", path.display()),
                (None, None) if sources.fed.is_some() => "admit fed".to_owned(),
                (None, None) => "admit".to_owned(),
            },
            Answer::End(refusal) => match Reason::of(&refusal) {
                Some(reason) => format!("end {reason:?}"),
                None => format!("end {refusal}"),
            },
            Answer::Taken => "taken".to_owned(),
        };
        self.answers.lock().push(format!("{} {text}", key.index % 1000));
    }
}

/// Feeds of which nobody hears.
pub(super) fn feeds() -> Arc<Feeds> {
    struct Silent;
    impl Asks for Silent {
        fn ask(&self, _: Wanted) {}
    }
    Feeds::new(Silent)
}

pub(super) fn reply(inbox: &Arc<Inbox>, id: i32) -> Reply {
    let index = u32::try_from(id).unwrap();
    Reply::new(Key { index, generation: 0 }, Arc::clone(inbox) as Arc<dyn Post>)
}

pub(super) fn connection(id: i32) -> Arc<Connection> {
    asking(id, Operation::Read)
}

pub(super) fn asking(id: i32, operation: Operation) -> Arc<Connection> {
    Arc::new(Connection {
        id,
        lease: None,
        remote: "192.0.2.7:4000".parse().unwrap(),
        local: Some("192.0.2.1".parse().unwrap()),
        filename: "file".to_owned(),
        mode: Mode::Octet,
        operation,
        asked: Default::default(),
        progress: Progress::new(tftp_proto::Instant::default()),
    })
}
