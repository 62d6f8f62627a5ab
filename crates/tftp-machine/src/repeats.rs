//! Decides whether an identical request from the same address and port is a repetition, or comes
//! from a client that was reset.

use core::time::Duration;

use tftp_proto::Instant;

/// The silence after which a client counts as reset. A client that goes on sends more often than
/// this; one that was reset sends nothing. Clients repeat requests after 0.1 s and more (busybox),
/// so a shorter silence proves nothing.
pub(crate) const SILENCE: Duration = Duration::from_secs(1);

/// The longest time that a request is assumed to have waited in the listening socket's queue. In a
/// flood that queue is never found empty, and clients that were reset must be served all the same.
pub(crate) const LONGEST_QUEUED: Duration = Duration::from_secs(4);

/// The state of the transfer that began with this request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known {
    /// The transfer has ended, even if it stays to retransmit its last packet.
    pub has_ended: bool,
    /// An upload. Its client sends the request no more once it has sent data.
    pub is_upload: bool,
    /// A download of which only the last ACK is missing. Many clients send it once.
    pub awaits_last_ack: bool,
    /// An upload whose bytes have all arrived but are not stored yet: its client waits.
    pub is_being_stored: bool,
    /// An ERROR or an ICMP refusal of its client is still in doubt.
    pub is_in_doubt: bool,
    /// When the last valid ACK or DATA arrived; `None` before the first.
    pub heard_at: Option<Instant>,
}

/// The decision about the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A repetition: the current packet is retransmitted.
    Repeat,
    /// The request is held until the doubt is over; then a new transfer begins, unless the client
    /// has gone on.
    Wait,
    /// A new transfer begins at once.
    Anew,
}

/// Judges a request that is equal to the one with which `known` began. `queued` is the longest time
/// that it can have waited in the listening socket's queue. The request of an upload that may be
/// older than the client's last DATA is a late copy.
pub fn judge(now: Instant, queued: Duration, known: &Known) -> Verdict {
    let queued = if known.is_upload { queued } else { Duration::ZERO };
    let silence = known.heard_at.map(|heard| now.saturating_sub(heard));
    if silence.is_some_and(|silence| silence < queued) {
        return Verdict::Repeat;
    }
    if known.has_ended {
        return Verdict::Anew;
    }
    if known.is_in_doubt {
        return Verdict::Wait;
    }
    match silence {
        None => Verdict::Repeat,
        Some(_) if known.is_being_stored => Verdict::Repeat,
        Some(_) if known.awaits_last_ack => Verdict::Anew,
        Some(silence) if silence.saturating_sub(queued) < SILENCE => Verdict::Repeat,
        Some(_) => Verdict::Anew,
    }
}

/// Returns whether the request is held for a moment where both transfers would share one port. That
/// is so if only the missing last ACK makes it a new request: a late copy must not take the last
/// block from a client that still awaits it. Meanwhile the current packet is retransmitted, and a
/// client that takes part answers it.
pub fn holds_on_one_port(now: Instant, known: &Known) -> bool {
    let is_fresh = known
        .heard_at
        .is_some_and(|heard| now.saturating_sub(heard) < SILENCE);
    let is_new = judge(now, Duration::ZERO, known) == Verdict::Anew;
    known.awaits_last_ack && is_fresh && is_new && !known.has_ended
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_micros(millis * 1000)
    }

    /// Judges a request that did not wait in a queue.
    fn judged(now: Instant, known: &Known) -> Verdict {
        judge(now, Duration::ZERO, known)
    }

    fn heard(millis: u64) -> Known {
        Known {
            heard_at: Some(at(millis)),
            ..Known::default()
        }
    }

    #[test]
    fn an_equal_request_is_a_repetition_until_the_client_goes_on() {
        for millis in [0, 250, 1000, 30_000] {
            assert_eq!(judged(at(millis), &Known::default()), Verdict::Repeat);
        }
    }

    #[test]
    fn a_second_of_silence_is_a_reset() {
        assert_eq!(judged(at(5_999), &heard(5_000)), Verdict::Repeat);
        assert_eq!(judged(at(6_000), &heard(5_000)), Verdict::Anew);
    }

    #[test]
    fn after_the_end_and_where_only_the_last_ack_is_missing_it_is_a_new_request() {
        let ended = Known {
            has_ended: true,
            ..heard(5_000)
        };
        let last = Known {
            awaits_last_ack: true,
            ..heard(5_000)
        };
        assert_eq!(judged(at(5_001), &ended), Verdict::Anew);
        assert_eq!(judged(at(5_001), &last), Verdict::Anew);
        let only_block = Known {
            heard_at: None,
            ..last
        };
        assert_eq!(judged(at(5_001), &only_block), Verdict::Repeat);
    }

    #[test]
    fn on_one_port_a_late_copy_does_not_end_a_download_that_awaits_its_last_block() {
        let last = Known {
            awaits_last_ack: true,
            ..heard(5_000)
        };
        assert!(holds_on_one_port(at(5_001), &last));
        assert!(!holds_on_one_port(at(6_000), &last), "silent for a second");
        assert!(!holds_on_one_port(at(5_001), &heard(5_000)));
        let ended = Known {
            has_ended: true,
            ..last
        };
        assert!(!holds_on_one_port(at(5_001), &ended));
        let doubted = Known {
            is_in_doubt: true,
            ..last
        };
        assert!(
            !holds_on_one_port(at(5_001), &doubted),
            "it waits for the end of the doubt"
        );
    }

    #[test]
    fn a_client_that_waits_for_the_disk_may_be_silent() {
        let whole = Known {
            is_being_stored: true,
            ..heard(5_000)
        };
        assert_eq!(judged(at(60_000), &whole), Verdict::Repeat);
    }

    #[test]
    fn a_doubt_is_waited_out() {
        let doubted = Known {
            is_in_doubt: true,
            ..heard(5_000)
        };
        assert_eq!(judged(at(5_010), &doubted), Verdict::Wait);
        assert_eq!(judged(at(9_000), &doubted), Verdict::Wait);
    }

    /// The client's last DATA came at 5 s. The request was sent before it, or at most a second
    /// after it.
    #[test]
    fn an_uploads_request_that_may_be_older_than_its_data_is_a_repetition() {
        let upload = Known {
            is_upload: true,
            ..heard(5_000)
        };
        let ended = Known {
            has_ended: true,
            ..upload
        };
        let queued = Duration::from_millis;
        assert_eq!(judge(at(6_500), queued(1_600), &ended), Verdict::Repeat);
        assert_eq!(judge(at(6_500), queued(1_500), &ended), Verdict::Anew);
        assert_eq!(judge(at(6_500), queued(1_600), &upload), Verdict::Repeat);
        assert_eq!(judge(at(6_500), queued(501), &upload), Verdict::Repeat);
        assert_eq!(judge(at(6_500), queued(500), &upload), Verdict::Anew);
        let download = heard(5_000);
        assert_eq!(judge(at(6_500), queued(1_600), &download), Verdict::Anew);
    }
}
