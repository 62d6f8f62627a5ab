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
    /// SIGTERM, SIGINT: end.
    End,
}

/// From here on signals are wishes.
pub fn watch(server: Arc<Server>) -> Result<Receiver<Wish>, Failure> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])
        .map_err(|error| Failure::new(Code::System, format!("signals: {error}")))?;
    let (sender, wishes) = channel();
    spawn("signals", move || {
        for signal in signals.forever() {
            let wish = match signal {
                SIGHUP => Wish::Reload,
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
