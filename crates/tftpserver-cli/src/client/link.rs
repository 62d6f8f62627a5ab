//! The socket, and the machine that it drives, in one thread.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tftp_proto::client::{Client, ClientRequest, Ended, Output};
use tftp_proto::{ErrorCode, Instant, Operation, Timing, wire};

use super::local::{Source, Target};
use super::progress::Progress;
use crate::clock;
use crate::exit::{Code, Failure};
use crate::system::sockets;

/// How often the bar moves and a signal is looked for while nothing comes.
const TICK: Duration = Duration::from_millis(100);
/// Enough for the largest window that servers agree to.
const BUFFER: usize = 4 << 20;

/// The file at this end.
pub enum Local {
    Get { target: Target, wanted: Option<String> },
    Put(Source),
}

/// The result of a get or put.
#[derive(Debug, Default)]
pub struct Summary {
    pub bytes: u64,
    /// The size that the server or this client announced.
    pub size: Option<u64>,
    pub blksize: u16,
    pub windowsize: u16,
    pub retransmissions: u64,
    pub seconds: f64,
    pub sha256: Option<String>,
}

/// One transfer with one address.
pub struct Link<'l> {
    socket: UdpSocket,
    client: Client,
    begin: std::time::Instant,
    local: &'l mut Local,
    progress: &'l Progress,
    cancelled: Arc<AtomicBool>,
    /// The transfer has ended, and `summary.seconds` is its time.
    is_timed: bool,
    pub summary: Summary,
}

