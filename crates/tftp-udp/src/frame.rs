//! Writes a UDP datagram as Ethernet frames: IPv4 and UDP headers, their checksums, fragments. No
//! system calls.

use std::net::SocketAddrV4;

use super::MacAddr;

const IP: usize = 20;
const UDP: usize = 8;
const UDP_PROTOCOL: u8 = 17;
const TIME_TO_LIVE: u8 = 64;

const MORE_FRAGMENTS: u16 = 0x2000;
const DONT_FRAGMENT: u16 = 0x4000;

/// The addresses and header fields of a datagram.
pub(super) struct Envelope {
    pub(super) from_mac: MacAddr,
    pub(super) to_mac: MacAddr,
    pub(super) from: SocketAddrV4,
    pub(super) to: SocketAddrV4,
    /// The TOS byte.
    pub(super) class: u8,
    pub(super) dont_fragment: bool,
    /// The IP identification, common to all fragments of a datagram (RFC 791).
    pub(super) ident: u16,
}

impl Envelope {
    /// Returns true if that many bytes of data need more than one packet of `mtu` bytes.
    pub(super) fn is_fragmented(length: usize, mtu: usize) -> bool {
        IP + UDP + length > mtu
    }

    /// Calls `each` with the frames of one datagram. The data is `datagram[UDP_ROOM..]`; the room
    /// before it is overwritten. Stops at the first failure.
    pub(super) fn frames<E>(
        &self,
        datagram: &mut [u8],
        mtu: usize,
        frame: &mut Vec<u8>,
        each: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.write_udp(datagram);
        // Fragments carry multiples of 8 bytes (RFC 791); no link has an MTU below 68.
        let most = (mtu.max(68) - IP) & !7;
        let whole = datagram.len() <= mtu.max(68) - IP;
        let step = if whole { datagram.len() } else { most };
        for (number, part) in datagram.chunks(step).enumerate() {
            let offset = number * most;
            let is_last = offset + part.len() == datagram.len();
            frame.clear();
            self.write_ethernet(frame);
            self.write_ip(frame, part.len(), offset, is_last);
            frame.extend_from_slice(part);
            each(frame)?;
        }
        Ok(())
    }

    fn write_udp(&self, datagram: &mut [u8]) {
        let length = (datagram.len() as u16).to_be_bytes();
        datagram[0..2].copy_from_slice(&self.from.port().to_be_bytes());
        datagram[2..4].copy_from_slice(&self.to.port().to_be_bytes());
        datagram[4..6].copy_from_slice(&length);
        datagram[6..8].copy_from_slice(&[0, 0]);
        let mut pseudo = [0; 12];
        pseudo[0..4].copy_from_slice(&self.from.ip().octets());
        pseudo[4..8].copy_from_slice(&self.to.ip().octets());
        pseudo[9] = UDP_PROTOCOL;
        pseudo[10..12].copy_from_slice(&length);
        // A checksum of 0 would mean that there is none (RFC 768).
        let sum = match checksum(sum(&pseudo) + sum(datagram)) {
            0 => 0xFFFF,
            sum => sum,
        };
        datagram[6..8].copy_from_slice(&sum.to_be_bytes());
    }

    fn write_ethernet(&self, frame: &mut Vec<u8>) {
        frame.extend_from_slice(&self.to_mac);
        frame.extend_from_slice(&self.from_mac);
        frame.extend_from_slice(&[0x08, 0x00]);
    }

    fn write_ip(&self, frame: &mut Vec<u8>, length: usize, offset: usize, is_last: bool) {
        let more = if is_last { 0 } else { MORE_FRAGMENTS };
        let whole = if self.dont_fragment { DONT_FRAGMENT } else { 0 };
        let place = (offset / 8) as u16 | more | whole;
        let mut header = [0; IP];
        header[0] = 0x45;
        header[1] = self.class;
        header[2..4].copy_from_slice(&((IP + length) as u16).to_be_bytes());
        header[4..6].copy_from_slice(&self.ident.to_be_bytes());
        header[6..8].copy_from_slice(&place.to_be_bytes());
        header[8] = TIME_TO_LIVE;
        header[9] = UDP_PROTOCOL;
        header[12..16].copy_from_slice(&self.from.ip().octets());
        header[16..20].copy_from_slice(&self.to.ip().octets());
        let sum = checksum(sum(&header));
        header[10..12].copy_from_slice(&sum.to_be_bytes());
        frame.extend_from_slice(&header);
    }
}

/// The room for headers before a datagram's data.
pub(super) const UDP_ROOM: usize = UDP;

/// Adds up the 16-bit words of some bytes (RFC 1071); an odd last byte is the high one of a word.
fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<2>();
    let odd = rest.first().map_or(0, |&last| u64::from(last) << 8);
    words
        .iter()
        .map(|&word| u64::from(u16::from_be_bytes(word)))
        .sum::<u64>()
        + odd
}

