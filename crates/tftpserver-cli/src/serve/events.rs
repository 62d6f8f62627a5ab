//! The events of the class: who asks, what is decided, how it ended.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use tftpserver::server::Server;
use tftpserver::server::events::id::{CONNECTED, CONNECTION_REQUEST, DISCONNECTED, ERROR, LOG};
use tftpserver::server::events::{Accept, Event};
use tftpserver::server::property::Value;
use tftpserver::server::property::id::{
    CONN_FILENAME, CONN_OPERATION, CONN_REMOTE_HOST, CONN_REMOTE_PORT, CONN_SERVED_NAME, CONN_TRANSFER_MODE,
};

use super::Running;
use crate::clock;
use crate::output::Output;
use crate::rules::{Asked, Rules};
use crate::watch::{Board, Figures, Operation, Outcome, Transfer};

/// Registers what the events call. They run on the thread that calls DoEvents.
pub fn register(running: &Running, verbose: u8) {
    let mut events = vec![CONNECTION_REQUEST, CONNECTED, DISCONNECTED, ERROR];
    if verbose >= 2 {
        events.push(LOG);
    }
    let handler = Arc::new(Handler {
        server: Arc::downgrade(&running.server),
        board: Arc::clone(&running.board),
        output: running.output.clone(),
        rules: Arc::clone(&running.rules),
    });
    for id in events {
        let handler = Arc::clone(&handler);
        let callback = move |event: &mut Event<'_>| {
            handler.handle(event);
            0
        };
        let registered = running.server.register(id, Some(Arc::new(callback)));
        debug_assert!(registered.is_ok(), "there is an event {id}");
    }
}

struct Handler {
    /// The server holds its callbacks: they must not hold the server.
    server: Weak<Server>,
    board: Arc<Board>,
    output: Output,
    rules: Arc<RwLock<Rules>>,
}

impl Handler {
    fn handle(&self, event: &mut Event<'_>) {
        let Some(server) = self.server.upgrade() else {
            return;
        };
        match event {
            Event::ConnectionRequest {
                accept,
                connection_id,
                ..
            } => {
                *accept = match self.asked(&server, *connection_id) {
                    true => Accept::Yes,
                    false => Accept::No,
                }
            }
            // 0 is followed by Disconnected.
            Event::Connected { status_code: 0, .. } => {}
            Event::Connected {
                connection_id,
                status_code,
                description,
            }
            | Event::Disconnected {
                connection_id,
                status_code,
                description,
            } => self.over(&server, *connection_id, *status_code, description),
            // What belongs to a connection is told by its end.
            Event::Error {
                error_code,
                description,
                connection_id: 0,
            } => tracing::warn!(code = *error_code, "{description}"),
            Event::Log {
                connection_id,
                log_level,
                message,
                log_type,
            } => log(*connection_id, *log_level, log_type, message),
            _ => {}
        }
    }

    /// A client asks: notes it, and decides by the rules.
    fn asked(&self, server: &Server, id: i32) -> bool {
        let mut transfer = asked(server, id);
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        let decided = rules.decide(Asked {
            name: &transfer.file,
            ip: transfer.client,
            is_write: transfer.operation == Operation::Write,
        });
        drop(rules);
        let decided = decided.and_then(|served| {
            if let Some(name) = &served {
                let set = server.set(CONN_SERVED_NAME, id, Value::Text(name.clone()));
                set.map_err(|failure| failure.text)?;
            }
            Ok(served)
        });
        let accept = match decided {
            Ok(served) => {
                transfer.served = served;
                true
            }
            Err(why) => {
                transfer.reason = why;
                false
            }
        };
        if accept {
            self.output.began(&transfer);
        }
        self.board.begin(transfer);
        accept
    }

    /// A transfer is over, or never began.
    fn over(&self, server: &Server, id: i32, code: i32, reason: &str) {
        let transfer = self.board.active(id).unwrap_or_else(|| asked(server, id));
        let transfer = self.board.end(transfer.ended(server, code, reason));
        tracing::info!(
            id,
            client = transfer.peer(),
            operation = transfer.operation.word(),
            file = transfer.name(),
            outcome = transfer.outcome.word(),
            reason = transfer.reason,
            bytes = transfer.figures.bytes,
            seconds = transfer.figures.seconds,
            retransmissions = transfer.figures.retransmissions,
            "transfer"
        );
        self.output.ended(&transfer);
    }
}

/// A connection as the Conn arrays have it.
fn asked(server: &Server, id: i32) -> Transfer {
    let text = |property| {
        server
            .get(property, id)
            .and_then(Value::into_text)
            .unwrap_or_default()
    };
    let number = |property| {
        server
            .get(property, id)
            .and_then(|value| value.to_integer())
            .unwrap_or_default()
    };
    let client: IpAddr = text(CONN_REMOTE_HOST)
        .parse()
        .unwrap_or(Ipv6Addr::UNSPECIFIED.into());
    Transfer {
        id,
        began: clock::date(),
        client,
        port: u16::try_from(number(CONN_REMOTE_PORT)).unwrap_or_default(),
        operation: Operation::of(number(CONN_OPERATION)),
        file: text(CONN_FILENAME),
        served: None,
        path: None,
        mode: match number_of(&text(CONN_TRANSFER_MODE)) {
            1 => "netascii",
            _ => "octet",
        },
        figures: Figures::default(),
        outcome: Outcome::Active,
        code: 0,
        reason: String::new(),
    }
}

fn number_of(text: &str) -> i32 {
    text.parse().unwrap_or_default()
}

fn log(id: i32, level: i32, kind: &str, message: &str) {
    match level {
        0 | 1 => tracing::info!(id, kind, "{message}"),
        2 => tracing::debug!(id, kind, "{message}"),
        _ => tracing::trace!(id, kind, "{message}"),
    }
}
