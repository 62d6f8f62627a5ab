//! From start to end: signals, reloading, the service manager, the user.

use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram;
use std::process::Command;

use crate::support::*;

#[test]
fn sigterm_lets_transfers_finish() {
    let directory = directory(&[("f", &pattern(2000))]);
    let mut served = Served::new(directory.path(), &["-v"]);
    let mut client = Slow::ask(served.address(), "f");
    client.packet();
    served.signal("TERM");
    // New clients get no answer: the port is closed, and free.
    await_free(served.address());
    assert_eq!(client.finish(2), 2000 - 512);
    let told = served.event();
    assert_eq!(
        (&told["outcome"], told["bytes"].as_u64()),
        (&"completed".into(), Some(2000))
    );
    let (status, log) = served.wait();
    assert_eq!(status.code(), Some(0));
    assert!(log.contains("INFO stopping"), "{log}");
}

#[test]
fn a_second_sigterm_ends_transfers() {
    let directory = directory(&[("f", &pattern(2000))]);
    let mut served = Served::new(directory.path(), &[]);
    let mut client = Slow::ask(served.address(), "f");
    client.packet();
    served.signal("INT");
    await_free(served.address());
    served.signal("INT");
    let told = served.event();
    assert_eq!(told["outcome"], "aborted");
    assert_eq!(served.wait().0.code(), Some(1));
    assert_eq!(client.packet()[1], 5, "an ERROR");
}

/// Waits until the port is free.
fn await_free(address: std::net::SocketAddr) {
    eventually("the port is free", || UdpSocket::bind(address).ok());
}

#[test]
fn sighup_reloads_everything() {
    if !have("curl") {
        return;
    }
    let files = directory(&[("one/f", b"one"), ("two/f", b"two"), ("two/g", b"mapped")]);
    let settings = directory(&[]);
    let dir = |name| files.path().join(name).display().to_string();
    let config = file(
        &settings,
        "c.toml",
        &format!("dir = {:?}\nlisten = \"127.0.0.1:0\"\njson = true\n", dir("one")),
    );
    let mut command = program();
    command
        .args(["-v", "--log-format", "json", "--config", text(&config)])
        .args(as_root());
    let mut served = Served::start(command);
    assert_eq!(curl(served.address(), "f").as_deref(), Ok(b"one".as_slice()));
    file(&settings, "rules", "r ^f$ g");
    let better = format!(
        "dir = {:?}\nlisten = \"127.0.0.1:9\"\njson = true\nmap = \"rules\"\ncreate = true\n",
        dir("two")
    );
    file(&settings, "c.toml", &better);
    served.signal("HUP");
    await_content(&served, "mapped");
    assert_eq!(curl_put(served.address(), "h", b"x"), Ok(()));
    // A faulty configuration changes nothing.
    file(&settings, "c.toml", "dir = \"/no/such\"");
    served.signal("HUP");
    file(&settings, "rules", "x");
    assert_eq!(curl(served.address(), "f").as_deref(), Ok(b"mapped".as_slice()));
    served.event();
    // It keeps its listening sockets, reloaded or not.
    file(&settings, "rules", "r ^f$ h");
    file(&settings, "c.toml", &better);
    served.signal("HUP");
    await_content(&served, "x");
    let (status, log) = served.end();
    assert_eq!(status.code(), Some(0));
    what_was_reloaded(&log);
}

fn what_was_reloaded(log: &str) {
    let lines = log.lines().map(serde_json::from_str);
    let log: Vec<serde_json::Value> = lines.map(Result::unwrap).collect();
    let said = |message: &str| {
        let mut lines = log.iter();
        let found = lines.find(|line| line["message"].as_str().unwrap().starts_with(message));
        found.unwrap_or_else(|| panic!("{message} in {log:?}"))
    };
    said("reloaded");
    let kept = log.iter().filter(|line| {
        line["message"]
            .as_str()
            .unwrap()
            .starts_with("changed, but stays")
    });
    let kept: Vec<_> = kept.map(|line| line["option"].as_str().unwrap()).collect();
    assert_eq!(kept, ["listen", "listen"]);
    let refused = said("nothing was reloaded");
    assert_eq!(refused["level"], "ERROR");
    assert!(
        refused["failure"].as_str().unwrap().contains("/no/such"),
        "{refused}"
    );
}

fn await_content(served: &Served, wanted: &str) {
    eventually(wanted, || {
        (curl(served.address(), "f").as_deref() == Ok(wanted.as_bytes())).then_some(())
    });
}

