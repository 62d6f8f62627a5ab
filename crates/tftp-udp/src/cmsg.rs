//! Control messages: the ancillary data of a datagram.

use std::mem::offset_of;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use libc::{c_int, cmsghdr};

use super::ip::{v4_from_kernel, v4_to_kernel, v6_from_kernel, v6_to_kernel};
use super::{LocalAddr, Route};

/// Room for the control messages of one outgoing datagram: one packet information and one segment
/// size.
pub(super) type SendControl = Control<8>;

/// Room for the control messages of one arrival: packet information of both families, because a
/// dual-stack socket delivers both for an IPv4 datagram, a segment size, and some to spare.
pub(super) type RecvControl = Control<16>;

/// A buffer for control messages, aligned as the kernel requires.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub(super) struct Control<const WORDS: usize>(pub(super) [u64; WORDS]);

impl<const WORDS: usize> Control<WORDS> {
    /// An empty buffer.
    pub(super) const EMPTY: Self = Control([0; WORDS]);
    /// The size in bytes.
    pub(super) const SIZE: usize = WORDS * 8;

    /// Adds a control message behind the first `used` bytes and returns the new number of used
    /// bytes.
    fn push<T: Copy>(&mut self, used: usize, level: c_int, kind: c_int, value: T) -> usize {
        // SAFETY: CMSG_SPACE and CMSG_LEN only compute.
        let (space, length) = unsafe {
            (
                libc::CMSG_SPACE(size_of::<T>() as u32),
                libc::CMSG_LEN(size_of::<T>() as u32),
            )
        };
        assert!(used + space as usize <= Self::SIZE && used.is_multiple_of(align_of::<cmsghdr>()));
        // SAFETY: `space` bytes behind `used` are inside the buffer (asserted); the buffer is
        // aligned to 8 and `used` to cmsghdr; the value is written unaligned where CMSG_DATA has
        // it.
        unsafe {
            let header = self.0.as_mut_ptr().cast::<u8>().add(used).cast::<cmsghdr>();
            // The kernel's length has 64 bits. That of musl has 32, with padding that would keep
            // bytes of an earlier datagram's messages.
            header.write(zero_header());
            (*header).cmsg_len = length as _;
            (*header).cmsg_level = level;
            (*header).cmsg_type = kind;
            libc::CMSG_DATA(header).cast::<T>().write_unaligned(value);
        }
        used + space as usize
    }

    /// Calls `each` with level, type and value of every control message in the first `used` bytes.
    pub(super) fn read(&self, used: usize, each: &mut dyn FnMut(c_int, c_int, &[u8])) {
        // SAFETY: a reinterpretation of initialised words as bytes; an empty or full slice of an
        // existing array.
        let bytes: &[u8] =
            unsafe { &*std::ptr::slice_from_raw_parts(self.0.as_ptr().cast(), Self::SIZE) };
        let mut rest = &bytes[..used.min(Self::SIZE)];
        let begin = data_offset();
        while rest.len() >= begin {
            let length = number(
                rest,
                offset_of!(cmsghdr, cmsg_len),
                size_of_val(&zero_header().cmsg_len),
            );
            if length < begin || length > rest.len() {
                return;
            }
            let level = number(rest, offset_of!(cmsghdr, cmsg_level), 4) as c_int;
            let kind = number(rest, offset_of!(cmsghdr, cmsg_type), 4) as c_int;
            each(level, kind, &rest[begin..length]);
            rest = &rest[length.next_multiple_of(alignment()).min(rest.len())..];
        }
    }
}

/// Returns the offset of the data in a control message: the size of the header, with the system's
/// padding.
fn data_offset() -> usize {
    // SAFETY: CMSG_LEN only computes.
    unsafe { libc::CMSG_LEN(0) as usize }
}

