//! Signals become requests, for which the main thread waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::{Running, spawn};
use crate::exit::{Code, Failure};
use crate::system::ControlRequest;
use crate::system::signals::ControlRequests;

/// The time for cutting off transfers with a grace of 0.
const LEAST: Duration = Duration::from_millis(500);
/// The same after a second signal, as far as the grace has so much left.
const AT_ONCE: Duration = Duration::from_secs(3);

/// Seconds that transfers have to finish; what a reload changes counts for the next signal.
#[derive(Clone, Debug, Default)]
pub struct Grace(Arc<AtomicU32>);

impl Grace {
    /// Sets it.
    pub fn set(&self, seconds: u32) {
        self.0.store(seconds, Relaxed);
    }

    /// Gives it.
    pub fn seconds(&self) -> u32 {
        self.0.load(Relaxed)
    }

    /// The time itself.
    pub fn time(&self) -> Duration {
        Duration::from_secs(self.seconds().into())
    }
}

/// Turns signals into control requests from now on. If `reloads` is true, SIGHUP reloads the
/// configuration; otherwise it ends the program, unless that was started under nohup(1). A signal
/// that ends the program does so within the grace period, even if other threads are blocked.
pub fn watch(running: &Running, reloads: bool) -> Result<Receiver<ControlRequest>, Failure> {
    let signals = ControlRequests::begin(reloads)
        .map_err(|error| Failure::new(Code::System, format!("signals: {error}")))?;
    let (sender, requests) = channel();
    let grace = running.grace.clone();
    spawn("signals", move || {
        let mut left = None;
        signals.each(|request| {
            if request == ControlRequest::End {
                let time = left.replace(AT_ONCE).unwrap_or_else(|| grace.time().max(LEAST));
                exit_after(time);
            }
            // Without the other end the program is about to end.
            let _ = sender.send(request);
        });
    })?;
    Ok(requests)
}

/// Ends the program after this time, also where a disk hangs and a thread cannot be waited for.
fn exit_after(time: Duration) {
    let end = move || {
        std::thread::sleep(time);
        std::process::exit(Code::CutOff as i32);
    };
    if let Err(failure) = spawn("grace", end) {
        tracing::error!(%failure, "the end may take longer than --grace");
    }
}
