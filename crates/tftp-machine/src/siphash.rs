//! SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash whose results reveal nothing about its
//! key.
//!
//! The hash function of the tables is faster, but makes no such promise. This one is for values
//! that outsiders must not guess.

/// A secret key.
#[derive(Clone, Copy)]
pub struct SipKey(pub [u8; 16]);

impl SipKey {
    /// Returns the hash of `message`.
    pub fn hash(self, message: &[u8]) -> u64 {
        let word = |bytes: &[u8]| {
            let mut padded = [0; 8];
            padded[..bytes.len()].copy_from_slice(bytes);
            u64::from_le_bytes(padded)
        };
        let (k0, k1) = (word(&self.0[..8]), word(&self.0[8..]));
        let mut v = [
            k0 ^ 0x736f_6d65_7073_6575,
            k1 ^ 0x646f_7261_6e64_6f6d,
            k0 ^ 0x6c79_6765_6e65_7261,
            k1 ^ 0x7465_6462_7974_6573,
        ];
        let (words, rest) = message.as_chunks::<8>();
        // The last word has the message's length, modulo 256, in its highest byte.
        let last = word(rest) | (message.len() as u64) << 56;
        for m in words.iter().map(|bytes| word(bytes)).chain([last]) {
            v[3] ^= m;
            round(&mut v);
            round(&mut v);
            v[0] ^= m;
        }
        v[2] ^= 0xff;
        (0..4).for_each(|_| round(&mut v));
        v[0] ^ v[1] ^ v[2] ^ v[3]
    }
}

fn round(v: &mut [u64; 4]) {
    v[0] = v[0].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(13) ^ v[0];
    v[0] = v[0].rotate_left(32);
    v[2] = v[2].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(16) ^ v[2];
    v[0] = v[0].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(21) ^ v[0];
    v[2] = v[2].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(17) ^ v[2];
    v[2] = v[2].rotate_left(32);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of the reference implementation: key 00 01 .. 0f, message 00 01 .. of each
    /// length.
    #[test]
    fn the_vectors_of_the_reference() {
        let key = SipKey(std::array::from_fn(|at| at as u8));
        let message: Vec<u8> = (0..64).collect();
        for (length, hash) in [
            (0, 0x726f_db47_dd0e_0e31),
            (1, 0x74f8_39c5_93dc_67fd),
            (7, 0xab02_00f5_8b01_d137),
            (8, 0x93f5_f579_9a93_2462),
            (15, 0xa129_ca61_49be_45e5),
            (63, 0x958a_324c_eb06_4572),
        ] {
            assert_eq!(key.hash(&message[..length]), hash, "{length} bytes");
        }
    }

    /// Compares with another implementation under many keys, because a single key could hide a
    /// mistake.
    #[test]
    #[expect(
        deprecated,
        reason = "std keeps its SipHash-2-4 for those who need exactly that"
    )]
    fn the_same_as_the_standard_library() {
        use std::hash::{Hasher, SipHasher};
        for seed in 0..50_u64 {
            let (k0, k1) = (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), !seed << 7);
            let mut key = [0; 16];
            key[..8].copy_from_slice(&k0.to_le_bytes());
            key[8..].copy_from_slice(&k1.to_le_bytes());
            let message: Vec<u8> = (0..seed as u8).map(|at| at.wrapping_mul(37)).collect();
            let mut theirs = SipHasher::new_with_keys(k0, k1);
            theirs.write(&message);
            assert_eq!(SipKey(key).hash(&message), theirs.finish(), "{seed}");
        }
    }
}
