//! Serves all clients on one socket; each turn is one receiving and one sending call.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::io;

use tftpserver_bench::udp::{Arrival, Inbox, LONGEST, Outbox, Socket};
use tftpserver_bench::waiting::is_nothing;

use crate::client::{Client, First, Next, begin};
use crate::frames::Files;

/// A hash of one multiplication. Benchmark addresses are not chosen to collide.
#[derive(Default)]
struct Fast(u64);

impl Hasher for Fast {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are integers")
    }

    fn write_u64(&mut self, key: u64) {
        let product = u128::from(key) * 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835;
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }
}

struct Limit {
    socket: Socket,
    outbox: Outbox,
    files: Files,
    clients: HashMap<u64, Client, BuildHasherDefault<Fast>>,
}

/// Serves until the process is killed.
///
/// # Errors
/// Those of receiving and sending.
pub fn serve(socket: Socket, files: Files, spins: bool) -> io::Result<()> {
    // A run of DATA packets arrives as one datagram (UDP_GRO).
    socket.coalesce()?;
    let mut inbox = Inbox::new(LONGEST);
    let mut limit = Limit {
        socket,
        outbox: Outbox::default(),
        files,
        clients: HashMap::default(),
    };
    loop {
        let count = match inbox.receive(&limit.socket, !spins) {
            Err(error) if is_nothing(&error) => {
                std::hint::spin_loop();
                continue;
            }
            count => count?,
        };
        for index in 0..count {
            limit.handle(&inbox.get(index))?;
        }
        limit.outbox.flush(&limit.socket)?;
    }
}

impl Limit {
    fn handle(&mut self, arrival: &Arrival<'_>) -> io::Result<()> {
        let peer = arrival.peer;
        let key = u64::from(u32::from(*peer.ip())) << 16 | u64::from(peer.port());
        self.outbox.make_room(&self.socket)?;
        if let &[0, 1 | 2, _, _, ..] = arrival.bytes {
            let (client, first) = begin(&mut self.files, arrival.bytes)?;
            match (first, &client) {
                (First::Frames(frames), Some(client)) => {
                    self.outbox
                        .push_frames(&self.socket, peer, client.stride(), frames)?;
                }
                (First::Packet(packet), _) => self.outbox.push(None, peer, &packet),
                (First::Frames(_), None) => {}
            }
            if let Some(client) = client {
                self.clients.insert(key, client);
            }
            return Ok(());
        }
        let Some(client) = self.clients.get_mut(&key) else {
            return Ok(());
        };
        match client.step(arrival.bytes)? {
            Next::Nothing => {}
            Next::Frames(frames) => {
                let stride = client.stride();
                self.outbox.push_frames(&self.socket, peer, stride, frames)?;
            }
            Next::Ack(ack) => self.outbox.push(None, peer, &ack),
            Next::LastAck(ack) => {
                self.outbox.push(None, peer, &ack);
                self.clients.remove(&key);
            }
            Next::Over => drop(self.clients.remove(&key)),
        }
        Ok(())
    }
}
