//! Serves each client on a connected socket with a new random port, by plain calls and
//! edge-triggered epoll.

use std::io;
use std::net::SocketAddrV4;

use tftpserver_bench::udp::{Inbox, MOST_BYTES, OwnSocket, SEGMENTS, Socket};
use tftpserver_bench::waiting::{Epoll, is_nothing};

use crate::client::{Client, First, Next, begin};
use crate::frames::Files;

/// The key of the listening socket.
const LISTENING: u64 = u64::MAX;

/// A socket and its client, if it has one.
struct Place {
    socket: OwnSocket,
    client: Option<Client>,
    /// The bytes of the datagrams that the kernel splits sent data into (UDP_SEGMENT), while it
    /// joins received ones (UDP_GRO); 0: it does neither.
    segment: usize,
}

struct Limit {
    epoll: Epoll,
    files: Files,
    places: Vec<Place>,
    /// Places without a client.
    idle: Vec<usize>,
    buffer: Vec<u8>,
}

/// Serves until the process is killed.
///
/// # Errors
/// Those of receiving and sending.
pub fn serve(listening: Socket, files: Files, spins: bool) -> io::Result<()> {
    let mut limit = Limit {
        epoll: Epoll::new()?,
        files,
        places: Vec::new(),
        idle: Vec::new(),
        buffer: vec![0; 65_536],
    };
    limit.epoll.watch(listening.fd(), LISTENING, false)?;
    let mut inbox = Inbox::new(2048);
    let mut ready = Vec::new();
    loop {
        limit.epoll.wait(&mut ready, !spins)?;
        for &key in &ready {
            if key == LISTENING {
                limit.requests(&listening, &mut inbox)?;
            } else {
                limit.receive(key as usize)?;
            }
        }
    }
}

impl Limit {
    fn requests(&mut self, listening: &Socket, inbox: &mut Inbox) -> io::Result<()> {
        let count = match inbox.receive(listening, false) {
            Err(error) if is_nothing(&error) => return Ok(()),
            count => count?,
        };
        for index in 0..count {
            let arrival = inbox.get(index);
            if let &[0, 1 | 2, _, _, ..] = arrival.bytes {
                self.request(arrival.peer, arrival.bytes)?;
            }
        }
        Ok(())
    }

    fn request(&mut self, peer: SocketAddrV4, request: &[u8]) -> io::Result<()> {
        let (client, first) = begin(&mut self.files, request)?;
        let segment = client.as_ref().filter(|client| client.has_windows());
        let segment = segment.map_or(0, Client::stride);
        let index = self.place()?;
        let place = &mut self.places[index];
        place.socket.connect(peer)?;
        if place.segment != segment {
            place.socket.set_segment(segment)?;
            place.segment = segment;
        }
        place.client = client;
        match first {
            First::Packet(packet) => place.socket.send(&packet)?,
            First::Frames(frames) => place.send(frames)?,
        }
        if place.client.is_none() {
            self.retire(index)?;
        }
        Ok(())
    }

    fn place(&mut self) -> io::Result<usize> {
        if let Some(index) = self.idle.pop() {
            return Ok(index);
        }
        let socket = OwnSocket::new()?;
        let index = self.places.len();
        self.epoll.watch(socket.fd(), index as u64, true)?;
        self.places.push(Place {
            socket,
            client: None,
            segment: 0,
        });
        Ok(index)
    }

    fn retire(&mut self, index: usize) -> io::Result<()> {
        self.places[index].client = None;
        self.idle.push(index);
        self.places[index].socket.disconnect()
    }

    /// Receives until the client waits for its answer. Whatever it sends afterwards raises another
    /// edge.
    fn receive(&mut self, index: usize) -> io::Result<()> {
        let place = &mut self.places[index];
        loop {
            let Some(client) = &mut place.client else {
                return Ok(());
            };
            let length = match place.socket.recv(&mut self.buffer) {
                Ok(length) => length,
                Err(error) if is_nothing(&error) => return Ok(()),
                // The client is gone.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    return self.retire(index);
                }
                Err(error) => return Err(error),
            };
            let stride = if place.segment == 0 {
                length.max(1)
            } else {
                place.segment
            };
            let mut next = Next::Nothing;
            for packet in self.buffer[..length].chunks(stride) {
                next = client.step(packet)?;
            }
            match next {
                Next::Nothing => {}
                Next::Frames(frames) => return place.send(frames),
                Next::Ack(ack) => return place.socket.send(&ack),
                Next::LastAck(ack) => {
                    place.socket.send(&ack)?;
                    return self.retire(index);
                }
                Next::Over => return self.retire(index),
            }
        }
    }
}

impl Place {
    fn send(&mut self, frames: &[u8]) -> io::Result<()> {
        let Some(client) = &self.client else {
            return Ok(());
        };
        let stride = client.stride();
        let most = stride * (MOST_BYTES / stride).clamp(1, SEGMENTS);
        frames
            .chunks(most)
            .try_for_each(|frames| self.socket.send(frames))
    }
}
