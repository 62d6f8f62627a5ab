//! Floods a server with UDP datagrams from unused addresses, as Ethernet frames, as fast as one
//! thread can or at a rate. It is meant for an isolated test network. It runs until its input ends,
//! then prints one line of JSON.
//!
//!     flood --interface NAME --mac AA:BB:CC:DD:EE:FF --target ADDRESS --ports N[,N...] --kind KIND
//!           [--name FILE] [--from ADDRESS] [--hosts N] [--rate PACKETS] [--seed N]
//!
//! KIND is rrq, wrq (a new file name each), ack or garbage. Each frame has the next of `hosts`
//! source addresses, starting at `from`, and a random source port.

use std::ffi::CString;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use libc::{iovec, mmsghdr};
use tftpserver_bench::{argument, number};

/// The number of frames that are prepared and sent in turn, and the number of frames per system
/// call.
const FRAMES: usize = 16_384;
const AT_ONCE: usize = 64;

const ETHERNET: usize = 14;
const IP: usize = 20;
const UDP: usize = 8;

static IS_OVER: AtomicBool = AtomicBool::new(false);

/// The properties that all frames share.
struct Kind {
    mac: [u8; 6],
    target: Ipv4Addr,
    ports: Vec<u16>,
    kind: String,
    name: String,
    from: u32,
    hosts: u32,
}

struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

fn main() -> io::Result<()> {
    let text = |name: &str| argument(name).unwrap_or_else(|| panic!("--{name} is missing"));
    let kind = Kind {
        mac: mac(&text("mac")),
        target: text("target").parse().expect("an IPv4 address"),
        ports: text("ports")
            .split(',')
            .map(|port| port.parse().expect("a port"))
            .collect(),
        kind: text("kind"),
        name: argument("name").unwrap_or_default(),
        from: argument("from").map_or(0x0A58_0000, |from| {
            from.parse::<Ipv4Addr>().expect("an IPv4 address").to_bits()
        }),
        hosts: number("hosts", 50_000) as u32,
    };
    let mut chance = Chance((number("seed", 1) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut frames: Vec<Vec<u8>> = (0..FRAMES as u32)
        .map(|number| frame(&kind, number, &mut chance))
        .collect();
    let socket = open(&text("interface"))?;
    let begin = Instant::now();
    std::thread::spawn(|| {
        // A read error also counts as the end of the input.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        IS_OVER.store(true, Relaxed);
    });
    let (packets, bytes) = send(&socket, &mut frames, begin)?;
    let seconds = begin.elapsed().as_secs_f64();
    println!("{{\"packets\": {packets}, \"bytes\": {bytes}, \"seconds\": {seconds:.6}}}");
    Ok(())
}

fn mac(text: &str) -> [u8; 6] {
    let bytes: Vec<u8> = text
        .split(':')
        .map(|byte| u8::from_str_radix(byte, 16).expect("an Ethernet address"))
        .collect();
    bytes.try_into().expect("six bytes")
}

fn payload(kind: &Kind, number: u32, chance: &mut Chance) -> Vec<u8> {
    match kind.kind.as_str() {
        "rrq" => format!("\0\x01{}\0octet\0", kind.name).into_bytes(),
        "wrq" => format!("\0\x02flood-{number}\0octet\0").into_bytes(),
        "ack" => vec![0, 4, 0, (chance.next() % 8) as u8],
        "garbage" => {
            let length = chance.next() % 120;
            (0..length).map(|_| chance.next() as u8).collect()
        }
        other => panic!("--kind {other}"),
    }
}

/// One frame: Ethernet, IPv4, UDP without a checksum (RFC 768), data.
fn frame(kind: &Kind, number: u32, chance: &mut Chance) -> Vec<u8> {
    let data = payload(kind, number, chance);
    let port = kind.ports[number as usize % kind.ports.len()];
    let mut frame = Vec::with_capacity(ETHERNET + IP + UDP + data.len());
    frame.extend(kind.mac);
    frame.extend([2, 0, 0, 0, 0, 1, 8, 0]);
    frame.extend([0x45, 0]);
    frame.extend(((IP + UDP + data.len()) as u16).to_be_bytes());
    frame.extend([0, 0, 0x40, 0, 64, 17, 0, 0]);
    frame.extend((kind.from + number % kind.hosts).to_be_bytes());
    frame.extend(kind.target.octets());
    let sum = checksum(&frame[ETHERNET..]);
    frame[ETHERNET + 10..ETHERNET + 12].copy_from_slice(&sum.to_be_bytes());
    frame.extend((1024 + (chance.next() % 64_000) as u16).to_be_bytes());
    frame.extend(port.to_be_bytes());
    frame.extend(((UDP + data.len()) as u16).to_be_bytes());
    frame.extend([0, 0]);
    frame.extend(data);
    frame
}

fn checksum(header: &[u8]) -> u16 {
    let words = header
        .chunks(2)
        .map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])));
    let mut sum: u32 = words.sum();
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !(sum as u16)
}

