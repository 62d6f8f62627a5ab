//! recvmmsg(2): many datagrams per call.

use std::io;
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::ptr;

use libc::{iovec, mmsghdr};

use super::UdpSocket;
use super::address::Name;
use super::cmsg::{RecvControl, parse_control};
use super::recv::{Meta, Slots};

/// Checks whether the call is permitted.
///
/// # Errors
/// The error of the call.
pub(super) fn probe(fd: RawFd) -> io::Result<()> {
    // SAFETY: the pointer of an empty array is not followed.
    let result =
        unsafe { libc::recvmmsg(fd, ptr::null_mut(), 0, libc::MSG_DONTWAIT as _, ptr::null_mut()) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// The arrays of the call, one element per slot, allocated once. Pointers are only valid during a
/// call.
pub(super) struct Recvmmsg {
    headers: Box<[mmsghdr]>,
    vectors: Box<[iovec]>,
    names: Box<[Name]>,
    controls: Box<[RecvControl]>,
    /// The number of headers, from the first, that the kernel may have changed since they were
    /// filled.
    stale: usize,
    /// The slots' memory that the pointers in the headers point to; null before the first call.
    filled_for: *mut u8,
}

// SAFETY: the pointers are those of the boxed arrays beside them and of the slots that come with
// each call; they are only followed by the kernel during a call, with `&mut` to all of them.
unsafe impl Send for Recvmmsg {}

impl Recvmmsg {
    pub(super) fn new(slots: usize) -> Recvmmsg {
        // SAFETY: integers and pointers only, for which zero is a value.
        let header: mmsghdr = unsafe { std::mem::zeroed() };
        let vector = iovec {
            iov_base: ptr::null_mut(),
            iov_len: 0,
        };
        Recvmmsg {
            headers: vec![header; slots].into(),
            vectors: vec![vector; slots].into(),
            names: vec![Name::EMPTY; slots].into(),
            controls: vec![RecvControl::EMPTY; slots].into(),
            stale: 0,
            filled_for: ptr::null_mut(),
        }
    }

    /// Receives into the first `most` slots and adds the datagrams to `arrivals`; with `peer` only
    /// those that it sent.
    pub(super) fn receive(
        &mut self,
        socket: &UdpSocket,
        slots: &mut Slots,
        most: usize,
        peer: Option<&SocketAddr>,
        arrivals: &mut Vec<Meta>,
    ) -> io::Result<()> {
        self.prepare(slots);
        let count = self.headers.len().min(most) as libc::c_uint;
        let received = loop {
            // SAFETY: `prepare` made every header point to the name, vector, control and slot of
            // its index, all of the size given and all borrowed mutably here.
            let result = unsafe {
                libc::recvmmsg(
                    socket.fd(),
                    self.headers.as_mut_ptr(),
                    count,
                    libc::MSG_DONTWAIT as _,
                    ptr::null_mut(),
                )
            };
            if result >= 0 {
                break result as usize;
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        };
        // The kernel may have begun to write the header behind the last one.
        self.stale = (received + 1).min(self.headers.len());
        for index in 0..received {
            let length = self.headers[index].msg_hdr.msg_namelen;
            if peer.is_none_or(|peer| self.names[index].is(length, peer)) {
                self.add_datagrams(index, slots, arrivals);
            }
        }
        Ok(())
    }

    /// Fills the headers the first time, later only the fields that the kernel has changed.
    fn prepare(&mut self, slots: &mut Slots) {
        debug_assert_eq!(slots.count, self.headers.len());
        let base = slots.base();
        if self.filled_for != base {
            self.fill(base, slots);
        }
        for header in &mut self.headers[..self.stale] {
            header.msg_hdr.msg_namelen = Name::SIZE;
            header.msg_hdr.msg_controllen = RecvControl::SIZE as _;
            header.msg_hdr.msg_flags = 0;
        }
        self.stale = 0;
    }

    fn fill(&mut self, base: *mut u8, slots: &Slots) {
        let (names, controls) = (self.names.as_mut_ptr(), self.controls.as_mut_ptr());
        let vectors = self.vectors.as_mut_ptr();
        for (index, header) in self.headers.iter_mut().enumerate() {
            // Only addresses are computed; the kernel follows them during a call.
            let vector = vectors.wrapping_add(index);
            let slot = base.wrapping_add(index * slots.stride);
            // SAFETY: `index` is below the length of `vectors`.
            unsafe {
                vector.write(iovec {
                    iov_base: slot.cast(),
                    iov_len: slots.size,
                })
            };
            header.msg_hdr.msg_name = names.wrapping_add(index).cast();
            header.msg_hdr.msg_iov = vector;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = controls.wrapping_add(index).cast();
        }
        self.stale = self.headers.len();
        self.filled_for = base;
    }

    /// Adds the datagrams of a slot: one, or several of one sender behind each other; none if there
    /// is no sender.
    fn add_datagrams(&self, index: usize, slots: &Slots, arrivals: &mut Vec<Meta>) {
        let header = &self.headers[index].msg_hdr;
        let Some(peer) = self.names[index].get(header.msg_namelen) else {
            return;
        };
        let control_info = parse_control(&self.controls[index], header.msg_controllen as _);
        let length = (self.headers[index].msg_len as usize).min(slots.size);
        let is_cut = header.msg_flags & libc::MSG_TRUNC != 0;
        let segment = control_info.segment.unwrap_or(length);
        let mut from = 0;
        loop {
            let rest = length - from;
            arrivals.push(Meta {
                peer,
                local: control_info.local,
                broadcast: control_info.broadcast,
                truncated: is_cut && rest <= segment,
                start: index * slots.stride + from,
                length: rest.min(segment),
            });
            if rest <= segment {
                return;
            }
            from += segment;
        }
    }
}
