//! Transfers as seen from outside: by the events that report them and the port that they send from.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use super::super::counts::Counts;
use super::super::event::{Id, Received, Sent};
use super::super::plan::Mode;
use super::super::world::LISTENING;
use super::bounds::HalfOpen;
use super::{Broken, opens};

/// The progress of a transfer by its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Requested,
    Begun,
    Over,
}

pub struct Life {
    pub stage: Stage,
    pub peer: SocketAddr,
    pub asked_at: u64,
    /// The earliest time at which its request may have arrived.
    pub since: u64,
    pub upload: bool,
    pub name: Vec<u8>,
    pub asked_size: bool,
    pub blksize: usize,
    pub windowsize: u64,
    /// The bytes of a download that were sent.
    pub sent: u64,
    /// True if it is netascii: its bytes are translated for it alone.
    pub is_text: bool,
    /// The memory that its window takes, in bytes.
    pub taken: Option<u64>,
    /// The port it sends from, once it has sent something.
    pub port: Option<u16>,
    /// True if its client was reset and sent a request again, for this or another file, and no
    /// packet for this transfer since.
    pub is_superseded: bool,
    /// True once a packet of its client arrived after the request.
    pub has_gone_on: bool,
    /// True if a transfer of the same request was complete before: a late copy of the request may
    /// have begun this one.
    pub may_be_of_a_copy: bool,
    /// When the last packet of its client arrived; before that, when it was requested.
    heard_at: u64,
    request: Option<Arc<[u8]>>,
}

/// A client that is silent for this long may have been reset.
const SILENCE: u64 = 1_000_000;

/// The longest batch: requests for a file within one batch open it once.
const BATCH: u64 = 2_000;

impl Life {
    pub fn new(now: u64, peer: SocketAddr, upload: bool, name: &[u8]) -> Life {
        Life {
            stage: Stage::Requested,
            peer,
            asked_at: now,
            since: now.saturating_sub(BATCH),
            upload,
            name: name.to_vec(),
            asked_size: false,
            blksize: 512,
            windowsize: 1,
            sent: 0,
            is_text: false,
            taken: None,
            port: None,
            is_superseded: false,
            has_gone_on: false,
            may_be_of_a_copy: false,
            heard_at: now,
            request: None,
        }
    }

    /// Returns the bytes of a window.
    pub fn window(&self) -> u64 {
        self.blksize as u64 * self.windowsize
    }

    /// Returns true for a download that has sent data, and is not over.
    pub fn is_sending(&self) -> bool {
        self.stage == Stage::Begun && self.sent > 0 && !self.is_superseded
    }

    fn is_alive(&self) -> bool {
        matches!(self.stage, Stage::Requested | Stage::Begun)
    }
}

pub struct Lives {
    all: BTreeMap<Id, Life>,
    /// The transfer with that port and peer.
    at: BTreeMap<(u16, SocketAddr), Id>,
    /// The transfers of each peer that are not over.
    of: BTreeMap<SocketAddr, Vec<Id>>,
    /// The last requests of each peer.
    requests: BTreeMap<SocketAddr, Vec<Arc<[u8]>>>,
    /// Requests of complete transfers.
    complete: BTreeSet<(SocketAddr, Arc<[u8]>)>,
    half_open: HalfOpen,
    mode: Mode,
}

impl Lives {
    pub fn new(mode: Mode) -> Lives {
        Lives {
            all: BTreeMap::new(),
            at: BTreeMap::new(),
            of: BTreeMap::new(),
            requests: BTreeMap::new(),
            complete: BTreeSet::new(),
            half_open: HalfOpen::default(),
            mode,
        }
    }

    pub fn clear(&mut self) {
        *self = Lives::new(self.mode);
    }

    /// Records that a transfer is over.
    pub fn over(&mut self, id: Id) {
        if let Some(life) = self.all.get_mut(&id) {
            life.stage = Stage::Over;
            if !life.has_gone_on {
                self.half_open.end(life.peer);
            }
        }
    }

    /// Counts a transfer that has begun as half-open.
    pub fn enters(&mut self, peer: SocketAddr, counts: &mut Counts) -> Option<Broken> {
        counts.at_a_bound += u64::from(self.half_open.is_at_a_bound());
        self.half_open.begin(peer)
    }

    /// Records that a transfer is complete.
    pub fn completed(&mut self, id: Id) {
        if let Some(life) = self.all.get(&id)
            && let Some(request) = &life.request
        {
            self.complete.insert((life.peer, Arc::clone(request)));
        }
    }

    pub fn get_mut(&mut self, id: Id) -> Option<&mut Life> {
        self.all.get_mut(&id)
    }

    /// Records a datagram that the server received. Returns true if it is the request of a transfer
    /// that is alive.
    pub fn received(&mut self, received: &Received) -> bool {
        let mut is_repeated = false;
        if let Some(request) = &received.request {
            let requests = self.requests.entry(received.from).or_default();
            if requests.len() > 3 {
                requests.remove(0);
            }
            requests.push(Arc::clone(request));
            is_repeated = self.repeated(received.from, request);
        }
        if matches!(received.opcode, 3..=5) {
            self.heard(received);
        }
        is_repeated
    }

