//! The data that the application supplies for each name while a download runs, by seed: in time or
//! late, whole or not.

use super::plan::{Plan, part};

/// A source of at most this many bytes is kept from its beginning on, for downloads that begin
/// late.
pub const KEPT: usize = 1 << 20;

/// The fate of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// All of it is supplied.
    Whole,
    /// It ends after this many bytes, fewer than were announced.
    Short(usize),
    /// It fails after this many bytes.
    Fails(usize),
    /// Nothing is supplied after this many bytes.
    Forgets(usize),
}

/// The source of one name.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// True if its downloads share the supplied data.
    pub keyed: bool,
    /// True if its length is announced.
    pub sized: bool,
    /// The longest time that a piece takes, in microseconds.
    pub delay: u64,
    pub fate: Fate,
}

/// Returns the source of a name with `size` bytes; `None` if the application does not feed its
/// downloads.
pub fn of(plan: &Plan, name: &[u8], size: usize) -> Option<Source> {
    let feeding = &plan.feeding;
    let word = name
        .iter()
        .fold(size as u64, |word, byte| word.rotate_left(8) ^ u64::from(*byte));
    let mut rng = plan.rng(part::SOURCES).part(word);
    if !rng.percent(feeding.fed) {
        return None;
    }
    let keyed = rng.percent(feeding.keyed);
    let mut sized = !rng.percent(feeding.unknown_length);
    let delay = if rng.percent(feeding.slow) {
        feeding.delay
    } else {
        0
    };
    let at = rng.below(size.max(1) as u64) as usize;
    let fate = match rng.below(100) {
        _ if size == 0 => Fate::Whole,
        drawn if drawn < feeding.short => Fate::Short(at),
        drawn if drawn < feeding.short + feeding.fails => Fate::Fails(at),
        drawn if drawn < feeding.short + feeding.fails + feeding.forgets => Fate::Forgets(at),
        _ => Fate::Whole,
    };
    // The early end of a source of unknown length cannot be noticed.
    sized |= matches!(fate, Fate::Short(_));
    Some(Source {
        keyed,
        sized,
        delay,
        fate,
    })
}
