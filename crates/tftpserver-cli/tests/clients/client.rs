//! `get` and `put` against the command's own server, and their error messages.

use std::net::UdpSocket;
use std::path::Path;
use std::process::Stdio;

use crate::support::*;

fn url(served: &Served, name: &str) -> String {
    format!("tftp://{}/{name}", served.address())
}

/// Returns the names in a directory.
fn names(directory: &Path) -> Vec<String> {
    let all = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = all
        .map(|one| one.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Sends a file and fetches it again, and compares the bytes.
fn there_and_back(served: &Served, here: &Path, content: &[u8], options: &[&str]) {
    let (file, back) = (here.join("file"), here.join("back"));
    std::fs::write(&file, content).unwrap();
    let url = url(served, "file");
    // Many retries, because the machine may be slow.
    let patient = ["--retries", "100"];
    ok(&run(&[&["put", text(&file), &url], options, &patient].concat()));
    ok(&run(
        &[&["get", "--force", &url, text(&back)], options, &patient].concat()
    ));
    assert!(
        std::fs::read(&back).unwrap() == content,
        "{} {options:?}",
        content.len()
    );
}

#[test]
fn every_mix_of_blocks_and_windows() {
    let (there, here) = (directory(&[]), directory(&[]));
    let served = Served::new(there.path(), &["--create"]);
    for blksize in ["8", "512", "1428", "65464"] {
        for windowsize in ["1", "2", "16", "64"] {
            let (block, window): (usize, usize) =
                (blksize.parse().unwrap(), windowsize.parse().unwrap());
            for size in [0, 1, block, block * window, block * window + 1, 3 * block - 1] {
                let options = ["-b", blksize, "-w", windowsize];
                there_and_back(&served, here.path(), &pattern(size), &options);
            }
        }
    }
    there_and_back(&served, here.path(), &pattern(5000), &["--no-options"]);
    there_and_back(&served, here.path(), &pattern(5000), &["--timeout", "7"]);
    there_and_back(&served, here.path(), b"one\ntwo\r\rthree\n", &["--netascii"]);
}

#[test]
fn longer_than_the_block_numbers() {
    let (there, here) = (directory(&[]), directory(&[]));
    let served = Served::new(there.path(), &["--create"]);
    there_and_back(
        &served,
        here.path(),
        &pattern(65540 * 512 + 3),
        &["-b", "512", "-w", "64"],
    );
}

#[test]
fn the_file_is_called_as_on_the_server() {
    let content = pattern(3000);
    let (there, here) = (directory(&[("d/a b", &content)]), directory(&[]));
    let mut served = Served::new(there.path(), &[]);
    let mut command = program();
    command
        .args(["get", &url(&served, "d/a%20b"), "--json"])
        .current_dir(here.path());
    let output = command.output().unwrap();
    ok(&output);
    assert_eq!(names(here.path()), ["a b"]);
    assert_eq!(std::fs::read(here.path().join("a b")).unwrap(), content);
    let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&line["event"], &line["file"]), (&"get".into(), &"a b".into()));
    assert_eq!(
        (&line["bytes"], &line["size"], &line["code"]),
        (&3000.into(), &3000.into(), &0.into())
    );
    assert_eq!(
        (&line["blksize"], &line["windowsize"]),
        (&1428.into(), &16.into())
    );
    assert_eq!(line["sha256"].as_str().unwrap().len(), 64);
    let told = served.event();
    assert_eq!(
        (&told["outcome"], &told["windowsize"]),
        (&"completed".into(), &16.into())
    );
}

/// SHA-256 of "abc", from FIPS 180-2.
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[test]
fn checksums() {
    let (there, here) = (directory(&[("abc", b"abc")]), directory(&[]));
    let served = Served::new(there.path(), &["--create"]);
    let (url, file) = (url(&served, "abc"), here.path().join("abc"));
    let output = run(&[
        "get",
        &url,
        text(&file),
        "--sha256",
        "--check",
        &ABC.to_uppercase(),
    ]);
    ok(&output);
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!("{ABC}  {}\n", text(&file))
    );
    // With --json the object has the checksum, and no other line follows.
    let output = run(&["put", text(&file), &url, "--sha256", "--json"]);
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object["sha256"], ABC);
    let output = run(&["put", text(&file), &url, "--sha256"]);
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!("{ABC}  {}\n", text(&file))
    );
    // The existing file stays if the new one is not the right one.
    std::fs::write(&file, "old").unwrap();
    let wrong = "0".repeat(64);
    fails(
        &["get", "--force", &url, text(&file), "--check", &wrong],
        65,
        &[ABC, &wrong],
    );
    assert_eq!(std::fs::read(&file).unwrap(), b"old");
    assert_eq!(names(here.path()), ["abc"]);
    let output = run(&["get", &url, "-", "--sha256"]);
    assert_eq!(output.stdout, b"abc");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), format!("{ABC}  -\n"));
}