impl<'l> Link<'l> {
    pub fn new(
        request: &ClientRequest<'_>,
        server: SocketAddr,
        timing: &Timing,
        local: &'l mut Local,
        progress: &'l Progress,
        cancelled: Arc<AtomicBool>,
    ) -> Result<Link<'l>, Failure> {
        let socket = socket_for(server)
            .map_err(|error| Failure::new(Code::System, format!("a socket: {error}")))?;
        Ok(Link {
            socket,
            client: Client::new(request, server, timing),
            begin: clock::now(),
            local,
            progress,
            cancelled,
            is_timed: false,
            summary: Summary {
                size: request
                    .requested
                    .tsize
                    .filter(|_| request.operation == Operation::Write),
                ..Summary::default()
            },
        })
    }

    /// To the end; `Err`: what is wrong at this end.
    pub fn run(&mut self) -> Result<Ended, Failure> {
        let ended = self.transfer();
        if ended.is_err() {
            // One attempt to send the server an ERROR.
            let message = "The client cannot go on";
            self.client.fail(self.now(), ErrorCode::UNDEFINED, message);
            let _ = self.send();
        }
        ended
    }

    fn transfer(&mut self) -> Result<Ended, Failure> {
        let mut buffer = vec![0; 65536];
        loop {
            self.serve_local()?;
            self.send()?;
            self.look();
            if let Some(ended) = self.client.ended() {
                // Dallying for seconds would delay scripts, only so that the server reports
                // success.
                self.client.leave(self.now());
                if self.client.is_over() || ended != Ended::Complete {
                    return Ok(ended);
                }
            }
            if self.cancelled.load(Ordering::Relaxed) {
                return Err(Failure::new(Code::CutOff, "interrupted"));
            }
            if let Some((length, from)) = self.receive(&mut buffer)? {
                let now = self.now();
                let bytes = self.client.handle_datagram(now, from, &buffer[..length]);
                if let (Some(bytes), Local::Get { target, .. }) = (bytes, &mut *self.local) {
                    self.summary.bytes += bytes.len() as u64;
                    target.take(bytes)?;
                }
            }
            let now = self.now();
            if self.client.poll_timeout().is_some_and(|at| at <= now) {
                self.client.handle_timeout(now);
            }
        }
    }

    fn now(&self) -> Instant {
        Instant::from_micros((clock::now() - self.begin).as_micros() as u64)
    }

    /// Reads or writes the local file as far as the machine needs it.
    fn serve_local(&mut self) -> Result<(), Failure> {
        let now = self.now();
        match &mut *self.local {
            Local::Get { target, wanted } => {
                let Some(get) = self.client.get() else {
                    return Ok(());
                };
                if get.is_complete() && get.outcome().is_none() {
                    self.summary.sha256 = Some(target.finish(wanted.as_deref())?);
                    get.commit(now);
                }
            }
            Local::Put(source) => {
                let Some(put) = self.client.put() else {
                    return Ok(());
                };
                source.release_before(put.acked_bytes());
                self.summary.bytes = put.acked_bytes();
                if let Some(upto) = put.wants() {
                    let available = source.read_to(upto)?;
                    put.supply(now, available, source.ended);
                }
                if source.ended {
                    self.summary.sha256 = Some(source.sum());
                }
            }
        }
        Ok(())
    }

    fn send(&mut self) -> Result<(), Failure> {
        while let Some(output) = self.client.poll_transmit(self.now()) {
            match output {
                Output::Datagram { to, bytes } => self.send_one(&bytes, to)?,
                Output::Data { to, first, count } => self.send_data(to, first, count)?,
            }
        }
        Ok(())
    }

    fn send_data(&mut self, to: SocketAddr, first: u64, count: u32) -> Result<(), Failure> {
        let mut packet = Vec::new();
        for block in first..first + u64::from(count) {
            let (Local::Put(source), Some(put)) = (&*self.local, self.client.put()) else {
                break;
            };
            let blksize = u64::from(put.negotiated().blksize);
            packet.clear();
            packet.extend_from_slice(&wire::data_header(put.wire_block(block)));
            packet.extend_from_slice(source.bytes((block - 1) * blksize, block * blksize));
            self.send_one(&packet, to)?;
        }
        Ok(())
    }

    /// Sends a datagram. One that the system does not accept now counts as lost on the way, and is
    /// retransmitted.
    fn send_one(&self, bytes: &[u8], to: SocketAddr) -> Result<(), Failure> {
        use io::ErrorKind::{ConnectionRefused, Interrupted, OutOfMemory, WouldBlock};
        match self.socket.send_to(bytes, to) {
            Err(error)
                if !matches!(
                    error.kind(),
                    ConnectionRefused | Interrupted | OutOfMemory | WouldBlock
                ) =>
            {
                Err(Failure::new(
                    Code::Unavailable,
                    format!("{to} cannot be reached: {error}"),
                ))
            }
            _ => Ok(()),
        }
    }

    fn receive(&self, buffer: &mut [u8]) -> Result<Option<(usize, SocketAddr)>, Failure> {
        let until = self.client.poll_timeout().map(|at| at.saturating_sub(self.now()));
        let wait = until.unwrap_or(TICK).clamp(Duration::from_millis(1), TICK);
        let received = self
            .socket
            .set_read_timeout(Some(wait))
            .and_then(|()| self.socket.recv_from(buffer));
        match received {
            Ok(received) => Ok(Some(received)),
            Err(error)
                if error.kind() == io::ErrorKind::ConnectionRefused
                    && self.client.negotiated().is_none() =>
            {
                Err(Failure::new(
                    Code::Unavailable,
                    "no server listens there: connection refused",
                ))
            }
            // Nothing came, a signal, or a stranger that is gone.
            Err(_) => Ok(None),
        }
    }

    fn look(&mut self) {
        if let Some(negotiated) = self.client.negotiated() {
            (self.summary.blksize, self.summary.windowsize) =
                (negotiated.blksize, negotiated.windowsize);
            self.summary.size = self.summary.size.or(negotiated.tsize);
        }
        self.summary.retransmissions = self.client.retransmissions();
        if !self.is_timed {
            // The copies of the last ACK are no part of the transfer's time.
            self.summary.seconds = (clock::now() - self.begin).as_secs_f64();
            self.is_timed = self.client.ended().is_some();
        }
        self.progress.show(&self.summary, clock::now() - self.begin);
    }
}

fn socket_for(server: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    // Less is slower, not wrong.
    let _ = socket2::SockRef::from(&socket).set_recv_buffer_size(BUFFER);
    sockets::report_closed_ports(&socket, server.is_ipv6());
    Ok(socket)
}
