//! Decides which port a new transfer gets. No sockets are touched here.
//!
//! A transfer's port is the only secret that protects it from forged packets (RFC 1350 section 4),
//! so what a peer learns from its own transfers must not reveal the ports of others. A port of its
//! own for each transfer ensures that. Where descriptors or ports do not suffice, transfers share
//! sockets by a keyed hash of the client's address.

use core::net::IpAddr;
use core::ops::RangeInclusive;

use tftp_proto::Instant;
use tftp_proto::wire::{Operation, RequestedOptions};

use super::admission::Group;
use super::siphash::SipKey;

/// The number of shared sockets of a thread. More would hide a client's port better, but bring
/// fewer packets per system call.
pub const BUCKETS: usize = 64;

/// The most idle sockets that a thread keeps for the next transfers: enough that a steady stream of
/// transfers opens none.
const MOST_IDLE: usize = 256;

/// The least receive buffer, in bytes: enough for some ACKs, answers to repeated requests, and one
/// block of any size.
const LOCKSTEP_BUFFER: usize = 64 << 10;

/// The largest receive buffer, in bytes, for the window of an upload.
const MOST_WINDOW: usize = 4 << 20;

/// The kernel's approximate overhead for each datagram, in bytes: its buffers come in powers of
/// two.
const PACKET_OVERHEAD: usize = 512;

/// The kind of sockets that the transfers of a server get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The listening socket (SinglePort).
    Single,
    /// A socket each, or the transfer is refused (UseConnection).
    AlwaysOwn,
    /// A socket each within the budget, shared ones beyond it (PortPerTransfer).
    Own,
    /// Shared ones.
    Shared,
}

impl Mode {
    /// Returns the mode. SinglePort takes precedence over UseConnection, and that over
    /// PortPerTransfer.
    pub fn new(single_port: bool, use_connection: bool, port_per_transfer: bool) -> Mode {
        match (single_port, use_connection, port_per_transfer) {
            (true, ..) => Mode::Single,
            (_, true, _) => Mode::AlwaysOwn,
            (.., true) => Mode::Own,
            _ => Mode::Shared,
        }
    }
}

/// The number of sockets that one thread may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Sockets of one transfer each, limited by the size of TransferPorts.
    pub own: usize,
    /// Shared sockets.
    pub shared: usize,
    /// Idle sockets that are kept.
    pub idle: usize,
}

impl Budget {
    /// Returns the budget of one of `threads` threads, for these TransferPorts (`None`: any) and
    /// this soft limit of descriptors.
    pub fn new(
        mode: Mode,
        range: Option<&RangeInclusive<u16>>,
        threads: usize,
        descriptors: usize,
    ) -> Budget {
        let ports = range.map(|range| usize::from(range.end() - range.start()) + 1);
        let (own, shared) = match (mode, ports) {
            (Mode::Single, _) => (0, 0),
            (Mode::AlwaysOwn, _) => (usize::MAX, 0),
            (Mode::Own, None) => (usize::MAX, BUCKETS),
            (Mode::Own, Some(ports)) => (ports / 2 / threads, (ports - ports / 2) / threads),
            (Mode::Shared, None) => (0, BUCKETS),
            (Mode::Shared, Some(ports)) => (0, ports / threads),
        };
        Budget {
            own,
            shared: match mode {
                Mode::Single | Mode::AlwaysOwn => 0,
                Mode::Own | Mode::Shared => shared.clamp(1, BUCKETS),
            },
            // With many threads the idle ones of all still leave most of the budget to transfers.
            idle: MOST_IDLE.min(descriptors / 8 / threads),
        }
    }
}

/// Returns how many half-open transfers of one of `threads` threads may have a socket each: forged
/// requests take an eighth of the descriptors at most. Newcomers beyond that share sockets.
pub fn most_half_open(descriptors: usize, threads: usize) -> usize {
    (descriptors / 8 / threads).max(1)
}

/// The assignment of addresses to shared sockets.
#[derive(Clone, Copy)]
pub struct Buckets {
    key: SipKey,
    count: usize,
}

impl Buckets {
    /// Creates `count` buckets (at least 1), assigned under a secret key.
    pub fn new(key: SipKey, count: usize) -> Buckets {
        Buckets { key, count }
    }

    /// Returns the two buckets of a client, the preferred one first.
    ///
    /// They depend neither on the client's port nor on its address within its own network (see
    /// [`Group`]). Otherwise it could try as many as it likes, and learn the ports of all buckets.
    pub fn of(self, client: Group) -> [usize; 2] {
        let hash = match client.address() {
            IpAddr::V4(ip) => self.key.hash(&ip.octets()),
            IpAddr::V6(ip) => self.key.hash(&ip.octets()),
        };
        let count = self.count as u64;
        let first = hash % count;
        // Any bucket but the first, each with the same probability.
        let step = if count > 1 {
            1 + (hash >> 32) % (count - 1)
        } else {
            0
        };
        [first as usize, ((first + step) % count) as usize]
    }
}

