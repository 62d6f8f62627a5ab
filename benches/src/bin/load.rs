//! The load generator: many TFTP clients in one thread. It verifies every byte it receives and,
//! where it can see the server's directory, every byte it has sent. It is bounded in clients and in
//! time, and prints one line of JSON.
//!
//!     load --prepare DIR
//!     load --port N --op read|write [--name FILE] --size BYTES [--blksize N] [--window N] [--clients N] [--total N]
//!          [--loss-ppm N] [--seed N] [--seconds N] [--tries N] [--cpu N] [--dir DIR] [--patience-ms N] [--timeout SECONDS]
//!          [--server ADDRESS] [--first-host ADDRESS] [--files N] [--into PREFIX] [--leave yes] [--tsize yes]
//!          [--hold BLOCKS [--spread BLOCKS]] [--together yes] [--spin yes] [--gro yes]
//!
//! With --tsize uploads announce their size. With --spin it never sleeps; with --gro it receives
//! runs of equal datagrams as one (UDP_GRO).
//!
//! With --hold every client stops after that many blocks (client n after n times --spread more),
//! and its transfer stays open. When all have stopped, it prints a line; after the next line on
//! standard input it ends the transfers.
//!
//! Uploads are named w0, w1 and so on, after PREFIX (`--into DIRECTORY/`, or a prefix that differs
//! between runs). With `--files` downloads read NAME.0 to NAME.(N-1) in turn. With `--together`
//! every client stops after its second block until all have come as far; then it prints `open`, and
//! continues after the next line on standard input.
//!
//! Every transfer has its own client host, an address from 127.1.0.0 (or `--first-host`) on; the
//! hosts share a few sockets, so that the load costs little processor time. The clients follow RFC
//! 1350, 2348 and 7440: one ACK per window, an immediate one at a gap, and a retransmission after
//! one second of silence.

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;
use std::time::{Duration, Instant};

use tftpserver_bench::udp::{Arrival, Inbox, LONGEST, Outbox, Socket};
use tftpserver_bench::waiting::{Waiting, is_nothing};
use tftpserver_bench::{argument, content, number, pin_to};

/// The maximum number of sockets. A socket's share of the traffic must fit into its buffer even
/// where the system grants no larger one.
const SOCKETS: usize = 64;
const BUFFER: usize = 8 << 20;

/// The default retransmission timeout of a client in milliseconds, and the default number of
/// retransmissions.
const PATIENCE: u64 = 1000;
const TRIES: u64 = 5;
const TICK: Duration = Duration::from_millis(100);

/// The address of the first client.
const FIRST_HOST: Ipv4Addr = Ipv4Addr::new(127, 1, 0, 0);

/// Sentinel: a host without a slot.
const NOBODY: u32 = u32::MAX;

/// The settings that all clients share.
struct Work {
    server: SocketAddrV4,
    write: bool,
    name: String,
    size: u64,
    blksize: usize,
    window: u64,
    total: u32,
    loss_ppm: u64,
    patience: Duration,
    /// The timeout option of the requests, in seconds.
    timeout: Option<u64>,
    hold: Option<Hold>,
    first_host: u32,
    files: u32,
    tries: u32,
    into: String,
    /// Uploads announce their size (RFC 2349).
    announces: bool,
    spins: bool,
    coalesces: bool,
}

/// The number of blocks after which clients stop, and how many more each client has than the one
/// before it.
#[derive(Clone, Copy)]
struct Hold {
    blocks: u64,
    spread: u64,
}

/// A client with its transfer under way.
struct Client {
    host: u32,
    socket: usize,
    /// The server's address and port of this transfer, once it has answered.
    peer: Option<SocketAddrV4>,
    blksize: usize,
    window: u64,
    /// Download: the next block expected. Upload: the first block that is not acknowledged.
    next: u64,
    in_window: u64,
    /// The last block that arrived out of order while `next` is missing; 0: none.
    stray: u64,
    began: Instant,
    heard: Instant,
    tries: u32,
    holds: bool,
    /// The client waits for all the others (`--together`).
    is_held: bool,
}

