//! Windows within the budget of memory.

use tftp_proto::{Limits as Negotiable, NegotiatedOptions, negotiate};

use crate::limits::Limits;

/// Negotiates a window within the budget, and takes it. Returns the negotiated parameters and the
/// bytes taken.
pub(crate) fn grant(
    budget: &impl Limits,
    limits: &Negotiable,
    agree: impl Fn(&Negotiable) -> NegotiatedOptions,
) -> (NegotiatedOptions, u32) {
    let negotiated = negotiate::within(limits, budget.most_window(), agree);
    // Less than 2^32: both factors have 16 bits.
    let bytes = u32::from(negotiated.blksize) * u32::from(negotiated.windowsize);
    budget.take_window(bytes);
    (negotiated, bytes)
}
