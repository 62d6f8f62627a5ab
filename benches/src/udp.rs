//! Datagrams in batches: recvmmsg, sendmmsg and UDP_SEGMENT, IPv4 only.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

use libc::{c_int, c_void, iovec, mmsghdr, sockaddr_in};

/// Datagrams of one receiving call.
pub const BATCH: usize = 128;

/// Messages, pieces and copied bytes of one sending call, and segments of one message.
const MESSAGES: usize = 256;
const PIECES: usize = 8192;
const SMALL: usize = 64 << 10;
const SEGMENTS: usize = 64;
const MOST_BYTES: usize = 65_507;

/// Room for one control message of either kind, aligned.
type Control = [u64; 8];

/// An unconnected UDP socket.
pub struct Socket(OwnedFd);

impl Socket {
    /// Bound to an address; port 0 is any. `buffer`: bytes that the kernel may queue each way.
    ///
    /// # Errors
    /// Those of socket and bind.
    pub fn bind(address: SocketAddrV4, buffer: usize) -> io::Result<Socket> {
        // SAFETY: no pointers.
        let raw = check(unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) })?;
        // SAFETY: just opened, and nobody else's.
        let socket = Socket(unsafe { OwnedFd::from_raw_fd(raw) });
        for (plain, forced) in [
            (libc::SO_RCVBUF, libc::SO_RCVBUFFORCE),
            (libc::SO_SNDBUF, libc::SO_SNDBUFFORCE),
        ] {
            let size = buffer as c_int;
            // Beyond the system's limit only for root.
            if socket.option(libc::SOL_SOCKET, forced, &size).is_err() {
                socket.option(libc::SOL_SOCKET, plain, &size)?;
            }
        }
        socket.option(libc::IPPROTO_IP, libc::IP_PKTINFO, &1)?;
        let name = to_name(address);
        // SAFETY: the name outlives the call and has the size given.
        check(unsafe { libc::bind(socket.fd(), (&raw const name).cast(), size_of_val(&name) as u32) })?;
        Ok(socket)
    }

    /// How long a receiving call waits at most.
    ///
    /// # Errors
    /// Those of setsockopt.
    pub fn set_patience(&self, patience: Duration) -> io::Result<()> {
        let time = libc::timeval {
            tv_sec: patience.as_secs() as libc::time_t,
            tv_usec: patience.subsec_micros().into(),
        };
        self.option(libc::SOL_SOCKET, libc::SO_RCVTIMEO, &time)
    }

    pub fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    fn option<T>(&self, level: c_int, name: c_int, value: &T) -> io::Result<()> {
        let length = size_of::<T>() as u32;
        // SAFETY: the value outlives the call and has the size given.
        check(unsafe { libc::setsockopt(self.fd(), level, name, (&raw const *value).cast(), length) })
            .map(drop)
    }
}

/// Datagrams that came in one call.
pub struct Inbox {
    headers: Vec<mmsghdr>,
    vectors: Vec<iovec>,
    names: Vec<sockaddr_in>,
    controls: Vec<Control>,
    room: Vec<u8>,
    slot: usize,
    count: usize,
}

/// One datagram: from whom, to which of this host's addresses, and what.
pub struct Arrival<'a> {
    pub peer: SocketAddrV4,
    pub here: Ipv4Addr,
    pub bytes: &'a [u8],
}

impl Inbox {
    /// For datagrams of at most `slot` bytes.
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

