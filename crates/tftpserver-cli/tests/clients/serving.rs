//! Transfers to clients, and the lines printed about them.

use std::process::{Command, Stdio};

use crate::support::*;

#[test]
fn a_file_and_all_that_is_known_of_the_transfer() {
    if !have("curl") {
        return;
    }
    let content = pattern(100_000);
    let directory = directory(&[("boot/a file.img", &content)]);
    let mut served = Served::new(directory.path(), &[]);
    assert_eq!(curl(served.address(), "boot/a%20file.img"), Ok(content));
    let told = served.event();
    assert_eq!(told["event"], "transfer");
    assert_eq!(told["client"], "127.0.0.1");
    assert!(told["port"].as_u64().unwrap() > 1023);
    assert_eq!(told["operation"], "read");
    assert_eq!(told["file"], "boot/a file.img");
    assert_eq!(told["served"], serde_json::Value::Null);
    assert!(
        told["path"].as_str().unwrap().ends_with("/boot/a file.img"),
        "{told}"
    );
    assert_eq!(told["mode"], "octet");
    assert_eq!(
        (told["bytes"].as_u64(), told["size"].as_u64()),
        (Some(100_000), Some(100_000))
    );
    assert_eq!(
        (told["blksize"].as_u64(), told["windowsize"].as_u64()),
        (Some(512), Some(1))
    );
    assert!(told["seconds"].as_f64().is_some() && told["retransmissions"].as_u64().is_some());
    assert_eq!(
        (&told["outcome"], &told["code"]),
        (&"completed".into(), &0.into())
    );
    assert!(told["began"].as_str().unwrap().ends_with('Z'));
    assert_eq!(curl(served.address(), "boot/none"), Err(NOT_FOUND));
    let told = served.event();
    assert_eq!((&told["outcome"], &told["code"]), (&"file".into(), &127.into()));
    assert_eq!(told["reason"], "Can't open local file. File not found");
    let (status, errors) = served.end();
    assert_eq!((status.code(), errors.as_str()), (Some(0), ""));
}

#[test]
fn debians_clients() {
    let content = pattern(70_000);
    let directory = directory(&[("f", &content)]);
    let mut served = Served::new(directory.path(), &[]);
    let port = served.port().to_string();
    let here = tempfile::tempdir().unwrap();
    for (program, options) in [
        ("tftp", vec!["-m", "binary", "127.0.0.1", &port, "-c", "get", "f"]),
        ("atftp", vec!["-g", "-r", "f", "-l", "f", "127.0.0.1", &port]),
        (
            "busybox",
            vec!["tftp", "-g", "-r", "f", "-b", "1428", "127.0.0.1", &port],
        ),
    ] {
        if !have(program) {
            continue;
        }
        let done = Command::new(program)
            .args(&options)
            .current_dir(here.path())
            .stdin(Stdio::null())
            .output();
        assert!(done.unwrap().status.success(), "{program}");
        assert_eq!(
            std::fs::read(here.path().join("f")).unwrap(),
            content,
            "{program}"
        );
        std::fs::remove_file(here.path().join("f")).unwrap();
        let told = served.event();
        assert_eq!(
            (&told["outcome"], told["bytes"].as_u64()),
            (&"completed".into(), Some(70_000)),
            "{program}"
        );
    }
}

#[test]
fn uploads_need_the_option_create() {
    if !have("curl") {
        return;
    }
    let directory = directory(&[("old", b"old")]);
    for options in [&[] as &[&str], &["--create", "--read-only"]] {
        let mut served = Served::new(directory.path(), options);
        assert_eq!(
            curl_put(served.address(), "new", b"new"),
            Err(DENIED),
            "{options:?}"
        );
        assert_eq!(served.event()["outcome"], "refused");
    }
    let mut served = Served::new(directory.path(), &["--create", "--no-overwrite"]);
    assert_eq!(curl_put(served.address(), "new", b"new"), Ok(()));
    let told = served.event();
    assert_eq!(
        (&told["operation"], told["bytes"].as_u64()),
        (&"write".into(), Some(3))
    );
    assert_eq!(curl_put(served.address(), "old", b"new"), Err(EXISTS));
    let served = Served::new(directory.path(), &["-c"]);
    assert_eq!(curl_put(served.address(), "old", b"newer"), Ok(()));
    let read = |name| std::fs::read(directory.path().join(name)).unwrap();
    assert_eq!((read("new"), read("old")), (b"new".to_vec(), b"newer".to_vec()));
}

#[test]
fn several_addresses() {
    if !have("curl") {
        return;
    }
    let directory = directory(&[("f", b"content")]);
    let served = Served::new(directory.path(), &["--listen", "[::1]:0", "-l", "127.0.0.2:0"]);
    assert_eq!(served.addresses.len(), 3);
    for &address in &served.addresses {
        assert_ne!(address.port(), 0);
        assert_eq!(
            curl(address, "f").as_deref(),
            Ok(b"content".as_slice()),
            "{address}"
        );
    }
}

