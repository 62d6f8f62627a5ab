//! A malicious client: it sends packets that may make a server send more than it should, at any
//! time, from its own port.

use crate::Rng;

/// Returns the wait before the next packet, in microseconds: near the timeouts of a server.
pub fn pause(rng: &mut Rng) -> u64 {
    let most = rng.pick(&[1, 300, 2_000, 30_000, 30_000, 300_000, 3_000_000]);
    rng.below(most)
}

/// Returns the next packet. `number` is the one in the last DATA or ACK of the server.
pub fn packet(rng: &mut Rng, number: u16, blksize: u64, request: &[u8]) -> Vec<u8> {
    let near = number.wrapping_add(rng.pick(&[0, 0, 0, 1, 1, 2, 65535, 65534]));
    let behind = number.wrapping_sub(rng.below(70) as u16);
    let number = rng.pick(&[near, near, behind, 0, 0, 65535]);
    let [a, b] = number.to_be_bytes();
    match rng.below(40) {
        0..16 => vec![0, 4, a, b],
        16..36 => {
            let length =
                rng.pick(&[blksize, blksize, blksize, blksize, 0, 1]) + u64::from(rng.percent(1));
            let mut data = vec![0, 3, a, b];
            data.resize(4 + length as usize, b'!');
            data
        }
        36..39 => request.to_vec(),
        _ if rng.percent(20) => vec![0, 5, 0, 0, b'x', 0],
        _ => vec![0, 6, a, b, 0],
    }
}
