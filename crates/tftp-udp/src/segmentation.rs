//! UDP_SEGMENT: checks whether the kernel splits a run of equal blocks into datagrams, and for
//! which peers it refuses. Windows has the same limits and refusals, see `windows/uso.rs`.

#[cfg(linux)]
use std::io;
use std::net::{IpAddr, SocketAddr};
#[cfg(linux)]
use std::sync::OnceLock;

#[cfg(linux)]
use super::UdpSocket;

/// The maximum number of segments of one message: UDP_MAX_SEGMENTS of the kernels before 6.10 (128
/// since). Windows takes 512.
pub(super) const MAX_SEGMENTS: usize = 64;

/// The maximum number of bytes of one message: the payload of an IPv4 datagram (65535 less 20 and
/// 8); IPv6 allows more.
pub(super) const MAX_BYTES: usize = 65507;

/// The number of runs to a peer that are sent without segmentation after a refusal, before it is
/// tried again.
const RETRY_AFTER: u32 = 256;

/// The number of peers remembered at once; two peers in one place cause each other a failing call
/// now and then.
const PLACES: usize = 1024;

/// Returns how many datagrams of that size one message holds.
pub(super) fn segments_of(segment: usize) -> usize {
    (MAX_BYTES / segment.max(1)).clamp(1, MAX_SEGMENTS)
}

/// Returns true if the kernel has the option at all (Linux 4.18).
#[cfg(linux)]
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

/// Returns true if an error means that a run can't be segmented on its path, although its datagrams
/// may be sent one by one: larger than the path MTU (EINVAL or EMSGSIZE), no checksum offload or
/// IPsec (EIO).
#[cfg(linux)]
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

/// Remembers peers for which segmentation was refused, because path and MTU depend on the peer.
/// Empty until the first refusal.
#[derive(Default)]
pub(super) struct Refusals {
    places: Vec<Refusal>,
}

#[derive(Clone, Copy, Default)]
struct Refusal {
    /// The hash of the peer's address; 0 if the place is free.
    peer: u64,
    /// The smallest segment refused.
    segment: usize,
    /// The number of runs before it is tried again.
    remaining: u32,
}

impl Refusals {
    /// Returns true if a run of that segment size to that peer is to be segmented; counts the run
    /// if not.
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

    /// Remembers a refusal. `whatever_size`: the segment's size was not the reason.
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

/// Hashes the address without its port, because the path depends on the host. Never 0.
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

    /// A refusal counts for one peer and for segments that are not smaller, and segmentation is
    /// tried again after a while.
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
