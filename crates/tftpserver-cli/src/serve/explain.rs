//! `--explain`: what a client would get for a name, and by which rules. The library looks the file up as it does for a
//! client, asked by a request over the loopback interface.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tftpserver::server::Server;
use tftpserver::server::events::Event;
use tftpserver::server::events::id::{CONNECTED, CONNECTION_REQUEST, DISCONNECTED, START_TRANSFER};
use tftpserver::server::property::Value;
use tftpserver::server::property::id::{CONN_LOCAL_FILE, CONN_SERVED_NAME, LOCAL_HOST, LOCAL_PORT};

use super::settings;
use super::user::{Identity, is_root};
use crate::clock;
use crate::config::Plan;
use crate::exit::{Code, Failure};
use crate::networks::Verdict;
use crate::options::Options;
use crate::output;
use crate::rules::Asked;
use crate::text;
use crate::watch::Outcome;

/// How long a file is looked for: a directory may be on a network.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the library says of a name.
enum Found {
    File { path: String },
    Refused { code: i32, reason: String },
}

/// Writes what would happen, a line for each thing that has a say. 0 where a file would be served.
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
    let asked = Asked {
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

fn look_up(plan: Plan, name: &str, served: Option<String>, is_write: bool) -> Result<Code, Failure> {
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
        Found::Refused { code, reason } => {
            say(&format!("refused: {}", crate::watch::plain(&reason)));
            Ok(match Outcome::of(code, &reason) {
                Outcome::Refused => Code::NoPermission,
                Outcome::File if reason.contains("Access violation") => Code::NoPermission,
                _ => Code::NoInput,
            })
        }
    }
}

/// Asks a server of these options, which only this process can reach.
fn ask(mut plan: Plan, name: &str, served: Option<String>, is_write: bool) -> Result<Found, Failure> {
    // As whoever would serve it; what is about the network does not matter here.
    if let Some(user) = Identity::wanted(&plan.options)?.filter(|_| is_root()) {
        user.become_it()?;
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
    let server = Server::open();
    settings::at_start(&server, &plan, &Arc::default())?;
    let failed = |error: &dyn std::fmt::Display| Failure::new(Code::System, error);
    server
        .set(LOCAL_HOST, 0, Value::Text(Ipv4Addr::LOCALHOST.to_string()))
        .and_then(|()| server.set(LOCAL_PORT, 0, Value::Integer(0)))
        .map_err(|failure| failed(&failure))?;
    let found = listen_for(&server, served);
    server.start_listening().map_err(|failure| failed(&failure))?;
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| failed(&error))?;
    let opcode: &[u8] = if is_write { &[0, 2] } else { &[0, 1] };
    let request = [opcode, name.as_bytes(), b"\0octet\0"].concat();
    let address = server.local_addr().ok_or_else(|| failed(&"nothing listens"))?;
    socket
        .send_to(&request, address)
        .map_err(|error| failed(&error))?;
    settings::set(&server, "", "SelectWaitMillis", &100)?;
    let begin = clock::now();
    let answer = loop {
        server.do_events().map_err(|failure| failed(&failure))?;
        if let Some(found) = found.lock().unwrap_or_else(PoisonError::into_inner).take() {
            break Ok(found);
        }
        if begin.elapsed() > PATIENCE {
            break Err(failed(&"the library does not find out; does the directory hang?"));
        }
    };
    server.shutdown();
    answer
}

/// Registers what the library calls; the answer is there after one of the next DoEvents.
fn listen_for(server: &Arc<Server>, served: Option<String>) -> Arc<Mutex<Option<Found>>> {
    let found = Arc::<Mutex<Option<Found>>>::default();
    for id in [CONNECTION_REQUEST, CONNECTED, START_TRANSFER, DISCONNECTED] {
        let (found, server) = (Arc::clone(&found), Arc::downgrade(server));
        let served = served.clone();
        let weak = server.clone();
        let callback = move |event: &mut Event<'_>| {
            let answer = answer(&weak, event, served.as_ref());
            if let Some(answer) = answer {
                let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                found.get_or_insert(answer);
            }
            0
        };
        if let Some(server) = server.upgrade() {
            let registered = server.register(id, Some(Arc::new(callback)));
            debug_assert!(registered.is_ok(), "there is an event {id}");
        }
    }
    found
}

fn answer(server: &Weak<Server>, event: &Event<'_>, served: Option<&String>) -> Option<Found> {
    let server = server.upgrade()?;
    match event {
        Event::ConnectionRequest { connection_id, .. } => {
            let name = served?;
            let set = server.set(CONN_SERVED_NAME, *connection_id, Value::Text(name.clone()));
            set.err().map(|failure| Found::Refused {
                code: failure.code,
                reason: failure.text,
            })
        }
        Event::StartTransfer { connection_id, .. } => {
            let path = server
                .get(CONN_LOCAL_FILE, *connection_id)
                .ok()?
                .into_text()
                .ok()?;
            (!path.is_empty()).then_some(Found::File { path })
        }
        Event::Connected {
            status_code: code @ 1..,
            description,
            ..
        }
        | Event::Disconnected {
            status_code: code,
            description,
            ..
        } => Some(Found::Refused {
            code: *code,
            reason: (*description).to_owned(),
        }),
        _ => None,
    }
}
