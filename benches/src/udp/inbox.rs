//! Receives many datagrams per system call.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

use libc::{c_int, iovec, mmsghdr, sockaddr_in};

use super::{BATCH, Control, Socket, check};

/// The most bytes of a run of datagrams that the kernel joins.
pub const LONGEST: usize = 65_536;

/// The datagrams received by one call.
pub struct Inbox {
    headers: Vec<mmsghdr>,
    vectors: Vec<iovec>,
    names: Vec<sockaddr_in>,
    controls: Vec<Control>,
    room: Vec<u8>,
    slot: usize,
    count: usize,
    parts: Vec<Part>,
}

/// The place of one datagram, which may be part of a joined run.
#[derive(Clone, Copy)]
struct Part {
    header: usize,
    start: usize,
    length: usize,
    here: Ipv4Addr,
}

/// One received datagram: its sender, its destination address on this host, and its bytes.
pub struct Arrival<'a> {
    pub peer: SocketAddrV4,
    pub here: Ipv4Addr,
    pub bytes: &'a [u8],
}

impl Inbox {
    /// Creates an inbox for datagrams of at most `slot` bytes; [`LONGEST`] for sockets that
    /// coalesce.
    pub fn new(slot: usize) -> Inbox {
        // SAFETY: integers and pointers only, for which zero is a value.
        let (header, name): (mmsghdr, sockaddr_in) = unsafe { std::mem::zeroed() };
        let vector = iovec {
            iov_base: std::ptr::null_mut(),
            iov_len: slot,
        };
        let mut inbox = Inbox {
            headers: vec![header; BATCH],
            vectors: vec![vector; BATCH],
            names: vec![name; BATCH],
            controls: vec![[0; 8]; BATCH],
            room: vec![0; BATCH * slot],
            slot,
            count: BATCH,
            parts: Vec::with_capacity(BATCH),
        };
        for index in 0..BATCH {
            inbox.vectors[index].iov_base = inbox.room[index * slot..].as_mut_ptr().cast();
            let header = &mut inbox.headers[index].msg_hdr;
            header.msg_name = (&raw mut inbox.names[index]).cast();
            header.msg_iov = &raw mut inbox.vectors[index];
            header.msg_iovlen = 1;
            header.msg_control = (&raw mut inbox.controls[index]).cast();
        }
        inbox
    }

    /// Receives the queued datagrams and returns their number. `wait`: waits for the first one, at
    /// most as long as [`Socket::set_patience`] allows.
    ///
    /// # Errors
    /// `WouldBlock` if there was none, and those of recvmmsg.
    pub fn receive(&mut self, socket: &Socket, wait: bool) -> io::Result<usize> {
        for header in &mut self.headers[..self.count] {
            header.msg_hdr.msg_namelen = size_of::<sockaddr_in>() as u32;
            header.msg_hdr.msg_controllen = size_of::<Control>() as _;
        }
        self.count = 0;
        let flags = if wait {
            libc::MSG_WAITFORONE
        } else {
            libc::MSG_DONTWAIT
        };
        // SAFETY: every header points to the name, vector, control and slot of its index, whose
        // memory never moves.
        let count = check(unsafe {
            libc::recvmmsg(
                socket.fd(),
                self.headers.as_mut_ptr(),
                BATCH as u32,
                flags as _,
                std::ptr::null_mut(),
            )
        });
        let count = count.inspect_err(|_| self.count = 1)? as usize;
        self.count = (count + 1).min(BATCH);
        self.parts.clear();
        (0..count).for_each(|header| self.take_apart(header));
        Ok(self.parts.len())
    }

    /// Returns whether the last call received a full batch, so that more datagrams may be queued.
    pub fn is_full(&self) -> bool {
        self.count == BATCH
    }

    /// Returns one of the datagrams of the last call.
    #[inline]
    pub fn get(&self, index: usize) -> Arrival<'_> {
        let part = self.parts[index];
        let name = &self.names[part.header];
        Arrival {
            peer: SocketAddrV4::new(
                u32::from_be(name.sin_addr.s_addr).into(),
                u16::from_be(name.sin_port),
            ),
            here: part.here,
            bytes: &self.room[part.start..][..part.length],
        }
    }

    fn take_apart(&mut self, header: usize) {
        let (here, segment) = self.told(header);
        let mut rest = (self.headers[header].msg_len as usize).min(self.slot);
        let mut start = header * self.slot;
        loop {
            let length = segment.map_or(rest, |segment| rest.min(segment));
            self.parts.push(Part {
                header,
                start,
                length,
                here,
            });
            (start, rest) = (start + length, rest - length);
            if rest == 0 {
                return;
            }
        }
    }

    /// Parses the control messages: the destination address, and the segment size in bytes of a
    /// joined run.
    fn told(&self, header: usize) -> (Ipv4Addr, Option<usize>) {
        let header = &self.headers[header].msg_hdr;
        let (mut here, mut segment) = (Ipv4Addr::UNSPECIFIED, None);
        // SAFETY: the kernel has written whole control messages of the length that the header has.
        let mut next = unsafe { libc::CMSG_FIRSTHDR(header).as_ref() };
        while let Some(message) = next {
            // SAFETY: a control message has its data behind its head; it need not be aligned, and
            // what is read of it is as long as what messages of that type hold.
            unsafe {
                let data = libc::CMSG_DATA(message);
                match (message.cmsg_level, message.cmsg_type) {
                    (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                        let info = data.cast::<libc::in_pktinfo>().read_unaligned();
                        here = u32::from_be(info.ipi_addr.s_addr).into();
                    }
                    (libc::SOL_UDP, libc::UDP_GRO) => {
                        let size = data.cast::<c_int>().read_unaligned();
                        segment = usize::try_from(size).ok().filter(|&size| size > 0);
                    }
                    _ => {}
                }
                next = libc::CMSG_NXTHDR(header, message).as_ref();
            }
        }
        (here, segment)
    }
}
