//! The rules that must hold in every world. Judges see datagrams, files, events and counts, never
//! the machine.

mod bounds;
mod bytes;
mod feeding;
mod forgery;
mod lives;
mod served;

use super::event::{Event, How, Received, Sent};
use super::ground::Ground;
use super::honest::Ended;
use super::plan::Plan;
use bounds::{Strays, Uploads, Windows};
use feeding::Feeding;
use forgery::Mutes;
use lives::{Life, Lives, Stage};

use std::collections::BTreeMap;
use std::net::SocketAddr;

/// The judge that reports a violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Judge {
    Bytes,
    Forgery,
    Bounds,
    Served,
    Fair,
    Order,
    Rest,
}

/// A violated rule: its judge, and a description.
#[derive(Clone, Debug)]
pub struct Broken(pub Judge, pub String);

/// The longest wait of a settled transfer's packets for others, in microseconds: 1 ms and two
/// batches.
const FAIR: u64 = 1_000 + 2 * 64 * 2;

/// The life of a half-open transfer in microseconds, unless it gives way to a newcomer.
const HALF_OPEN: u64 = 29_000_000;

/// All judges.
pub struct Judges {
    plan: Plan,
    /// The longest time that the disk and the application may take.
    patience: u64,
    lives: Lives,
    mutes: Mutes,
    uploads: Uploads,
    strays: Strays,
    feeding: Feeding,
    windows: Windows,
    /// The opening packets of transfers that a late copy of a request may have begun, by client and
    /// port: when, and of which file. Another session of that client can take them for its own:
    /// only the TID distinguishes transfers in TFTP.
    misleading: BTreeMap<(SocketAddr, u16), (u64, Vec<u8>)>,
}

fn number(bytes: &[u8]) -> u16 {
    u16::from_be_bytes([bytes[2], bytes[3]])
}

/// Returns whether a packet begins a transfer, or refuses it.
pub fn opens(bytes: &[u8]) -> bool {
    match bytes[1] {
        3 => number(bytes) == 1,
        4 => number(bytes) == 0,
        _ => true,
    }
}

impl Judges {
    pub fn new(plan: &Plan) -> Judges {
        let (disk, application) = (&plan.disk, &plan.application);
        let later = if application.later > 0 { 3_000_000 } else { 0 };
        Judges {
            plan: *plan,
            patience: if disk.cold > 0 || disk.pieces > 0 { 20 } else { 2 } * disk.delay
                + 2 * later
                + if disk.hangs > 0 { 60_000_000 } else { 0 },
            lives: Lives::new(plan.settings.mode),
            mutes: Mutes::new(plan),
            uploads: Uploads::new(plan),
            strays: Strays::new(plan),
            feeding: Feeding::new(plan),
            windows: Windows::default(),
            misleading: BTreeMap::new(),
        }
    }

    /// Watches an address that never sends a valid packet.
    pub fn watch(&mut self, address: SocketAddr, is_victim: bool) {
        self.mutes.watch(address, is_victim);
    }

    /// Watches a sender whose packets belong to no transfer.
    pub fn watch_stray(&mut self, address: SocketAddr) {
        self.strays.watch(address);
    }

    /// Judges a datagram that the server has taken from a socket.
    pub fn received(&mut self, received: &Received, ground: &mut Ground) -> Option<Broken> {
        ground.counts.repeats += u64::from(self.lives.received(received));
        self.mutes.received(received);
        self.strays.received(received);
        ground.counts.beside_a_flood +=
            u64::from(received.is_settled && self.plan.crowd.silent > 0);
        let is_late = received.is_settled && received.waited > FAIR && !self.plan.is_disturbed();
        is_late.then(|| {
            let Received {
                from, waited, at, ..
            } = received;
            let text = format!("a packet of {from} that was taken at {at} had waited {waited} us");
            Broken(Judge::Fair, text)
        })
    }

    /// Judges a datagram that the server sends.
    pub fn sent(&mut self, now: u64, sent: &Sent, ground: &mut Ground) -> Option<Broken> {
        if sent.bytes.len() < 4 || sent.bytes[0] != 0 || !(3..=6).contains(&sent.bytes[1]) {
            return Some(Broken(Judge::Bytes, format!("no packet: {:?}", sent.bytes)));
        }
        if let Some((id, life)) = self.lives.of_packet(sent) {
            let head = &sent.bytes[..4];
            if life.may_be_of_a_copy && opens(&sent.bytes) {
                self.misleading
                    .insert((sent.to, sent.port), (now, life.name.clone()));
            }
            if life.is_superseded {
                let text = format!("{head:?} from a transfer whose client was reset");
                return Some(Broken(Judge::Served, text));
            }
            if life.stage == Stage::Over && !matches!(sent.bytes[1], 4 | 5) {
                return Some(Broken(Judge::Order, format!("{head:?} after the end")));
            }
            let broken = life.judge_bytes(sent, &ground.store.lock().files);
            let broken = broken.or_else(|| self.feeding.sent(now, id, sent));
            let grants = life.is_text && life.taken.is_none() && life.stage == Stage::Begun;
            let broken = broken.or_else(|| {
                let window = grants.then(|| *life.taken.insert(life.window()));
                ground.counts.short_windows +=
                    u64::from(window.is_some() && self.windows.are_short());
                window.and_then(|window| self.windows.take(window))
            });
            if broken.is_some() {
                return broken;
            }
        }
        self.strays.sent(sent).or_else(|| self.mutes.sent(sent, ground))
    }

