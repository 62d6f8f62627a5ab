//! Each error number that the table calls raised is raised here, through the public interface, and
//! no other.

#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::ffi::c_void;
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use support::class::{CONNECTED, Class, DISCONNECTED, ERROR};
use support::{Client, pattern};
use tftpserver::class::errors::{Failure, Raised, TABLE, strerror};
use tftpserver::class::events::{Accept, Event};
use tftpserver::class::property::Value;
use tftpserver::ffi;

/// A way to raise a number; `raise` returns the failure that was reported.
struct Row {
    code: i32,
    how: &'static str,
    raise: fn() -> Failure,
}

/// Numbers that take a network of its own to raise, which another test does: the number, the
/// assertion and its file.
const ELSEWHERE: &[(i32, &str, &str)] =
    &[(10040, "codes == [10040]", "suites/settings/test_sockets.py")];

const fn row(code: i32, how: &'static str, raise: fn() -> Failure) -> Row {
    Row { code, how, raise }
}

const ROWS: &[Row] = &[
    row(106, "LocalPort while listening", || locked("LocalPort=6969")),
    row(107, "LocalHost while listening", || locked("LocalHost=127.0.0.2")),
    row(112, "MaxPacketSize while listening", || {
        locked("MaxPacketSize=1000")
    }),
    row(113, "ShareLocalPort while listening", || {
        locked("ShareLocalPort=True")
    }),
    row(117, "UseConnection while listening", || {
        locked("UseConnection=True")
    }),
    row(122, "DATA longer than agreed", data_longer_than_agreed),
    row(124, "the client sends an ERROR", the_client_sends_an_error),
    row(126, "an upload without a place", an_upload_without_a_place),
    row(127, "a file that is not there", a_file_that_is_not_there),
    row(
        128,
        "an upload that may not replace",
        an_upload_that_may_not_replace,
    ),
    row(129, "a file that shrinks", a_file_that_shrinks),
    row(130, "ConnFileData too late", file_data_too_late),
    row(301, "a client that falls silent", a_client_that_falls_silent),
    row(434, "a name that is no UTF-7", a_name_that_is_no_text),
    row(901, "NULL", || {
        failure(ffi::tftpserver_do_doevents(std::ptr::null_mut()))
    }),
    row(902, "a reserved property", || {
        Class::new().server.get(3, 0).unwrap_err()
    }),
    row(903, "no connection", || {
        Class::new().server.get(5, 0).unwrap_err()
    }),
    row(904, "the version is set", || {
        Class::new().try_set(0, 0, "2").unwrap_err()
    }),
    row(905, "a port that is no number", || {
        Class::new().try_set(14, 0, "x").unwrap_err()
    }),
    row(906, "an unknown setting", || refused("NoSuchSetting=1")),
    row(907, "close inside a callback", close_inside_a_callback),
    row(909, "an Ethernet address for IPv6", an_ethernet_address_for_ipv6),
    row(10013, "ConnectionRequest says no", connection_request_says_no),
    row(10013, "an upload to ReadOnly", an_upload_to_read_only),
    row(10009, "no descriptor", || {
        not_started("ListenDescriptors=1000000")
    }),
    row(10022, "a socket that is not UDP", || {
        let stream = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        not_started(&format!("ListenDescriptors={}", stream.as_raw_fd()))
    }),
    row(10038, "a file instead of a socket", || {
        let file = std::fs::File::open("/dev/null").unwrap();
        not_started(&format!("ListenDescriptors={}", file.as_raw_fd()))
    }),
    row(10022, "a link-local address without its scope", || {
        cannot_listen_on_v6("fe80::1")
    }),
    row(10024, "no descriptor is left", no_descriptor_is_left),
    row(10047, "an IPv6 address without UseIPv6", || cannot_listen("::1")),
    row(
        10047,
        "SourceIPAddress of another family",
        a_source_of_another_family,
    ),
    row(10048, "a port that is taken", a_port_that_is_taken),
    row(10048, "an address of ListenOn that is taken", || {
        let first = Class::listening();
        let taken = first.server.local_addr().unwrap();
        not_started(&format!("ListenOn={taken}"))
    }),
    row(
        10048,
        "TransferPorts that are taken",
        transfer_ports_that_are_taken,
    ),
    row(10049, "somebody else's address", || cannot_listen("192.0.2.1")),
    row(10053, "Disconnect", disconnect),
    row(10053, "a callback returns 7", a_callback_returns_7),
    row(
        10054,
        "another request on a single port",
        another_request_on_a_single_port,
    ),
    row(10061, "a client that is gone", a_client_that_is_gone),
    row(10062, "LocalDir is a loop of links", || {
        local_dir(|path| {
            symlink(&path, &path).unwrap();
            path
        })
    }),
    row(10063, "a name without end", || {
        local_dir(|path| format!("{path}{}", "x".repeat(300)))
    }),
    row(10068, "too many connections", too_many_connections),
    row(11001, "a host that is not there", || {
        cannot_listen("no such host")
    }),
    // inet_aton(3) accepts it: the resolver has an answer, in the other family.
    row(11004, "a host without IPv6", || cannot_listen_on_v6("127.1")),
];

