//! Output without a reader: clients are still served, and SIGTERM ends the program.

use std::fs::File;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};

use crate::support::*;
use nix::fcntl::{FcntlArg, fcntl};

/// Starts the program on a free port, because its output, which would name the port, is not read.
fn start(mut command: Command, dir: &std::path::Path) -> (Child, SocketAddr) {
    let address = free_address();
    command
        .args(["--listen", &address.to_string()])
        .args(as_root())
        .arg(dir);
    let child = command.stdin(Stdio::null()).spawn().unwrap();
    eventually("it listens", || (sockets_at(address.port()) > 0).then_some(()));
    (child, address)
}

/// Makes more transfers than a stalled reader's buffers hold lines of, and ends the program.
fn serves_and_ends(mut child: Child, address: SocketAddr) {
    for _ in 0..300 {
        assert_eq!(Slow::ask(address, "f").finish(1), 7);
    }
    signal(child.id(), "TERM");
    let status = eventually("it ends", || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
}

/// Returns a pipe that holds little, and is never read.
fn stalled() -> (OwnedFd, OwnedFd) {
    let (reader, writer) = nix::unistd::pipe().unwrap();
    fcntl(writer.as_fd(), FcntlArg::F_SETPIPE_SZ(4096)).unwrap();
    (reader, writer)
}

#[test]
fn lines_and_json_without_a_reader() {
    let directory = directory(&[("f", b"content")]);
    for view in ["--plain", "--json"] {
        let (_reader, writer) = stalled();
        let mut command = program();
        command.arg(view).stdout(writer).stderr(Stdio::null());
        let (child, address) = start(command, directory.path());
        serves_and_ends(child, address);
    }
}

#[test]
fn a_log_without_a_reader() {
    let directory = directory(&[("f", b"content")]);
    let (_reader, writer) = stalled();
    let mut command = program();
    command
        .args(["--quiet", "-vv"])
        .stdout(Stdio::null())
        .stderr(writer);
    let (child, address) = start(command, directory.path());
    serves_and_ends(child, address);
}

#[test]
fn a_terminal_without_a_reader() {
    let directory = directory(&[("f", b"content")]);
    let pair = nix::pty::openpty(None, None).unwrap();
    let slave = || File::from(pair.slave.try_clone().unwrap());
    let mut command = program();
    command.env("TERM", "xterm").stdout(slave()).stderr(slave());
    let (child, address) = start(command, directory.path());
    serves_and_ends(child, address);
    drop(pair.master);
}