fn checksum(mut sum: u64) -> u16 {
    while sum > 0xFFFF {
        sum = (sum >> 16) + (sum & 0xFFFF);
    }
    !(sum as u16)
}

/// Returns the source of a UDP datagram over IPv4, given the beginning of its packet.
pub(super) fn source_of(packet: &[u8]) -> Option<SocketAddrV4> {
    let octets: [u8; 4] = packet.get(12..16)?.try_into().ok()?;
    let header = usize::from(packet[0] & 15) * 4;
    let port: [u8; 2] = packet.get(header..header + 2)?.try_into().ok()?;
    Some(SocketAddrV4::new(octets.into(), u16::from_be_bytes(port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(dont_fragment: bool) -> Envelope {
        Envelope {
            from_mac: [2, 0, 0, 0, 0, 1],
            to_mac: [2, 0, 0, 0, 0, 2],
            from: "192.0.2.1:69".parse().unwrap(),
            to: "192.0.2.2:4000".parse().unwrap(),
            class: 0xB8,
            dont_fragment,
            ident: 7,
        }
    }

    fn frames(data: &[u8], mtu: usize) -> Vec<Vec<u8>> {
        let mut datagram = [&[9; UDP_ROOM][..], data].concat();
        let mut frames = Vec::new();
        let sent = envelope(false).frames(&mut datagram, mtu, &mut Vec::new(), &mut |frame| {
            frames.push(frame.to_vec());
            Ok::<(), ()>(())
        });
        assert_eq!(sent, Ok(()));
        frames
    }

    /// The example of RFC 1071, section 3, and the sum of a header that contains its checksum.
    #[test]
    fn checksums() {
        assert_eq!(
            checksum(sum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7])),
            !0xddf2
        );
        assert_eq!(sum(&[1, 2, 3]), 0x0102 + 0x0300);
        for frame in frames(b"some data", 1500) {
            assert_eq!(checksum(sum(&frame[14..34])), 0);
            let udp = &frame[34..];
            let pseudo = [&frame[26..34], &[0, 17, 0, udp.len() as u8]].concat();
            assert_eq!(checksum(sum(&pseudo) + sum(udp)), 0);
        }
    }

    /// The source is found behind IP options too.
    #[test]
    fn sources() {
        let from = "192.0.2.1:69".parse().ok();
        let mut packet = frames(b"abc", 1500).remove(0).split_off(14);
        assert_eq!(source_of(&packet), from);
        packet[0] = 0x46;
        packet.splice(20..20, [1; 4]);
        assert_eq!(source_of(&packet), from);
        for short in [0, 15, 16, 24, 25] {
            assert_eq!(source_of(&packet[..short]), None, "{short}");
        }
    }

    #[test]
    fn a_small_datagram_is_one_frame() {
        let [frame] = &frames(b"abc", 1500)[..] else {
            panic!("one frame")
        };
        assert_eq!(frame[..14], [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0]);
        assert_eq!(frame[14..22], [0x45, 0xB8, 0, 31, 0, 7, 0, 0]);
        assert_eq!(frame[34..40], [0, 69, 0x0f, 0xa0, 0, 11]);
        assert_eq!(&frame[42..], b"abc");
    }

    /// Reassembled by their offsets the fragments give the datagram, and none exceeds the MTU.
    #[test]
    fn fragments() {
        let data: Vec<u8> = (0..5000u32).map(|at| (at % 251) as u8).collect();
        for mtu in [68, 576, 1500, 1503, 5027, 5028, 9000] {
            let (mut whole, frames) = (Vec::new(), frames(&data, mtu));
            assert_eq!(
                frames.len() > 1,
                Envelope::is_fragmented(data.len(), mtu),
                "{mtu}"
            );
            for (at, frame) in frames.iter().enumerate() {
                let ip = &frame[14..];
                assert!(
                    ip.len() <= mtu && usize::from(u16::from_be_bytes([ip[2], ip[3]])) == ip.len()
                );
                let place = u16::from_be_bytes([ip[6], ip[7]]);
                assert_eq!(usize::from(place & 0x1FFF) * 8, whole.len(), "{mtu}");
                assert_eq!(place & MORE_FRAGMENTS != 0, at + 1 < frames.len());
                whole.extend_from_slice(&ip[20..]);
            }
            assert_eq!(whole[UDP..], data, "{mtu}");
        }
    }

    #[test]
    fn dont_fragment_is_a_flag() {
        let mut datagram = [0; UDP_ROOM + 4];
        let _ = envelope(true).frames(&mut datagram, 1500, &mut Vec::new(), &mut |frame| {
            assert_eq!(frame[20..22], [0x40, 0]);
            Ok::<(), ()>(())
        });
    }
}