#[test]
fn the_rows_are_the_numbers_that_the_table_calls_raised() {
    let elsewhere = ELSEWHERE.iter().map(|(code, assertion, path)| {
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.contains(assertion), "{path} does not raise {code}");
        *code
    });
    let rows: BTreeSet<i32> = ROWS.iter().map(|row| row.code).chain(elsewhere).collect();
    let is_raised = |raised| matches!(raised, Raised::When(_));
    let table = TABLE
        .iter()
        .filter(|entry| is_raised(entry.raised))
        .map(|entry| entry.code);
    assert_eq!(rows, table.collect());
}

/// Runs them one after the other: one of them uses up the process's descriptors for a moment.
#[test]
fn each_number_is_raised() {
    for row in ROWS {
        let failure = (row.raise)();
        assert_eq!(failure.code, row.code, "{}: {failure}", row.how);
        assert!(
            failure.text.starts_with(strerror(row.code)),
            "{}: {failure}",
            row.how
        );
        assert!(!failure.text.contains("os error"), "{}: {failure}", row.how);
    }
}

// Calls that fail.

/// Returns the failure of a number that a C function returned; the text is the interface's own.
fn failure(code: i32) -> Failure {
    Failure::new(code, "")
}

fn refused(text: &str) -> Failure {
    Class::new().server.config(text).unwrap_err()
}

fn locked(text: &str) -> Failure {
    Class::listening().server.config(text).unwrap_err()
}

fn cannot_listen(host: &str) -> Failure {
    let class = Class::new();
    class.set(13, host);
    class.server.start_listening().unwrap_err()
}

fn a_source_of_another_family() -> Failure {
    let class = Class::new();
    class.config("SourceIPAddress=2001:db8::1");
    class.server.start_listening().unwrap_err()
}

fn an_ethernet_address_for_ipv6() -> Failure {
    let class = Class::new();
    class.config("SourceMacAddress=02-00-00-00-00-01");
    class.config("UseIPv6=True");
    class.set(13, "::1");
    class.server.start_listening().unwrap_err()
}

fn cannot_listen_on_v6(host: &str) -> Failure {
    let class = Class::new();
    class.config("UseIPv6=True");
    class.set(13, host);
    class.server.start_listening().unwrap_err()
}

fn not_started(setting: &str) -> Failure {
    let class = Class::new();
    class.config(setting);
    let failure = class.server.start_listening().unwrap_err();
    assert_eq!(class.text(11, 0), "False", "{setting}");
    failure
}

fn a_port_that_is_taken() -> Failure {
    let (first, second) = (Class::listening(), Class::new());
    second.set(14, &first.text(14, 0));
    second.server.start_listening().unwrap_err()
}

fn no_descriptor_is_left() -> Failure {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let class = Class::new();
    let before = getrlimit(Resource::Nofile);
    let none = Rlimit {
        current: Some(0),
        maximum: before.maximum,
    };
    setrlimit(Resource::Nofile, none).unwrap();
    let failure = class.server.start_listening().unwrap_err();
    setrlimit(Resource::Nofile, before).unwrap();
    failure
}