#[test]
fn ports_to_answer_from() {
    let directory = directory(&[("f", b"content")]);
    let served = Served::new(directory.path(), &["--single-port"]);
    let mut client = Slow::ask(served.address(), "f");
    client.packet();
    assert_eq!(client.peer(), served.address());
    let served = Served::new(directory.path(), &["--transfer-ports", "46900-46999"]);
    let mut client = Slow::ask(served.address(), "f");
    client.packet();
    assert!(
        (46900..=46999).contains(&client.peer().port()),
        "{}",
        client.peer()
    );
}

#[test]
fn limits() {
    if !(have("atftp") && have("curl")) {
        return;
    }
    let content = pattern(10_000);
    let directory = directory(&[("f", &content)]);
    let mut served = Served::new(
        directory.path(),
        &["--max-blksize", "600", "--max-connections", "1"],
    );
    let url = format!("tftp://{}/f", served.address());
    let done = Command::new("curl")
        .args(["-sS", "--tftp-blksize", "1400", &url])
        .output()
        .unwrap();
    assert_eq!(done.stdout, content);
    assert_eq!(served.event()["blksize"], 600);
    let mut first = Slow::ask(served.address(), "f");
    first.packet();
    assert!(curl(served.address(), "f").is_err());
    assert_eq!(served.event()["outcome"], "limit");
}

#[test]
fn names_are_mapped_and_stay_inside() {
    if !have("curl") {
        return;
    }
    let outside = directory(&[("secret", b"secret")]);
    let directory =
        directory(&[("boot/x64/wdsnbp.com", b"boot"), ("hosts/127.0.0.1.cfg", b"mine")]);
    let rules = format!(
        "# as in tftp-hpa's examples\nrg \\\\ /\nri ^config$ hosts//\\i.cfg\na \\.pvt$\nr ^out$ {}/secret\nr ^up$ ../../../etc/passwd\n",
        outside.path().display()
    );
    let rules = file(&outside, "rules", &rules);
    let mut served = Served::new(directory.path(), &["--map", text(&rules)]);
    assert_eq!(
        curl(served.address(), "boot%5cx64%5cwdsnbp.com").as_deref(),
        Ok(b"boot".as_slice())
    );
    let told = served.event();
    assert_eq!(
        (&told["file"], &told["served"]),
        (&"boot\\x64\\wdsnbp.com".into(), &"boot/x64/wdsnbp.com".into())
    );
    assert_eq!(
        curl(served.address(), "CONFIG").as_deref(),
        Ok(b"mine".as_slice())
    );
    served.event();
    assert_eq!(curl(served.address(), "a.pvt"), Err(DENIED));
    let told = served.event();
    assert_eq!(
        (&told["outcome"], &told["reason"]),
        (&"refused".into(), &"refused by a rule of the map".into())
    );
    assert_eq!(curl(served.address(), "out"), Err(NOT_FOUND));
    assert_eq!(curl(served.address(), "up"), Err(DENIED));
}

/// Some old ROMs append one byte too many, 0xFF, to the name. A symbolic link with that name helps,
/// and so does a rule with the byte or its escape; output shows it as a number.
#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_utf_8_are_served_and_mapped() {
    use std::os::unix::ffi::OsStrExt;
    if !have("curl") {
        return;
    }
    let directory = directory(&[("boot.efi", b"boot"), ("other", b"other")]);
    let link = directory
        .path()
        .join(std::ffi::OsStr::from_bytes(b"boot.efi\xFF"));
    std::os::unix::fs::symlink("boot.efi", link).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let rules = elsewhere.path().join("rules");
    std::fs::write(
        &rules,
        b"re ^raw\xFF$ other\nre ^number\\xff$ other\nre ^character\xEE\xBF\xBF$ other\nre ^any[^[:print:]]$ boot.efi\xFF\n",
    )
    .unwrap();
    let mut served = Served::new(directory.path(), &["--map", text(&rules)]);
    for (name, contents) in [
        ("boot.efi", &b"boot"[..]),
        ("raw", b"other"),
        ("number", b"other"),
        ("character", b"other"),
        ("any", b"boot"),
    ] {
        let asked = format!("{name}%ff");
        assert_eq!(curl(served.address(), &asked).as_deref(), Ok(contents), "{name}");
        let told = served.event();
        assert_eq!(told["file"], format!("{name}\\xff"));
        if name == "any" {
            assert_eq!(told["served"], "boot.efi\\xff");
        }
    }
}

