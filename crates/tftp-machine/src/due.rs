//! The pending outputs of a transfer besides packets.

/// A set of pending outputs besides packets. They are emitted in the order of their bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Due(u16);

impl Due {
    pub(crate) const PORT: Due = Due(1);
    pub(crate) const ASK: Due = Due(1 << 1);
    pub(crate) const OPEN: Due = Due(1 << 2);
    pub(crate) const BEGUN: Due = Due(1 << 3);
    pub(crate) const LET_GO: Due = Due(1 << 4);
    pub(crate) const SETTLED: Due = Due(1 << 5);
    pub(crate) const COMMIT: Due = Due(1 << 6);
    pub(crate) const ERROR: Due = Due(1 << 7);
    pub(crate) const CLOSE: Due = Due(1 << 8);
    pub(crate) const OVER: Due = Due(1 << 9);
    pub(crate) const CLOSE_PORT: Due = Due(1 << 10);
    pub(crate) const GONE: Due = Due(1 << 11);
    /// The outputs that come before packets.
    pub(crate) const BEFORE: Due = Due(Due::PORT.0 | Due::ASK.0 | Due::OPEN.0 | Due::BEGUN.0);

    pub(crate) fn add(&mut self, more: Due) {
        self.0 |= more.0;
    }

    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Removes and returns the first one of those in `among`.
    pub(crate) fn take(&mut self, among: Due) -> Option<Due> {
        let first = 1_u16.checked_shl((self.0 & among.0).trailing_zeros())?;
        self.0 &= !first;
        Some(Due(first))
    }

    pub(crate) const ALL: Due = Due(u16::MAX);

    /// The outputs that stay pending when a transfer ends.
    pub(crate) const AT_THE_END: Due = Due(Due::SETTLED.0 | Due::ERROR.0);

    pub(crate) fn keep(&mut self, those: Due) {
        self.0 &= those.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pending_outputs_come_once_and_in_order() {
        let mut due = Due::default();
        due.add(Due::GONE);
        due.add(Due::ASK);
        due.add(Due::OVER);
        assert_eq!(due.take(Due::BEFORE), Some(Due::ASK));
        assert_eq!(due.take(Due::BEFORE), None);
        assert_eq!(
            (due.take(Due::ALL), due.take(Due::ALL)),
            (Some(Due::OVER), Some(Due::GONE))
        );
        assert!(due.is_empty() && due.take(Due::ALL).is_none());
    }

    #[test]
    fn each_output_has_its_own_bit_in_order_of_emission() {
        let before = [Due::PORT, Due::ASK, Due::OPEN, Due::BEGUN];
        let after = [
            Due::LET_GO,
            Due::SETTLED,
            Due::COMMIT,
            Due::ERROR,
            Due::CLOSE,
            Due::OVER,
            Due::CLOSE_PORT,
            Due::GONE,
        ];
        let mut bit = 1;
        for due in before.iter().chain(&after) {
            assert_eq!(due.0, bit);
            bit <<= 1;
        }
        assert_eq!(Due::BEFORE, Due(0b1111));
        assert_eq!(Due::AT_THE_END, Due(1 << 5 | 1 << 7));
    }

    #[test]
    fn at_the_end_only_settled_and_error_remain() {
        let mut due = Due::default();
        for index in 0..12 {
            due.add(Due(1 << index));
        }
        due.keep(Due::AT_THE_END);
        assert_eq!(
            (due.take(Due::ALL), due.take(Due::ALL), due.take(Due::ALL)),
            (Some(Due::SETTLED), Some(Due::ERROR), None)
        );
    }
}
