//! What the tests of the public face share: the project's blocking client, and events that are waited for.
#![allow(dead_code, unused_imports, reason = "each test program uses its own part")]

#[path = "../../../../tests/support/client.rs"]
mod client;
mod gate;

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

pub use client::{Client, Failed, Options, pattern};
pub use gate::Gate;
use tftp_serve::{Builder, Event, Outcome, Server};

/// Longer than anything takes on a slow machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A builder that listens on a port of the loopback interface.
pub fn local() -> Builder {
    Server::builder().listen(([127, 0, 0, 1], 0))
}

pub fn get(server: &Server, name: &str) -> Result<Vec<u8>, Failed> {
    Client::new(server.local_addr()).get(name, Options::NONE)
}

pub fn put(server: &Server, name: &str, data: &[u8]) -> Result<(), Failed> {
    Client::new(server.local_addr()).put(name, data, Options::new(1024, 4))
}

pub fn refused(code: u16, text: &str) -> Failed {
    Failed::Error(code, text.to_owned())
}

/// The events of a server.
pub struct Events(Receiver<Event>);

impl Events {
    /// A builder whose events are kept.
    pub fn of(builder: Builder) -> (Builder, Events) {
        let (sender, events) = channel();
        let builder = builder.on_event(move |event| drop(sender.send(event)));
        (builder, Events(events))
    }

    pub fn next(&self) -> Event {
        self.0.recv_timeout(PATIENCE).expect("an event comes")
    }

    /// The end of the next connection that ends.
    pub fn outcome(&self) -> Outcome {
        loop {
            if let Event::Ended { outcome, .. } = self.next() {
                return outcome;
            }
        }
    }

    /// Everything that waits, to the last.
    pub fn rest(&self) -> Vec<Event> {
        let mut all = Vec::new();
        while !matches!(all.last(), Some(Event::Closed)) {
            all.push(self.next());
        }
        all
    }
}