#[test]
fn standard_input_is_a_file_of_unknown_length() {
    let content = pattern(200_000);
    let (there, here) = (directory(&[]), directory(&[("in", &content)]));
    let mut served = Served::new(there.path(), &["--create"]);
    let mut command = program();
    command.args(["put", "-", &url(&served, "out")]);
    command.stdin(std::fs::File::open(here.path().join("in")).unwrap());
    ok(&command.output().unwrap());
    assert_eq!(std::fs::read(there.path().join("out")).unwrap(), content);
    assert_eq!(served.event()["size"], serde_json::Value::Null);
    let output = run(&["put", "-", &url(&served, "")]);
    assert_eq!(output.status.code(), Some(64));
}

#[test]
fn a_file_shorter_or_longer_than_announced() {
    let there = directory(&[]);
    let served = Served::new(there.path(), &["--create"]);
    let url = url(&served, "f");
    for (file, code) in [("/proc/version", 0), ("/sys/class/net/lo/mtu", 65)] {
        let Ok(content) = std::fs::read(file) else {
            not_run(&format!("put {file}, which this system has not"));
            continue;
        };
        let output = run(&["put", file, &url]);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{errors}");
        assert_eq!(errors.contains("announced"), code == 65, "{errors}");
        assert_eq!(std::fs::read(there.path().join("f")).unwrap(), content);
    }
}

#[test]
fn a_pipe_is_written_to_and_not_replaced() {
    let (there, here) = (directory(&[("f", b"f")]), directory(&[]));
    let served = Served::new(there.path(), &[]);
    let pipe = here.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let reader = {
        let pipe = pipe.clone();
        std::thread::spawn(move || std::fs::read(pipe).unwrap())
    };
    ok(&run(&["get", &url(&served, "f"), text(&pipe), "--force"]));
    assert_eq!(reader.join().unwrap(), b"f");
    assert!(!pipe.metadata().unwrap().is_file());
}

#[test]
fn errors_are_one_line() {
    let (there, here) = (directory(&[("f", b"f")]), directory(&[("f", b"mine")]));
    let served = Served::new(there.path(), &[]);
    let (url, none) = (url(&served, "f"), url(&served, "none"));
    let mine = here.path().join("f");
    let new = here.path().join("new");
    fails(&["get", &url, text(&mine)], 73, &["exists", "--force"]);
    assert_eq!(std::fs::read(&mine).unwrap(), b"mine");
    fails(&["get", &url, text(here.path())], 73, &["is a directory"]);
    fails(
        &["get", &url, text(&here.path().join("no/new"))],
        73,
        &["no/new", "cannot be written"],
    );
    fails(&["get", &none, text(&new)], 66, &[&none, "ERROR 1", "not found"]);
    fails(&["put", text(&mine), &url], 77, &["ERROR 2"]);
    fails(&["put", text(&new), &url], 66, &["new", "cannot be read"]);
    fails(&["put", text(here.path()), &url], 66, &["cannot be read"]);
    fails(
        &["get", "tftp://no-such-host.invalid/f", text(&new)],
        68,
        &["no-such-host.invalid"],
    );
    fails(&["get", "tftp://127.0.0.1", text(&new)], 64, &["names no file"]);
    fails(&["get", &url, "-", "--json"], 64, &["--json"]);
    assert_eq!(names(here.path()), ["f"], "nothing half is left behind");
    for wrong in ["f", "http://127.0.0.1/f", "tftp://127.0.0.1:x/f"] {
        assert_eq!(run(&["get", wrong]).status.code(), Some(64), "{wrong}");
    }
    assert_eq!(run(&["get", &url, "--check", "abc"]).status.code(), Some(64));
    // A failure is a line of JSON too.
    let output = run(&["get", &none, text(&new), "--json"]);
    let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(line["code"], 66);
    assert!(line["reason"].as_str().unwrap().contains("ERROR 1"), "{line}");
}

