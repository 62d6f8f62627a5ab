//! Block positions (64 bits, 1-based, never repeating) and the 16-bit numbers they have on the
//! wire.
//!
//! RFC 1350 ends at block 65535. What follows it is custom: most implementations continue with 0,
//! some with 1. Inside this crate a block is counted in 64 bits and only turned into a wire number
//! at the edge.

/// The wire number after 65535.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rollover {
    /// 65535 is followed by 0: the numbers repeat every 65536 blocks.
    #[default]
    Zero,
    /// 65535 is followed by 1: the numbers repeat every 65535 blocks and 0 stays the number of
    /// "nothing yet".
    One,
}

/// The first block whose number depends on the roll-over.
pub(crate) const FIRST_WRAPPED: u64 = 65536;

/// The wire number of a block. Block 0 stands for "nothing yet" (ACK 0).
pub fn to_wire(block: u64, rollover: Rollover) -> u16 {
    match rollover {
        Rollover::Zero => (block & 0xFFFF) as u16,
        Rollover::One if block == 0 => 0,
        Rollover::One => ((block - 1) % 65535 + 1) as u16,
    }
}

/// How many blocks after `base` the number `wire` comes next: 0 when it is the number of `base`
/// itself. `None`: no block from `base` on has this number (0 where numbers roll over to 1).
pub(crate) fn distance(base: u64, wire: u16, rollover: Rollover) -> Option<u64> {
    match rollover {
        Rollover::Zero => Some(u64::from(wire.wrapping_sub(to_wire(base, rollover)))),
        Rollover::One if base == 0 => Some(u64::from(wire)),
        Rollover::One if wire == 0 => None,
        Rollover::One => {
            let ahead = u64::from(wire) + 65535 - u64::from(to_wire(base, rollover));
            Some(ahead % 65535)
        }
    }
}

/// Whether a wire number reveals how a sender rolls over that did not negotiate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// Only such a sender would send this number now.
    Certain(Rollover),
    /// It could be the next block of a sender that rolls over to 1, or a later one of a sender that
    /// rolls over to 0 and whose block 65536 was lost.
    Ambiguous,
    /// Nothing to do with the roll-over.
    None,
}

/// Returns what `wire` reveals about the roll-over while block 65536 is expected. `reach` is the
/// highest block that the sender may have sent: the last acknowledged one plus the window (RFC 7440
/// section 4).
pub(crate) fn evidence(wire: u16, reach: u64) -> Evidence {
    let if_zero = FIRST_WRAPPED + u64::from(wire);
    let if_one = if_zero - 1;
    if wire == 0 {
        Evidence::Certain(Rollover::Zero)
    } else if if_zero <= reach {
        Evidence::Ambiguous
    } else if if_one <= reach {
        Evidence::Certain(Rollover::One)
    } else {
        Evidence::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_repeat_by_the_rollover() {
        let zero = |block| to_wire(block, Rollover::Zero);
        let one = |block| to_wire(block, Rollover::One);
        assert_eq!(
            [0, 1, 65535, 65536, 65537, 131072].map(zero),
            [0, 1, 65535, 0, 1, 0]
        );
        assert_eq!(
            [0, 1, 65535, 65536, 65537, 131070, 131071].map(one),
            [0, 1, 65535, 1, 2, 65535, 1]
        );
    }

    #[test]
    fn distance_undoes_to_wire_everywhere_around_the_edges() {
        for rollover in [Rollover::Zero, Rollover::One] {
            for base in (0..6).chain(65530..65545).chain(131060..131080) {
                for ahead in [0, 1, 2, 5, 64, 32768, 65534] {
                    let wire = to_wire(base + ahead, rollover);
                    assert_eq!(
                        distance(base, wire, rollover),
                        Some(ahead),
                        "{rollover:?} {base} {ahead}"
                    );
                }
            }
        }
        assert_eq!(distance(65536, 0, Rollover::One), None);
    }

    #[test]
    fn a_lockstep_sender_shows_its_rollover_at_once() {
        let reach = 65535 + 1;
        assert_eq!(evidence(0, reach), Evidence::Certain(Rollover::Zero));
        assert_eq!(evidence(1, reach), Evidence::Certain(Rollover::One));
        assert_eq!(evidence(65535, reach), Evidence::None);
    }

    #[test]
    fn inside_a_window_only_its_end_is_certain() {
        let reach = 65535 + 4;
        assert_eq!(evidence(1, reach), Evidence::Ambiguous);
        assert_eq!(evidence(3, reach), Evidence::Ambiguous);
        assert_eq!(evidence(4, reach), Evidence::Certain(Rollover::One));
        assert_eq!(evidence(5, reach), Evidence::None);
    }
}