/// A transfer that has a client's place on a socket.
#[derive(Clone, Copy, Debug)]
pub struct Occupant<T> {
    /// The transfer's id.
    pub transfer: T,
    /// True if it stays only to retransmit its last packet.
    pub has_ended: bool,
    /// When its request arrived.
    pub began: Instant,
}

/// A place, and the transfer that has to leave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortAssignment<P, T> {
    /// The place.
    pub place: P,
    /// The transfer that has it; `None` if the place is free.
    pub gives_way: Option<T>,
}

/// Chooses the place of a new transfer, of those that its client may have: the first free one, else
/// that of a transfer that has ended, else that of the oldest one. Returns `None` if there are no
/// places.
pub fn assign<P: Copy, T: Copy>(
    places: &[(P, Option<Occupant<T>>)],
) -> Option<PortAssignment<P, T>> {
    // `None`, a free place, is less than any occupant.
    let rank = |occupant: Option<Occupant<T>>| occupant.map(|it| (!it.has_ended, it.began));
    let (place, occupant) = places.iter().min_by_key(|(_, occupant)| rank(*occupant))?;
    Some(PortAssignment {
        place: *place,
        gives_way: occupant.map(|it| it.transfer),
    })
}

/// The receive parameters of a private socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reception {
    /// Bytes of the receive buffer.
    pub buffer: usize,
    /// True if many datagrams are received at once, because the client may send windows.
    pub batches: bool,
}