fn local_dir(make: impl FnOnce(String) -> String) -> Failure {
    let class = Class::new();
    let path = make(class.path().join("link").to_str().unwrap().to_owned());
    class.try_set(12, 0, &path).unwrap_err()
}

fn close_inside_a_callback() -> Failure {
    extern "C" fn close(
        server: *mut ffi::tftpserver,
        _: *mut ffi::tftpserver_event,
        answer: *mut c_void,
    ) -> i32 {
        // SAFETY: the number below, which outlives DoEvents.
        let answer = unsafe { &*answer.cast::<AtomicI32>() };
        answer.store(ffi::tftpserver_close(server), SeqCst);
        0
    }
    let answer = AtomicI32::new(0);
    let server = ffi::tftpserver_open();
    let context = (&raw const answer).cast_mut().cast();
    assert_eq!(
        ffi::tftpserver_register_callback(server, ffi::TFTPSERVER_EVENT_LOG, Some(close), context),
        0
    );
    assert_eq!(
        ffi::tftpserver_set_int(server, ffi::TFTPSERVER_PROPERTY_LOCAL_PORT, 0, 0),
        0
    );
    assert_eq!(ffi::tftpserver_do_startlistening(server), 0);
    assert_eq!(ffi::tftpserver_do_doevents(server), 0);
    assert_eq!(ffi::tftpserver_close(server), 0);
    failure(answer.load(SeqCst))
}

// Connections that fail: Error reports it, and Disconnected with the same number.

fn told(class: &Class) -> Failure {
    let (error, end) = (class.first(ERROR), class.first(DISCONNECTED));
    assert_eq!(
        (error.code, &error.text, error.connection),
        (end.code, &end.text, end.connection)
    );
    Failure {
        code: error.code,
        text: error.text,
    }
}

/// Returns the failure of a connection that never began: Error reports it, and Connected with the
/// same number.
fn told_at_the_door(class: &Class) -> Failure {
    let (error, end) = (
        class.first(ERROR),
        class.wait("Connected", |seen| {
            seen.iter()
                .find(|seen| seen.event == CONNECTED && seen.code != 0)
                .cloned()
        }),
    );
    assert_eq!(
        (error.code, &error.text, error.connection),
        (end.code, &end.text, end.connection)
    );
    Failure {
        code: error.code,
        text: error.text,
    }
}

/// Sends a client's request, and calls DoEvents until the first answer arrives.
fn asked(class: &Class, opcode: u8, name: &str) -> (Client, Vec<u8>) {
    let mut client = class.client();
    client.start(&request(opcode, name.as_bytes()));
    let packet = answer(class, &mut client);
    (client, packet)
}

fn request(opcode: u8, name: &[u8]) -> Vec<u8> {
    [&[0, opcode], name, b"\0octet\0"].concat()
}

fn answer(class: &Class, client: &mut Client) -> Vec<u8> {
    client.poll(|| class.server.do_events().unwrap())
}

fn data_longer_than_agreed() -> Failure {
    let class = Class::listening();
    let (client, _) = asked(&class, 2, "f");
    client.send(&[&[0, 3, 0, 1][..], &[7; 600]].concat());
    told(&class)
}

fn the_client_sends_an_error() -> Failure {
    let class = Class::listening();
    class.write("f", &pattern(2000));
    let (client, _) = asked(&class, 1, "f");
    client.send(b"\0\x05\0\x03disk full\0");
    let failure = told(&class);
    assert!(
        failure.text.ends_with("The client sent ERROR 3: disk full"),
        "{failure}"
    );
    failure
}

fn an_upload_without_a_place() -> Failure {
    let class = Class::listening();
    class.set(12, "");
    class.client().start(&request(2, b"f"));
    told(&class)
}

fn a_file_that_is_not_there() -> Failure {
    let class = Class::listening();
    class.client().start(&request(1, b"f"));
    told(&class)
}

fn an_upload_that_may_not_replace() -> Failure {
    let class = Class::listening();
    class.config("AllowOverwrite=False");
    let (client, _) = asked(&class, 2, "f");
    class.write("f", b"somebody was faster");
    client.send(&[0, 3, 0, 1, 7]);
    told(&class)
}