struct Load {
    work: Work,
    sockets: Vec<Socket>,
    outbox: Outbox,
    clients: Vec<Option<Client>>,
    /// The slot of each host.
    slots: Vec<u32>,
    begun: u32,
    active: u32,
    holding: u32,
    failed: u32,
    millis: Vec<f64>,
    /// The negotiated block size and window of the client that finished last.
    negotiated: (usize, u64),
    random: u64,
    now: Instant,
    /// When the run began, or when all clients continued together.
    since: Instant,
    /// The number of clients that wait for all the others; `None` without `--together`.
    held: Option<u32>,
    /// The number of datagrams received.
    received: u64,
}

fn main() -> io::Result<()> {
    if let Some(dir) = argument("prepare") {
        return prepare(Path::new(&dir));
    }
    if argument("cpu").is_some() {
        pin_to(number("cpu", 0) as usize)?;
    }
    let work = Work {
        server: SocketAddrV4::new(
            address("server", Ipv4Addr::LOCALHOST),
            number("port", 69) as u16,
        ),
        write: argument("op").as_deref() == Some("write"),
        name: argument("name").unwrap_or_default(),
        size: number("size", 0),
        blksize: number("blksize", 512) as usize,
        window: number("window", 1),
        total: number("total", number("clients", 1)) as u32,
        loss_ppm: number("loss-ppm", 0),
        patience: Duration::from_millis(number("patience-ms", PATIENCE)),
        timeout: argument("timeout").map(|_| number("timeout", 1)),
        hold: argument("hold").map(|_| Hold {
            blocks: number("hold", 1),
            spread: number("spread", 0),
        }),
        first_host: address("first-host", FIRST_HOST).to_bits(),
        files: number("files", 0) as u32,
        tries: number("tries", TRIES) as u32,
        into: argument("into").unwrap_or_default(),
        announces: argument("tsize").is_some(),
        spins: argument("spin").is_some(),
        coalesces: argument("gro").is_some(),
    };
    let mut load = Load::new(work, number("clients", 1) as usize)?;
    content::at(0, 1);
    load.since = Instant::now();
    load.run(load.since + Duration::from_secs(number("seconds", 60)))?;
    let seconds = load.since.elapsed().as_secs_f64();
    if load.work.hold.is_some() {
        return load.give_up(seconds);
    }
    let wrong = match argument("dir") {
        Some(dir) if load.work.write => wrong_files(Path::new(&dir), &load.work),
        _ => 0,
    };
    load.report(seconds, wrong);
    Ok(())
}

fn address(name: &str, default: Ipv4Addr) -> Ipv4Addr {
    argument(name).map_or(default, |text| text.parse().expect("an IPv4 address"))
}

/// Writes the files that the rows read.
fn prepare(dir: &Path) -> io::Result<()> {
    for (name, size) in [
        ("r1k", 1 << 10),
        ("r16k", 16 << 10),
        ("r64k", 64 << 10),
        ("r256k", 256 << 10),
        ("r1m", 1 << 20),
        ("r8m", 8 << 20),
        ("r64m", 64 << 20),
    ] {
        std::fs::write(dir.join(name), content::file(size))?;
    }
    Ok(())
}

/// Returns the number of uploaded files whose content differs from what was sent. Removes all of
/// them, or, with `--leave`, only truncates them: to create a file, an ext4 without a journal looks
/// at every inode that was freed in the last minutes.
fn wrong_files(dir: &Path, work: &Work) -> u32 {
    let expected = content::file(work.size);
    let leave = argument("leave").is_some();
    let is_wrong = |serial: &u32| {
        let path = dir.join(format!("{}w{serial}", work.into));
        let is_wrong = std::fs::read(&path).map_or(true, |bytes| bytes != expected);
        // A failed upload may have left no file, so errors are ignored.
        let _ = if leave {
            std::fs::OpenOptions::new()
                .write(true)
                .truncate(true)
                .open(&path)
                .map(drop)
        } else {
            std::fs::remove_file(&path)
        };
        is_wrong
    };
    (0..work.total).filter(is_wrong).count() as u32
}

