//! The current rate of a transfer, from its progress since the last look.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::text;

/// How far a rate looks back.
const SPAN: Duration = Duration::from_secs(1);

/// The rates of everything that is drawn, by id.
#[derive(Default)]
pub struct Rates(HashMap<i32, Rate>);

struct Rate {
    since: Instant,
    bytes: u64,
    /// Bytes a second, over the latest [`SPAN`] that is complete.
    present: Option<f64>,
}

impl Rates {
    /// Notes how many bytes there are at `now`; gives the rate in words, "" while it is not known.
    pub fn note(&mut self, id: i32, now: Instant, bytes: u64) -> String {
        let rate = self.0.entry(id).or_insert(Rate {
            since: now,
            bytes,
            present: None,
        });
        let past = now.saturating_duration_since(rate.since);
        if past >= SPAN {
            rate.present = text::per_second(bytes.saturating_sub(rate.bytes), past);
            (rate.since, rate.bytes) = (now, bytes);
        }
        match rate.present {
            Some(present) => format!("{}/s", text::bytes(present as u64)),
            None => String::new(),
        }
    }

    /// Forgets those that `keep` does not name.
    pub fn retain(&mut self, keep: impl Fn(i32) -> bool) {
        self.0.retain(|&id, _| keep(id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_the_present_one() {
        let mut rates = Rates::default();
        let begin = crate::clock::now();
        let mut note = |millis, bytes| rates.note(1, begin + Duration::from_millis(millis), bytes);
        assert_eq!(note(0, 1 << 30), "");
        assert_eq!(note(500, (1 << 30) + 512), "");
        assert_eq!(note(1000, (1 << 30) + 1024), "1.0 KiB/s");
        assert_eq!(note(1500, (1 << 30) + 1024), "1.0 KiB/s");
        assert_eq!(note(2000, (1 << 30) + 1024), "0 B/s");
    }
}
