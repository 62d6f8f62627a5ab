//! `--explain`: the file that a client would get for a name, and the rules that apply. The library
//! looks the file up as it does for a client, by a request over the loopback interface.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use tftp_serve::{Answer, Builder, Event, FileErrorKind, Request, names};

use super::settings;
use crate::config::Plan;
use crate::exit::{Code, Failure};
use crate::networks::Verdict;
use crate::options::Options;
use crate::output;
use crate::rules::RequestedName;
use crate::system::user::{Identity, is_root};
use crate::text;
use crate::watch::{self, Operation, Outcome};

/// How long a file is looked for: a directory may be on a network.
const PATIENCE: Duration = Duration::from_secs(20);

/// The library's answer for a name.
enum Found {
    File { path: String },
    Refused(tftp_serve::Outcome),
}

/// Prints a line for each rule that applies, and the result. The exit code is 0 if a file would be
/// served.
pub fn run(plan: Plan, name: &str, client: IpAddr, is_write: bool) -> Result<Code, Failure> {
    let verb = if is_write { "write" } else { "read" };
    say(&format!("{client} asks to {verb} {name}"));
    if name.is_empty() {
        say("not answered: a request without a name is malformed");
        return Ok(Code::NoPermission);
    }
    let verdict = plan.options.networks().verdict(client);
    say(&match verdict {
        Verdict::Unlimited => "answered: every client is".to_owned(),
        Verdict::Allowed(network) => format!("answered: --allow {network}"),
        Verdict::Denied(network) => format!("not answered: --deny {network}"),
        Verdict::NotAllowed => "not answered: no network of --allow has this client".to_owned(),
    });
    if !verdict.admits() {
        return Ok(Code::NoPermission);
    }
    let asked = RequestedName {
        name,
        ip: client,
        is_write,
    };
    let decided = plan
        .rules
        .decide_noting(asked, &mut |rule, name| say(&format!("{rule}: {name}")));
    match decided {
        Err(why) => {
            say(&format!("refused: {why}"));
            Ok(Code::NoPermission)
        }
        Ok(served) => look_up(plan, name, served, is_write),
    }
}

/// Names come from the command line, and from files.
fn say(line: &str) {
    output::say(&text::printable(line));
}

fn look_up(
    plan: Plan,
    name: &str,
    served: Option<String>,
    is_write: bool,
) -> Result<Code, Failure> {
    match ask(plan, name, served, is_write)? {
        Found::File { path } if is_write => {
            say(&format!("stored: {path}"));
            Ok(Code::Done)
        }
        Found::File { path } => {
            let size = std::fs::metadata(&path)
                .map_or_else(|_| String::new(), |file| format!(", {} bytes", file.len()));
            say(&format!("served: {path}{size}"));
            Ok(Code::Done)
        }
        Found::Refused(outcome) => {
            let operation = if is_write {
                Operation::Write
            } else {
                Operation::Read
            };
            let reason = watch::reason(&outcome, operation);
            say(&format!("refused: {}", reason.text));
            let is_forbidden = match &outcome {
                tftp_serve::Outcome::File(error) => error.kind() == FileErrorKind::NotAllowed,
                _ => reason.outcome == Outcome::Refused,
            };
            Ok(match is_forbidden {
                true => Code::NoPermission,
                false => Code::NoInput,
            })
        }
    }
}

/// Asks a server of these options, which only this process can reach.
fn ask(
    mut plan: Plan,
    name: &str,
    served: Option<String>,
    is_write: bool,
) -> Result<Found, Failure> {
    // As whoever would serve it; what is about the network does not matter here.
    if let Some(user) = Identity::wanted(&plan.options)?.filter(|_| is_root()) {
        user.switch_user()?;
        say(&format!("looked up as {}", user.shown()));
    }
    plan.options = Options {
        allow: Vec::new(),
        deny: Vec::new(),
        interface: None,
        transfer_ports: None,
        single_port: false,
        threads: None,
        verbose: 0,
        ..plan.options
    };
    let failed = |error: &dyn std::fmt::Display| Failure::new(Code::System, error);
    let (found, answer) = channel();
    let builder = listen_for(settings::at_start(&plan, &Arc::default())?, served, found);
    let server = builder
        .listen((Ipv4Addr::LOCALHOST, 0))
        .start()
        .map_err(|error| settings::not_configured(&error))?;
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| failed(&error))?;
    let opcode: &[u8] = if is_write { &[0, 2] } else { &[0, 1] };
    let request = [opcode, name.as_bytes(), b"\0octet\0"].concat();
    socket
        .send_to(&request, server.local_addr())
        .map_err(|error| failed(&error))?;
    answer
        .recv_timeout(PATIENCE)
        .map_err(|_| failed(&"the library does not find out; does the directory hang?"))
}

/// Serves the name that the rules made, and sends what becomes of it.
fn listen_for(
    builder: Builder,
    served: Option<String>,
    found: std::sync::mpsc::Sender<Found>,
) -> Builder {
    builder
        .handler(move |_: Request| served.clone().map_or_else(Answer::root, Answer::name))
        .on_event(move |event| {
            let answer = match event {
                Event::Started { connection } => connection.path().map(|path| Found::File {
                    path: names::from_path(&path),
                }),
                Event::Ended { outcome, .. } => Some(Found::Refused(outcome)),
                _ => None,
            };
            // Only the first is waited for.
            let _ = answer.map(|answer| found.send(answer));
        })
}
