//! Turns signals into requests, or into a flag for the client commands.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::super::ControlRequest;

/// Turns signals into requests.
pub struct ControlRequests {
    signals: Signals,
    reloads: bool,
}

impl ControlRequests {
    /// Catches signals from now on; they have no other effect. With `reloads` SIGHUP requests a
    /// reload; without, it ends the program, unless it was started under nohup(1).
    pub fn begin(reloads: bool) -> io::Result<ControlRequests> {
        let mut numbers = vec![SIGINT, SIGTERM];
        if reloads || !may_be_ignored(SIGHUP) {
            numbers.push(SIGHUP);
        }
        let signals = Signals::new(numbers)?;
        Ok(ControlRequests { signals, reloads })
    }

    /// Calls `take` with every request, as long as the program runs.
    pub fn each(mut self, mut take: impl FnMut(ControlRequest)) {
        for signal in self.signals.forever() {
            take(match signal {
                SIGHUP if self.reloads => ControlRequest::Reload,
                _ => ControlRequest::End,
            });
        }
    }
}

/// Lets Ctrl-C and SIGTERM set the flag from now on, and do nothing else.
pub fn set_at_end(flag: &Arc<AtomicBool>) -> io::Result<()> {
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(flag))?;
    }
    Ok(())
}

/// Returns true if this process was started with a signal ignored (proc(5)). On systems that do not
/// report this it returns true: the signal keeps its effect.
fn may_be_ignored(signal: i32) -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return !cfg!(target_os = "linux");
    };
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}
