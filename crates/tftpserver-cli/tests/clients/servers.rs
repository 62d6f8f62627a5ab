//! `get` and `put` against other servers: tftpd-hpa and atftpd, which scripts/servers.sh unpacks,
//! and dnsmasq.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use crate::support::other::Other;
use crate::support::*;

/// Fetches and sends a file, and compares the bytes.
fn both_ways(other: &Other, content: &[u8], options: &[&str]) {
    let here = directory(&[("file", content)]);
    let (file, back) = (here.path().join("file"), here.path().join("back"));
    let what = format!("{} bytes {options:?}", content.len());
    other.add("down", content);
    let _ = std::fs::remove_file(other.path("up"));
    ok(&run(
        &[&["get", &other.url("down"), text(&back)], options].concat()
    ));
    assert!(std::fs::read(&back).unwrap() == content, "get: {what}");
    ok(&run(&[&["put", text(&file), &other.url("up")], options].concat()));
    // The last ACK may arrive before the last write.
    eventually(&format!("put: {what}"), || {
        std::fs::read(other.path("up"))
            .is_ok_and(|up| up == content)
            .then_some(())
    });
}

fn every_size_and_option(other: &Other) {
    for options in [
        &[][..],
        &["--no-options"],
        &["-b", "512", "-w", "1"],
        &["-b", "8192", "-w", "4"],
        &["-w", "64"],
        &["--timeout", "7"],
    ] {
        for size in [0, 1, 512, 1428, 8 * 1428, 16 * 8192, 1_000_000] {
            both_ways(other, &pattern(size), &[options, &["--retries", "100"]].concat());
        }
    }
    both_ways(other, b"one\ntwo\r\rthree\n\r\n", &["--netascii"]);
}

#[test]
fn tftpd_hpas_server() {
    let Some(other) = Other::in_tftpd(&["--user", "root", "--create", "--permissive"]) else {
        return;
    };
    every_size_and_option(&other);
    fails(&["get", &other.url("none"), "-"], 66, &["ERROR 1"]);
}

/// The server answers "File not found" for a file that it does not create, and its system's message
/// with number 0.
#[test]
fn tftpd_hpas_server_refuses() {
    let (Some(plain), Some(creating)) = (
        Other::in_tftpd(&["--user", "nobody"]),
        Other::in_tftpd(&["--user", "nobody", "--create", "--permissive"]),
    ) else {
        return;
    };
    let here = directory(&[("file", b"file")]);
    let file = here.path().join("file");
    for other in [&plain, &creating] {
        other.add("root's", b"old");
        fails(
            &["put", text(&file), &other.url("root's")],
            77,
            &["ERROR 0", "Permission denied"],
        );
        fails(
            &["put", text(&file), &other.url("no/directory")],
            77,
            &["ERROR 1", "no such directory"],
        );
        assert_eq!(std::fs::read(other.path("root's")).unwrap(), b"old");
        let private = other.path("root's");
        std::fs::set_permissions(private, Permissions::from_mode(0o600)).unwrap();
        fails(&["get", &other.url("root's"), "-"], 77, &["ERROR 0"]);
    }
    fails(
        &["put", text(&file), &plain.url("new")],
        77,
        &["ERROR 1", "no such file to replace"],
    );
    fails(&["put", text(&file), &creating.url("new")], 77, &["ERROR 0"]);
}

#[test]
fn tftpd_hpas_server_with_fewer_options() {
    for options in [
        &["--user", "root", "--refuse", "blksize"][..],
        &["--user", "root", "--refuse", "tsize"],
        &["--user", "root", "--blocksize", "1024"],
    ] {
        let options = [options, &["--create", "--permissive"]].concat();
        let Some(other) = Other::in_tftpd(&options) else {
            return;
        };
        both_ways(&other, &pattern(100_000), &["--retries", "100"]);
    }
}

#[test]
fn atftpds_server() {
    let (Some(other), Some(strict)) =
        (Other::atftpd("root", "root"), Other::atftpd("nobody", "nogroup"))
    else {
        return;
    };
    every_size_and_option(&other);
    fails(&["get", &other.url("none"), "-"], 66, &["ERROR 1"]);
    let here = directory(&[("file", b"file")]);
    let file = here.path().join("file");
    strict.add("old", b"old");
    for name in ["old", "new", "no/directory"] {
        fails(&["put", text(&file), &strict.url(name)], 77, &["ERROR 2"]);
    }
    assert_eq!(std::fs::read(strict.path("old")).unwrap(), b"old");
}

#[test]
fn dnsmasqs_server() {
    if !have("dnsmasq") {
        return;
    }
    let content = pattern(100_000);
    let (there, here) = (directory(&[("f", &content), ("empty", b"")]), directory(&[]));
    std::fs::set_permissions(there.path(), Permissions::from_mode(0o755)).unwrap();
    // Its TFTP port is fixed, so it runs in its own network namespace. It listens when the first
    // get does not end with 69.
    let script = format!(
        "ip link set lo up && {{ dnsmasq --no-daemon --conf-file=/dev/null --port=0 --enable-tftp \
         --tftp-root={root} --user=root --log-facility=/dev/null --pid-file= & }} && server=$! && cd {here} && \
         while {get} get tftp://127.0.0.1/f -q 2>/dev/null; [ $? = 69 ] && kill -0 $server; do :; done && \
         {get} get tftp://127.0.0.1/empty -q && {get} get tftp://127.0.0.1/f one -w 1 -b 512 && \
         {{ {get} put one tftp://127.0.0.1/new; [ $? = 77 ]; }}; code=$?; kill $server; exit $code",
        root = text(there.path()),
        here = text(here.path()),
        get = env!("CARGO_BIN_EXE_tftpserver"),
    );
    let allowed = Command::new("unshare")
        .args(["-rn", "true"])
        .stderr(Stdio::null())
        .status();
    if !allowed.is_ok_and(|status| status.success()) || !is_there("ip") {
        return not_run("get from dnsmasq, which needs a network namespace of its own");
    }
    let output = Command::new("unshare")
        .args(["-rn", "sh", "-c", &script])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert!(errors.contains("takes no uploads"), "{errors}");
    for name in ["f", "one"] {
        assert_eq!(std::fs::read(here.path().join(name)).unwrap(), content);
    }
    assert_eq!(std::fs::read(here.path().join("empty")).unwrap(), b"");
}
