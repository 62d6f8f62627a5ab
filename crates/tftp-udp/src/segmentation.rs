//! UDP_SEGMENT: whether the kernel cuts a run of equal blocks into datagrams, and towards whom it will not.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;

use super::UdpSocket;

/// Segments of one message: UDP_MAX_SEGMENTS of the kernels before 6.10 (128 since).
pub(super) const MAX_SEGMENTS: usize = 64;

/// Bytes of one message: what an IPv4 datagram can carry (65535 less 20 and 8), and IPv6 more than that.
pub(super) const MAX_BYTES: usize = 65507;

/// Runs to a peer that are sent without segmentation after a refusal, before it is tried again.
const RETRY_AFTER: u32 = 256;

/// Peers remembered at once; two in one place cost each other a failing call now and then.
const PLACES: usize = 1024;

/// Datagrams of that size in one message.
pub(super) fn segments_of(segment: usize) -> usize {
    (MAX_BYTES / segment.max(1)).clamp(1, MAX_SEGMENTS)
}

/// Whether the kernel knows it at all (Linux 4.18).
pub(super) fn supported(socket: &UdpSocket) -> bool {
    static SUPPORTED: OnceLock<bool> = OnceLock::new();
    *SUPPORTED.get_or_init(|| {
        let (mut value, mut length) = (0i32, size_of::<i32>() as libc::socklen_t);
        // SAFETY: value and length are locals, and the length is that of the value.
        let result = unsafe {
            let value = (&raw mut value).cast();
            libc::getsockopt(socket.fd(), libc::SOL_UDP, libc::UDP_SEGMENT, value, &mut length)
        };
        result == 0
    })
}

/// Whether an error says that a run can't be segmented on its way, though its datagrams may go one by one: larger
/// than the path MTU (EINVAL or EMSGSIZE), no checksum offload or IPsec (EIO).
pub(super) fn is_refusal(error: &io::Error) -> bool {
    let refusals = [
        libc::EIO,
        libc::EINVAL,
        libc::EMSGSIZE,
        libc::ENOPROTOOPT,
        libc::EOPNOTSUPP,
    ];
    error.raw_os_error().is_some_and(|code| refusals.contains(&code))
}

/// Peers towards which segmentation was refused, since path and MTU are theirs. Empty until the first refusal.
#[derive(Default)]
pub(super) struct Refusals {
    places: Vec<Refusal>,
}

#[derive(Clone, Copy, Default)]
struct Refusal {
    /// The peer's address, hashed; 0: nobody's place.
    peer: u64,
    /// The smallest segment refused.
    segment: usize,
    /// Runs to go until it is tried again.
    remaining: u32,
}

impl Refusals {
    /// Whether a run of that segment size to that peer is to be segmented; counts the run if not.
    #[inline]
    pub(super) fn permit(&mut self, peer: SocketAddr, segment: usize) -> bool {
        self.places.is_empty() || self.permit_known(hash(peer), segment)
    }

    fn permit_known(&mut self, peer: u64, segment: usize) -> bool {
        let place = &mut self.places[place_of(peer)];
        if place.peer != peer || segment < place.segment || place.remaining == 0 {
            return true;
        }
        place.remaining -= 1;
        false
    }

    /// Notes a refusal. `whatever_size`: the segment's size was not the reason.
    pub(super) fn note(&mut self, peer: SocketAddr, segment: usize, whatever_size: bool) {
        if self.places.is_empty() {
            self.places.resize(PLACES, Refusal::default());
        }
        let peer = hash(peer);
        let place = &mut self.places[place_of(peer)];
        let segment = if whatever_size { 0 } else { segment };
        let smallest = if place.peer == peer {
            place.segment.min(segment)
        } else {
            segment
        };
        *place = Refusal {
            peer,
            segment: smallest,
            remaining: RETRY_AFTER,
        };
    }
}

fn place_of(peer: u64) -> usize {
    (peer >> 32) as usize % PLACES
}

/// The address without its port: the path is the host's. Never 0.
fn hash(peer: SocketAddr) -> u64 {
    let bits = match peer.ip().to_canonical() {
        IpAddr::V4(ip) => u64::from(ip.to_bits()),
        IpAddr::V6(ip) => (ip.to_bits() >> 64) as u64 ^ (ip.to_bits() as u64).rotate_left(23),
    };
    (bits ^ 0x5555).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_keep_the_limits() {
        for (segment, segments) in [
            (12, 64),
            (516, 64),
            (1023, 64),
            (1024, 63),
            (1472, 44),
            (32753, 2),
            (32754, 1),
            (65468, 1),
        ] {
            assert_eq!(segments_of(segment), segments);
        }
    }

    /// A refusal is the peer's own, counts for what is not smaller, and is tried again after a while.
    #[test]
    fn refusals_are_remembered_for_a_while() {
        let peer = |address: &str| address.parse::<SocketAddr>().unwrap();
        let (one, other) = (peer("10.0.0.1:1000"), peer("10.0.0.2:1000"));
        let mut refusals = Refusals::default();
        assert!(refusals.permit(one, 1472));
        refusals.note(one, 1472, false);
        assert!(refusals.permit(one, 1471) && refusals.permit(other, 1472));
        for same in ["10.0.0.1:1", "[::ffff:10.0.0.1]:2"] {
            assert!(!refusals.permit(peer(same), 1472));
        }
        let refused = (0..1000).take_while(|_| !refusals.permit(one, 9000)).count();
        assert_eq!(refused, RETRY_AFTER as usize - 2);
        assert!(refusals.permit(one, 1472));
        refusals.note(one, 1472, true);
        assert!(!refusals.permit(one, 12));
    }
}
