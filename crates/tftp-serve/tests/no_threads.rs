//! The system gives no more threads: blocking sources and sinks work on the I/O threads.
#![cfg(target_os = "linux")]

mod support;

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use support::{Failing, Options, PATIENCE, PanicsWhenDropped, local, patient, pattern};
use tftp_serve::{Answer, Refusal, Request, Sink};

const LENGTH: usize = 200_000;

/// Set for the process that gets no threads.
const LIMITED: &str = "TFTP_WITHOUT_THREADS";

/// A user without other processes, for whom the limit holds even if the tests run as root.
const NOBODY: u32 = 65_534;

struct Discard;

impl Sink for Discard {
    fn write(&mut self, _: &[u8]) -> Result<(), Refusal> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Refusal> {
        Ok(())
    }
}

/// Lets this process start no more threads.
fn refuse_threads() {
    let this = std::process::id().to_string();
    let limit = Command::new("prlimit")
        .args(["--nproc=1:1", "--pid", &this])
        .status();
    assert!(limit.unwrap().success());
    let refused = thread::Builder::new().spawn(|| ()).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
}

fn transfers() {
    let content = Arc::new(pattern(LENGTH));
    let of_sources = Arc::clone(&content);
    let handler = move |request: Request| match request.is_upload() {
        true => Answer::sink(Discard),
        false => Answer::source(Failing {
            content: Arc::clone(&of_sources),
            key: request.name().starts_with("shared").then(|| "key".into()),
            fails_in: u64::MAX,
            panics: false,
            most: 7_001,
            end: PanicsWhenDropped(false),
        }),
    };
    let server = local().read_only(false).handler(handler).start().unwrap();
    refuse_threads();
    let options = Options::new(1024, 4);
    let address = server.local_addr();
    for name in ["alone", "shared"] {
        assert!(patient(address).get(name, options).unwrap() == *content, "{name}");
    }
    patient(address).put("upload", &content, options).unwrap();
    assert!(server.wait_idle(Some(PATIENCE)), "{:?}", server.connections());
    server.close();
}

#[test]
fn sources_and_sinks_work_without_threads() {
    if std::env::var_os(LIMITED).is_some() {
        return transfers();
    }
    // The other user may not reach the directory of this program.
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("no_threads");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
    let mut limited = Command::new(program);
    limited
        .env(LIMITED, "1")
        .args(["--nocapture", "--test-threads=1"]);
    if is_root() {
        limited.uid(NOBODY);
    }
    assert!(limited.status().unwrap().success());
}

/// Returns true if the tests run as root, who has no limit.
fn is_root() -> bool {
    let user = Command::new("id").arg("-u").output().unwrap();
    user.stdout.starts_with(b"0\n")
}
