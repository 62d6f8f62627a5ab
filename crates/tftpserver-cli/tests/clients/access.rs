//! Access rules: which clients and names are served, with which options, and commands that report
//! without serving.

use std::net::{SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::support::*;

/// Sends a read request from this address.
fn ask(from: &str, server: SocketAddr, request: &[u8]) -> UdpSocket {
    let socket = UdpSocket::bind((from, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.send_to(request, server).unwrap();
    socket
}

/// Returns the packet that answers.
fn answer(socket: &UdpSocket) -> Vec<u8> {
    let mut buffer = [0; 2000];
    let length = socket.recv(&mut buffer).expect("the server answers");
    buffer[..length].to_vec()
}

const READ: &[u8] = b"\0\x01f\0octet\0";

/// Sends requests from two clients, one after the other: the first gets no answer and the second
/// gets the file.
fn silence_then_data(server: SocketAddr, denied: &str, allowed: &str) {
    let first = ask(denied, server, READ);
    let second = ask(allowed, server, READ);
    assert_eq!(answer(&second), b"\0\x03\0\x01content", "{allowed}");
    second.send_to(b"\0\x04\0\x01", server).unwrap();
    first.set_nonblocking(true).unwrap();
    assert!(first.recv(&mut [0; 100]).is_err(), "{denied}");
}

#[test]
fn allowed_and_denied_networks() {
    let directory = directory(&[("f", b"content")]);
    for (options, denied, allowed) in [
        (&["--allow", "127.0.0.2"] as &[&str], "127.0.0.1", "127.0.0.2"),
        (&["--deny", "127.0.0.2,127.0.0.1"], "127.0.0.1", "127.0.0.3"),
        (
            &["--allow", "127.0.0.0/24", "--deny", "127.0.0.0/30"],
            "127.0.0.2",
            "127.0.0.4",
        ),
        (
            &["--deny", "127.0.0.0/8", "--allow", "127.0.0.9"],
            "127.0.0.1",
            "127.0.0.9",
        ),
    ] {
        let served = Served::new(directory.path(), options);
        silence_then_data(served.address(), denied, allowed);
    }
    // The socket receives both families; an IPv4 client still matches IPv4 rules.
    let mut command = program();
    command.args(["--json", "--listen", ":0", "--allow", "127.0.0.0/8"]);
    command.args(as_root()).arg(directory.path());
    let served = Served::start(command);
    let port = served.port();
    let six = ask("::1", ([0, 0, 0, 0, 0, 0, 0, 1], port).into(), READ);
    let four = ask("127.0.0.1", ([127, 0, 0, 1], port).into(), READ);
    assert_eq!(answer(&four)[..2], [0, 3]);
    six.set_nonblocking(true).unwrap();
    assert!(six.recv(&mut [0; 100]).is_err());
}

#[test]
fn networks_are_read_again() {
    let files = directory(&[("f", b"content"), ("c.toml", b"allow = \"127.0.0.2\"\n")]);
    let config = files.path().join("c.toml");
    let served = Served::new(files.path(), &["--config", text(&config)]);
    silence_then_data(served.address(), "127.0.0.1", "127.0.0.2");
    file(&files, "c.toml", "deny = [\"127.0.0.2\"]\n");
    served.signal("HUP");
    eventually("the other one is answered", || {
        let socket = ask("127.0.0.1", served.address(), READ);
        socket
            .set_read_timeout(Some(std::time::Duration::from_millis(200)))
            .unwrap();
        socket.recv(&mut [0; 100]).ok()
    });
    silence_then_data(served.address(), "127.0.0.2", "127.0.0.1");
}

#[test]
fn refused_options_count_as_not_requested() {
    let directory = directory(&[("f", b"content")]);
    let request = b"\0\x01f\0octet\0tsize\x000\0blksize\x001024\0";
    let served = Served::new(directory.path(), &["--refuse", "tsize"]);
    let got = answer(&ask("127.0.0.1", served.address(), request));
    assert_eq!(got, b"\0\x06blksize\x001024\0");
    let served = Served::new(directory.path(), &["--refuse", "tsize", "--refuse", "BLKSIZE"]);
    let got = answer(&ask("127.0.0.1", served.address(), request));
    assert_eq!(got, b"\0\x03\0\x01content");
    fails(
        &["--refuse", "multicast", text(directory.path())],
        78,
        &["--refuse multicast", "tsize"],
    );
}

#[test]
fn new_files_follow_the_umask() {
    if !have("curl") {
        return;
    }
    let directory = directory(&[]);
    for (mask, mode) in [("027", 0o640), ("002", 0o664)] {
        let served = Served::new(directory.path(), &["--create", "--umask", mask]);
        assert_eq!(curl_put(served.address(), mask, b"x"), Ok(()));
        let made = std::fs::metadata(directory.path().join(mask)).unwrap();
        assert_eq!(made.permissions().mode() & 0o777, mode, "{mask}");
    }
    for wrong in ["8", "1777", "rw"] {
        assert_eq!(run(&["--umask", wrong]).status.code(), Some(64), "{wrong}");
    }
}

/// Requests of clients that expect in.tftpd without --secure.
#[test]
fn whole_paths_with_and_without_a_map() {
    if !have("curl") {
        return;
    }
    let directory = directory(&[("boot/f", b"content"), ("rules", b"r ^x$ y\n")]);
    let path = directory.path().join("boot/f");
    let rules = directory.path().join("rules");
    for options in [&[] as &[&str], &["--map", text(&rules)]] {
        let mut served = Served::new(directory.path(), options);
        assert_eq!(
            curl(served.address(), text(&path)).as_deref(),
            Ok(b"content".as_slice()),
            "{options:?}"
        );
        assert_eq!(served.event()["served"], "/boot/f");
    }
}

/// Returns the lines of a run that ends by itself, and its exit code.
fn lines(options: &[&str]) -> (Vec<String>, Option<i32>) {
    let output = run(options);
    let lines = String::from_utf8(output.stdout).unwrap();
    (lines.lines().map(str::to_owned).collect(), output.status.code())
}

#[test]
fn explain_shows_the_served_file() {
    let files = directory(&[
        ("tftp/hosts/192.0.2.7.cfg", b"content"),
        ("rules", b"# a comment\nr ^boot$ hosts/\\i.cfg\na ^secret\n"),
    ]);
    let (dir, rules) = (files.path().join("tftp"), files.path().join("rules"));
    let explain = |name: &str, client: &str, more: &[&str]| {
        let options = ["--explain", name, "--client", client, "--map", text(&rules)];
        lines(&[&options[..], more, as_root(), &[text(&dir)]].concat())
    };
    let (said, code) = explain("boot", "192.0.2.7", &["--allow", "192.0.2.0/24"]);
    let path = dir.join("hosts/192.0.2.7.cfg");
    for line in [
        "192.0.2.7 asks to read boot".to_owned(),
        "answered: --allow 192.0.2.0/24".to_owned(),
        "line 2 of the map: hosts/192.0.2.7.cfg".to_owned(),
        format!("served: {}, 7 bytes", path.canonicalize().unwrap().display()),
    ] {
        assert!(said.contains(&line), "{line:?} in {said:?}");
    }
    assert_eq!(code, Some(0));
    for (name, client, more, last, code) in [
        (
            "boot",
            "192.0.2.8",
            &[] as &[&str],
            "refused: Can't open local file. File not found",
            66,
        ),
        (
            "secret",
            "192.0.2.7",
            &[],
            "refused: refused by a rule of the map",
            77,
        ),
        (
            "boot",
            "192.0.2.7",
            &["--deny", "192.0.2.7"],
            "not answered: --deny 192.0.2.7/32",
            77,
        ),
        (
            "../rules",
            "192.0.2.7",
            &[],
            "refused: Can't open local file. Access violation",
            77,
        ),
        (
            "",
            "192.0.2.7",
            &[],
            "not answered: a request without a name is malformed",
            77,
        ),
        (
            "new",
            "192.0.2.7",
            &["--upload"],
            "refused: Access denied. Uploads are off: there is no --create, or --read-only is set.",
            77,
        ),
    ] {
        let (said, ended) = explain(name, client, more);
        assert_eq!(
            (said.last().unwrap().as_str(), ended),
            (last, Some(code)),
            "{said:?}"
        );
    }
    let (said, code) = explain("new", "192.0.2.7", &["--upload", "--create"]);
    assert!(
        said.last().unwrap().starts_with("stored: ") && code == Some(0),
        "{said:?}"
    );
    assert!(!dir.join("new").exists());
}

#[test]
fn a_configuration_is_checked_without_serving() {
    let files = directory(&[
        ("tftp/", b""),
        ("good.toml", b"dir = \"tftp\"\nlisten = \"192.0.2.1:69\"\n"),
    ]);
    let path = |name| files.path().join(name);
    let good = path("good.toml");
    let options = ["--check-config", "--config", text(&good)];
    let (said, code) = lines(&[&options[..], as_root()].concat());
    assert_eq!((said.len(), code), (1, Some(0)), "{said:?}");
    if is_root() {
        let closed = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(files.path(), closed).unwrap();
        fails(&options, 66, &["tftp", "running as nobody"]);
    }
    for (text_of, words, code) in [
        ("dir = \"none\"", &["none", "name a directory"] as &[&str], 66),
        ("dir = \"tftp\"\ncolour = 1", &["bad.toml:2: ", "colour"], 78),
        ("dir = \"tftp\"\nmax-blksize = 7", &["--max-blksize 7"], 78),
        (
            "dir = \"tftp\"\nallow = \"10.0.0.0/33\"",
            &["bad.toml:2: ", "10.0.0.0/33"],
            78,
        ),
        (
            "dir = \"tftp\"\nuser = \"no-such-user-here\"",
            &["no-such-user-here"],
            67,
        ),
    ] {
        let bad = file(&files, "bad.toml", text_of);
        fails(&["--check-config", "--config", text(&bad)], code, words);
    }
}

/// A loopback and another interface; the test binds to each of them, and sends requests to both
/// addresses.
const INTERFACES: &str = r#"
ip link set lo up && ip link add other type veth peer name away || exit 0
ip address add 192.0.2.1/24 dev other
ip link set other up
ip link set away up
for interface in lo other; do
    "$0" --quiet --user root --listen :6969 --interface $interface "$1" & program=$!
    for attempt in 1 2 3 4 5; do
        for address in 127.0.0.1 192.0.2.1; do
            curl -sS -m 3 tftp://$address:6969/f && echo " from $address by $interface"
        done | grep . && break
    done
    kill $program && wait $program
done
"#;

#[test]
fn an_interface_alone() {
    let directory = directory(&[("f", b"content")]);
    let options = [
        "--interface",
        "no-such-one",
        "--listen",
        ":0",
        text(directory.path()),
    ];
    fails(&options, 69, &["--interface no-such-one", "no such interface"]);
    if !is_root() || !["curl", "unshare", "ip"].iter().all(|tool| have(tool)) {
        return not_run("--interface, which needs root, util-linux and iproute2");
    }
    let mut command = Command::new("unshare");
    command.args(["-n", "sh", "-c", INTERFACES, env!("CARGO_BIN_EXE_tftpserver")]);
    let output = command.arg(directory.path()).output().unwrap();
    let got = String::from_utf8_lossy(&output.stdout);
    if got.is_empty() {
        return not_run(
            "--interface, which needs the right to make network namespaces and interfaces",
        );
    }
    assert_eq!(
        got,
        "content from 127.0.0.1 by lo\ncontent from 192.0.2.1 by other\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
