//! How it ended: for the exit code, for people, for programs.

use std::io::Write;
use std::path::Path;

use serde::Serialize;
use tftp_proto::client::ClientRequest;
use tftp_proto::{ErrorCode, Mode, Operation};

use super::link::Summary;
use super::{Ended, Job, local};
use crate::exit::{Code, Failure};

/// A failure, where it is one.
pub fn judge(ended: &Ended, summary: &Summary, request: &ClientRequest<'_>) -> Result<(), Failure> {
    let fail = |code, text: String| Err(Failure::new(code, text));
    match ended {
        Ended::Complete => {
            let told = summary
                .size
                .filter(|_| request.mode == Mode::Octet && request.operation == Operation::Write);
            match told.filter(|&told| told != summary.bytes) {
                // The server has it, as it was read: the file grew or shrank meanwhile.
                Some(told) => fail(
                    Code::WrongData,
                    format!("{told} bytes were announced, {} were sent", summary.bytes),
                ),
                None => Ok(()),
            }
        }
        Ended::Refused { code, message } => {
            // The block size is known as soon as anything is negotiated.
            let at_once = request.operation == Operation::Write && summary.blksize == 0;
            let (meant, hint) = refusal(*code, message, at_once);
            fail(meant, format!("ERROR {code}: {message}{hint}"))
        }
        Ended::BadOptions(why) => fail(Code::Protocol, format!("the server answered with {why}")),
        Ended::Oversized => fail(
            Code::Protocol,
            "the server sent a block longer than agreed".to_owned(),
        ),
        Ended::TimedOut { answered: false, .. } => fail(Code::TimedOut, "no answer".to_owned()),
        Ended::TimedOut {
            probably_complete: true,
            ..
        } => fail(
            Code::TimedOut,
            "everything was sent, but the last block was not acknowledged".to_owned(),
        ),
        Ended::TimedOut { .. } => fail(Code::TimedOut, "the server fell silent".to_owned()),
        Ended::Failed => fail(Code::Software, "ended from this side".to_owned()),
    }
}

/// Whether another address may be better.
pub fn is_silence(failure: &Failure) -> bool {
    matches!(failure.code, Code::TimedOut | Code::Unavailable)
}

/// Returns the exit code for an ERROR, and a hint to add where its text alone misleads. `upload`:
/// it answers a WRQ.
fn refusal(code: ErrorCode, message: &str, upload: bool) -> (Code, &'static str) {
    match code {
        // in.tftpd, unless it runs with --create.
        ErrorCode::NOT_FOUND if upload => (
            Code::NoPermission,
            "; the server has no such file to replace, or no such directory",
        ),
        ErrorCode::NOT_FOUND => (Code::NoInput, ""),
        ErrorCode::ACCESS | ErrorCode::EXISTS | ErrorCode::NO_USER => (Code::NoPermission, ""),
        // dnsmasq and others that only send.
        ErrorCode::ILLEGAL if upload => (Code::NoPermission, "; the server takes no uploads"),
        ErrorCode::DISK_FULL => (Code::CantCreate, ""),
        // in.tftpd has its system's words for what a file system refuses, under the number for
        // nothing in particular.
        ErrorCode::UNDEFINED if REFUSALS.contains(&message) => (Code::NoPermission, ""),
        _ => (Code::Protocol, ""),
    }
}

/// EACCES, EPERM and EROFS as the C library calls them.
const REFUSALS: [&str; 3] = [
    "Permission denied",
    "Operation not permitted",
    "Read-only file system",
];

#[derive(Serialize)]
struct Line<'l> {
    event: &'static str,
    url: &'l str,
    file: &'l str,
    bytes: u64,
    size: Option<u64>,
    blksize: u16,
    windowsize: u16,
    retransmissions: u64,
    seconds: f64,
    sha256: Option<&'l str>,
    code: u8,
    reason: &'l str,
}

/// The one line for programs.
pub fn json(job: &Job<'_>, summary: &Summary, failure: Option<&Failure>) -> Result<(), Failure> {
    let line = Line {
        event: match job.operation {
            Operation::Read => "get",
            Operation::Write => "put",
        },
        url: &job.url.text,
        file: &job.file.to_string_lossy(),
        bytes: summary.bytes,
        size: summary.size,
        blksize: summary.blksize,
        windowsize: summary.windowsize,
        retransmissions: summary.retransmissions,
        seconds: summary.seconds,
        sha256: summary.sha256.as_deref(),
        code: failure.map_or(Code::Done, |failure| failure.code) as u8,
        reason: failure.map_or("OK", |failure| &failure.text),
    };
    let line = serde_json::to_string(&line).map_err(|error| Failure::new(Code::Software, error))?;
    print(&line, false)
}

/// The checksum, for sha256sum --check.
pub fn sum(sum: &str, file: &Path, is_output: bool) -> Result<(), Failure> {
    print(&local::sum_line(sum, file), is_output)
}

fn print(line: &str, on_errors: bool) -> Result<(), Failure> {
    let written = match on_errors {
        true => writeln!(std::io::stderr(), "{line}"),
        false => writeln!(std::io::stdout(), "{line}"),
    };
    written.map_err(|error| Failure::new(Code::System, format!("standard output: {error}")))
}