    /// Receives what is there; `wait`: at least one, as long as the socket's patience lasts. Returns how many.
    ///
    /// # Errors
    /// `WouldBlock` if nothing came, and those of recvmmsg.
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
        // SAFETY: every header points to the name, vector, control and slot of its index, whose memory never moves.
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
        Ok(count)
    }

    /// One of the datagrams of the last call.
    pub fn get(&self, index: usize) -> Arrival<'_> {
        let name = &self.names[index];
        let length = (self.headers[index].msg_len as usize).min(self.slot);
        Arrival {
            peer: SocketAddrV4::new(
                u32::from_be(name.sin_addr.s_addr).into(),
                u16::from_be(name.sin_port),
            ),
            here: self.destination(index),
            bytes: &self.room[index * self.slot..][..length],
        }
    }

    fn destination(&self, index: usize) -> Ipv4Addr {
        let header = &self.headers[index].msg_hdr;
        // SAFETY: the kernel has written whole control messages of the length that the header has.
        let first = unsafe { libc::CMSG_FIRSTHDR(header).as_ref() };
        match first {
            Some(first) if first.cmsg_level == libc::IPPROTO_IP && first.cmsg_type == libc::IP_PKTINFO => {
                // SAFETY: what a control message of this type holds; it need not be aligned.
                let info: libc::in_pktinfo =
                    unsafe { libc::CMSG_DATA(first).cast::<libc::in_pktinfo>().read_unaligned() };
                u32::from_be(info.ipi_addr.s_addr).into()
            }
            _ => Ipv4Addr::UNSPECIFIED,
        }
    }
}

/// Datagrams to be sent together.
pub struct Outbox {
    messages: Vec<Message>,
    pieces: Vec<Piece>,
    small: Vec<u8>,
    headers: Vec<mmsghdr>,
    vectors: Vec<iovec>,
    names: Vec<sockaddr_in>,
    controls: Vec<Control>,
}

struct Message {
    from: Option<Ipv4Addr>,
    to: SocketAddrV4,
    segment: u16,
    first_piece: usize,
}

enum Piece {
    Small(usize, usize),
    Static(&'static [u8]),
}

impl Default for Outbox {
    fn default() -> Outbox {
        Outbox {
            messages: Vec::with_capacity(MESSAGES),
            pieces: Vec::with_capacity(PIECES),
            small: Vec::with_capacity(SMALL),
            headers: Vec::with_capacity(MESSAGES),
            vectors: Vec::with_capacity(PIECES),
            names: Vec::with_capacity(MESSAGES),
            controls: Vec::with_capacity(MESSAGES),
        }
    }
}

impl Outbox {
    /// One datagram. `from`: the source address, where the socket has several.
    pub fn push(&mut self, from: Option<Ipv4Addr>, to: SocketAddrV4, bytes: &[u8]) {
        self.begin(from, to, 0);
        self.copy(bytes);
    }

    /// DATA packets with these block numbers, cut by the kernel; `data` gives the bytes of one, all but the last
    /// `blksize` long. Sends what was pushed before where there is no room.
    ///
    /// # Errors
    /// Those of [`Outbox::flush`].
    pub fn push_data(
        &mut self,
        socket: &Socket,
        (from, to): (Option<Ipv4Addr>, SocketAddrV4),
        blksize: usize,
        blocks: std::ops::Range<u64>,
        mut data: impl FnMut(u64) -> &'static [u8],
    ) -> io::Result<()> {
        let at_once = (MOST_BYTES / (blksize + 4)).clamp(1, SEGMENTS) as u64;
        let mut first = blocks.start;
        while first < blocks.end {
            let end = blocks.end.min(first + at_once);
            self.make_room(socket)?;
            self.begin(from, to, if end - first > 1 { blksize as u16 + 4 } else { 0 });
            for block in first..end {
                let number = (block as u16).to_be_bytes();
                self.copy(&[0, 3, number[0], number[1]]);
                self.pieces.push(Piece::Static(data(block)));
            }
            first = end;
        }
        Ok(())
    }

    /// Sends what was pushed if another push may find no room.
    ///
    /// # Errors
    /// Those of [`Outbox::flush`].
    pub fn make_room(&mut self, socket: &Socket) -> io::Result<()> {
        let is_full = self.messages.len() >= MESSAGES
            || self.pieces.len() + 2 * SEGMENTS > PIECES
            || self.small.len() + 1024 > SMALL;
        if is_full { self.flush(socket) } else { Ok(()) }
    }

    fn begin(&mut self, from: Option<Ipv4Addr>, to: SocketAddrV4, segment: u16) {
        let first_piece = self.pieces.len();
        self.messages.push(Message {
            from,
            to,
            segment,
            first_piece,
        });
    }

