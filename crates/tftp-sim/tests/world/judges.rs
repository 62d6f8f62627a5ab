//! What must hold, whatever happens. Judges see datagrams, files, events and counts, never the machine.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use tftp_sim::client::{Habit, State};

use super::ground::{Event, Ground, How, Id, Sent};
use super::honest::Ended;
use super::net::{Flight, Kind};
use super::plan::{Mode, Plan};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Judge {
    Bytes,
    Forgery,
    Bounds,
    Served,
    Order,
    Rest,
}

/// What was broken, and how.
#[derive(Clone, Debug)]
pub struct Broken(pub Judge, pub String);

/// Packets to somebody who never acknowledges: one and three repetitions.
const HALF_OPEN_PACKETS: u64 = 4;
const HALF_OPEN_BYTES: usize = 516;
/// A transfer of which nothing is acknowledged ends within this.
const HALF_OPEN_LIFE: u64 = 31_000_000;
/// The first answer to an honest client's request comes within this.
const PROMPT: u64 = 2_100_000;

/// What a watched address, which never goes on, has sent or is said to have sent, and got.
#[derive(Clone, Copy, Debug, Default)]
struct Mute {
    requests: u64,
    forged: u64,
    packets: u64,
    errors: u64,
    is_victim: bool,
    is_hit: bool,
}

/// How far a transfer has come in its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Asked,
    Begun,
    Over,
    Gone,
}

struct Life {
    stage: Stage,
    peer: SocketAddr,
    asked_at: u64,
    upload: bool,
    asked_size: bool,
    /// The port it sends from.
    port: u16,
    /// Its client was reset and asked again, and nothing of it came since.
    is_superseded: bool,
}

/// All of them.
pub struct Judges {
    plan: Plan,
    /// The longest that a disk or an application may take.
    patience: u64,
    mutes: BTreeMap<SocketAddr, Mute>,
    lives: BTreeMap<Id, Life>,
    /// Half-open uploads of those who never go on, by address or /64.
    uploads: BTreeMap<IpAddr, u64>,
    /// Packets that belong to no transfer, by sender, and answers to them.
    strays: BTreeMap<SocketAddr, (u64, u64)>,
}

/// What counts as one client.
fn group(address: SocketAddr) -> IpAddr {
    match address.ip() {
        IpAddr::V6(ip) => Ipv6Addr::from(u128::from(ip) >> 64 << 64).into(),
        ip => ip,
    }
}

fn number(bytes: &[u8]) -> u16 {
    u16::from_be_bytes([bytes[2], bytes[3]])
}