impl Load {
    fn new(work: Work, clients: usize) -> io::Result<Load> {
        let any = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
        let sockets = (0..clients.min(SOCKETS)).map(|_| Socket::bind(any, BUFFER));
        let now = Instant::now();
        Ok(Load {
            sockets: sockets.collect::<io::Result<_>>()?,
            outbox: Outbox::default(),
            clients: (0..clients).map(|_| None).collect(),
            slots: vec![NOBODY; work.total as usize],
            begun: 0,
            active: 0,
            holding: 0,
            failed: 0,
            millis: Vec::with_capacity(work.total as usize),
            negotiated: (512, 1),
            // Spread over all bits: a small state would begin with a run of small numbers.
            random: (number("seed", 1) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15),
            now,
            since: now,
            held: argument("together").map(|_| 0),
            received: 0,
            work,
        })
    }

    fn run(&mut self, until: Instant) -> io::Result<()> {
        for socket in 0..self.sockets.len() {
            for slot in (socket..self.clients.len()).step_by(self.sockets.len()) {
                self.begin(slot)?;
            }
            self.flush(socket)?;
        }
        let mut inbox = self.inbox()?;
        let mut waiting = Waiting::new(&self.sockets, TICK, self.work.spins)?;
        let mut looked = self.now;
        while self.active > self.holding && self.now < until {
            for socket in waiting.ready(&self.sockets)? {
                self.receive(socket, &mut inbox)?;
            }
            if self.held.is_some_and(|held| held == self.active) {
                self.let_go()?;
            }
            self.now = Instant::now();
            if self.now - looked >= TICK {
                looked = self.now;
                self.repeat()?;
            }
        }
        self.failed += self.active - self.holding;
        Ok(())
    }

    fn inbox(&self) -> io::Result<Inbox> {
        if !self.work.coalesces {
            return Ok(Inbox::new(4 + self.work.blksize.max(512)));
        }
        self.sockets.iter().try_for_each(Socket::coalesce)?;
        Ok(Inbox::new(LONGEST))
    }

    /// Prints `open` when every client waits, reads a line from standard input, and resumes all of
    /// them.
    fn let_go(&mut self) -> io::Result<()> {
        println!("open");
        io::stdin().read_line(&mut String::new())?;
        (self.held, self.now) = (None, Instant::now());
        self.since = self.now;
        for slot in 0..self.clients.len() {
            let Some(mut client) = self.clients[slot].take() else {
                continue;
            };
            (client.is_held, client.heard) = (false, self.now);
            self.say_again(&client)?;
            self.flush(client.socket)?;
            self.clients[slot] = Some(client);
        }
        Ok(())
    }

    /// Holds the client until all others have come as far. Returns false without `--together`.
    fn holds(&mut self, client: &mut Client) -> bool {
        let Some(held) = &mut self.held else {
            return false;
        };
        *held += 1;
        client.is_held = true;
        true
    }

    fn receive(&mut self, socket: usize, inbox: &mut Inbox) -> io::Result<()> {
        let alone = self.sockets.len() == 1;
        loop {
            let count = match inbox.receive(&self.sockets[socket], alone && !self.work.spins) {
                Err(error) if is_nothing(&error) => return Ok(()),
                count => count?,
            };
            self.now = Instant::now();
            self.received += count as u64;
            for index in 0..count {
                if !self.is_lost() {
                    self.handle(socket, &inbox.get(index))?;
                }
            }
            self.flush(socket)?;
            if alone || !inbox.is_full() {
                return Ok(());
            }
        }
    }

    fn flush(&mut self, socket: usize) -> io::Result<()> {
        self.outbox.flush(&self.sockets[socket])
    }

