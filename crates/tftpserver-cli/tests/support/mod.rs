//! Runs the program as users start it, and clients that request files from it.
#![allow(dead_code, reason = "each test program uses its own part")]

#[path = "../../../../tests/support/client.rs"]
mod client;
pub mod other;

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use client::Client;
pub use client::pattern;
use serde_json::Value;
use tempfile::TempDir;

/// The time limit for expected events; a slow machine may need long.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_tftpserver"))
}

/// Creates a directory with these files; a name that ends with "/" is a directory.
pub fn directory(files: &[(&str, &[u8])]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        match name.ends_with('/') {
            true => std::fs::create_dir_all(&path).unwrap(),
            false => std::fs::write(&path, content).unwrap(),
        }
    }
    directory
}

/// The program as a server; killed on drop.
pub struct Served {
    child: Child,
    lines: Receiver<String>,
    stderr: Option<ChildStderr>,
    pub addresses: Vec<SocketAddr>,
}

impl Served {
    /// Serves `dir` on a port of the system's choice, with these options and output in JSON.
    pub fn new(dir: &Path, options: &[&str]) -> Served {
        let mut command = program();
        command
            .args(["--json", "--listen", "127.0.0.1:0"])
            // Clients here may be as slow as the machine.
            .args(["--timeout", "0", "--retries", "1000"])
            .args(as_root())
            .args(options)
            .arg(dir);
        Served::start(command)
    }

    /// Starts a command with JSON output, and waits until it listens.
    pub fn start(mut command: Command) -> Served {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = read_lines(child.stdout.take().unwrap());
        let stderr = child.stderr.take();
        let mut served = Served {
            child,
            lines,
            stderr,
            addresses: Vec::new(),
        };
        let first = served.event();
        assert_eq!(first["event"], "listening", "{first}");
        let addresses = first["addresses"].as_array().unwrap().iter();
        served.addresses = addresses
            .map(|one| one.as_str().unwrap().parse().unwrap())
            .collect();
        served
    }

    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    pub fn port(&self) -> u16 {
        self.address().port()
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn line(&mut self) -> String {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => panic!("no line came"),
            Err(RecvTimeoutError::Disconnected) => panic!("it ended: {}", self.complaint()),
        }
    }

    /// Returns the next line, parsed as JSON.
    pub fn event(&mut self) -> Value {
        let line = self.line();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    /// Returns true if no more lines are queued.
    pub fn is_silent(&self) -> bool {
        self.lines.try_recv().is_err()
    }

    fn complaint(&mut self) -> String {
        let mut text = String::new();
        if let Some(mut stderr) = self.stderr.take() {
            stderr.read_to_string(&mut text).unwrap();
        }
        let lines = text.lines().filter(|line| !line.contains(ROOT_WARNING));
        lines.map(|line| format!("{line}\n")).collect()
    }

    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Waits for its end; returns the status and the text on standard error.
    pub fn wait(mut self) -> (ExitStatus, String) {
        let text = self.complaint();
        (self.child.wait().unwrap(), text)
    }

    /// Ends it as a service manager does.
    pub fn end(self) -> (ExitStatus, String) {
        self.signal("TERM");
        self.wait()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads lines on a thread, and passes them on as they arrive.
pub fn read_lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            let Ok(line) = line else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// Polls until `look` finds something.
#[expect(
    clippy::disallowed_methods,
    reason = "how long a test waits is no matter of the packet path"
)]
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = std::time::Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Sends a signal to one process, by its id.
pub fn signal(id: u32, name: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &id.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// Runs the program, which must end by itself.
pub fn run(options: &[&str]) -> Output {
    program().args(options).stdin(Stdio::null()).output().unwrap()
}

/// Expects success and nothing on standard error.
pub fn ok(output: &Output) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && errors.is_empty(),
        "{:?}: {errors}",
        output.status
    );
}

/// Expects this exit code and one line on standard error that contains all these words.
pub fn fails(options: &[&str], code: i32, words: &[&str]) {
    let output = run(options);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{options:?}: {errors}");
    assert_eq!(errors.lines().count(), 1, "{options:?}: {errors}");
    for word in words {
        assert!(errors.contains(word), "{options:?}: {word:?} in {errors}");
    }
}

