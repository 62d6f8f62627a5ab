//! Each error is reported in one line that names the remedy, with the exit code of the manual page.

use std::net::{TcpListener, UdpSocket};

use crate::support::*;

/// Expects this exit code and one line on standard error that contains all these words.
fn fails(options: &[&str], code: i32, words: &[&str]) {
    let output = run(options);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{options:?}: {errors}");
    assert_eq!(errors.lines().count(), 1, "{options:?}: {errors}");
    assert!(errors.starts_with("tftpserver: "), "{errors}");
    for word in words {
        assert!(errors.contains(word), "{options:?}: {word:?} in {errors}");
    }
    assert!(output.stdout.is_empty());
    // Error numbers, and ends of sentences in the middle of one.
    for word in ["[1", "(os error", ".;", ". ;"] {
        assert!(!errors.contains(word), "{options:?}: {word:?} in {errors}");
    }
}

#[test]
fn directories() {
    let directory = directory(&[("file", b"")]);
    let here = directory.path().display().to_string();
    fails(
        &[&format!("{here}/none")],
        66,
        &["none", "name a directory that exists"],
    );
    fails(&[&format!("{here}/file")], 66, &["file is no directory"]);
    fails(&[&format!("{here}/a\nb\u{1b}")], 66, &["name a directory"]);
}

#[test]
fn ports_and_addresses() {
    let directory = directory(&[]);
    let here = directory.path().to_str().unwrap();
    let held = UdpSocket::bind("127.0.0.1:0").unwrap();
    let taken = held.local_addr().unwrap().to_string();
    fails(
        &["--listen", &taken, here],
        69,
        &[
            &taken,
            "Address already in use; another program has it",
            "--listen",
        ],
    );
    fails(
        &["--listen", "127.0.0.1:0", "--listen", &taken, here],
        69,
        &[&taken, "another program has it"],
    );
    fails(
        &["--listen", "192.0.2.1:0", here],
        69,
        &["192.0.2.1:0: Cannot assign requested address; take an address of this machine"],
    );
    let page = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = page.local_addr().unwrap().to_string();
    fails(
        &["--listen", "127.0.0.1:0", "--metrics", &taken, here],
        69,
        &["--metrics", &taken],
    );
}

#[test]
fn values() {
    let directory = directory(&[]);
    let here = directory.path().to_str().unwrap();
    fails(
        &["--max-blksize", "7", here],
        78,
        &["--max-blksize 7", "8 to 65464"],
    );
    fails(
        &["--transfer-ports", "9-8", here],
        78,
        &["--transfer-ports 9-8", "40000-40100"],
    );
    fails(&["--threads", "65", here], 78, &["--threads 65", "1 to 64"]);
    for wrong in [
        &["--no-such-option"] as &[&str],
        &["--listen", "x:y"],
        &["a", "b"],
        &["--max-blksize", "x"],
    ] {
        let output = run(wrong);
        assert_eq!(output.status.code(), Some(64), "{wrong:?}");
        assert!(String::from_utf8(output.stderr).unwrap().starts_with("error: "));
    }
    assert_eq!(run(&["--help"]).status.code(), Some(0));
    assert_eq!(run(&["--version"]).status.code(), Some(0));
}

#[test]
fn rules_and_configurations() {
    let directory = directory(&[
        ("rules", b"# fine\nr (a b\n"),
        ("c.toml", b"create = true\ncolour = \"red\"\n"),
    ]);
    let here = directory.path().to_str().unwrap();
    let path = |name| format!("{here}/{name}");
    fails(&["--map", &path("none"), here], 66, &["none", "--map"]);
    fails(&["--map", here, here], 66, &["--map"]);
    fails(&["--map", &path("rules"), here], 78, &["rules:2: "]);
    fails(&["--config", &path("none"), here], 66, &["none", "--config"]);
    fails(
        &["--config", &path("c.toml"), here],
        78,
        &["c.toml:2: ", "colour"],
    );
}

#[test]
fn users() {
    let directory = directory(&[]);
    let here = directory.path().to_str().unwrap();
    let ask = |user| ["--listen", "127.0.0.1:0", "--user", user, here].map(str::to_owned);
    let ask = |user: &'static str, code, words: &[&str]| {
        let options = ask(user);
        fails(&options.each_ref().map(String::as_str), code, words);
    };
    ask("no-such-user-here", 67, &["no-such-user-here", "no such user"]);
    ask("nobody:no-such-group-here", 67, &["no group no-such-group-here"]);
    if is_root() {
        use std::os::unix::fs::PermissionsExt;
        let closed = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(directory.path(), closed).unwrap();
        ask("65534:65534", 66, &["this user may enter"]);
    } else {
        ask("0:0", 77, &["changing the user needs root"]);
    }
}