/// Returns the alignment of control messages, which differs between systems: a long on Linux and
/// FreeBSD, an int on macOS.
fn alignment() -> usize {
    // SAFETY: CMSG_SPACE only computes.
    unsafe { (libc::CMSG_SPACE(1) - libc::CMSG_SPACE(0)) as usize }
}

fn zero_header() -> cmsghdr {
    // SAFETY: integers only, for which zero is a value.
    unsafe { std::mem::zeroed() }
}

/// Reads a native-endian unsigned number of 4 or 8 bytes.
fn number(bytes: &[u8], at: usize, size: usize) -> usize {
    let mut word = [0; 8];
    let from = if cfg!(target_endian = "big") { 8 - size } else { 0 };
    word[from..from + size].copy_from_slice(&bytes[at..at + size]);
    u64::from_ne_bytes(word) as usize
}

/// Reads plain data out of a control message; `None` if it is too short.
pub(super) fn value<T: Copy>(bytes: &[u8]) -> Option<T> {
    // SAFETY: enough bytes, read unaligned; used below only for kernel structures made of integers.
    (bytes.len() >= size_of::<T>()).then(|| unsafe { bytes.as_ptr().cast::<T>().read_unaligned() })
}

/// Adds the address to send from, as a control message for the peer's family. Returns the bytes
/// used.
pub(super) fn push_source(control: &mut SendControl, route: &Route) -> usize {
    let Some(source) = route.source else { return 0 };
    let interface = if is_link_local(route.peer) {
        source.interface
    } else {
        0
    };
    match (source.ip.to_canonical(), route.peer.ip().to_canonical()) {
        // An IPv4 datagram takes the control message of IPv4, also on an IPv6 socket.
        (IpAddr::V4(ip), IpAddr::V4(_)) => v4::push_source(control, ip, interface),
        (IpAddr::V6(ip), IpAddr::V6(_)) => {
            let info = libc::in6_pktinfo {
                ipi6_addr: v6_to_kernel(ip),
                ipi6_ifindex: interface as _,
            };
            control.push(0, libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, info)
        }
        _ => 0,
    }
}

/// The control messages of IPv4 on Linux and macOS.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
mod v4 {
    use super::*;

    pub(super) const KIND: c_int = libc::IP_PKTINFO;
    pub(super) type Info = libc::in_pktinfo;

    pub(super) fn push_source(control: &mut SendControl, ip: Ipv4Addr, interface: u32) -> usize {
        // macOS ignores the address where an interface is set.
        let interface = if cfg!(target_vendor = "apple") {
            0
        } else {
            interface
        };
        let info = libc::in_pktinfo {
            ipi_ifindex: interface as _,
            ipi_spec_dst: v4_to_kernel(ip),
            ipi_addr: libc::in_addr { s_addr: 0 },
        };
        control.push(0, libc::IPPROTO_IP, libc::IP_PKTINFO, info)
    }

    /// Returns the destination of an arrival, and the index of its interface.
    pub(super) fn destination(info: &Info) -> (Ipv4Addr, u32) {
        (v4_from_kernel(info.ipi_addr), info.ipi_ifindex as u32)
    }

    /// Returns true if the arrival was sent to a broadcast address: for an address of this machine,
    /// Linux returns the same address as the one to answer from (fib_compute_spec_dst).
    #[cfg(linux)]
    pub(super) fn is_broadcast(info: &Info) -> bool {
        v4_from_kernel(info.ipi_addr) != v4_from_kernel(info.ipi_spec_dst)
    }
}

/// The control messages of IPv4 on FreeBSD and its relatives, which name no interface.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
mod v4 {
    use super::*;

    pub(super) const KIND: c_int = libc::IP_RECVDSTADDR;
    pub(super) type Info = libc::in_addr;

    pub(super) fn push_source(control: &mut SendControl, ip: Ipv4Addr, _: u32) -> usize {
        control.push(0, libc::IPPROTO_IP, libc::IP_SENDSRCADDR, v4_to_kernel(ip))
    }