    fn copy(&mut self, bytes: &[u8]) {
        let start = self.small.len();
        self.small.extend_from_slice(bytes);
        self.pieces.push(Piece::Small(start, self.small.len()));
    }

    /// Sends everything.
    ///
    /// # Errors
    /// Those of sendmmsg.
    pub fn flush(&mut self, socket: &Socket) -> io::Result<()> {
        self.arrange();
        let mut sent = 0;
        while sent < self.headers.len() {
            let rest = &mut self.headers[sent..];
            // SAFETY: `arrange` made every header point into the arrays of `self`, which nobody changes meanwhile.
            let result =
                check(unsafe { libc::sendmmsg(socket.fd(), rest.as_mut_ptr(), rest.len() as u32, 0) });
            match result {
                Ok(count) => sent += count as usize,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.messages.clear();
        self.pieces.clear();
        self.small.clear();
        Ok(())
    }

    fn arrange(&mut self) {
        self.vectors.clear();
        self.names.clear();
        self.controls.clear();
        self.headers.clear();
        self.vectors.extend(self.pieces.iter().map(|piece| {
            let bytes = match piece {
                Piece::Small(start, end) => &self.small[*start..*end],
                Piece::Static(bytes) => bytes,
            };
            iovec {
                iov_base: bytes.as_ptr().cast_mut().cast(),
                iov_len: bytes.len(),
            }
        }));
        self.names
            .extend(self.messages.iter().map(|message| to_name(message.to)));
        self.controls.resize(self.messages.len(), [0; 8]);
        for (index, message) in self.messages.iter().enumerate() {
            let end = self
                .messages
                .get(index + 1)
                .map_or(self.pieces.len(), |next| next.first_piece);
            // SAFETY: integers and pointers only, for which zero is a value.
            let mut header: mmsghdr = unsafe { std::mem::zeroed() };
            let inner = &mut header.msg_hdr;
            inner.msg_name = (&raw mut self.names[index]).cast();
            inner.msg_namelen = size_of::<sockaddr_in>() as u32;
            inner.msg_iov = &raw mut self.vectors[message.first_piece];
            inner.msg_iovlen = (end - message.first_piece) as _;
            let length = write_control(&mut self.controls[index], message);
            if length > 0 {
                inner.msg_control = (&raw mut self.controls[index]).cast::<c_void>();
                inner.msg_controllen = length as _;
            }
            self.headers.push(header);
        }
    }
}

/// Writes the control messages that a message needs; returns their length.
fn write_control(control: &mut Control, message: &Message) -> usize {
    let mut used = 0;
    if let Some(from) = message.from {
        let mut info = [0u8; size_of::<libc::in_pktinfo>()];
        info[4..8].copy_from_slice(&from.octets());
        used += put(control, used, libc::IPPROTO_IP, libc::IP_PKTINFO, &info);
    }
    if message.segment > 0 {
        used += put(
            control,
            used,
            libc::SOL_UDP,
            libc::UDP_SEGMENT,
            &message.segment.to_ne_bytes(),
        );
    }
    used
}

/// One control message, as cmsg(3) lays it out on 64-bit Linux; returns its space.
fn put(control: &mut Control, at: usize, level: c_int, kind: c_int, data: &[u8]) -> usize {
    let mut bytes = [0u8; 32];
    let length = 16 + data.len();
    bytes[..8].copy_from_slice(&length.to_ne_bytes());
    bytes[8..12].copy_from_slice(&level.to_ne_bytes());
    bytes[12..16].copy_from_slice(&kind.to_ne_bytes());
    bytes[16..length].copy_from_slice(data);
    let words = length.div_ceil(8);
    for (word, chunk) in control[at / 8..]
        .iter_mut()
        .zip(bytes.chunks_exact(8))
        .take(words)
    {
        *word = u64::from_ne_bytes(chunk.try_into().expect("eight bytes"));
    }
    words * 8
}

fn to_name(address: SocketAddrV4) -> sockaddr_in {
    sockaddr_in {
        sin_family: libc::AF_INET as _,
        sin_port: address.port().to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from(*address.ip()).to_be(),
        },
        sin_zero: [0; 8],
    }
}

fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}