impl Reception {
    /// Returns the parameters for the options of a request; the negotiation may grant less.
    /// `largest` and `window` are the largest blksize and windowsize that are granted.
    pub fn of(
        operation: Operation,
        requested: &RequestedOptions,
        largest: u16,
        window: u16,
    ) -> Reception {
        let blksize = usize::from(
            requested
                .blksize
                .or(requested.blksize2)
                .unwrap_or(512)
                .min(largest),
        );
        let window = usize::from(requested.windowsize.unwrap_or(1).min(window));
        let batches = operation == Operation::Write && window > 1;
        let needed = if batches {
            window * (blksize + PACKET_OVERHEAD)
        } else {
            blksize + PACKET_OVERHEAD
        };
        Reception {
            buffer: needed.clamp(LOCKSTEP_BUFFER, MOST_WINDOW),
            batches,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn client(ip: &str) -> Group {
        Group::of(ip.parse().unwrap(), |_| false)
    }

    fn numbered(number: u32) -> Group {
        Group::of(IpAddr::V4((0x0a00_0000 + number).into()), |_| false)
    }

    #[test]
    fn precedence_of_port_modes() {
        assert_eq!(Mode::new(true, true, true), Mode::Single);
        assert_eq!(Mode::new(false, true, false), Mode::AlwaysOwn);
        assert_eq!(Mode::new(false, true, true), Mode::AlwaysOwn);
        assert_eq!(Mode::new(false, false, true), Mode::Own);
        assert_eq!(Mode::new(false, false, false), Mode::Shared);
    }

    #[test]
    fn half_of_a_range_is_shared_and_one_socket_always() {
        let sockets = |mode, range: Option<RangeInclusive<u16>>, threads| {
            let budget = Budget::new(mode, range.as_ref(), threads, 1024);
            (budget.own, budget.shared)
        };
        assert_eq!(sockets(Mode::Own, None, 4), (usize::MAX, BUCKETS));
        assert_eq!(sockets(Mode::Own, Some(40000..=40100), 1), (50, 51));
        assert_eq!(sockets(Mode::Own, Some(40000..=40999), 1), (500, BUCKETS));
        assert_eq!(sockets(Mode::Own, Some(40000..=40015), 4), (2, 2));
        assert_eq!(sockets(Mode::Own, Some(7..=7), 1), (0, 1));
        assert_eq!(sockets(Mode::Own, Some(1..=65535), 1), (32767, BUCKETS));
        assert_eq!(sockets(Mode::Shared, Some(40000..=40015), 1), (0, 16));
        assert_eq!(sockets(Mode::Shared, Some(7..=7), 3), (0, 1));
        assert_eq!(sockets(Mode::AlwaysOwn, Some(7..=7), 1), (usize::MAX, 0));
        assert_eq!(sockets(Mode::Single, None, 1), (0, 0));
    }

    #[test]
    fn an_eighth_of_the_descriptors_for_half_open_transfers() {
        assert_eq!(most_half_open(1024, 1), 128);
        assert_eq!(most_half_open(1024, 4), 32);
        assert_eq!(most_half_open(20, 64), 1);
    }

    #[test]
    fn idle_sockets_of_all_threads_leave_most_descriptors_to_others() {
        for (descriptors, threads) in [(1024, 1), (1024, 64), (20, 1), (65536, 8), (usize::MAX, 2)]
        {
            let idle = Budget::new(Mode::Own, None, threads, descriptors).idle;
            assert!(
                idle <= MOST_IDLE && idle * threads <= descriptors / 8,
                "{descriptors}"
            );
        }
        assert_eq!(Budget::new(Mode::Own, None, 1, 1 << 20).idle, MOST_IDLE);
    }

    #[test]
    fn an_address_has_two_buckets_and_its_port_gives_it_no_others() {
        let buckets = Buckets::new(SipKey([7; 16]), BUCKETS);
        let mut used = [0; BUCKETS];
        for number in 0..64_000_u32 {
            let [first, second] = buckets.of(numbered(number));
            assert_ne!(first, second);
            used[first] += 1;
            used[second] += 1;
        }
        // 2000 each are expected; 5 standard deviations are 222.
        assert!(
            used.iter().all(|&count| (1778..2223).contains(&count)),
            "{used:?}"
        );
        for count in 1..4 {
            let few = Buckets::new(SipKey([7; 16]), count);
            let pairs: BTreeSet<_> = (0..200).map(|number| few.of(numbered(number))).collect();
            assert!(pairs.iter().flatten().all(|&bucket| bucket < count));
            assert_eq!(
                pairs.len(),
                (count * (count - 1)).max(1),
                "every pair, in either order"
            );
        }
    }

    /// Under another key the same two addresses share a bucket no more often than any two:
    /// knowledge of one server's ports reveals nothing about another's.
    #[test]
    fn the_key_decides() {
        let (one, other) = (client("192.0.2.1"), client("192.0.2.2"));
        let meetings = (0..64_000_u64)
            .filter(|number| {
                let mut key = [0; 16];
                key[..8].copy_from_slice(&number.to_le_bytes());
                let buckets = Buckets::new(SipKey(key), BUCKETS);
                buckets.of(other).contains(&buckets.of(one)[0])
            })
            .count();
        assert!((1778..2223).contains(&meetings), "{meetings}");
    }

    #[test]
    fn an_ipv6_host_has_the_same_two_wherever_it_is_in_its_network() {
        let buckets = Buckets::new(SipKey([9; 16]), 1 << 40);
        let same = |one: &str, other: &str| buckets.of(client(one)) == buckets.of(client(other));
        assert!(same("2001:db8:0:1::1", "2001:db8:0:1:9::2"));
        assert!(!same("2001:db8:0:1::1", "2001:db8:0:2::1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
    }

    #[test]
    fn the_free_place_then_the_ended_transfers_then_the_oldest() {
        let occupant = |transfer, has_ended, began| {
            Some(Occupant {
                transfer,
                has_ended,
                began: Instant::from_micros(began),
            })
        };
        let assign = |places: &[(u8, Option<Occupant<char>>)]| {
            assign(places).map(|assign| (assign.place, assign.gives_way))
        };
        let (old, new, ended) = (
            occupant('o', false, 1),
            occupant('n', false, 2),
            occupant('e', true, 3),
        );
        assert_eq!(assign(&[(1, None), (2, None)]), Some((1, None)));
        assert_eq!(assign(&[(1, old), (2, None)]), Some((2, None)));
        assert_eq!(assign(&[(1, ended), (2, None)]), Some((2, None)));
        assert_eq!(assign(&[(1, old), (2, ended)]), Some((2, Some('e'))));
        assert_eq!(assign(&[(1, new), (2, old)]), Some((2, Some('o'))));
        assert_eq!(assign(&[(1, old), (2, new)]), Some((1, Some('o'))));
        assert_eq!(assign(&[]), None);
    }

    #[test]
    fn an_uploads_window_fits_and_everything_else_is_small() {
        let requested = |blksize, windowsize| RequestedOptions {
            blksize,
            windowsize,
            ..RequestedOptions::default()
        };
        let of = |operation, requested: RequestedOptions| {
            Reception::of(operation, &requested, 65464, 64)
        };
        let small = Reception {
            buffer: LOCKSTEP_BUFFER,
            batches: false,
        };
        assert_eq!(of(Operation::Read, requested(Some(8192), Some(64))), small);
        assert_eq!(of(Operation::Write, requested(None, None)), small);
        assert_eq!(of(Operation::Write, requested(Some(1428), Some(1))), small);
        let window = of(Operation::Write, requested(Some(8192), Some(32)));
        assert!(window.batches && window.buffer >= 32 * 8192, "{window:?}");
        let granted =
            Reception::of(Operation::Write, &requested(Some(65464), Some(65535)), 1428, 4);
        assert_eq!((granted.buffer, granted.batches), (LOCKSTEP_BUFFER, true));
        assert_eq!(
            of(Operation::Write, requested(Some(65464), Some(64))).buffer,
            MOST_WINDOW
        );
        let block = of(Operation::Write, requested(Some(65464), None));
        assert_eq!(block.buffer, 65464 + PACKET_OVERHEAD);
    }
}