/// Passes sockets as descriptors 3 and 4, as a service manager does, and a notification socket. The
/// shell sets LISTEN_PID to its own process id, because it becomes the program.
#[test]
fn a_service_manager_opens_the_sockets_and_is_notified() {
    // dash supports descriptors of one digit only.
    if !have("bash") {
        return;
    }
    let directory = directory(&[("f", &pattern(2000))]);
    let told = directory.path().join("notify");
    let manager = UnixDatagram::bind(&told).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let sockets = ["127.0.0.1:0", "[::1]:0"].map(|address| UdpSocket::bind(address).unwrap());
    let wanted = sockets.each_ref().map(|socket| socket.local_addr().unwrap());
    let script = format!(
        "exec 3<&{} 4<&{}; LISTEN_PID=$$ LISTEN_FDS=2 exec \"$0\" \"$@\"",
        inheritable(&sockets[0]),
        inheritable(&sockets[1])
    );
    let mut command = Command::new("bash");
    command
        .args(["-c", &script, env!("CARGO_BIN_EXE_tftpserver"), "--json"])
        .args(as_root())
        .arg(directory.path());
    command.env("NOTIFY_SOCKET", &told);
    let served = Served::start(command);
    drop(sockets);
    assert_eq!(served.addresses, wanted);
    let heard = || {
        let mut buffer = [0; 512];
        let length = manager.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    assert!(heard().starts_with("READY=1\n"));
    for address in wanted {
        assert_eq!(Slow::ask(address, "f").finish(1), 2000, "{address}");
    }
    served.signal("HUP");
    assert!(heard().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    assert!(heard().starts_with("READY=1"));
    served.signal("TERM");
    assert!(heard().starts_with("STOPPING=1"));
    assert_eq!(served.wait().0.code(), Some(0));
}

/// A duplicate that a child inherits; it stays open for the rest of the test.
fn inheritable(socket: &UdpSocket) -> i32 {
    let copy = nix::unistd::dup(socket).unwrap();
    let number = copy.as_raw_fd();
    std::mem::forget(copy);
    number
}

/// Runs in its own network namespace, where no port is in use: 69 as root, 6969 with a hint as
/// another user.
#[test]
fn ports_without_words() {
    if !is_root() || !have("unshare") || !have("setpriv") {
        return not_run(
            "the ports that are taken by default, which needs root, unshare and setpriv",
        );
    }
    let allowed = Command::new("unshare")
        .args(["-n", "true"])
        .status()
        .unwrap()
        .success();
    if !allowed {
        return not_run(
            "the ports that are taken by default, which needs the right to make network namespaces",
        );
    }
    use std::os::unix::fs::PermissionsExt;
    let directory = directory(&[]);
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    // Other users may have no access to the build directory.
    let program = directory.path().join("program");
    std::fs::copy(env!("CARGO_BIN_EXE_tftpserver"), &program).unwrap();
    let somebody =
        "setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all --";
    for (words, port, hint) in [
        ("", 69, "started as root, now running as nobody"),
        (somebody, 6969, "port 69 is not allowed to this user"),
    ] {
        let mut command = Command::new("unshare");
        command.arg("-n").args(words.split_whitespace());
        command.arg(&program).arg("--json").arg(directory.path());
        let served = Served::start(command);
        assert_eq!(served.addresses, [([0_u16; 8], port).into()], "{words}");
        let (status, errors) = served.end();
        assert_eq!(status.code(), Some(0));
        assert!(
            errors.contains(hint) && errors.is_empty() == hint.is_empty(),
            "{errors}"
        );
    }
}

/// Runs as root: the port needs root, and every thread runs as `nobody`, without root's groups.
#[test]
fn privileges_are_dropped_once_the_ports_are_open() {
    if !is_root() {
        return not_run("--user, which needs root");
    }
    use std::os::unix::fs::PermissionsExt;
    let directory = directory(&[("f", &pattern(1000))]);
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let Some(port) = (600..1024)
        .rev()
        .find(|&port| UdpSocket::bind(("127.0.0.1", port)).is_ok())
    else {
        return not_run("--user with a port below 1024: none is free");
    };
    let mut command = program();
    let listen = format!("127.0.0.1:{port}");
    command.args(["--json", "--threads", "3", "--listen", &listen]);
    command.args(["--user", "nobody", "--metrics", "127.0.0.1:0"]);
    command.arg(directory.path());
    let served = Served::start(command);
    assert_eq!(served.port(), port);
    // One socket for each thread, and each client on one of them.
    assert_eq!(sockets_at(port), 3);
    for _ in 0..10 {
        assert_eq!(Slow::ask(served.address(), "f").finish(1), 1000);
    }
    let threads: Vec<_> = std::fs::read_dir(format!("/proc/{}/task", served.id()))
        .unwrap()
        .collect();
    assert!(threads.len() > 2);
    for thread in threads {
        is_nobodys(&std::fs::read_to_string(thread.unwrap().path().join("status")).unwrap());
    }
}

/// Checks a thread's status (proc(5)).
fn is_nobodys(status: &str) {
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace()
            .skip(1)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap();
    assert_eq!(field("Uid:"), vec![nobody.uid.to_string(); 4]);
    assert_eq!(field("Gid:"), vec![nobody.gid.to_string(); 4]);
    assert_eq!(field("Groups:"), [nobody.gid.to_string()]);
    assert_eq!(field("CapEff:"), ["0000000000000000"]);
}
