//! A socket to wake the thread that waits for sockets, and an event for the application.

use std::ffi::c_void;
use std::io;
use std::net::Ipv4Addr;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::System::Threading::{CreateEventW, ResetEvent, SetEvent};

use crate::{SocketOptions, UdpSocket};

/// A socket that is readable from `raise` to `lower`. It is connected to itself, so that it
/// receives no datagrams of others; its port is its own like those of all sockets here, so that no
/// other program takes the wake-ups.
pub(in super::super) struct Signal {
    socket: UdpSocket,
}

impl Signal {
    pub(in super::super) fn new() -> io::Result<Signal> {
        let address = (Ipv4Addr::LOCALHOST, 0).into();
        let socket = UdpSocket::bind(address, &SocketOptions::default())?;
        socket.connect(socket.local_addr()?)?;
        Ok(Signal { socket })
    }

    /// Makes it readable. Returns false if it may not be: the system has no memory for a datagram,
    /// or (wine) another thread is still returning from the same call.
    pub(in super::super) fn raise(&self) -> bool {
        self.socket.std().send(&[1]).is_ok()
    }

    /// Makes it unreadable.
    pub(in super::super) fn lower(&self) {
        while self.socket.std().recv(&mut [0; 8]).is_ok() {}
    }

    pub(in super::super) fn raw(&self) -> usize {
        self.socket.fd()
    }
}

/// An event that is signalled from `raise` to `lower`.
pub(in super::super) struct Event {
    event: OwnedHandle,
}

impl Event {
    pub(in super::super) fn new() -> io::Result<Event> {
        let manual_reset = 1;
        // SAFETY: no attributes and no name.
        let raw = unsafe { CreateEventW(ptr::null(), manual_reset, 0, ptr::null()) };
        if raw.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: just created, and owned by nothing else.
        let event = unsafe { OwnedHandle::from_raw_handle(raw) };
        Ok(Event { event })
    }

    pub(in super::super) fn raise(&self) {
        // SAFETY: an event that lives as long as `self`.
        unsafe { SetEvent(self.event.as_raw_handle()) };
    }

    pub(in super::super) fn lower(&self) {
        // SAFETY: an event that lives as long as `self`.
        unsafe { ResetEvent(self.event.as_raw_handle()) };
    }

    pub(in super::super) fn handle(&self) -> *mut c_void {
        self.event.as_raw_handle()
    }
}
