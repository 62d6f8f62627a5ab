//! A server object as an application has it, with a directory of its own and a record of its
//! events.

use std::path::Path;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tftpserver::class::Server;
use tftpserver::class::errors::Failure;
use tftpserver::class::events::{Callback, Event};
use tftpserver::class::property::Value;
use tftpserver::class::property::id::{LOCAL_DIR, LOCAL_HOST, LOCAL_PORT};

use super::Client;
pub use tftpserver::class::events::id::{CONNECTED, DISCONNECTED, ERROR, START_TRANSFER};

/// The most calls of DoEvents before an expected event. Each waits 20 ms (SelectWaitMillis) if
/// nothing happens.
const TURNS: usize = 2_000;

/// One event: its number, the connection, and the error number and text if it has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub event: i32,
    pub connection: i32,
    pub code: i32,
    pub text: String,
}

pub struct Class {
    pub server: Arc<Server>,
    pub root: TempDir,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Class {
    /// Returns a server for `root` on 127.0.0.1 and a port of the system's choice, which does not
    /// listen yet.
    pub fn new() -> Class {
        let class = Class {
            server: Server::open(),
            root: tempfile::tempdir().unwrap(),
            seen: Arc::default(),
        };
        class.set(LOCAL_DIR, class.root.path().to_str().unwrap());
        class.set(LOCAL_HOST, "127.0.0.1");
        class.set(LOCAL_PORT, "0");
        class
    }

    /// Returns a server that listens and records every event but Log and Transfer.
    pub fn listening() -> Class {
        let class = Class::new();
        class.record();
        class.server.start_listening().unwrap();
        class
    }

    pub fn record(&self) {
        for event in 1..=7 {
            let seen = Arc::clone(&self.seen);
            if event != 6 {
                self.on(event, move |event: &mut Event<'_>| {
                    seen.lock().unwrap().push(note(event));
                    0
                });
            }
        }
    }

    pub fn on(&self, event: i32, callback: impl Callback + 'static) {
        self.server.register(event, Some(Arc::new(callback))).unwrap();
    }

    pub fn set(&self, id: i32, value: &str) {
        self.try_set(id, 0, value).unwrap();
    }

    pub fn try_set(&self, id: i32, index: i32, value: &str) -> Result<(), Failure> {
        self.server.set(id, index, Value::Text(value.to_owned()))
    }

    pub fn config(&self, text: &str) {
        self.server.config(text).unwrap();
    }

    pub fn text(&self, id: i32, index: i32) -> String {
        self.server.get(id, index).unwrap().into_text().unwrap()
    }

    pub fn client(&self) -> Client {
        Client::new(self.server.local_addr().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.root.path()
    }

    pub fn write(&self, name: &str, data: &[u8]) {
        std::fs::write(self.path().join(name), data).unwrap();
    }

    /// Calls DoEvents until `done` returns a value.
    pub fn wait<T>(&self, what: &str, mut done: impl FnMut(&[Seen]) -> Option<T>) -> T {
        for _ in 0..TURNS {
            if let Some(found) = done(&self.seen.lock().unwrap()) {
                return found;
            }
            self.server.do_events().unwrap();
        }
        panic!("{what} did not come: {:?}", self.seen.lock().unwrap());
    }

    /// Waits for the first event of this number.
    pub fn first(&self, event: i32) -> Seen {
        self.wait(&format!("event {event}"), |seen| {
            seen.iter().find(|seen| seen.event == event).cloned()
        })
    }
}

impl Drop for Class {
    fn drop(&mut self) {
        self.server.close();
    }
}

fn note(event: &Event<'_>) -> Seen {
    let (connection, code, text) = match event {
        Event::Connected {
            connection_id,
            status_code,
            description,
            ..
        }
        | Event::Disconnected {
            connection_id,
            status_code,
            description,
            ..
        } => (*connection_id, *status_code, *description),
        Event::Error {
            error_code,
            description,
            connection_id,
            ..
        } => (*connection_id, *error_code, *description),
        Event::ConnectionRequest { connection_id, .. }
        | Event::EndTransfer { connection_id, .. }
        | Event::StartTransfer { connection_id, .. }
        | Event::Transfer { connection_id, .. }
        | Event::DataWanted { connection_id, .. }
        | Event::Log { connection_id, .. } => (*connection_id, 0, ""),
    };
    Seen {
        event: event.id(),
        connection,
        code,
        text: text.to_owned(),
    }
}
