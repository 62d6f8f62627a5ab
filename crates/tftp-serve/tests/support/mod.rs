//! Shared by the tests of the public interface: the project's blocking client, and events to wait
//! for.
#![allow(dead_code, unused_imports, reason = "each test program uses its own part")]

#[path = "../../../../tests/support/client.rs"]
mod client;
mod failing;
mod gate;
mod random;

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

pub use client::{Client, Failed, Options, becomes_free, pattern};
pub use failing::{Failing, PanicsWhenDropped};
pub use gate::Gate;
pub use random::{Left, options, random};
use tftp_serve::{Builder, Event, Outcome, Server};

/// A time limit that no test reaches, even on a slow machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Returns a builder that listens on a port of the loopback interface.
pub fn local() -> Builder {
    Server::builder().listen(([127, 0, 0, 1], 0))
}

/// Returns a client that waits longer than any packet takes, even on a slow machine.
pub fn patient(server: SocketAddr) -> Client {
    let client = Client::new(server);
    client.socket.set_read_timeout(Some(PATIENCE)).unwrap();
    client
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
    /// Makes a builder record its events.
    pub fn of(builder: Builder) -> (Builder, Events) {
        let (sender, events) = channel();
        let builder = builder.on_event(move |event| drop(sender.send(event)));
        (builder, Events(events))
    }

    pub fn next(&self) -> Event {
        self.0.recv_timeout(PATIENCE).expect("an event comes")
    }

    /// Waits for the next connection that ends, and returns its outcome.
    pub fn outcome(&self) -> Outcome {
        loop {
            if let Event::Ended { outcome, .. } = self.next() {
                return outcome;
            }
        }
    }

    /// Returns the remaining events up to the last one.
    pub fn rest(&self) -> Vec<Event> {
        let mut all = Vec::new();
        while !matches!(all.last(), Some(Event::Closed)) {
            all.push(self.next());
        }
        all
    }
}
