//! Signals become wishes, and wake the thread that waits in DoEvents.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tftpserver::server::Server;

use super::spawn;
use crate::exit::{Code, Failure};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// SIGHUP: read everything again.
    Reload,
    /// SIGTERM, SIGINT; SIGHUP without a configuration, as from a terminal that closes: end.
    End,
}

/// From here on signals are wishes. With `reloads` SIGHUP asks for a reload; without, it ends the program, unless it was
/// started under nohup(1).
pub fn watch(server: Arc<Server>, reloads: bool) -> Result<Receiver<Wish>, Failure> {
    let mut numbers = vec![SIGINT, SIGTERM];
    if reloads || !is_ignored(SIGHUP) {
        numbers.push(SIGHUP);
    }
    let mut signals =
        Signals::new(numbers).map_err(|error| Failure::new(Code::System, format!("signals: {error}")))?;
    let (sender, wishes) = channel();
    spawn("signals", move || {
        for signal in signals.forever() {
            let wish = match signal {
                SIGHUP if reloads => Wish::Reload,
                _ => Wish::End,
            };
            if sender.send(wish).is_err() {
                return;
            }
            server.interrupt();
        }
    })?;
    Ok(wishes)
}

/// Whether whoever started this process has it ignore a signal (proc(5)).
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}
