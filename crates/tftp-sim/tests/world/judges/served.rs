//! Honest clients get the file that they request in time, or an ERROR.

use tftp_sim::client::{Habit, State};

use super::super::ground::Ground;
use super::super::honest::{Ended, Session};
use super::super::plan::{Failing, Plan};
use super::super::sources::{self, Fate, Source};
use super::{Broken, Judge, is_clean};

/// The first answer to an honest client's request comes within this.
const PROMPT: u64 = 2_100_000;

/// Judges an honest client's session that is over.
pub fn ended(plan: &Plan, patience: u64, ended: &Ended, ground: &mut Ground) -> Option<Broken> {
    let session = &ended.session;
    let client = &session.client;
    if session.after_reset && session.racing || session.other && !is_clean(plan) {
        return None;
    }
    let steady = session.upload || ground.store.lock().files.is_steady(&session.name);
    let broken = bytes(session, steady).or_else(|| stored(plan, ended, ground));
    if broken.is_some() {
        return broken;
    }
    let is_done = client.state == State::Done;
    ground.counts.whole += u64::from(is_done);
    ground.counts.uploads += u64::from(is_done && session.upload);
    if ended.cut || session.habit == Habit::Malicious || plan.is_disturbed() {
        return None;
    }
    let source = source_of(plan, session, ground);
    match source {
        Some(source) if source.fate != Fate::Whole => {
            return failed(plan, patience, ended, &source);
        }
        _ => {}
    }
    let fair = source.filter(|_| !session.after_reset && is_clean(plan));
    // Only downloads that the application feeds wait for their sources.
    let wait = source.map_or(0, |source| waits(session, &source));
    answered(plan, patience + wait, ended)
        .or_else(|| outcome(plan, ended, steady))
        .or_else(|| in_time(plan, patience, wait, ended))
        .or_else(|| fair.and_then(|_| held_up(plan, wait, ended)))
}

/// If nothing is lost, a download takes as long as its source and its blocks take, whatever other
/// downloads share the source.
fn held_up(plan: &Plan, wait: u64, ended: &Ended) -> Option<Broken> {
    let session = &ended.session;
    let disk = if plan.application.later > 0 { 3_000_000 } else { 0 };
    let blocks = session.client.size() as u64 / 512 + 4;
    // The source waits for slow downloads for a moment each time before it leaves them behind.
    let bound = 3_000_000 + disk + wait + blocks * (2 * plan.link.longest() + 1_000);
    let took = ended.at - session.begun;
    (took > bound).then(|| Broken(Judge::Fair, format!("{} took {took} us", who(session))))
}

/// Returns the source of a download that the application feeds.
fn source_of(plan: &Plan, session: &Session, ground: &Ground) -> Option<Source> {
    if session.upload {
        return None;
    }
    let size = ground.store.lock().files.expected(&session.name).len();
    sources::of(plan, &session.name, size)
}

/// Returns how long a source may take for all its pieces, each of which may arrive in four parts. A
/// shared source may have to be read once more for downloads that were left behind.
fn waits(session: &Session, source: &Source) -> u64 {
    let pieces = session.client.size() as u64 / (4 * 1024) + 2;
    4 * source.delay * pieces * (1 + u64::from(source.keyed))
}

/// If a source fails, is short or forgotten, its client gets an ERROR in time, and never takes the
/// file for complete.
fn failed(plan: &Plan, patience: u64, ended: &Ended, source: &Source) -> Option<Broken> {
    let session = &ended.session;
    let took = ended.at - session.begun;
    let state = session.client.state;
    let bound = plan.settings.inactivity
        + patience
        + waits(session, source)
        + (session.client.size() as u64 / 512 + 4) * 2 * plan.link.longest()
        + 10_000_000;
    match state {
        State::Done => {
            let text = format!("{}: {:?}, and it is whole", who(session), source.fate);
            Some(Broken(Judge::Bytes, text))
        }
        State::ErrorReceived(_) if took <= bound => None,
        _ if !is_clean(plan) || session.client.deceived || session.after_reset => None,
        _ => {
            let text = format!("{}: {:?}, {state:?} after {took} us", who(session), source.fate);
            Some(Broken(Judge::Served, text))
        }
    }
}

/// The received bytes are those of the file.
fn bytes(session: &Session, steady: bool) -> Option<Broken> {
    let client = &session.client;
    if !steady || session.habit == Habit::Malicious {
        return None;
    }
    let broken = |text| Some(Broken(Judge::Bytes, text));
    if let Some(block) = client.wrong {
        return broken(format!("block {block} of {}", who(session)));
    }
    let is_done = client.state == State::Done && !session.upload && !client.deceived;
    if is_done && client.got != client.size() {
        return broken(format!(
            "{} bytes of {}: {}",
            client.got,
            client.size(),
            who(session)
        ));
    }
    None
}

