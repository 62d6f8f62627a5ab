//! Requests by seed, and clients that leave.

use std::net::UdpSocket;

use tftp_sim::Rng;

use super::{Client, Options};

/// Makes the generator of a test and prints its seed, which is that in TFTP_SEED if there is one.
pub fn random() -> Rng {
    let seed = std::env::var("TFTP_SEED").map_or(18, |seed| seed.parse().unwrap());
    println!("TFTP_SEED={seed}");
    Rng(seed)
}

/// Draws the options of a request.
pub fn options(random: &mut Rng) -> Options {
    let blksize = random.pick(&[512, 1024, 1428]);
    Options::new(blksize, random.pick(&[1, 1, 4, 16]))
}

/// The sockets of clients that have left, open until they are dropped.
///
/// Were they closed, another client could get the port of one that has left, and with it the packets
/// that the server still sends there.
#[derive(Default)]
pub struct Left(Vec<UdpSocket>);

impl Left {
    /// Begins a transfer, and leaves after some blocks: with an ERROR, or without a word. Whatever
    /// the server sends afterwards is answered as for a closed socket.
    pub fn begin(&mut self, mut client: Client, name: &str, is_upload: bool, blocks: u16) {
        let answered = send_blocks(&mut client, name, is_upload, blocks);
        if answered && blocks.is_multiple_of(2) && client.transfer_address().is_some() {
            client.send(b"\0\x05\0\0gone\0");
        }
        // Connected to itself, the socket keeps its port but accepts nothing from the server.
        let own = client.socket.local_addr().unwrap();
        client.socket.connect(own).unwrap();
        self.0.push(client.socket);
    }
}

/// Begins a transfer and goes on for some blocks; returns whether the server has answered all.
fn send_blocks(client: &mut Client, name: &str, is_upload: bool, blocks: u16) -> bool {
    let opcode = if is_upload { '\x02' } else { '\x01' };
    client.start(format!("\0{opcode}{name}\0octet\0").as_bytes());
    for block in 1..=blocks {
        let Ok(_) = client.receive() else { return false };
        match is_upload {
            true => {
                let mut packet = [0; 516];
                (packet[1], packet[3]) = (3, block as u8);
                client.send(&packet);
            }
            false => client.acknowledge(block),
        }
    }
    true
}