fn a_file_that_shrinks() -> Failure {
    let class = Class::listening();
    class.write("f", &pattern(1 << 20));
    let (mut client, first) = asked(&class, 1, "f");
    std::fs::File::options()
        .write(true)
        .open(class.path().join("f"))
        .unwrap()
        .set_len(1)
        .unwrap();
    let mut packet = first;
    while packet[1] == 3 {
        client.acknowledge(u16::from_be_bytes([packet[2], packet[3]]));
        packet = answer(&class, &mut client);
    }
    told(&class)
}

fn file_data_too_late() -> Failure {
    let class = Class::new();
    class.record();
    let (server, said) = (Arc::downgrade(&class.server), Arc::new(Mutex::new(None)));
    let late = Arc::clone(&said);
    class.on(8, move |event: &mut Event<'_>| {
        if let (Event::Transfer { connection_id, .. }, Some(server)) = (event, server.upgrade()) {
            *late.lock().unwrap() = server.set(4, *connection_id, Value::Text("late".into())).err();
        }
        0
    });
    class.server.start_listening().unwrap();
    class.write("f", b"in time");
    let (client, _) = asked(&class, 1, "f");
    client.acknowledge(1);
    class.wait("Transfer", |_| said.lock().unwrap().take())
}

fn a_client_that_falls_silent() -> Failure {
    let class = Class::listening();
    class.write("f", &pattern(2000));
    class.set(17, "1");
    // The client's socket stays open: a closed one causes another error.
    let (_client, _) = asked(&class, 1, "f");
    told(&class)
}

fn a_name_that_is_no_text() -> Failure {
    let class = Class::listening();
    class.server.config("CodePage=65000").unwrap();
    class.client().start(&request(1, b"+!"));
    told_at_the_door(&class)
}

fn connection_request_says_no() -> Failure {
    let class = Class::new();
    class.record();
    class.on(2, |event: &mut Event<'_>| {
        if let Event::ConnectionRequest { accept, .. } = event {
            *accept = Accept::No;
        }
        0
    });
    class.server.start_listening().unwrap();
    class.client().start(&request(1, b"f"));
    let connected = class.first(CONNECTED);
    Failure {
        code: connected.code,
        text: connected.text,
    }
}

fn an_upload_to_read_only() -> Failure {
    let class = Class::listening();
    class.config("ReadOnly=True");
    class.client().start(&request(2, b"f"));
    told_at_the_door(&class)
}

fn transfer_ports_that_are_taken() -> Failure {
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let class = Class::new();
    class.record();
    class.config(&format!("TransferPorts={}", taken.local_addr().unwrap().port()));
    class.server.start_listening().unwrap();
    class.client().start(&request(1, b"f"));
    told_at_the_door(&class)
}

fn disconnect() -> Failure {
    let class = Class::listening();
    class.write("f", &pattern(2000));
    let (_client, _) = asked(&class, 1, "f");
    class.server.disconnect(0).unwrap();
    told(&class)
}

fn a_callback_returns_7() -> Failure {
    let class = Class::new();
    class.record();
    class.on(7, |_: &mut Event<'_>| 7);
    class.server.start_listening().unwrap();
    class.write("f", &pattern(2000));
    class.client().start(&request(1, b"f"));
    let failure = told(&class);
    assert!(failure.text.ends_with("A callback returned 7."), "{failure}");
    failure
}

fn another_request_on_a_single_port() -> Failure {
    let class = Class::new();
    class.record();
    class.config("SinglePort=True");
    class.server.start_listening().unwrap();
    class.write("f", &pattern(2000));
    class.write("g", &pattern(2000));
    let (mut client, _) = asked(&class, 1, "f");
    client.start(&request(1, b"g"));
    told(&class)
}

fn a_client_that_is_gone() -> Failure {
    let class = Class::listening();
    class.write("f", &pattern(2000));
    let (client, _) = asked(&class, 1, "f");
    client.acknowledge(1);
    drop(client);
    told(&class)
}

fn too_many_connections() -> Failure {
    let class = Class::listening();
    class.config("MaxConnections=1");
    class.write("f", &pattern(2000));
    let (_client, _) = asked(&class, 1, "f");
    class.client().start(&request(1, b"f"));
    told_at_the_door(&class)
}