/// Whether it begins a transfer, or says that there is none.
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
            patience: if disk.pieces > 0 { 20 } else { 2 } * disk.delay
                + 2 * later
                + if disk.hangs > 0 { 60_000_000 } else { 0 },
            mutes: BTreeMap::new(),
            lives: BTreeMap::new(),
            uploads: BTreeMap::new(),
            strays: BTreeMap::new(),
        }
    }

    /// An address of which nothing valid ever comes.
    pub fn watch(&mut self, address: SocketAddr, is_victim: bool) {
        self.mutes.entry(address).or_default().is_victim = is_victim;
    }

    /// A sender whose packets belong to no transfer.
    pub fn watch_stray(&mut self, address: SocketAddr) {
        self.strays.entry(address).or_default();
    }

    /// Something reached the server.
    pub fn delivered(&mut self, flight: &Flight) {
        if matches!(flight.bytes.get(1), Some(3..=5)) {
            let port = flight.to.port();
            let spoken = self
                .lives
                .values_mut()
                .filter(|life| life.is_superseded && life.peer == flight.from);
            spoken
                .filter(|life| life.port == port)
                .for_each(|life| life.is_superseded = false);
        }
        if let Some(mute) = self.mutes.get_mut(&flight.from) {
            if matches!(flight.bytes.get(1), Some(1 | 2)) {
                mute.requests += 1;
            }
            mute.forged += u64::from(flight.kind == Kind::Forged);
        }
        if let Some((sent, _)) = self.strays.get_mut(&flight.from) {
            *sent += 1;
        }
    }

    /// The server sends this.
    pub fn sent(&mut self, sent: &Sent, ground: &mut Ground) -> Option<Broken> {
        if sent.bytes.len() < 4 || sent.bytes[0] != 0 || !(3..=6).contains(&sent.bytes[1]) {
            return Some(Broken(Judge::Bytes, format!("no packet: {:?}", sent.bytes)));
        }
        if let Some(life) = sent.id.and_then(|id| self.lives.get_mut(&id)) {
            life.port = sent.port;
            if life.is_superseded {
                let text = format!("{:?} from a transfer whose client was reset", &sent.bytes[..4]);
                return Some(Broken(Judge::Served, text));
            }
            let late = matches!(life.stage, Stage::Over) && !matches!(sent.bytes[1], 4 | 5)
                || life.stage == Stage::Gone;
            if late {
                return Some(Broken(
                    Judge::Order,
                    format!("{:?} after the end", &sent.bytes[..4]),
                ));
            }
        }
        self.judge_stray(sent).or_else(|| self.judge_mute(sent, ground))
    }

    fn judge_stray(&mut self, sent: &Sent) -> Option<Broken> {
        let (got, answered) = self.strays.get_mut(&sent.to)?;
        *answered += 1;
        let broken = answered > got || sent.bytes[1] != 5;
        broken.then(|| {
            Broken(
                Judge::Bounds,
                format!("{answered} answers to {got} strays of {}", sent.to),
            )
        })
    }

    fn judge_mute(&mut self, sent: &Sent, ground: &mut Ground) -> Option<Broken> {
        let single = self.plan.settings.mode == Mode::SinglePort;
        let most_waits = u64::from(self.plan.settings.max_retransmits) + 10;
        let mute = self.mutes.get_mut(&sent.to)?;
        mute.packets += 1;
        mute.errors += u64::from(sent.bytes[1] == 5);
        let bound = if mute.is_victim && single {
            4 * mute.forged + 5 * most_waits
        } else {
            HALF_OPEN_PACKETS * mute.requests
        };
        if mute.is_victim && !single {
            if mute.packets > bound && !mute.is_hit {
                mute.is_hit = true;
                let private = self.plan.settings.mode == Mode::Private;
                *(if private {
                    &mut ground.counts.hits
                } else {
                    &mut ground.counts.shared_hits
                }) += 1;
            }
            return None;
        }
        if mute.packets > bound || !single && sent.bytes.len() > HALF_OPEN_BYTES {
            let text = format!(
                "{} packets, {} bytes to {}, which never went on",
                mute.packets,
                sent.bytes.len(),
                sent.to
            );
            return Some(Broken(Judge::Forgery, text));
        }
        if mute.errors > 0 && mute.packets > mute.errors && mute.errors >= mute.requests && !single {
            return Some(Broken(
                Judge::Forgery,
                format!("ERROR to {}, which never went on", sent.to),
            ));
        }
        None
    }

    /// The server tells this.
    pub fn told(&mut self, now: u64, event: Event, ground: &mut Ground) -> Option<Broken> {
        let wrong = |id: Id, what: &str| Some(Broken(Judge::Order, format!("{what} of {id}")));
        match event {
            Event::Asked {
                id,
                peer,
                asked_size,
                again,
                upload,
            } => {
                ground.counts.transfers += 1;
                if upload && self.mutes.contains_key(&peer) {
                    let count = self.uploads.entry(group(peer)).or_default();
                    *count += 1;
                    // A quarter of the eighth of the descriptors that uploads may have.
                    let most = u64::from((self.plan.settings.descriptors / 32).max(16));
                    // The one that gives way is told of behind the newcomer.
                    if *count > most + 1 {
                        let text =
                            format!("{count} half-open uploads of {}, {most} are allowed", group(peer));
                        return Some(Broken(Judge::Bounds, text));
                    }
                }
                if let Some(former) = again.and_then(|id| self.lives.get_mut(&id)) {
                    former.is_superseded = true;
                }
                let life = Life {
                    stage: Stage::Asked,
                    peer,
                    asked_at: now,
                    upload,
                    port: 0,
                    is_superseded: false,
                    asked_size,
                };
                if self.lives.insert(id, life).is_some() {
                    return wrong(id, "a second beginning");
                }
            }
            Event::Begun { id } => match self.lives.get_mut(&id) {
                Some(life) if life.stage == Stage::Asked => life.stage = Stage::Begun,
                _ => return wrong(id, "Begun at the wrong time"),
            },
            Event::Over { id, how } => match self.lives.get_mut(&id) {
                Some(life) if matches!(life.stage, Stage::Asked | Stage::Begun) => {
                    if how == How::Complete && life.stage == Stage::Asked {
                        return wrong(id, "complete without beginning");
                    }
                    if how == How::Probe && !life.asked_size {
                        return wrong(id, "a probe without tsize");
                    }
                    let aged = now - life.asked_at;
                    let strict = !self.plan.is_disturbed() && self.plan.settings.mode != Mode::SinglePort;
                    if strict
                        && self.mutes.get(&life.peer).is_some_and(|mute| !mute.is_victim)
                        && aged > HALF_OPEN_LIFE + self.patience
                    {
                        let text = format!("half-open for {aged} us: {id} of {}", life.peer);
                        return Some(Broken(Judge::Bounds, text));
                    }
                    life.stage = Stage::Over;
                    if life.upload
                        && self.mutes.contains_key(&life.peer)
                        && let Some(count) = self.uploads.get_mut(&group(life.peer))
                    {
                        *count = count.saturating_sub(1);
                    }
                    ground.counts.probes += u64::from(how == How::Probe);
                    ground.counts.unreachable += u64::from(how == How::Unreachable);
                }
                _ => return wrong(id, "Over at the wrong time"),
            },
            Event::Gone { id } => match self.lives.get_mut(&id) {
                Some(life) if life.stage == Stage::Over => life.stage = Stage::Gone,
                _ => return wrong(id, "Gone at the wrong time"),
            },
            Event::Refused { .. } => ground.counts.refused += 1,
        }
        None
    }

    /// The server died: nothing more comes of what lived.
    pub fn crashed(&mut self) {
        self.uploads.clear();
        self.lives.clear();
    }

    /// Descriptors.
    pub fn bounds(&self, ground: &Ground) -> Option<Broken> {
        let most = self.plan.settings.descriptors / 4 * 3 + 8;
        let used = ground.descriptors();
        (used > most).then(|| Broken(Judge::Bounds, format!("{used} descriptors, {most} are allowed")))
    }

    /// An honest client's session is over.
    pub fn ended(&mut self, ended: &Ended, ground: &mut Ground) -> Option<Broken> {
        let session = &ended.session;
        let client = &session.client;
        let is_clean = plan_is_clean(&self.plan);
        if session.after_reset && session.racing || session.other && !is_clean {
            return None;
        }
        let steady = session.upload || ground.files.is_steady(&session.name);
        if let Some(block) = client
            .wrong
            .filter(|_| steady && session.habit != Habit::Malicious)
        {
            return Some(Broken(
                Judge::Bytes,
                format!(
                    "block {block} of {} at {}",
                    name(session.name.as_slice()),
                    session.from
                ),
            ));
        }
        if client.state == State::Done && !session.upload && steady && client.got != client.size() {
            return Some(Broken(
                Judge::Bytes,
                format!("{} bytes of {}", client.got, client.size()),
            ));
        }
        if session.upload
            && let Some(broken) = self.stored(ended, ground)
        {
            return Some(broken);
        }
        ground.counts.whole += u64::from(client.state == State::Done);
        ground.counts.uploads += u64::from(client.state == State::Done && session.upload);
        self.served(ended, steady)
    }

    /// A file is there whole or not at all, and certainly where its client knows that.
    fn stored(&self, ended: &Ended, ground: &Ground) -> Option<Broken> {
        let session = &ended.session;
        let is_done = session.client.state == State::Done;
        if session.habit == Habit::Malicious {
            return None;
        }
        match ground.files.stored.get(&session.name) {
            Some(bytes) if bytes == session.client.file() => None,
            Some(bytes) => Some(Broken(
                Judge::Bytes,
                format!("{} was stored with {} bytes", name(&session.name), bytes.len()),
            )),
            None => is_done.then(|| Broken(Judge::Bytes, format!("{} is not there", name(&session.name)))),
        }
    }

    fn served(&self, ended: &Ended, steady: bool) -> Option<Broken> {
        let (session, plan) = (&ended.session, &self.plan);
        let client = &session.client;
        if ended.cut || session.habit == Habit::Malicious || plan.is_disturbed() {
            return None;
        }
        let who = || {
            format!(
                "{} {} at {}",
                if session.upload { "put" } else { "get" },
                name(&session.name),
                session.from
            )
        };
        if let (Some(delivered), true) = (
            session.delivered,
            session.habit != Habit::OneRequest && !session.stuck,
        ) {
            let answered = session.answered.unwrap_or(ended.at);
            let patience = if session.after_reset { 1_000_000 } else { 0 };
            if !hopeless(plan) && answered > delivered + PROMPT + patience + self.patience {
                return Some(Broken(
                    Judge::Served,
                    format!("{} was answered after {} us", who(), answered - delivered),
                ));
            }
        }
        let lossy = plan.link.loss > 0 || plan.link.damage > 0;
        let excused = client.state == State::GaveUp
            && (session.habit == Habit::OneRequest && (lossy || plan.crowd.silent > 0)
                || session.upload && lossy && session.answered.is_some());
        let excused =
            excused || session.after_reset && !plan_is_clean(plan) && client.state == State::Refused;
        // What was under way before the server could know of it.
        let early = session.other || session.after_reset && ended.at < session.begun + 2 * plan.link.delay;
        let excused = excused || early;
        // Nobody promises more than this where a disk hangs, or an answer never comes.
        let unheard = lossy && plan.can_fail();
        let excused = excused || (hopeless(plan) || unheard) && client.state == State::GaveUp;
        let told = matches!(client.state, State::Told(_)) && (!steady || plan.can_fail());
        if client.state != State::Done && !excused && !told {
            let judge = if plan.link.forged > 0 {
                Judge::Forgery
            } else {
                Judge::Served
            };
            return Some(Broken(
                judge,
                format!(
                    "{}: {:?} after {} us",
                    who(),
                    client.state,
                    ended.at - session.begun
                ),
            ));
        }
        let blocks = client.size() as u64 / 512 + 4;
        let bound = 5_000_000
            + blocks * (2 * plan.link.longest() + self.patience)
            + if session.stuck { 35_000_000 } else { 4_000_000 };
        if client.state == State::Done
            && !lossy
            && !hopeless(plan)
            && ended.at - session.begun > bound
            && plan.link.mtu == 0
        {
            return Some(Broken(
                Judge::Served,
                format!("{} took {} us", who(), ended.at - session.begun),
            ));
        }
        None
    }

    /// Everybody is gone, and long enough.
    pub fn rest(&self, left: usize, ground: &Ground, single: bool) -> Option<Broken> {
        let alive = self.lives.iter().find(|(_, life)| life.stage != Stage::Gone);
        if let Some((id, life)) = alive {
            return Some(Broken(
                Judge::Rest,
                format!("transfer {id} of {} is {:?}", life.peer, life.stage),
            ));
        }
        let private = ground
            .ports
            .values()
            .filter(|port| matches!(port, super::ground::Port::Private(_)))
            .count();
        let _ = single;
        (left > 0 || private > 0 || ground.open_files > 0).then(|| {
            Broken(
                Judge::Rest,
                format!(
                    "{left} transfers, {private} ports, {} files are left",
                    ground.open_files
                ),
            )
        })
    }
}

fn hopeless(plan: &Plan) -> bool {
    plan.disk.hangs > 0 || plan.application.never > 0
}

fn plan_is_clean(plan: &Plan) -> bool {
    let link = &plan.link;
    link.loss + link.duplicate + link.reorder + link.damage == 0
}

fn name(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Plan {
    /// Whether the server or a disk or the application may say no to an honest client.
    pub fn can_fail(&self) -> bool {
        let (disk, application) = (&self.disk, &self.application);
        disk.fails > 0
            || disk.hangs > 0
            || disk.changes > 0
            || application.never > 0
            || application.refuses > 0
            || self.settings.read_only
            || self.settings.max_connections > 0
    }

    /// Whether an operator or an accident is in the way.
    pub fn is_disturbed(&self) -> bool {
        let operator = &self.operator;
        [
            operator.stop_at,
            operator.shutdown_at,
            operator.crash_at,
            operator.pause_at,
            operator.abandon_at,
        ]
        .iter()
        .any(Option::is_some)
    }
}
