//! Derives new inputs from the corpus, each from a seed of its own.

/// splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns 0 to `bound` - 1; 0 for a bound of 0.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % (bound as u64).max(1)) as usize
    }

    /// Returns a part of `bytes`, usually a short one.
    fn part<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let from = self.below(bytes.len() + 1);
        let most = bytes.len() - from;
        let length = match self.below(4) {
            0 => most,
            _ => self.below(most.min(16) + 1),
        };
        &bytes[from..from + length]
    }
}

/// Boundary values of lengths and numbers.
const EDGES: [u8; 9] = [0, 1, 2, 8, 127, 128, 254, 255, b'/'];

/// Returns an input of the corpus with a few changes, some of them copied from another input.
pub fn mutated(corpus: &[Vec<u8>], seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    let mut bytes = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(6) {
        change(&mut bytes, corpus, &mut random);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
    let at = random.below(bytes.len());
    let place = random.below(bytes.len() + 1);
    match random.below(8) {
        0 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
        1 if !bytes.is_empty() => bytes[at] = random.next() as u8,
        2 if !bytes.is_empty() => bytes[at] = EDGES[random.below(EDGES.len())],
        3 => bytes.truncate(place),
        4 => {
            let end = place + random.below(bytes.len().min(16) + 1).min(bytes.len() - place);
            bytes.drain(place..end);
        }
        5 => {
            let again = random.part(bytes).to_vec();
            bytes.splice(place..place, again);
        }
        6 => {
            let other = random.below(corpus.len());
            let part = random.part(&corpus[other]).to_vec();
            bytes.splice(place..place, part);
        }
        _ => {
            let new: Vec<u8> = (0..random.below(8)).map(|_| random.next() as u8).collect();
            bytes.splice(place..place, new);
        }
    }
}
