//! The user that the program runs as, warnings about missing permissions, and its end.

use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::*;

fn let_in(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Returns a command without `--user`, on a port of the system's choice.
fn plain(options: &[&str], dir: &Path) -> Command {
    let mut command = program();
    command
        .args(["--json", "--listen", "127.0.0.1:0"])
        .args(options)
        .arg(dir);
    command
}

fn uid(id: u32) -> String {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("Uid:")).unwrap();
    line.split_whitespace().nth(1).unwrap().to_owned()
}

#[test]
fn root_becomes_nobody_unless_it_is_to_stay() {
    if !is_root() {
        return not_run("what root becomes, which needs root");
    }
    let directory = directory(&[("f", &pattern(1000))]);
    let_in(directory.path(), 0o755);
    let served = Served::start(plain(&[], directory.path()));
    let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap();
    assert_eq!(uid(served.id()), nobody.uid.to_string());
    assert_eq!(Slow::ask(served.address(), "f").finish(1), 1000);
    let (_, errors) = served.end();
    assert!(
        errors.contains("started as root, now running as nobody"),
        "{errors}"
    );
    // The helper of other tests skips the warning.
    let mut child = plain(&["--user", "root"], directory.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = read_lines(child.stderr.take().unwrap());
    assert!(lines.recv_timeout(PATIENCE).unwrap().contains(ROOT_WARNING));
    assert_eq!(uid(child.id()), "0");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The sockets have room for a burst of requests, as those that the library binds.
#[test]
fn sockets_for_another_user_have_large_buffers() {
    if !is_root() || !have("ss") {
        return not_run("the buffers of sockets for another user, which needs root and iproute2");
    }
    let directory = directory(&[]);
    let_in(directory.path(), 0o755);
    let size = |options: &[&str]| {
        let served = Served::start(plain(options, directory.path()));
        let filter = format!("sport = :{}", served.port());
        let output = Command::new("ss").args(["-ulnmH", &filter]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let size = text.split(['(', ',']).find_map(|word| word.strip_prefix("rb"));
        size.and_then(|size| size.parse::<u64>().ok())
            .unwrap_or_else(|| panic!("{text}"))
    };
    assert!(size(&[]) >= size(&["--user", "root"]));
}

/// Files that only root can read or write later are reported at the start, with the user's name.
#[test]
fn missing_rights_are_reported_at_the_start() {
    if !is_root() {
        return not_run("the rights that go with root, which needs root");
    }
    let files = directory(&[
        ("tftp/f", b"content"),
        ("c.toml", b"create = true\nmap = \"rules\""),
        ("rules", b""),
    ]);
    let (dir, config, rules) = ("tftp", "c.toml", "rules");
    let path = |name: &str| files.path().join(name);
    let_in(files.path(), 0o755);
    let_in(&path(dir), 0o755);
    let_in(&path(config), 0o600);
    let_in(&path(rules), 0o600);
    let options = ["--config", text(&path(config))].map(str::to_owned);
    let options = options.each_ref().map(String::as_str);
    let (_, errors) = Served::start(plain(&options, &path(dir))).end();
    for words in [
        &["--config", "c.toml: Permission denied for nobody", "SIGHUP"] as &[&str],
        &["--map", "rules: Permission denied for nobody", "SIGHUP"],
        &["tftp: nobody cannot create files here"],
    ] {
        let told = errors
            .lines()
            .any(|line| words.iter().all(|word| line.contains(word)));
        assert!(told, "{words:?} in {errors}");
    }
    // With the permissions nothing is reported.
    let_in(&path(dir), 0o777);
    let_in(&path(config), 0o644);
    let_in(&path(rules), 0o644);
    let (_, errors) = Served::start(plain(&options, &path(dir))).end();
    assert_eq!(errors.lines().count(), 1, "{errors}");
    // No transfer could begin.
    let dir = path(dir);
    let ports = [
        "--listen",
        "127.0.0.1:0",
        "--transfer-ports",
        "900-910",
        text(&dir),
    ];
    fails(&ports, 77, &["--transfer-ports 900-910", "nobody"]);
    let_in(&dir, 0o700);
    fails(
        &["--listen", "127.0.0.1:0", text(&dir)],
        66,
        &["tftp", "nobody", "--user"],
    );
}

#[test]
fn the_soft_limit_of_descriptors_is_raised() {
    let directory = directory(&[]);
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -S -n 100; ulimit -H -n 500; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_tftpserver"))
        .args(["--json", "--listen", "127.0.0.1:0"])
        .args(as_root())
        .arg(directory.path());
    let served = Served::start(command);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", served.id())).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .unwrap();
    assert_eq!(line.split_whitespace().nth(3), Some("500"), "{line}");
}

/// A silent client does not delay the end beyond the grace period.
#[test]
fn sigterm_ends_it_within_the_grace() {
    let directory = directory(&[("f", &pattern(2000))]);
    let served = Served::new(directory.path(), &["--grace", "1"]);
    let mut client = Slow::ask(served.address(), "f");
    client.packet();
    served.signal("TERM");
    // Neither a timeout nor the number of retries would end it. On a slow machine its line may come
    // too late.
    assert_eq!(served.wait().0.code(), Some(1));
}

/// A terminal that closes sends SIGHUP, which ends the program unless it has a configuration to
/// reload.
#[test]
fn a_terminal_that_closes_ends_it() {
    let directory = directory(&[("f", b"content"), ("c.toml", b"")]);
    // The test itself may run with SIGHUP ignored, which a program inherits.
    let mut command = Command::new("env");
    command
        .args(["--default-signal=HUP", env!("CARGO_BIN_EXE_tftpserver")])
        .args(["--json", "--listen", "127.0.0.1:0"])
        .args(as_root())
        .arg(directory.path());
    let served = Served::start(command);
    served.signal("HUP");
    assert_eq!(served.wait().0.code(), Some(0));
    let config = directory.path().join("c.toml");
    let served = Served::new(directory.path(), &["-v", "--config", text(&config)]);
    served.signal("HUP");
    assert_eq!(Slow::ask(served.address(), "f").finish(1), 7);
    let (status, log) = served.end();
    assert!(status.success() && log.contains("reloaded"), "{log}");
}

#[test]
fn nohup_is_heeded() {
    let directory = directory(&[("f", b"content")]);
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            "trap '' HUP; exec \"$0\" \"$@\"",
            env!("CARGO_BIN_EXE_tftpserver"),
        ])
        .args(["--json", "--listen", "127.0.0.1:0"])
        .args(as_root())
        .arg(directory.path());
    let mut served = Served::start(command);
    served.signal("HUP");
    assert_eq!(Slow::ask(served.address(), "f").finish(1), 7);
    assert_eq!(served.event()["outcome"], "completed");
    assert_eq!(served.end().0.code(), Some(0));
}

/// Makes socket(2) fail as on a kernel without IPv6.
const WITHOUT_IPV6: &str = r#"
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#define AT(field) offsetof(struct seccomp_data, field)
int main(int count, char **words) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT(nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT(args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {sizeof code / sizeof *code, code};
    if (count < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
        return 99;
    execv(words[1], words + 1);
    return 98;
}
"#;

/// The options then bind IPv4 alone, and so do those for another user's sockets.
#[test]
fn a_system_without_ipv6() {
    if !have("cc") {
        return;
    }
    let files = directory(&[("tftp/f", b"content")]);
    let_in(files.path(), 0o755);
    let dir = files.path().join("tftp");
    let source = file(&files, "filter.c", WITHOUT_IPV6);
    let filter = files.path().join("filter");
    let made = Command::new("cc").arg("-o").arg(&filter).arg(&source).status();
    assert!(made.unwrap().success());
    for options in [
        &["--listen", ":0"] as &[&str],
        &["--listen", "127.0.0.1:0", "--listen", ":0"],
    ] {
        for user in [as_root(), &[]] {
            let mut command = Command::new(&filter);
            command.arg(env!("CARGO_BIN_EXE_tftpserver")).arg("--json");
            let served = Served::start({
                command.args(options).args(user).arg(&dir);
                command
            });
            let everywhere = served
                .addresses
                .iter()
                .find(|address| address.ip().is_unspecified());
            let port = everywhere
                .unwrap_or_else(|| panic!("{:?}", served.addresses))
                .port();
            assert_eq!(Slow::ask(([127, 0, 0, 1], port).into(), "f").finish(1), 7);
        }
    }
}

/// [::] looks like all addresses: if IPv4 is not included, the output mentions it.
#[test]
fn an_ipv6_only_address_is_shown_as_such() {
    if UdpSocket::bind("[::1]:0").is_err() {
        return not_run("what is shown of IPv6 addresses: there are none here");
    }
    let directory = directory(&[]);
    for (listen, only) in [("[::]:0", true), (":0", false)] {
        let mut command = program();
        command
            .args(["--plain", "--listen", listen])
            .args(as_root())
            .arg(directory.path());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let line = read_lines(child.stdout.take().unwrap())
            .recv_timeout(PATIENCE)
            .unwrap();
        assert_eq!(line.ends_with("(IPv6 only)"), only, "{line}");
        assert!(line.contains(" on [::]:"), "{line}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// The grace period is also bounded if all transfers are to be cut off at once.
#[test]
fn without_grace_transfers_are_cut_off_at_once() {
    let directory = directory(&[("f", &pattern(2000))]);
    let served = Served::new(directory.path(), &["--grace", "0"]);
    let mut client = Slow::ask(served.address(), "f");
    client.packet();
    served.signal("TERM");
    assert_eq!(served.wait().0.code(), Some(1));
}

/// SIGTERM ends the program whatever it waits for, here a configuration that is a pipe without a
/// writer.
#[test]
fn sigterm_ends_it_where_everything_hangs() {
    let directory = directory(&[("f", b"content"), ("c.toml", b"grace = 1\n")]);
    let config = directory.path().join("c.toml");
    let notified = directory.path().join("notify");
    let manager = UnixDatagram::bind(&notified).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = plain(&["--config", text(&config)], directory.path());
    let served = Served::start({
        command.args(as_root()).env("NOTIFY_SOCKET", &notified);
        command
    });
    std::fs::remove_file(&config).unwrap();
    nix::unistd::mkfifo(&config, nix::sys::stat::Mode::S_IRWXU).unwrap();
    served.signal("HUP");
    let mut buffer = [0; 512];
    while !buffer.starts_with(b"RELOADING=1") {
        manager.recv(&mut buffer).expect("it begins to reload");
    }
    served.signal("TERM");
    assert_eq!(served.wait().0.code(), Some(1));
}
