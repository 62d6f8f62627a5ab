//! The control data of a datagram: packet information, and the segment size of a run. No system
//! calls.

use std::mem::offset_of;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use windows_sys::Win32::Networking::WinSock::{
    CMSGHDR, IP_PKTINFO, IPPROTO_IP, IPPROTO_IPV6, IPV6_PKTINFO,
};

use crate::LocalAddr;

/// The room for control data: packet information of both families, or one of them and a segment
/// size.
pub(super) const SIZE: usize = 128;

/// The size of a header; the data behind it has the same alignment.
const HEADER: usize = size_of::<CMSGHDR>();

/// The alignment of headers.
const ALIGNMENT: usize = align_of::<usize>();

/// A buffer for control data, aligned as Winsock requires.
#[repr(C, align(8))]
pub(super) struct Control {
    bytes: [u8; SIZE],
    used: usize,
}

impl Control {
    pub(super) fn empty() -> Control {
        Control {
            bytes: [0; SIZE],
            used: 0,
        }
    }

    /// Returns the whole buffer, for a call that fills it.
    pub(super) fn buffer(&mut self) -> &mut [u8; SIZE] {
        &mut self.bytes
    }

    /// Sets how much a call has filled.
    pub(super) fn set_used(&mut self, used: usize) {
        self.used = used.min(SIZE);
    }

    /// Returns the number of bytes in use.
    pub(super) fn used(&self) -> usize {
        self.used
    }

    /// Adds the source address of a datagram.
    pub(super) fn push_source(&mut self, source: LocalAddr) {
        match source.ip.to_canonical() {
            IpAddr::V4(ip) => {
                let mut data = [0; 8];
                data[..4].copy_from_slice(&ip.octets());
                self.push(IPPROTO_IP, IP_PKTINFO, &data);
            }
            IpAddr::V6(ip) => {
                let mut data = [0; 20];
                data[..16].copy_from_slice(&ip.octets());
                // The interface is used for link-local addresses only: the routing table decides
                // for all others.
                if ip.is_unicast_link_local() {
                    data[16..].copy_from_slice(&source.interface.to_ne_bytes());
                }
                self.push(IPPROTO_IPV6, IPV6_PKTINFO, &data);
            }
        }
    }

    /// Adds a number of 32 bits.
    pub(super) fn push_number(&mut self, level: i32, kind: i32, number: u32) {
        self.push(level, kind, &number.to_ne_bytes());
    }

    fn push(&mut self, level: i32, kind: i32, data: &[u8]) {
        let at = self.used;
        let mut put = |offset: usize, bytes: &[u8]| {
            self.bytes[at + offset..][..bytes.len()].copy_from_slice(bytes)
        };
        put(
            offset_of!(CMSGHDR, cmsg_len),
            &(HEADER + data.len()).to_ne_bytes(),
        );
        put(offset_of!(CMSGHDR, cmsg_level), &level.to_ne_bytes());
        put(offset_of!(CMSGHDR, cmsg_type), &kind.to_ne_bytes());
        put(HEADER, data);
        self.used = at + (HEADER + data.len()).next_multiple_of(ALIGNMENT);
    }

    /// Returns the address and the interface that a datagram was sent to. `v6`: the socket is an
    /// IPv6 one.
    pub(super) fn local_address(&self, v6: bool) -> Option<LocalAddr> {
        let mut found = None;
        self.read(&mut |level, kind, data| {
            found = found.or_else(|| packet_information(level, kind, data, v6));
        });
        found
    }

    /// Calls `each` with level, type and data of every entry.
    fn read(&self, each: &mut dyn FnMut(i32, i32, &[u8])) {
        let mut rest = &self.bytes[..self.used];
        while let Some((level, kind, data, behind)) = first_entry(rest) {
            each(level, kind, data);
            rest = behind;
        }
    }
}

/// Takes the first entry apart, and returns what is behind it, too.
fn first_entry(control: &[u8]) -> Option<(i32, i32, &[u8], &[u8])> {
    let number = |at: usize| Some(i32::from_ne_bytes(control.get(at..at + 4)?.try_into().ok()?));
    let size = control
        .get(offset_of!(CMSGHDR, cmsg_len)..)?
        .get(..size_of::<usize>())?;
    let size = usize::from_ne_bytes(size.try_into().ok()?);
    let data = control.get(HEADER..size)?;
    let behind = control
        .get(size.next_multiple_of(ALIGNMENT)..)
        .unwrap_or_default();
    let level = number(offset_of!(CMSGHDR, cmsg_level))?;
    Some((level, number(offset_of!(CMSGHDR, cmsg_type))?, data, behind))
}