/// A file is stored whole or not at all, and certainly if its client knows that it is stored.
fn stored(plan: &Plan, ended: &Ended, ground: &Ground) -> Option<Broken> {
    let session = &ended.session;
    if !session.upload
        || session.habit == Habit::Malicious
        || session.client.deceived
        || plan.link.damage > 0
    {
        return None;
    }
    let disk = ground.store.lock();
    match disk.files.stored.get(&session.name) {
        Some(stored) if stored.bytes == session.client.file() => None,
        // A power cut, and the settings did not require the file to be synced to the disk.
        Some(stored) if stored.is_torn && !plan.settings.sync => None,
        Some(stored) => {
            let text = format!("{} was stored with {} bytes", who(session), stored.bytes.len());
            Some(Broken(Judge::Bytes, text))
        }
        None => (session.client.state == State::Done)
            .then(|| Broken(Judge::Bytes, format!("{} is not there", who(session)))),
    }
}

/// The first answer arrived in time.
fn answered(plan: &Plan, patience: u64, ended: &Ended) -> Option<Broken> {
    let session = &ended.session;
    let delivered = session.delivered?;
    if session.habit == Habit::OneRequest || session.stuck || hopeless(plan) {
        return None;
    }
    let answered = session.answered.unwrap_or(ended.at);
    let reset = if session.after_reset { 1_000_000 } else { 0 };
    // Later copies of the request may be in flight for longer than the first.
    (answered > delivered + PROMPT + plan.link.longest() + reset + patience).then(|| {
        let text = format!("{} was answered after {} us", who(session), answered - delivered);
        Broken(Judge::Served, text)
    })
}

/// The client got the file, or there is an excuse.
fn outcome(plan: &Plan, ended: &Ended, steady: bool) -> Option<Broken> {
    let session = &ended.session;
    let client = &session.client;
    let gave_up = client.state == State::GaveUp;
    let lossy = !plan.is_lossless();
    let unrepeated = session.habit == Habit::OneRequest && (lossy || plan.crowd.silent > 0);
    let half_sent = session.upload && lossy && session.answered.is_some();
    let confused = session.after_reset && !is_clean(plan) && client.state == State::Refused;
    // Packets that were in flight before the server could know of the reset.
    let early =
        session.other || session.after_reset && ended.at < session.begun + 2 * plan.link.delay;
    // Nothing more is promised if a disk hangs, or if an answer never arrives.
    let unheard = lossy && plan.can_fail();
    let told = matches!(client.state, State::ErrorReceived(_)) && (!steady || plan.can_fail());
    let excused = gave_up && (unrepeated || half_sent || hopeless(plan) || unheard)
        || confused
        || early
        || told;
    if client.state == State::Done || excused || client.deceived {
        return None;
    }
    let judge = match plan.link.forged {
        0 => Judge::Served,
        _ => Judge::Forgery,
    };
    let text = format!(
        "{}: {:?} after {} us",
        who(session),
        client.state,
        ended.at - session.begun
    );
    Some(Broken(judge, text))
}

fn in_time(plan: &Plan, patience: u64, wait: u64, ended: &Ended) -> Option<Broken> {
    let session = &ended.session;
    let client = &session.client;
    if client.state != State::Done || !plan.is_lossless() || hopeless(plan) {
        return None;
    }
    let blocks = client.size() as u64 / 512 + 4;
    let bound = 5_000_000
        + blocks * (2 * plan.link.longest() + patience)
        + wait
        + if session.stuck { 35_000_000 } else { 4_000_000 };
    let took = ended.at - session.begun;
    (took > bound).then(|| Broken(Judge::Served, format!("{} took {took} us", who(session))))
}

fn hopeless(plan: &Plan) -> bool {
    plan.disk.hangs > 0 || plan.application.never > 0
}

fn who(session: &Session) -> String {
    let what = if session.upload { "put" } else { "get" };
    let name = String::from_utf8_lossy(&session.name);
    format!("{what} {name} at {}", session.from)
}

impl Plan {
    /// Returns whether no packet is lost but those too long for the path.
    pub fn is_lossless(&self) -> bool {
        let is_sent = !matches!(self.failing, Failing::Packet(_));
        self.link.loss == 0 && self.link.damage == 0 && self.sockets.queue >= 256 && is_sent
    }

    /// Returns whether the server, the disk or the application may refuse an honest client.
    pub fn can_fail(&self) -> bool {
        let (disk, application) = (&self.disk, &self.application);
        disk.fails > 0
            || disk.hangs > 0
            || disk.changes > 0
            || disk.claims_more > 0
            || application.never > 0
            || application.refuses > 0
            || application.ends > 0
            || self.settings.read_only
            || self.settings.max_connections > 0
            || self.sockets.unopened > 0
            || self.link.dont_fragment && self.link.mtu > 0
            || matches!(self.failing, Failing::Storage(_) | Failing::Port(_))
    }

    /// Returns whether an operator or an accident interferes.
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
