//! What the application supplies for each name while a download runs, by seed: in time or late, whole or not.

use super::plan::{Plan, part};

/// A source that has at most so many bytes is kept from its beginning on, for those that come late.
pub const KEPT: usize = 1 << 20;

/// What becomes of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// All of it is supplied.
    Whole,
    /// It ends after so many bytes, fewer than were announced.
    Short(usize),
    /// It fails after so many bytes.
    Fails(usize),
    /// Nothing comes after so many bytes.
    Forgets(usize),
}

/// The source of one name.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// Its downloads share what is supplied.
    pub keyed: bool,
    /// Its length is announced.
    pub sized: bool,
    /// The longest that a piece takes.
    pub delay: u64,
    pub fate: Fate,
}

/// The source of a name with so many bytes; `None`: it is no download that the application feeds.
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
    // Nothing tells that a source of unknown length has ended too early.
    sized |= matches!(fate, Fate::Short(_));
    Some(Source {
        keyed,
        sized,
        delay,
        fate,
    })
}