#[test]
fn no_server_answers() {
    let here = directory(&[]);
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let url = format!("tftp://{}/f", silent.local_addr().unwrap());
    let file = here.path().join("f");
    let get = ["get", &url, text(&file), "--timeout", "1", "--retries", "1"];
    fails(&get, 75, &["no answer"]);
    if cfg!(target_os = "linux") {
        // tcpmux: no program listens there, and no test gets a port that low.
        let get = ["get", "tftp://127.0.0.1:1/f", text(&file)];
        fails(&get, 69, &["no server listens there"]);
    }
    assert!(names(here.path()).is_empty());
}

#[test]
fn a_server_that_makes_no_sense() {
    let here = directory(&[]);
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    let url = format!("tftp://{}/f", server.local_addr().unwrap());
    let answer = std::thread::spawn(move || {
        let mut buffer = [0; 2000];
        let (_, client) = server.recv_from(&mut buffer).unwrap();
        server.send_to(b"\x00\x06blksize\x0065464\x00", client).unwrap();
        // A client that waited too long has repeated its request.
        while buffer[1] != 5 {
            server.recv_from(&mut buffer).unwrap();
        }
        buffer[..4].to_vec()
    });
    fails(
        &["get", &url, text(&here.path().join("f"))],
        76,
        &["blksize 65464", "1428"],
    );
    assert_eq!(answer.join().unwrap(), [0, 5, 0, 8]);
}

#[test]
fn a_get_with_losses_sends_its_last_ack_again_and_ends() {
    let here = directory(&[]);
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    let url = format!("tftp://{}/f", server.local_addr().unwrap());
    let (file, socket) = (here.path().join("f"), server.try_clone().unwrap());
    let answer = std::thread::spawn(move || {
        let mut buffer = [0; 2000];
        let (_, client) = socket.recv_from(&mut buffer).unwrap();
        let full = [&[0, 3, 0, 1], &[1; 512][..]].concat();
        // Block 1 twice: its first ACK counts as lost, and the client's second one as
        // retransmitted.
        for (packet, block) in [(&full[..], 1), (&full, 1), (b"\x00\x03\x00\x02end", 2)] {
            socket.send_to(packet, client).unwrap();
            // A client that waited too long has repeated its last packet.
            loop {
                socket.recv_from(&mut buffer).unwrap();
                if buffer[..4] == [0, 4, 0, block] {
                    break;
                }
            }
        }
    });
    let output = run(&["get", &url, text(&file), "--no-options"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(std::fs::read(&file).unwrap().len(), 515);
    answer.join().unwrap();
    server.set_nonblocking(true).unwrap();
    let mut buffer = [0; 2000];
    let mut copies = 0;
    while server.recv(&mut buffer).is_ok() {
        copies += i32::from(buffer[..4] == [0, 4, 0, 2]);
    }
    assert_eq!(copies, 3);
}

#[test]
fn a_signal_leaves_nothing_behind() {
    let here = directory(&[]);
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    let url = format!("tftp://{}/f", server.local_addr().unwrap());
    let mut command = program();
    command
        .args(["get", &url, "--no-options", "--retries", "1000"])
        .current_dir(here.path());
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut buffer = [0; 2000];
    let (_, client) = server.recv_from(&mut buffer).unwrap();
    server
        .send_to(&[&[0, 3, 0, 1], &[0; 512][..]].concat(), client)
        .unwrap();
    while server.recv_from(&mut buffer).unwrap().0 != 4 {}
    assert_eq!(names(here.path()).len(), 1);
    signal(child.id(), "TERM");
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(1),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(names(here.path()).is_empty());
    // The ACK may have been repeated before.
    while buffer[1] != 5 {
        server.recv_from(&mut buffer).expect("the server is told");
    }
}

#[test]
fn both_families_and_names() {
    let (there, here) = (directory(&[("f", b"f")]), directory(&[]));
    let served = Served::new(there.path(), &["--listen", "[::1]:0"]);
    let file = here.path().join("f");
    for address in &served.addresses {
        ok(&run(&[
            "get",
            "--force",
            &format!("tftp://{address}/f"),
            text(&file),
        ]));
    }
    // The first of a name's addresses may be one without a server.
    let url = format!("tftp://localhost:{}/f", served.port());
    ok(&run(&["get", "--force", &url, text(&file)]));
    ok(&run(&["get", "--force", "-4", &url, text(&file)]));
    fails(
        &[
            "get",
            "--force",
            "-6",
            &format!("tftp://127.0.0.1:{}/f", served.port()),
            text(&file),
        ],
        68,
        &["family"],
    );
}
