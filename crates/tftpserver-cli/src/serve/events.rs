//! Who asks, what is decided, how it ended.

use std::sync::{Arc, PoisonError, RwLock};

use tftp_serve::{
    Answer, Builder, Connection, Event, LogKind, LogLevel, Outcome, Refusal, Request,
};

use super::Running;
use crate::output::Output;
use crate::rules::{RequestedName, Rules};
use crate::watch::{Board, Operation, Transfer};

/// Adds the handler that decides requests, and the callback for events.
pub fn connect(builder: Builder, running: &Running, verbose: u8) -> Builder {
    let deciding = EventHandler::new(running);
    let telling = deciding.clone();
    builder
        // One, so that requests are shown in the order in which they came.
        .handler_threads(1)
        .handler(move |request: Request| deciding.answer(&request))
        .on_event(move |event| telling.note(event))
        .log_level(match verbose {
            0 | 1 => LogLevel::Off,
            2 => LogLevel::Verbose,
            _ => LogLevel::Debug,
        })
}

#[derive(Clone)]
struct EventHandler {
    board: Arc<Board>,
    output: Output,
    rules: Arc<RwLock<Rules>>,
}

impl EventHandler {
    fn new(running: &Running) -> EventHandler {
        EventHandler {
            board: Arc::clone(&running.board),
            output: running.output.clone(),
            rules: Arc::clone(&running.rules),
        }
    }

    /// A client asks: notes it, and decides by the rules.
    fn answer(&self, request: &Request) -> Answer {
        let connection = request.connection();
        let mut transfer = Transfer::asked(&connection);
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        let decided = rules.decide(RequestedName {
            name: &transfer.file,
            ip: transfer.client,
            is_write: transfer.operation == Operation::Write,
        });
        drop(rules);
        let answer = match decided {
            Ok(served) => {
                transfer.served.clone_from(&served);
                self.output.began(&transfer);
                served.map_or_else(Answer::root, Answer::name)
            }
            Err(why) => {
                transfer.reason = why;
                Answer::refuse(Refusal::access_denied())
            }
        };
        self.board.begin(transfer, connection);
        answer
    }

    fn note(&self, event: Event) {
        match event {
            Event::Ended { connection, outcome } => self.over(&connection, &outcome),
            Event::Log {
                connection,
                level,
                kind,
                message,
            } => log(
                connection.map_or(0, |connection| connection.id()),
                level,
                kind,
                &message,
            ),
            Event::LogsDropped { count } => {
                let message = format!(
                    "{count} log messages were dropped: they came faster than they are written"
                );
                log(0, LogLevel::Info, LogKind::Info, &message);
            }
            _ => {}
        }
    }

    /// A transfer is over, or never began.
    fn over(&self, connection: &Connection, outcome: &Outcome) {
        let transfer = self.board.active(connection.id());
        let transfer = transfer.unwrap_or_else(|| Transfer::asked(connection));
        let transfer = self.board.end(transfer.ended(connection, outcome));
        tracing::info!(
            id = transfer.id,
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

/// A line of the library's, or about it.
pub fn log(id: i32, level: LogLevel, kind: LogKind, message: &str) {
    let kind = match kind {
        LogKind::Info => "Info",
        LogKind::Error => "Error",
        LogKind::Verbose => "Verbose",
        LogKind::Dialogue => "PITrail",
        _ => "Debug",
    };
    match level {
        LogLevel::Off | LogLevel::Info => tracing::info!(id, kind, "{message}"),
        LogLevel::Verbose => tracing::debug!(id, kind, "{message}"),
        LogLevel::Debug => tracing::trace!(id, kind, "{message}"),
    }
}
