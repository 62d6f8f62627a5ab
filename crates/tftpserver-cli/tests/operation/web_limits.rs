//! Limits on clients of the page: they cannot keep others out, exhaust memory or descriptors, or
//! read it by another name.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use crate::support::*;

/// Starts a server with a page; returns the page's address too.
fn serve(dir: &Path) -> (Served, SocketAddr) {
    let page = free_address();
    (Served::new(dir, &["--metrics", &page.to_string()]), page)
}

fn connect(page: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(page).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Returns the first line of the answer, or "" if there is none.
fn status(page: SocketAddr, host: &str) -> String {
    let Ok(mut stream) = TcpStream::connect(page) else {
        return String::new();
    };
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    let answered = stream
        .write_all(request.as_bytes())
        .and_then(|()| stream.read_to_string(&mut answer));
    match answered {
        Ok(_) => answer.lines().next().unwrap_or_default().to_owned(),
        Err(_) => String::new(),
    }
}

fn is_well(page: SocketAddr) -> bool {
    status(page, &page.to_string()) == "HTTP/1.1 200 OK"
}

#[test]
fn a_header_without_end_is_not_kept() {
    let directory = directory(&[]);
    let (_served, page) = serve(directory.path());
    for begin in ["GET / HTTP/1.1\r\nHost: localhost\r\nA: ", "GET /"] {
        let mut stream = connect(page);
        stream.write_all(begin.as_bytes()).unwrap();
        let piece = [b'a'; 1 << 16];
        // Far more than the buffers of a connection hold.
        let sent = (0..1024).try_for_each(|_| stream.write_all(&piece));
        let error = sent.expect_err("the connection ends");
        assert!(
            matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset),
            "{error}"
        );
    }
    assert!(is_well(page));
}

#[test]
fn idle_connections_exclude_no_client() {
    let directory = directory(&[]);
    let (served, page) = serve(directory.path());
    let mut held: Vec<TcpStream> = (0..100).map(|_| connect(page)).collect();
    assert!(is_well(page));
    let descriptors = std::fs::read_dir(format!("/proc/{}/fd", served.id())).unwrap();
    assert!(descriptors.count() < 100);
    // The oldest connection is closed to make room.
    assert_eq!(held[0].read(&mut [0]).unwrap(), 0);
    // The latest ones are closed after their time limit.
    assert_eq!(held[99].read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_missing_body_delays_no_other_request() {
    let directory = directory(&[]);
    let (_served, page) = serve(directory.path());
    let mut stream = connect(page);
    let request = format!("POST / HTTP/1.1\r\nHost: {page}\r\nContent-Length: 1000000\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut beginning = [0; 12];
    stream.read_exact(&mut beginning).unwrap();
    assert_eq!(&beginning, b"HTTP/1.1 405");
    assert!(is_well(page));
}

#[test]
fn a_stalled_reader_delays_no_other_request() {
    let directory = directory(&[]);
    let (_served, page) = serve(directory.path());
    let mut stream = connect(page);
    stream.set_nonblocking(true).unwrap();
    let request = format!("GET /page.js HTTP/1.1\r\nHost: {page}\r\n\r\n").repeat(100);
    for _ in 0..1000 {
        if stream.write_all(request.as_bytes()).is_err() {
            break;
        }
    }
    assert!(is_well(page));
}

/// Without a free descriptor a connection waits, and is served when there is one.
#[test]
fn an_accept_that_fails_is_not_the_end() {
    let directory = directory(&[("f", b"content")]);
    let page = free_address();
    let mut command = std::process::Command::new("sh");
    command
        .args([
            "-c",
            "ulimit -n 50; exec \"$0\" \"$@\"",
            env!("CARGO_BIN_EXE_tftpserver"),
        ])
        .args([
            "--json",
            "--listen",
            "127.0.0.1:0",
            "--metrics",
            &page.to_string(),
        ])
        .args(as_root())
        .arg(directory.path());
    let served = Served::start(command);
    let held: Vec<TcpStream> = (0..60).map(|_| connect(page)).collect();
    let descriptors = || {
        std::fs::read_dir(format!("/proc/{}/fd", served.id()))
            .unwrap()
            .count()
    };
    eventually("there is no descriptor left", || {
        (descriptors() >= 50).then_some(())
    });
    drop(held);
    eventually("the page is answered again", || is_well(page).then_some(()));
}

/// A web page that resolves its own name to this address must not read the answers (DNS rebinding).
#[test]
fn names_of_others_are_not_answered() {
    let directory = directory(&[]);
    let page = free_address();
    let address = page.to_string();
    let options = ["--metrics", &address, "--metrics-name", "boot.example"];
    let _served = Served::new(directory.path(), &options);
    let port = page.port();
    for known in [
        address.clone(),
        format!("localhost:{port}"),
        format!("boot.example:{port}"),
    ] {
        assert_eq!(status(page, &known), "HTTP/1.1 200 OK", "{known}");
    }
    for unknown in [
        "evil.example".to_owned(),
        format!("127.0.0.1.evil.example:{port}"),
    ] {
        assert_eq!(status(page, &unknown), "HTTP/1.1 403 Forbidden", "{unknown}");
    }
}
