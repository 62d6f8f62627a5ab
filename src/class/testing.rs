//! Connections, and an inbox that records the application's answers, for the tests of this module.

use std::sync::Arc;

use super::reason::Reason;
use tftp_serve::inline::{Answer, Asks, Feeds, Reply, Wanted};
use tftp_serve::{Connection, Operation};
use tftp_sync::Mutex;
use tftp_sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[derive(Default)]
pub(super) struct Inbox {
    answers: Mutex<Vec<String>>,
    taken: AtomicUsize,
}

impl Inbox {
    pub(super) fn new() -> Arc<Inbox> {
        Arc::default()
    }

    /// Takes the recorded answers, each as `<last digits of the id> <answer>`.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.answers.lock())
    }

    /// Returns how often data was reported as taken.
    pub(super) fn taken(&self) -> usize {
        self.taken.load(Relaxed)
    }

    fn answered(&self, id: i32, answer: Answer) {
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
            Answer::Taken => {
                self.taken.fetch_add(1, Relaxed);
                return;
            }
        };
        self.answers.lock().push(format!("{} {text}", id % 1000));
    }
}

/// Returns feeds whose requests for data are discarded.
pub(super) fn feeds() -> Arc<Feeds> {
    struct Silent;
    impl Asks for Silent {
        fn ask(&self, _: Wanted) {}
    }
    Feeds::new(Silent)
}

pub(super) fn reply(inbox: &Arc<Inbox>, id: i32) -> Reply {
    reply_to(inbox, id, Operation::Read)
}

pub(super) fn reply_to(inbox: &Arc<Inbox>, id: i32, operation: Operation) -> Reply {
    let inbox = Arc::clone(inbox);
    let client = ([192, 0, 2, 7], 4000).into();
    let local = Some([192, 0, 2, 1].into());
    Reply::detached(id, client, local, "file", operation, move |answer| {
        inbox.answered(id, answer);
    })
}

pub(super) fn connection(id: i32) -> Connection {
    asking(id, Operation::Read)
}

pub(super) fn asking(id: i32, operation: Operation) -> Connection {
    reply_to(&Inbox::new(), id, operation).connection()
}