    pub(super) fn destination(info: &Info) -> (Ipv4Addr, u32) {
        (v4_from_kernel(*info), 0)
    }
}

/// Adds the size of the segments that the kernel splits the bytes into. Returns the bytes used.
#[cfg(linux)]
pub(super) fn push_segment(control: &mut SendControl, used: usize, segment: u16) -> usize {
    control.push(used, libc::SOL_UDP, libc::UDP_SEGMENT, segment)
}

/// Returns true for addresses that are valid only together with an interface.
fn is_link_local(peer: SocketAddr) -> bool {
    match peer.ip().to_canonical() {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// The parsed control messages of an arrival.
#[derive(Default)]
pub(super) struct ControlInfo {
    /// The address it was sent to.
    pub(super) local: Option<LocalAddr>,
    /// True if that address is a broadcast or multicast one.
    pub(super) broadcast: bool,
    /// The size of each datagram if the kernel coalesced several; the last may be shorter.
    #[cfg(linux)]
    pub(super) segment: Option<usize>,
}

pub(super) fn parse_control(control: &RecvControl, used: usize) -> ControlInfo {
    let (mut v4, mut v6) = (None, None);
    #[cfg(linux)]
    let mut segment = None;
    control.read(used, &mut |level, kind, bytes| match (level, kind) {
        (libc::IPPROTO_IP, v4::KIND) => v4 = value::<v4::Info>(bytes),
        (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => v6 = value::<libc::in6_pktinfo>(bytes),
        #[cfg(linux)]
        (libc::SOL_UDP, libc::UDP_GRO) => segment = value::<c_int>(bytes),
        _ => {}
    });
    let mut control_info = ControlInfo {
        #[cfg(linux)]
        segment: segment
            .and_then(|size| usize::try_from(size).ok())
            .filter(|&size| size > 0),
        ..ControlInfo::default()
    };
    if let Some(info) = v4 {
        let (ip, interface) = v4::destination(&info);
        control_info.broadcast = is_of_many(ip);
        #[cfg(linux)]
        {
            control_info.broadcast |= v4::is_broadcast(&info);
        }
        control_info.local = Some(LocalAddr {
            ip: ip.into(),
            interface,
        });
    }
    if let Some(info) = v6 {
        let ip = v6_from_kernel(info.ipi6_addr);
        // For an IPv4 datagram on an IPv6 socket some systems report nothing else.
        control_info.broadcast |= ip.is_multicast() || ip.to_ipv4_mapped().is_some_and(is_of_many);
        control_info.local = Some(LocalAddr {
            ip: ip.into(),
            interface: info.ipi6_ifindex,
        });
    }
    control_info
}

/// Returns true for multicast and broadcast addresses. Those of single networks are recognised by
/// the list of interfaces, but for Linux, which marks their datagrams. The list costs the most and
/// is searched last.
fn is_of_many(ip: Ipv4Addr) -> bool {
    let is_of_all = ip.is_multicast() || ip == Ipv4Addr::BROADCAST;
    #[cfg(not(linux))]
    let is_of_all = is_of_all || super::interfaces::is_broadcast(ip);
    is_of_all
}

#[cfg(all(test, linux))]
mod tests {
    use super::*;

    #[test]
    fn a_message_leaves_nothing_of_an_earlier_one_in_its_header() {
        let mut control: SendControl = Control([u64::MAX; 8]);
        let used = push_segment(&mut control, 0, 1428);
        let again = push_segment(&mut control, used, 512);
        assert_eq!((used, again), (24, 48));
        // As the kernel reads it: a length of 64 bits, level and type of 32.
        let kind = [libc::SOL_UDP.to_ne_bytes(), libc::UDP_SEGMENT.to_ne_bytes()].concat();
        for header in [0, 3] {
            assert_eq!(control.0[header], 18);
            assert_eq!(control.0[header + 1].to_ne_bytes(), *kind);
        }
    }
}
