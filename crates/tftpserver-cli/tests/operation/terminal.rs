//! The live view, on a terminal of tmux.

use std::net::UdpSocket;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use crate::support::*;

/// Numbers the terminals, because tests run in parallel.
static COUNT: AtomicU32 = AtomicU32::new(0);

/// A tmux server, ended with the test.
struct Terminal {
    socket: String,
}

impl Terminal {
    fn new(command: &str) -> Terminal {
        Terminal::of(140, command)
    }

    /// Starts a terminal that is `columns` wide.
    fn of(columns: u32, command: &str) -> Terminal {
        let terminal = Terminal {
            socket: format!(
                "tftpserver-test-{}-{}",
                std::process::id(),
                COUNT.fetch_add(1, Relaxed)
            ),
        };
        terminal.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            &columns.to_string(),
            "-y",
            "24",
            command,
        ]);
        terminal
    }

    fn tmux(&self, words: &[&str]) -> String {
        let output = Command::new("tmux")
            .args(["-L", &self.socket])
            .args(words)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{words:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Returns the screen as soon as it shows all these words.
    fn await_words(&self, words: &[&str]) -> String {
        eventually(&format!("{words:?}"), || {
            let screen = self.tmux(&["capture-pane", "-p"]);
            words.iter().all(|word| screen.contains(word)).then_some(screen)
        })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = Command::new("tmux")
            .args(["-L", &self.socket, "kill-server"])
            .output();
    }
}

#[test]
fn bars_sums_and_failures() {
    if !have("tmux") {
        return;
    }
    let directory = directory(&[("images/boot.img", &pattern(2000)), ("done", b"done")]);
    let command = format!(
        "'{}' --listen 127.0.0.1:0 --timeout 0 --retries 1000 {} '{}'; echo \"ended: $?\"; sleep 600",
        env!("CARGO_BIN_EXE_tftpserver"),
        as_root().join(" "),
        directory.path().display()
    );
    let terminal = Terminal::new(&command);
    let screen = terminal.await_words(&["serving /", "Ctrl-C ends it", "0 running"]);
    let mut words = screen.split_whitespace();
    let address = words.find_map(|word| word.trim_end_matches(';').parse().ok());
    let address = address.unwrap_or_else(|| panic!("{screen}"));
    Slow::ask(address, "done").finish(1);
    Slow::ask(address, "no\x1b[2Jfile").packet();
    let mut client = Slow::ask(address, "images/boot.img");
    client.packet();
    client.acknowledge(1);
    client.packet();
    let screen = terminal.await_words(&["25 %", "1 running, 1 done, 1 failed"]);
    // Printed for manual runs: cargo test -p tftpserver-cli --test operation terminal --
    // --nocapture
    println!("{screen}");
    has_everything(&screen);
    client.finish(2);
    terminal.await_words(&["images/boot.img: 2.0 KiB in", "0 running, 2 done, 1 failed"]);
    terminal.tmux(&["send-keys", "C-c"]);
    terminal.await_words(&["0 running, 2 done, 1 failed", "ended: 0"]);
}

/// On narrow and on wide terminals each row is one line, and its file can be recognised.
#[test]
fn rows_fit_their_terminal() {
    if !have("tmux") {
        return;
    }
    let (long, wide) = ("images/rack-12/slot-7/boot.img", "画像/起動イメージ/起動.img");
    let directory = directory(&[(long, &pattern(2000)), (wide, &pattern(2000)), ("done", b"done")]);
    for columns in [40, 60, 80, 140] {
        let command = format!(
            "LC_ALL=C.UTF-8 '{}' --listen 127.0.0.1:0 --timeout 0 --retries 1000 {} '{}'; echo \"ended: $?\"; sleep 600",
            env!("CARGO_BIN_EXE_tftpserver"),
            as_root().join(" "),
            directory.path().display()
        );
        let terminal = Terminal::of(columns, &command);
        let screen = terminal.await_words(&["on 127.0.0.1:", "0 running"]);
        let words = screen.split_whitespace().map(|word| word.trim_end_matches(';'));
        let address = words.filter_map(|word| word.parse().ok()).next();
        let address = address.unwrap_or_else(|| panic!("{screen}"));
        Slow::ask(address, "done").finish(1);
        Slow::ask(address, "images/rack-12/slot-7/is-not-there.img").packet();
        let mut clients = [long, wide].map(|name| Slow::ask(address, name));
        for client in &mut clients {
            client.packet();
            client.acknowledge(1);
            client.packet();
        }
        let seen = ["boot.img", "起動.img", "there.img", "2 running, 1 done, 1 failed"];
        let screen = terminal.await_words(&[&seen[..], &["25 %"]].concat());
        println!("{columns} columns:\n{screen}");
        // The lines above the view wrap if they are long.
        let lines = screen.lines().skip_while(|line| !line.starts_with("serving "));
        for line in lines.filter(|line| !line.is_empty()) {
            let begins = [
                "serving ",
                "on 127.",
                "Ctrl-C ",
                "127.0.0.1",
                "! 127.0.0.1",
                "2 running",
            ];
            let begins = begins.iter().any(|begin| line.starts_with(begin));
            assert!(begins, "no line is the rest of another one:\n{screen}");
        }
        // A failure is shown once.
        assert_eq!(screen.matches("there.img").count(), 1, "{screen}");
        for client in &mut clients {
            client.finish(2);
        }
        terminal.await_words(&["0 running, 3 done"]);
        terminal.tmux(&["send-keys", "C-c"]);
        let screen = terminal.await_words(&["0 running, 3 done, 1 failed", "ended: 0"]);
        assert_eq!(screen.matches("there.img").count(), 1, "{screen}");
    }
}

/// The last view includes the last transfer.
#[test]
fn the_sums_at_the_end_are_right() {
    if !have("tmux") {
        return;
    }
    let directory = directory(&[("f", &pattern(2000))]);
    let command = format!(
        "'{}' --listen 127.0.0.1:0 --timeout 0 --retries 1000 {} '{}'; echo \"ended: $?\"; sleep 600",
        env!("CARGO_BIN_EXE_tftpserver"),
        as_root().join(" "),
        directory.path().display()
    );
    let terminal = Terminal::new(&command);
    let screen = terminal.await_words(&["serving /", "0 running"]);
    let mut words = screen.split_whitespace();
    let address = words
        .find_map(|word| word.trim_end_matches(';').parse().ok())
        .unwrap();
    let mut client = Slow::ask(address, "f");
    client.packet();
    terminal.await_words(&["1 running"]);
    terminal.tmux(&["send-keys", "C-c"]);
    terminal.await_words(&["transfers that still run: 1"]);
    // The program ends with the transfer, before the next redraw of the view is due.
    client.finish(2);
    terminal.await_words(&["0 running, 1 done, 0 failed, 2.0 KiB", "ended: 0"]);
}

/// The progress bar of get, half way and at the end; the test is the server.
#[test]
fn a_clients_bar() {
    if !have("tmux") {
        return;
    }
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    let here = directory(&[]);
    let command = format!(
        "'{}' get --retries 1000 tftp://{}/images/boot.img '{}'; echo \"ended: $?\"; sleep 600",
        env!("CARGO_BIN_EXE_tftpserver"),
        server.local_addr().unwrap(),
        here.path().join("f").display()
    );
    let terminal = Terminal::new(&command);
    let mut buffer = [0; 2000];
    let (_, client) = server.recv_from(&mut buffer).unwrap();
    let await_ack = |block: u8| {
        let mut buffer = [0; 2000];
        while server.recv_from(&mut buffer).unwrap().0 != 4 || buffer[..4] != [0, 4, 0, block] {}
    };
    let data = |block: u8| [&[0, 3, 0, block], &[b'x'; 512][..]].concat();
    server.send_to(b"\x00\x06tsize\x002047\x00", client).unwrap();
    await_ack(0);
    server.send_to(&data(1), client).unwrap();
    await_ack(1);
    terminal.await_words(&["images/boot.img [#####---------------]  25 %", "512 B"]);
    for block in 2..=4 {
        let length = if block == 4 { 515 } else { 516 };
        server.send_to(&data(block)[..length], client).unwrap();
        await_ack(block);
    }
    let screen = terminal.await_words(&["images/boot.img: 2.0 KiB in", "ended: 0"]);
    assert!(!screen.contains("25 %"), "the bar goes: {screen}");
}

fn has_everything(screen: &str) {
    let line = |word: &str| screen.lines().rfind(|line| line.contains(word)).unwrap();
    let bar = line("25 %");
    assert!(bar.contains("images/boot.img"), "{screen}");
    assert!(
        bar.contains("[#####---------------]  25 %       512 B"),
        "{screen}"
    );
    assert!(line("done: 4 B in").starts_with("127.0.0.1:"), "{screen}");
    let failed = "no\\u{1b}[2Jfile: Can't open local file. File not found";
    assert!(line("! 127.0.0.1:").contains(failed), "{screen}");
}