/// A packet socket on an interface. Needs CAP_NET_RAW.
fn open(interface: &str) -> io::Result<OwnedFd> {
    let name = CString::new(interface).expect("a name");
    // SAFETY: a NUL-terminated text that outlives the call.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    if index == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: no pointers.
    let raw =
        check(unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) })?;
    // SAFETY: just opened, and owned by nothing else.
    let socket = unsafe { OwnedFd::from_raw_fd(raw) };
    // SAFETY: integers only, for which zero is a value.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_ifindex = index as i32;
    let length = size_of_val(&address) as u32;
    // SAFETY: the address outlives the call and has the size given.
    check(unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) })?;
    Ok(socket)
}

/// Sends until the input ends. Returns the packets and the bytes of UDP data sent, IP headers
/// included.
fn send(socket: &OwnedFd, frames: &mut [Vec<u8>], begin: Instant) -> io::Result<(u64, u64)> {
    let rate = number("rate", 0);
    let (mut packets, mut bytes, mut next) = (0, 0, 0);
    while !IS_OVER.load(Relaxed) {
        if rate > 0 && packets as f64 > begin.elapsed().as_secs_f64() * rate as f64 {
            std::thread::sleep(Duration::from_micros(200));
            continue;
        }
        let chunk = &mut frames[next..next + AT_ONCE];
        let sent = send_some(socket, chunk)?;
        packets += sent as u64;
        bytes += chunk[..sent]
            .iter()
            .map(|frame| (frame.len() - ETHERNET) as u64)
            .sum::<u64>();
        next = (next + AT_ONCE) % FRAMES;
    }
    Ok((packets, bytes))
}

fn send_some(socket: &OwnedFd, frames: &mut [Vec<u8>]) -> io::Result<usize> {
    let mut vectors: Vec<iovec> = frames
        .iter_mut()
        .map(|frame| iovec {
            iov_base: frame.as_mut_ptr().cast(),
            iov_len: frame.len(),
        })
        .collect();
    let mut headers: Vec<mmsghdr> = vectors
        .iter_mut()
        .map(|vector| {
            // SAFETY: integers and pointers only, for which zero is a value.
            let mut header: mmsghdr = unsafe { std::mem::zeroed() };
            header.msg_hdr.msg_iov = vector;
            header.msg_hdr.msg_iovlen = 1;
            header
        })
        .collect();
    // SAFETY: every header points to one vector, that to its frame; all of them outlive the call.
    let sent = unsafe {
        libc::sendmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), headers.len() as u32, 0)
    };
    match check(sent) {
        // The interface's queue is full: yield the processor instead of waiting for room.
        Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
            std::thread::yield_now();
            Ok(0)
        }
        result => result.map(|count| count as usize),
    }
}

fn check(result: i32) -> io::Result<i32> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}
