//! The setting CodePage on the wire: names in the client's code page find files whose names are UTF-8 here.

mod support;

use std::sync::Arc;

use std::sync::Mutex;
use support::{Client, Failed};
use tftpserver::server::Server;
use tftpserver::server::events::{Callback, Event};
use tftpserver::server::property::Value;

const LOCAL_DIR: i32 = 12;
const LOCAL_HOST: i32 = 13;
const LOCAL_PORT: i32 = 14;
const ERROR: i32 = 5;

fn listening(root: &std::path::Path) -> Arc<Server> {
    let server = Server::open();
    let text = |text: &str| Value::Text(text.to_owned());
    server.set(LOCAL_DIR, 0, text(root.to_str().unwrap())).unwrap();
    server.set(LOCAL_HOST, 0, text("127.0.0.1")).unwrap();
    server.set(LOCAL_PORT, 0, Value::Integer(0)).unwrap();
    server.start_listening().unwrap();
    server
}

fn read(server: &Server, name: &[u8]) -> Result<Vec<u8>, Failed> {
    let mut client = Client::new(server.local_addr().unwrap());
    client.start(&[b"\0\x01", name, b"\0octet\0"].concat());
    let packet = client.receive()?;
    client.acknowledge(1);
    Ok(packet[4..].to_vec())
}

#[test]
fn a_name_in_the_clients_code_page_finds_its_file() {
    let root = tempfile::tempdir().unwrap();
    for name in ["Grüße €.cfg", "表示.txt", "A"] {
        std::fs::write(root.path().join(name), name).unwrap();
    }
    let server = listening(root.path());
    for (page, wire, name) in [
        ("65001", "Grüße €.cfg".as_bytes(), "Grüße €.cfg"),
        ("1252", &b"Gr\xFC\xDFe \x80.cfg"[..], "Grüße €.cfg"),
        ("858", &b"Gr\x81\xE1e \xD5.cfg"[..], "Grüße €.cfg"),
        // The second byte of 表 is the ASCII backslash: a byte of a character, no separator.
        ("932", &b"\x95\x5C\x8E\xA6.txt"[..], "表示.txt"),
        ("37", &b"\xC1"[..], "A"),
    ] {
        server.config(&format!("CodePage={page}")).unwrap();
        assert_eq!(
            read(&server, wire),
            Ok(name.as_bytes().to_vec()),
            "code page {page}"
        );
    }
    server.close();
}

#[test]
fn a_name_that_does_not_convert_is_434_here_and_an_error_there() {
    let root = tempfile::tempdir().unwrap();
    let server = listening(root.path());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let callback: Arc<dyn Callback> = Arc::new(move |event: &mut Event<'_>| {
        if let Event::Error { error_code, .. } = event {
            told.lock().unwrap().push(*error_code);
        }
        0
    });
    server.register(ERROR, Some(callback)).unwrap();
    for (page, wire) in [
        ("65001", &b"caf\xE9"[..]),
        ("20127", b"caf\xE9"),
        ("932", b"\x95"),
    ] {
        server.config(&format!("CodePage={page}")).unwrap();
        let answer = read(&server, wire);
        assert_eq!(
            answer,
            Err(Failed::Error(0, "File name not understood".into())),
            "code page {page}"
        );
    }
    for _ in 0..200 {
        server.do_events().unwrap();
        if seen.lock().unwrap().len() == 3 {
            break;
        }
    }
    assert_eq!(*seen.lock().unwrap(), [434; 3]);
    server.close();
}

#[test]
fn no_code_page_hides_a_way_out() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("inside")).unwrap();
    std::fs::write(root.path().join("secret"), "outside").unwrap();
    let server = listening(&root.path().join("inside"));
    for (page, wire) in [
        ("65001", &b"../secret"[..]),
        ("65001", b"..\\secret"),
        ("65001", b"\xC0\xAE\xC0\xAE/secret"),
        // EBCDIC: period 0x4B, slash 0x61.
        ("37", b"\x4B\x4B\x61\xA2\x85\x83\x99\x85\xA3"),
        // UTF-7 spells "../secret" without one period or slash.
        ("65000", b"+AC4ALgAv-secret"),
    ] {
        server.config(&format!("CodePage={page}")).unwrap();
        let answer = read(&server, wire);
        assert!(
            matches!(answer, Err(Failed::Error(..))),
            "code page {page}: {answer:?}"
        );
    }
    server.close();
}
