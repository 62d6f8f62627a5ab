//! Damage to a datagram's length and header, and datagrams that others send.
//!
//! The bytes that a DATA carries are never changed here: UDP has a checksum, TFTP has none, so no
//! end could notice. The block number can be wrong though, and there may be fewer or more bytes.

use crate::Rng;

const OPCODES: [u8; 10] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 255];

/// Truncates, extends, or changes what is not payload.
pub fn damage(rng: &mut Rng, bytes: &mut Vec<u8>) {
    match rng.below(6) {
        0 => bytes.truncate(rng.below(bytes.len() as u64) as usize),
        1 => (0..=rng.below(40)).for_each(|_| bytes.push(rng.next() as u8)),
        2 if bytes.len() > 1 => bytes[1] = rng.pick(&OPCODES),
        3 | 4 if bytes.len() > 3 && bytes[0] == 0 && (3..6).contains(&bytes[1]) => {
            renumber(rng, bytes)
        }
        _ => flip(rng, bytes),
    }
}

/// Flips one bit of the header; all of a request, an OACK or an ERROR is header.
fn flip(rng: &mut Rng, bytes: &mut [u8]) {
    let is_data = bytes.len() > 1 && bytes[..2] == [0, 3];
    let header = if is_data { bytes.len().min(4) } else { bytes.len() };
    if header > 0 {
        bytes[rng.below(header as u64) as usize] ^= 1 << rng.below(8);
    }
}

/// Changes the block number to a near one, one of the edges, or any other.
fn renumber(rng: &mut Rng, bytes: &mut [u8]) {
    let number = u16::from_be_bytes([bytes[2], bytes[3]]);
    let near = rng.below(70) as u16;
    let other = match rng.below(4) {
        0 => number.wrapping_add(near),
        1 => number.wrapping_sub(near),
        2 => rng.pick(&[0, 1, 32767, 65535]),
        _ => rng.next() as u16,
    };
    bytes[2..4].copy_from_slice(&other.to_be_bytes());
}

/// Returns a stranger's datagram: the same one (with another payload), an ERROR, an ACK, or random
/// bytes.
pub fn stray(rng: &mut Rng, like: &[u8]) -> Vec<u8> {
    let mut bytes = like.to_vec();
    match rng.below(4) {
        0 => bytes[4..].fill(b'?'),
        1 => bytes = b"\0\x05\0\0strange\0".to_vec(),
        2 => bytes = [&[0, 4], &like[2..4]].concat(),
        _ => {
            bytes.truncate(600);
            let kept = bytes.len().min(2);
            bytes[kept..].iter_mut().for_each(|byte| *byte = rng.next() as u8);
        }
    }
    bytes
}