/// Returns true if the program is installed; otherwise prints that a test is skipped.
pub fn have(program: &str) -> bool {
    let found = is_there(program);
    if !found {
        not_run(&format!("what needs {program}, which is not installed"));
    }
    found
}

pub fn is_there(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|paths| std::env::split_paths(&paths).any(|path| path.join(program).exists()))
}

/// Prints past the test harness, which captures the output of tests.
pub fn not_run(what: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "NOT RUN: {what}");
}

/// Returns options that let the program keep the tests' own user, to whom the files belong.
pub fn as_root() -> &'static [&'static str] {
    match is_root() {
        true => &["--user", "root"],
        false => &[],
    }
}

/// The warning of the program if it keeps root's privileges.
pub const ROOT_WARNING: &str = "running as root, as --user requests";

pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Fetches a file with curl; an error is curl's exit status.
pub fn curl(server: SocketAddr, name: &str) -> Result<Vec<u8>, i32> {
    let url = format!("tftp://{server}/{name}");
    let output = Command::new("curl")
        .args(["-sS", "--path-as-is", "-m", "50", &url])
        .output()
        .unwrap();
    match output.status.code() {
        Some(0) => Ok(output.stdout),
        code => Err(code.unwrap_or(-1)),
    }
}

/// The exit statuses of curl for ERROR 1, 2 and 6.
pub const NOT_FOUND: i32 = 68;
pub const DENIED: i32 = 69;
pub const EXISTS: i32 = 73;

pub fn curl_put(server: SocketAddr, name: &str, content: &[u8]) -> Result<(), i32> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content).unwrap();
    let url = format!("tftp://{server}/{name}");
    let path = file.path().display().to_string();
    let output = Command::new("curl")
        .args(["-sS", "-m", "50", "-T", &path, &url])
        .output()
        .unwrap();
    match output.status.code() {
        Some(0) => Ok(()),
        code => Err(code.unwrap_or(-1)),
    }
}

/// A client that sends only on demand, for transfers that must stand still.
pub struct Slow(Client);

impl Slow {
    /// Requests a file with blocks of 512 bytes.
    pub fn ask(server: SocketAddr, name: &str) -> Slow {
        let mut client = Client::new(server);
        client.socket.set_read_timeout(Some(PATIENCE)).unwrap();
        client.start(&[b"\0\x01", name.as_bytes(), b"\0octet\0"].concat());
        Slow(client)
    }

    /// Returns the next packet, including retransmissions and ERROR.
    pub fn packet(&mut self) -> Vec<u8> {
        self.0.packet().expect("the server answers")
    }

    /// Returns the address that the server answers from.
    pub fn peer(&self) -> SocketAddr {
        self.0.transfer_address().expect("the server has answered")
    }

    pub fn acknowledge(&self, block: u16) {
        self.0.acknowledge(block);
    }

    /// Receives everything from `block` on, which may have arrived already; returns the number of
    /// bytes.
    pub fn finish(&mut self, block: u16) -> usize {
        self.0.finish(block).expect("the server sends it all").len()
    }
}

/// Creates a file of this test, beside the served directory.
pub fn file(directory: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = directory.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Returns a port that no UDP and no TCP socket has, below those that the system gives to clients,
/// of which many are in use during tests.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let offset = std::process::id() as u16 % 1000 * 10 + NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 20000 + offset % 10000;
        if sockets_at(port) == 0 && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Returns such a port as an address to listen on.
pub fn free_address() -> SocketAddr {
    ([127, 0, 0, 1], free_port()).into()
}

/// Returns the number of UDP sockets that are bound to this port (proc(5)).
pub fn sockets_at(port: u16) -> usize {
    let table = std::fs::read_to_string("/proc/net/udp").unwrap();
    let end = format!(":{port:04X}");
    let local = table.lines().filter_map(|line| line.split_whitespace().nth(1));
    local.filter(|local| local.ends_with(&end)).count()
}