    /// Decides by chance whether a received datagram counts as lost (`--loss-ppm`).
    fn is_lost(&mut self) -> bool {
        if self.work.loss_ppm == 0 {
            return false;
        }
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 20) % 1_000_000 < self.work.loss_ppm
    }

    /// Starts the next client in `slot`, unless all have begun.
    fn begin(&mut self, slot: usize) -> io::Result<()> {
        if self.begun == self.work.total {
            return Ok(());
        }
        let client = Client {
            host: self.work.first_host + self.begun,
            socket: slot % self.sockets.len(),
            peer: None,
            blksize: 512,
            window: 1,
            next: u64::from(!self.work.write),
            in_window: 0,
            stray: 0,
            began: self.now,
            heard: self.now,
            tries: 0,
            holds: false,
            is_held: false,
        };
        self.slots[self.begun as usize] = slot as u32;
        self.begun += 1;
        self.active += 1;
        self.request(&client)?;
        self.clients[slot] = Some(client);
        Ok(())
    }

    fn request(&mut self, client: &Client) -> io::Result<()> {
        let serial = client.host - self.work.first_host;
        let mut packet = if self.work.write {
            format!("\0\x02{}w{serial}\0octet\0", self.work.into)
        } else {
            let part = (self.work.files > 0).then(|| format!(".{}", serial % self.work.files));
            format!("\0\x01{}{}\0octet\0", self.work.name, part.unwrap_or_default())
        };
        if self.work.blksize != 512 {
            packet += &format!("blksize\0{}\0", self.work.blksize);
        }
        if self.work.window != 1 {
            packet += &format!("windowsize\0{}\0", self.work.window);
        }
        if self.work.write && self.work.announces {
            packet += &format!("tsize\0{}\0", self.work.size);
        }
        if let Some(timeout) = self.work.timeout {
            packet += &format!("timeout\0{timeout}\0");
        }
        self.outbox.make_room(&self.sockets[client.socket])?;
        self.outbox
            .push(Some(client.host.into()), self.work.server, packet.as_bytes());
        Ok(())
    }

    fn handle(&mut self, socket: usize, arrival: &Arrival<'_>) -> io::Result<()> {
        let serial = u32::from(arrival.here).wrapping_sub(self.work.first_host);
        let slot = self.slots.get(serial as usize).copied().unwrap_or(NOBODY);
        let Some(mut client) = self.clients.get_mut(slot as usize).and_then(Option::take) else {
            return Ok(());
        };
        // A client that stopped accepts only the ERROR that ends its transfer.
        let is_heard = !client.holds || arrival.bytes.get(1) == Some(&5);
        let is_his = is_heard
            && client.host == u32::from(arrival.here)
            && client.socket == socket
            && *client.peer.get_or_insert(arrival.peer) == arrival.peer;
        if !is_his {
            self.clients[slot as usize] = Some(client);
            return Ok(());
        }
        client.heard = self.now;
        client.tries = 0;
        if client.is_held {
            self.clients[slot as usize] = Some(client);
            return Ok(());
        }
        match self.step(&mut client, arrival.bytes)? {
            Step::On => self.clients[slot as usize] = Some(client),
            Step::Done => {
                self.millis.push((self.now - client.began).as_secs_f64() * 1e3);
                self.negotiated = (client.blksize, client.window);
                self.end(&client)?;
            }
            Step::Failed(why) => {
                eprintln!("client {serial}: {why}");
                self.failed += 1;
                self.end(&client)?;
            }
        }
        Ok(())
    }

    fn end(&mut self, client: &Client) -> io::Result<()> {
        let slot = std::mem::replace(
            &mut self.slots[(client.host - self.work.first_host) as usize],
            NOBODY,
        );
        self.active -= 1;
        self.holding -= u32::from(client.holds);
        self.begin(slot as usize)
    }

    fn step(&mut self, client: &mut Client, bytes: &[u8]) -> io::Result<Step> {
        let &[0, opcode, high, low, ref rest @ ..] = bytes else {
            return Ok(Step::Failed("a packet that is none".into()));
        };
        let number = u16::from_be_bytes([high, low]);
        match (opcode, self.work.write) {
            (3, false) => self.data(client, number, rest),
            (4, true) => self.acknowledged(client, number),
            (6, _) => {
                if client.next <= 1 && client.in_window == 0 {
                    client.agree(&bytes[2..]);
                    if self.work.write {
                        return self.acknowledged(client, 0);
                    }
                    self.acknowledge(client)?;
                }
                Ok(Step::On)
            }
            (5, _) => Ok(Step::Failed(format!(
                "ERROR {number}: {}",
                String::from_utf8_lossy(rest)
            ))),
            _ => Ok(Step::Failed(format!("opcode {opcode}"))),
        }
    }

    fn data(&mut self, client: &mut Client, number: u16, data: &[u8]) -> io::Result<Step> {
        let ahead = number.wrapping_sub(client.next as u16) as i16;
        if ahead != 0 {
            let block = client.next.wrapping_add_signed(i64::from(ahead));
            // One ACK per gap, and another where the window restarts without the expected block.
            let is_news = client.stray == 0 || (ahead > 0 && block <= client.stray);
            client.stray = block;
            if is_news {
                client.in_window = 0;
                self.acknowledge(client)?;
            }
            return Ok(Step::On);
        }
        let start = (client.next - 1) * client.blksize as u64;
        let expected = self.work.size.saturating_sub(start).min(client.blksize as u64) as usize;
        if data.len() != expected || data != content::at(start, expected) {
            return Ok(Step::Failed(format!(
                "block {}: not what the file has",
                client.next
            )));
        }
        client.next += 1;
        client.in_window += 1;
        client.stray = 0;
        let is_last = expected < client.blksize;
        if self.stops(client, client.next - 1)
            || (client.next == 3 && !is_last && self.holds(client))
        {
            return Ok(Step::On);
        }
        if is_last || client.in_window == client.window {
            client.in_window = 0;
            self.acknowledge(client)?;
        }
        Ok(if is_last { Step::Done } else { Step::On })
    }

    /// Returns whether a client stops for good after this many blocks (`--hold`).
    fn stops(&mut self, client: &mut Client, blocks: u64) -> bool {
        let serial = u64::from(client.host - self.work.first_host);
        client.holds =
            (self.work.hold).is_some_and(|hold| blocks >= hold.blocks + serial * hold.spread);
        self.holding += u32::from(client.holds);
        client.holds
    }

    /// Prints how many transfers are open, waits for a line on standard input, and ends them all
    /// with an ERROR.
    fn give_up(&mut self, seconds: f64) -> io::Result<()> {
        let (open, failed) = (self.holding, self.failed);
        println!("{{\"open\": {open}, \"failed\": {failed}, \"seconds\": {seconds:.6}}}");
        io::stdout().flush()?;
        io::stdin().read_line(&mut String::new())?;
        for client in self.clients.iter().flatten() {
            let (Some(peer), socket) = (client.peer, &self.sockets[client.socket]) else {
                continue;
            };
            self.outbox
                .push(Some(client.host.into()), peer, b"\0\x05\0\0enough\0");
            self.outbox.flush(socket)?;
        }
        Ok(())
    }

    /// Acknowledges the last block that arrived in order.
    fn acknowledge(&mut self, client: &Client) -> io::Result<()> {
        let Some(peer) = client.peer else {
            return Ok(());
        };
        let [high, low] = ((client.next - 1) as u16).to_be_bytes();
        self.outbox.make_room(&self.sockets[client.socket])?;
        self.outbox
            .push(Some(client.host.into()), peer, &[0, 4, high, low]);
        Ok(())
    }

    /// Handles an ACK of an upload: sends the window after the acknowledged block.
    fn acknowledged(&mut self, client: &mut Client, number: u16) -> io::Result<Step> {
        let last = self.work.size / client.blksize as u64 + 1;
        let ahead = number.wrapping_sub((client.next as u16).wrapping_sub(1)) as i16;
        let is_first = client.next == 0;
        if ahead < 0 || (ahead == 0 && !is_first) || i64::from(ahead) > client.window as i64 {
            return Ok(Step::On);
        }
        client.next = if is_first { 1 } else { client.next + ahead as u64 };
        if client.next > last {
            return Ok(Step::Done);
        }
        if self.stops(client, client.next - 1) || (client.next == 2 && self.holds(client)) {
            return Ok(Step::On);
        }
        self.send_window(client)?;
        Ok(Step::On)
    }

    fn send_window(&mut self, client: &Client) -> io::Result<()> {
        let Some(peer) = client.peer else {
            return Ok(());
        };
        let (size, blksize) = (self.work.size, client.blksize as u64);
        let last = size / blksize + 1;
        let blocks = client.next..(client.next + client.window).min(last + 1);
        let way = (Some(client.host.into()), peer);
        self.outbox.push_data(
            &self.sockets[client.socket],
            way,
            client.blksize,
            blocks,
            |block| {
                let start = (block - 1) * blksize;
                content::at(start, (size - start).min(blksize) as usize)
            },
        )
    }

    /// Retransmits for each client that has heard nothing for its timeout, and fails it after too
    /// many retransmissions.
    fn repeat(&mut self) -> io::Result<()> {
        for slot in 0..self.clients.len() {
            let Some(mut client) = self.clients[slot]
                .take_if(|client| !client.holds && self.now - client.heard >= self.work.patience)
            else {
                continue;
            };
            client.heard = self.now;
            if client.is_held {
                self.clients[slot] = Some(client);
                continue;
            }
            client.tries += 1;
            if client.tries > self.work.tries {
                eprintln!("client {}: silence", client.host - self.work.first_host);
                self.failed += 1;
                self.end(&client)?;
            } else {
                self.say_again(&client)?;
                self.clients[slot] = Some(client);
            }
            self.flush(slot % self.sockets.len())?;
        }
        Ok(())
    }

    /// Sends the client's last packets again: its request, its ACK or its window.
    fn say_again(&mut self, client: &Client) -> io::Result<()> {
        match (client.peer, self.work.write) {
            (None, _) => self.request(client),
            (_, false) => self.acknowledge(client),
            (_, true) => self.send_window(client),
        }
    }

    fn report(&mut self, seconds: f64, wrong: u32) {
        self.millis.sort_by(f64::total_cmp);
        let done = self.millis.len();
        let at = |share: f64| {
            self.millis
                .get(((done as f64 * share) as usize).min(done.saturating_sub(1)))
        };
        let (p50, p99) = (at(0.5).unwrap_or(&0.0), at(0.99).unwrap_or(&0.0));
        let (blksize, window) = self.negotiated;
        let bytes = done as u64 * self.work.size;
        let failed = self.failed + wrong;
        let packets = self.received + self.outbox.datagrams;
        println!(
            "{{\"seconds\": {seconds:.6}, \"bytes\": {bytes}, \"done\": {done}, \"failed\": {failed}, \
             \"p50_ms\": {p50:.3}, \"p99_ms\": {p99:.3}, \"blksize\": {blksize}, \"window\": {window}, \
             \"packets\": {packets}}}"
        );
    }
}

enum Step {
    On,
    Done,
    Failed(String),
}

impl Client {
    /// Applies the options of an OACK.
    fn agree(&mut self, options: &[u8]) {
        let mut fields = options.split(|&byte| byte == 0);
        while let (Some(option), Some(value)) = (fields.next(), fields.next()) {
            let Some(number) = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok())
            else {
                return;
            };
            match option.to_ascii_lowercase().as_slice() {
                b"blksize" => self.blksize = number,
                b"windowsize" => self.window = number as u64,
                _ => {}
            }
        }
    }
}
