//! Which of a few sockets have something.

use std::io;
use std::time::Duration;

use crate::udp::Socket;

/// Of one socket alone the receiving call itself tells.
pub struct Waiting {
    polled: Vec<libc::pollfd>,
    patience: Duration,
}

impl Waiting {
    /// Waits that long at most.
    ///
    /// # Errors
    /// Those of setsockopt.
    pub fn new(sockets: &[Socket], patience: Duration) -> io::Result<Waiting> {
        if let [socket] = sockets {
            socket.set_patience(patience)?;
        }
        let polled = sockets.iter().map(|socket| libc::pollfd {
            fd: socket.fd(),
            events: libc::POLLIN,
            revents: 0,
        });
        Ok(Waiting {
            polled: polled.collect(),
            patience,
        })
    }

    /// The sockets to receive from, as indices.
    ///
    /// # Errors
    /// Those of poll.
    pub fn ready(&mut self, sockets: &[Socket]) -> io::Result<impl Iterator<Item = usize> + use<'_>> {
        let is_alone = sockets.len() == 1;
        if !is_alone {
            let (count, patience) = (
                self.polled.len() as libc::nfds_t,
                self.patience.as_millis() as i32,
            );
            // SAFETY: an array of so many elements, borrowed mutably until the call returns.
            let result = unsafe { libc::poll(self.polled.as_mut_ptr(), count, patience) };
            let error = io::Error::last_os_error();
            if result < 0 && error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
        let has_something = move |polled: &libc::pollfd| is_alone || polled.revents != 0;
        Ok(self
            .polled
            .iter()
            .enumerate()
            .filter(move |(_, polled)| has_something(polled))
            .map(|(index, _)| index))
    }
}

/// Whether a receiving call only found nothing.
pub fn is_nothing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}