    /// Records a packet of a transfer. On a single port it is unknown which one of its client's
    /// transfers it is for.
    fn heard(&mut self, received: &Received) {
        let key = (received.port, received.from);
        let one = self.at.get(&key);
        let all = self
            .of
            .get(&received.from)
            .filter(|_| self.mode == Mode::SinglePort);
        for id in one.into_iter().chain(all.into_iter().flatten()) {
            if let Some(life) = self.all.get_mut(id)
                && life.port == Some(received.port)
            {
                life.is_superseded = false;
                life.heard_at = received.at;
                if !std::mem::replace(&mut life.has_gone_on, true) && life.is_alive() {
                    self.half_open.end(life.peer);
                }
            }
        }
    }

    /// Handles a repeated request: the client wants the existing transfer, unless that had gone on;
    /// then another one begins.
    fn repeated(&mut self, peer: SocketAddr, request: &Arc<[u8]>) -> bool {
        let mut any = false;
        for id in self.of.get(&peer).into_iter().flatten() {
            if let Some(life) = self.all.get_mut(id)
                && life.request.as_ref() == Some(request)
            {
                life.is_superseded = false;
                any |= life.is_alive();
            }
        }
        any
    }

    /// Adds a transfer that begins. Returns how many former ones of its client it supersedes;
    /// `None` if it has begun before.
    pub fn insert(&mut self, id: Id, mut life: Life) -> Option<u64> {
        let begin = [&[0, 1 + u8::from(life.upload)], &life.name[..], &[0]].concat();
        let requests = self.requests.get(&life.peer).map_or(&[][..], Vec::as_slice);
        life.request = requests.iter().rev().find(|it| it.starts_with(&begin)).cloned();
        let options = life.request.as_deref().unwrap_or_default();
        life.is_text = !life.upload && options.windows(9).any(|bytes| bytes == b"\0netascii");
        life.asked_size = options.windows(7).any(|bytes| bytes == b"\0tsize\0");
        if let Some(request) = &life.request {
            life.may_be_of_a_copy = self.complete.contains(&(life.peer, Arc::clone(request)));
        }
        let others = self.of.entry(life.peer).or_default();
        let all = &mut self.all;
        others.retain(|id| all.get(id).is_some_and(Life::is_alive));
        let mut superseded = 0;
        for other in others.iter() {
            if let Some(former) = all.get_mut(other)
                && (former.request == life.request || former.heard_at + SILENCE <= life.asked_at)
            {
                superseded += 1;
                former.is_superseded = true;
            }
        }
        others.push(id);
        all.insert(id, life).is_none().then_some(superseded)
    }

    /// Returns the transfer that sent a packet: the one that has this port, or the youngest one
    /// that has none yet. On a single port, an opening packet is of the youngest transfer, and once
    /// that is over the former one may go on.
    pub fn of_packet(&mut self, sent: &Sent) -> Option<(Id, &mut Life)> {
        // "Unknown transfer ID" belongs to no transfer.
        let is_stray = sent.bytes.starts_with(&[0, 5, 0, 5]);
        if is_stray || sent.port == LISTENING && self.mode != Mode::SinglePort {
            return None;
        }
        let key = (sent.port, sent.to);
        let known = self.at.get(&key).copied();
        let youngest = self.of.get(&sent.to).and_then(|ids| self.all.get(ids.last()?));
        let was_refused = |life: &Life| life.stage == Stage::Over && life.port.is_none();
        if sent.bytes[1] == 5 && youngest.is_some_and(was_refused) {
            return None;
        }
        let is_single = self.mode == Mode::SinglePort;
        if !is_single
            && let Some(id) = known
            && self.all.get(&id).is_some_and(Life::is_alive)
        {
            return self.all.get_mut(&id).map(|life| (id, life));
        }
        let all = &self.all;
        let with = |port: Option<u16>| {
            move |id: &&Id| {
                all.get(id)
                    .is_some_and(|life| life.port == port && life.is_alive())
            }
        };
        // A retransmitted last ACK of a dallying upload begins no transfer.
        let fresh = self
            .of
            .get(&sent.to)
            .filter(|_| opens(&sent.bytes))
            .and_then(|ids| ids.iter().rev().find(with(None)))
            .copied();
        let those_there = self.of.get(&sent.to).filter(|_| is_single);
        let mut those_there = those_there.into_iter().flatten().rev();
        let there = those_there.find(with(Some(sent.port))).copied();
        let id = fresh.or(there).or(known)?;
        self.at.insert(key, id);
        let life = self.all.get_mut(&id)?;
        life.port = Some(sent.port);
        Some((id, life))
    }

    /// Returns a transfer that has not ended.
    pub fn unfinished(&self) -> Option<(&Id, &Life)> {
        self.all.iter().find(|(_, life)| life.is_alive())
    }
}
