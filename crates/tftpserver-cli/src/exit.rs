//! How the program ends: every exit code, and the line that states the reason.
//!
//! The numbers are those of sysexits.h, as far as it has one, so that a service manager's rules
//! keep their meaning.

use std::fmt;
use std::process::ExitCode;

use crate::text;

/// One way to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Ended by a signal, every transfer finished.
    Done = 0,
    /// Ended by a second signal or after --grace, or get and put by the first one: transfers were
    /// cut off.
    CutOff = 1,
    /// The command line is wrong.
    Usage = 64,
    /// Not the bytes that were promised.
    WrongData = 65,
    /// A directory or a file that was named cannot be read.
    NoInput = 66,
    /// There is no such user or group.
    NoUser = 67,
    /// There is no such host.
    NoHost = 68,
    /// The address or the port is not to be had.
    Unavailable = 69,
    /// A fault of the program.
    Software = 70,
    /// The system refused something else.
    System = 71,
    /// A file cannot be made.
    CantCreate = 73,
    /// The server does not answer, or no longer.
    TimedOut = 75,
    /// The server does not keep to the protocol, or knows no better ERROR.
    Protocol = 76,
    /// The right to do it is missing.
    NoPermission = 77,
    /// The configuration or the rules are wrong.
    Config = 78,
}

/// Every code and when it occurs, for the manual page.
pub const TABLE: &[(Code, &str)] = &[
    (
        Code::Done,
        "Ended by a signal, every transfer finished; get, put: everything arrived.",
    ),
    (
        Code::CutOff,
        "Ended by a signal, transfers were cut off: by a second signal, or after --grace; get, put: by a signal.",
    ),
    (Code::Usage, "The command line is wrong."),
    (
        Code::WrongData,
        "get: the checksum differs from --check; put: the file changed while it was sent.",
    ),
    (
        Code::NoInput,
        "The directory, the configuration or the rules cannot be read; get: the server has no such file; put: FILE cannot be read.",
    ),
    (Code::NoUser, "There is no such user or group."),
    (Code::NoHost, "get, put: there is no such host."),
    (
        Code::Unavailable,
        "An address or a port is taken, or is not this machine's; get, put: no server listens there.",
    ),
    (Code::Software, "A fault of the program."),
    (
        Code::System,
        "The system refused something else: sockets, threads, descriptors.",
    ),
    (
        Code::CantCreate,
        "get: FILE exists, or cannot be written; put: the server has no room.",
    ),
    (
        Code::TimedOut,
        "get, put: the server does not answer, or stopped answering.",
    ),
    (
        Code::Protocol,
        "get, put: another ERROR, or an answer that does not fit the request.",
    ),
    (
        Code::NoPermission,
        "A right is missing: a port below 1024, or changing the user; get, put: the server refused.",
    ),
    (
        Code::Config,
        "A value, the configuration or the rules are wrong; the message names the line.",
    ),
];

impl From<Code> for ExitCode {
    fn from(code: Code) -> ExitCode {
        ExitCode::from(code as u8)
    }
}

/// Why the program ends before its time.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: Code,
    /// One line: what is wrong, and what to do.
    pub text: String,
}

impl Failure {
    /// A failure; line breaks in `what` become spaces, and the numbers of errors go.
    pub fn new(code: Code, what: impl fmt::Display) -> Failure {
        let what = what.to_string();
        let lines: Vec<&str> = what.lines().map(str::trim).collect();
        Failure {
            code,
            text: text::printable(&text::without_numbers(&lines.join(" "))),
        }
    }

    /// Writes the reason to standard error.
    pub fn report(&self) -> ExitCode {
        crate::output::write_final_line(&format!("tftpserver: {}", self.text));
        self.code.into()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Prints clap's message; help and version are no failure.
pub fn usage(error: &clap::Error) -> ExitCode {
    // Fails where the reader of the output is gone.
    let _ = error.print();
    match error.use_stderr() {
        true => Code::Usage.into(),
        false => Code::Done.into(),
    }
}
