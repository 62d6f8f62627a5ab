//! Other servers: tftpd-hpa and atftpd, which scripts/servers.sh unpacks.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use super::*;

const UNPACKED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../build/peers/root");

/// Another project's server, and the directory that it serves.
pub struct Other {
    child: Child,
    pub port: u16,
    pub root: TempDir,
}

impl Other {
    /// Starts tftpd-hpa; `None` if it is not installed.
    pub fn in_tftpd(options: &[&str]) -> Option<Other> {
        Other::start("in.tftpd", |command, port| {
            let address = format!("127.0.0.1:{port}");
            command.args(["--foreground", "--secure", "--address", &address]);
            command.args(options);
        })
    }

    pub fn atftpd(user: &str, group: &str) -> Option<Other> {
        Other::start("atftpd", |command, port| {
            command.args(["--daemon", "--no-fork", "--bind-address", "127.0.0.1"]);
            command.args(["--port", &port.to_string(), "--user", user, "--group", group]);
            command.args(["--logfile", "/dev/null"]);
        })
    }

    fn start(name: &str, options: impl FnOnce(&mut Command, u16)) -> Option<Other> {
        let program = Path::new(UNPACKED).join("usr/sbin").join(name);
        if !program.exists() || !is_root() {
            not_run(&format!(
                "what is tried with {name}, which needs scripts/servers.sh and root"
            ));
            return None;
        }
        let root = directory(&[]);
        std::fs::set_permissions(root.path(), Permissions::from_mode(0o755)).unwrap();
        let port = free_port();
        let mut command = Command::new(program);
        options(&mut command, port);
        command.arg(root.path()).env("LD_LIBRARY_PATH", libraries());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        eventually(&format!("{name} listens"), || {
            assert_eq!(child.try_wait().unwrap(), None, "{name} does not start");
            (sockets_at(port) > 0).then_some(())
        });
        Some(Other { child, port, root })
    }

    pub fn url(&self, name: &str) -> String {
        format!("tftp://127.0.0.1:{}/{name}", self.port)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Adds a file that all users may read and only its owner may write.
    pub fn add(&self, name: &str, content: &[u8]) {
        std::fs::write(self.path(name), content).unwrap();
        std::fs::set_permissions(self.path(name), Permissions::from_mode(0o644)).unwrap();
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the libraries that were unpacked with the servers; for installed servers the machine's
/// own are the same.
fn libraries() -> String {
    let mut found = Vec::new();
    for directory in ["lib", "usr/lib"] {
        let Ok(all) = std::fs::read_dir(Path::new(UNPACKED).join(directory)) else {
            continue;
        };
        found.extend(all.map(|one| one.unwrap().path().display().to_string()));
    }
    found.join(":")
}