#[test]
fn a_client_has_a_directory_of_its_own() {
    if !have("curl") {
        return;
    }
    let directory =
        directory(&[("f", b"everybody's"), ("127.0.0.1/f", b"mine"), ("g", b"outside")]);
    let mut served = Served::new(
        directory.path(),
        &["--per-client", "ip", "--create", "--listen", "[::1]:0"],
    );
    assert_eq!(curl(served.addresses[0], "f").as_deref(), Ok(b"mine".as_slice()));
    assert_eq!(served.event()["served"], "127.0.0.1/f");
    assert_eq!(
        curl(served.addresses[1], "f").as_deref(),
        Ok(b"everybody's".as_slice())
    );
    served.event();
    assert_eq!(curl_put(served.address(), "up", b"x"), Ok(()));
    assert!(directory.path().join("127.0.0.1/up").exists());
    served.event();
    assert_eq!(curl(served.address(), "../g"), Err(DENIED));
    assert_eq!(
        served.event()["reason"],
        "the name leads out of the client's own directory"
    );
}

#[test]
fn lines_for_people() {
    if !have("curl") {
        return;
    }
    let directory = directory(&[("f", b"content")]);
    let mut command = program();
    command
        .args(["--listen", "127.0.0.1:0"])
        .args(as_root())
        .arg(directory.path());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = read_lines(child.stdout.take().unwrap());
    let line = || lines.recv_timeout(PATIENCE).unwrap();
    let first = line();
    let address = first
        .rsplit(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap_or_else(|_| panic!("{first}"));
    assert!(first.contains("serving /"), "{first}");
    assert!(curl(address, "f").is_ok());
    let (began, ended) = (line(), line());
    assert!(began.contains(" reads f"), "{began}");
    assert!(ended.contains(" read f: 7 B in "), "{ended}");
    assert_eq!(curl(address, "a%1b%0ab"), Err(NOT_FOUND));
    let (began, ended) = (line(), line());
    assert!(began.ends_with("reads a\\u{1b}\\u{a}b"), "{began}");
    assert!(
        ended.contains("FAILED after 0 B: Can't open local file. File not found"),
        "{ended}"
    );
    signal(child.id(), "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// Characters that control a terminal or change the writing direction are escaped, although JSON
/// would allow them.
#[test]
fn json_is_safe_for_terminals() {
    let directory = directory(&[]);
    let mut served = Served::new(directory.path(), &[]);
    let name = "a\u{9b}2J\u{7f}\u{202e}b";
    Slow::ask(served.address(), name).packet();
    let line = served.line();
    assert!(line.contains("a\\u009b2J\\u007f\\u202eb"), "{line}");
    let told: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(told["file"], name);
}

#[test]
fn the_current_directory_without_words() {
    if !have("curl") {
        return;
    }
    let directory = directory(&[("f", b"here")]);
    let mut command = program();
    command
        .args(["--json", "--listen", "127.0.0.1:0"])
        .args(as_root())
        .current_dir(directory.path());
    let served = Served::start(command);
    assert_eq!(curl(served.address(), "f").as_deref(), Ok(b"here".as_slice()));
}

/// Two network namespaces with an Ethernet between them: the server in one, curl in the other.
const NEIGHBOURS: &str = r#"
ip link set lo up
unshare -n sleep 600 & client=$!
trap 'kill $client $program' EXIT
server=$(readlink /proc/self/ns/net)
while [ "$(readlink /proc/$client/ns/net)" = "$server" ]; do sleep 0.05; done
there() { nsenter -t $client -n "$@"; }
ip link add near type veth peer name far netns $client
ip address add 192.0.2.1/24 dev near
ip link set near up
there ip link set far address 02:00:00:ab:cd:01
there ip address add 192.0.2.7/24 dev far
there ip link set far up
"$0" --quiet --user root --listen 192.0.2.1:6969 --per-client mac "$1" & program=$!
for attempt in 1 2 3 4 5 6 7 8 9; do
    there curl -sS -m 20 tftp://192.0.2.1:6969/f && break
    sleep 0.5
done
"#;

#[test]
fn a_client_is_known_by_its_ethernet_address() {
    let tools = ["curl", "unshare", "nsenter", "ip"];
    if !is_root() || !tools.iter().all(|tool| have(tool)) {
        return not_run(
            "--per-client mac on an Ethernet, which needs root, util-linux and iproute2",
        );
    }
    let allowed = Command::new("unshare")
        .args(["-n", "ip", "link", "add", "near", "type", "veth"])
        .status();
    if !allowed.unwrap().success() {
        return not_run(
            "--per-client mac on an Ethernet, which needs the right to make network namespaces and veth",
        );
    }
    let directory = directory(&[("f", b"everybody's"), ("02-00-00-ab-cd-01/f", b"mine")]);
    let mut command = Command::new("unshare");
    command
        .args(["-n", "sh", "-ec", NEIGHBOURS, env!("CARGO_BIN_EXE_tftpserver")])
        .arg(directory.path());
    let output = command.stdin(Stdio::null()).output().unwrap();
    let got = String::from_utf8_lossy(&output.stdout);
    assert_eq!(got, "mine", "{}", String::from_utf8_lossy(&output.stderr));
}