fn packet_information(level: i32, kind: i32, data: &[u8], v6: bool) -> Option<LocalAddr> {
    let (ip, interface) = match (level, kind) {
        (IPPROTO_IP, IP_PKTINFO) => {
            let ip = Ipv4Addr::from(<[u8; 4]>::try_from(data.get(..4)?).ok()?);
            let ip = match v6 {
                true => IpAddr::V6(ip.to_ipv6_mapped()),
                false => IpAddr::V4(ip),
            };
            (ip, data.get(4..8)?)
        }
        (IPPROTO_IPV6, IPV6_PKTINFO) => {
            let ip = Ipv6Addr::from(<[u8; 16]>::try_from(data.get(..16)?).ok()?);
            (IpAddr::V6(ip), data.get(16..20)?)
        }
        _ => return None,
    };
    let interface = u32::from_ne_bytes(interface.try_into().ok()?);
    Some(LocalAddr { ip, interface })
}

#[cfg(test)]
mod tests {
    use windows_sys::Win32::Networking::WinSock::{IPPROTO_UDP, UDP_SEND_MSG_SIZE};

    use super::*;

    fn local(ip: &str) -> LocalAddr {
        LocalAddr {
            ip: ip.parse().unwrap(),
            interface: 0,
        }
    }

    fn entries(control: &Control) -> Vec<(i32, i32, Vec<u8>)> {
        let mut entries = Vec::new();
        control.read(&mut |level, kind, data| entries.push((level, kind, data.to_vec())));
        entries
    }

    #[test]
    fn packet_information_is_found_as_it_was_written() {
        for (ip, v6) in [
            ("192.0.2.7", false),
            ("::ffff:192.0.2.7", true),
            ("2001:db8::7", true),
        ] {
            let mut control = Control::empty();
            control.push_source(local(ip));
            assert_eq!(control.local_address(v6), Some(local(ip)), "{ip}");
        }
    }

    #[test]
    fn damaged_control_data_has_no_address() {
        assert_eq!(Control::empty().local_address(true), None);
        for (byte, used) in [(0xff, 24), (0xff, SIZE), (0, SIZE), (1, 3)] {
            let mut control = Control::empty();
            control.buffer().fill(byte);
            control.set_used(used);
            assert_eq!(control.local_address(true), None);
        }
    }

    /// The layout that Winsock documents: length, level, type, data, and the next entry at an
    /// aligned offset.
    #[test]
    fn a_source_and_a_segment_size_are_entries_of_their_own() {
        for (ip, level, kind, length) in [
            ("192.0.2.7", IPPROTO_IP, IP_PKTINFO, 8),
            ("2001:db8::7", IPPROTO_IPV6, IPV6_PKTINFO, 20),
        ] {
            let mut control = Control::empty();
            control.push_source(local(ip));
            let begin = control.used();
            control.push_number(IPPROTO_UDP, UDP_SEND_MSG_SIZE, 1432);
            let entries = entries(&control);
            assert_eq!(
                (entries[0].0, entries[0].1, entries[0].2.len()),
                (level, kind, length)
            );
            assert_eq!(
                entries[1],
                (IPPROTO_UDP, UDP_SEND_MSG_SIZE, 1432u32.to_ne_bytes().to_vec())
            );
            assert!(begin.is_multiple_of(ALIGNMENT) && control.used().is_multiple_of(ALIGNMENT));
            assert_eq!(
                control.bytes[begin..][..size_of::<usize>()],
                (HEADER + 4).to_ne_bytes()
            );
        }
    }

    /// Only a link-local address needs its interface.
    #[test]
    fn the_interface_is_sent_for_link_local_addresses_alone() {
        for (ip, expected) in [("fe80::7", 9u32), ("2001:db8::7", 0)] {
            let mut control = Control::empty();
            control.push_source(LocalAddr {
                interface: 9,
                ..local(ip)
            });
            assert_eq!(entries(&control)[0].2[16..], expected.to_ne_bytes(), "{ip}");
        }
    }
}