    /// Judges an event that the server reports.
    pub fn reported(&mut self, now: u64, event: &Event, ground: &mut Ground) -> Option<Broken> {
        let wrong = |id: &u64, what: &str| Some(Broken(Judge::Order, format!("{what} of {id}")));
        match event {
            Event::Requested {
                id,
                peer,
                upload,
                name,
            } => {
                ground.counts.transfers += 1;
                let life = Life::new(now, *peer, *upload, name);
                match self.lives.insert(*id, life) {
                    Some(superseded) => ground.counts.restarts += superseded,
                    None => return wrong(id, "a second beginning"),
                }
                if !*upload {
                    self.feeding.add_download(*id, name, ground);
                }
                let broken = self.lives.enters(*peer, &mut ground.counts);
                if *upload && self.mutes.has(*peer) {
                    return broken.or_else(|| self.uploads.begin(*peer));
                }
                return broken;
            }
            Event::Begun { id } => match self.lives.get_mut(*id) {
                Some(life) if life.stage == Stage::Requested => life.stage = Stage::Begun,
                _ => return wrong(id, "Begun at the wrong time"),
            },
            Event::Over { id, how } => return self.over(now, *id, *how, ground),
            Event::Refused { .. } => ground.counts.refused += 1,
            Event::Wanted { id, offset, length } => {
                let range = (*offset, *length);
                return self.feeding.wanted(now, *id, range, &mut self.lives, ground);
            }
        }
        None
    }

    fn over(&mut self, now: u64, id: u64, how: How, ground: &mut Ground) -> Option<Broken> {
        let wrong = |what: &str| Some(Broken(Judge::Order, format!("{what} of {id}")));
        let Some(life) = self.lives.get_mut(id) else {
            return wrong("Over at the wrong time");
        };
        match (life.stage, how) {
            (Stage::Requested, How::Complete) => return wrong("complete without beginning"),
            (Stage::Over, _) => return wrong("Over at the wrong time"),
            (_, How::Probe) if !life.asked_size => return wrong("a probe without tsize"),
            _ => {}
        }
        if let Some(window) = life.taken.take() {
            self.windows.give(window);
        }
        self.lives.over(id);
        if how == How::Complete {
            self.lives.completed(id);
        }
        let life = self.lives.get_mut(id)?;
        ground.counts.probes += u64::from(how == How::Probe);
        ground.counts.unreachable += u64::from(how == How::Unreachable);
        let is_young = !life.has_gone_on && now < life.asked_at + HALF_OPEN;
        ground.counts.evictions += u64::from(how == How::TimedOut && is_young);
        let (peer, upload, age) = (life.peer, life.upload, now - life.asked_at);
        if upload && self.mutes.has(peer) {
            self.uploads.end(peer);
        }
        self.mutes.over(id, peer, age, self.patience)
    }

    /// Forgets all transfers, because the server died.
    pub fn crashed(&mut self) {
        self.uploads.clear();
        self.lives.clear();
        self.feeding.clear();
        self.windows = Windows::default();
    }

    /// Judges the number of open descriptors.
    pub fn bounds(&self, ground: &Ground) -> Option<Broken> {
        bounds::descriptors(&self.plan, ground.budget.used())
    }

    /// Judges an honest client's session that is over.
    pub fn ended(&mut self, ended: &Ended, ground: &mut Ground) -> Option<Broken> {
        if self.is_misled(ended) {
            ground.counts.misled += 1;
            return None;
        }
        served::ended(&self.plan, self.patience, ended, ground)
    }

    /// Returns whether the session's client took the answer to a late copy of an earlier request,
    /// one whose transfer was complete, for the answer to this one.
    fn is_misled(&self, ended: &Ended) -> bool {
        let session = &ended.session;
        let bound = session.client.bound.map(|tid| tid.0.port());
        let sent = bound.and_then(|port| self.misleading.get(&(session.from, port)));
        sent.is_some_and(|(at, name)| {
            *name != session.name
                && at + self.plan.link.longest() >= session.begun
                && *at <= ended.at
        })
    }

    /// Judges the remains after all clients have been gone for long enough.
    pub fn rest(&self, left: usize, ground: &Ground) -> Option<Broken> {
        if let Some((id, life)) = self.lives.unfinished() {
            let text = format!("transfer {id} of {} is {:?}", life.peer, life.stage);
            return Some(Broken(Judge::Rest, text));
        }
        let private = ground.wire.borrow().private_ports();
        let shared = ground.budget.used() - private;
        let unfinished = ground.store.lock().files.unfinished.len();
        // Shared ports and the listening port stay open.
        let is_left = left > 0 || private > 0 || shared > MOST_SHARED || unfinished > 0;
        is_left.then(|| {
            let text = format!(
                "{left} transfers, counts of them or bytes of memory, {private} ports, {shared} other descriptors, {unfinished} unfinished files are left"
            );
            Broken(Judge::Rest, text)
        })
    }
}

/// The most ports that stay open because many transfers use them.
const MOST_SHARED: u32 = 65;

/// Returns true if there is no loss, duplication or reordering.
fn is_clean(plan: &Plan) -> bool {
    let link = &plan.link;
    link.duplicate + link.reorder == 0 && plan.is_lossless()
}
