//! Honest clients get what they ask for, in time, or are told.

use tftp_sim::client::{Habit, State};

use super::super::ground::Ground;
use super::super::honest::{Ended, Session};
use super::super::plan::{Failing, Plan};
use super::super::sources::{self, Fate, Source};
use super::{Broken, Judge, is_clean};

/// The first answer to an honest client's request comes within this.
const PROMPT: u64 = 2_100_000;

/// An honest client's session is over.
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
        Some(source) if source.fate != Fate::Whole => return failed(plan, patience, ended, &source),
        _ => {}
    }
    let fair = source.filter(|_| !session.after_reset && is_clean(plan));
    // Downloads that are fed wait for their sources, and nobody else does.
    let wait = source.map_or(0, |source| waits(session, &source));
    answered(plan, patience + wait, ended)
        .or_else(|| outcome(plan, ended, steady))
        .or_else(|| in_time(plan, patience, wait, ended))
        .or_else(|| fair.and_then(|_| held_up(plan, wait, ended)))
}

/// Where nothing is lost a download takes as long as its source and its blocks take, whoever shares the source.
fn held_up(plan: &Plan, wait: u64, ended: &Ended) -> Option<Broken> {
    let session = &ended.session;
    let disk = if plan.application.later > 0 { 3_000_000 } else { 0 };
    let blocks = session.client.size() as u64 / 512 + 4;
    // Slow ones are waited for a moment each time before they are left behind.
    let bound = 3_000_000 + disk + wait + blocks * (2 * plan.link.longest() + 1_000);
    let took = ended.at - session.begun;
    (took > bound).then(|| Broken(Judge::Fair, format!("{} took {took} us", who(session))))
}

/// The source of a download that the application feeds.
fn source_of(plan: &Plan, session: &Session, ground: &Ground) -> Option<Source> {
    if session.upload {
        return None;
    }
    let size = ground.store.lock().files.expected(&session.name).len();
    sources::of(plan, &session.name, size)
}

/// How long a source may take for all its pieces, each of which may come in four. One that many share may have to be read
/// once more for those that were left behind.
fn waits(session: &Session, source: &Source) -> u64 {
    let pieces = session.client.size() as u64 / (4 * 1024) + 2;
    4 * source.delay * pieces * (1 + u64::from(source.keyed))
}

/// A source that fails, is short or forgotten: its client is told, in time, and never takes it for whole.
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
        State::Told(_) if took <= bound => None,
        _ if !is_clean(plan) || session.client.deceived || session.after_reset => None,
        _ => {
            let text = format!("{}: {:?}, {state:?} after {took} us", who(session), source.fate);
            Some(Broken(Judge::Served, text))
        }
    }
}

/// What came is what the file held.
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

/// A file is there whole or not at all, and certainly where its client knows that.
fn stored(plan: &Plan, ended: &Ended, ground: &Ground) -> Option<Broken> {
    let session = &ended.session;
    if !session.upload || session.habit == Habit::Malicious || session.client.deceived || plan.link.damage > 0
    {
        return None;
    }
    let disk = ground.store.lock();
    match disk.files.stored.get(&session.name) {
        Some(stored) if stored.bytes == session.client.file() => None,
        // The power went, and nobody had asked for it to be on the disk.
        Some(stored) if stored.is_torn && !plan.settings.sync => None,
        Some(stored) => {
            let text = format!("{} was stored with {} bytes", who(session), stored.bytes.len());
            Some(Broken(Judge::Bytes, text))
        }
        None => (session.client.state == State::Done)
            .then(|| Broken(Judge::Bytes, format!("{} is not there", who(session)))),
    }
}

/// The first answer came soon.
fn answered(plan: &Plan, patience: u64, ended: &Ended) -> Option<Broken> {
    let session = &ended.session;
    let delivered = session.delivered?;
    if session.habit == Habit::OneRequest || session.stuck || hopeless(plan) {
        return None;
    }
    let answered = session.answered.unwrap_or(ended.at);
    let reset = if session.after_reset { 1_000_000 } else { 0 };
    // Later copies may be under way for longer than the first.
    (answered > delivered + PROMPT + plan.link.longest() + reset + patience).then(|| {
        let text = format!("{} was answered after {} us", who(session), answered - delivered);
        Broken(Judge::Served, text)
    })
}

/// It got the file, or there is a reason.
fn outcome(plan: &Plan, ended: &Ended, steady: bool) -> Option<Broken> {
    let session = &ended.session;
    let client = &session.client;
    let gave_up = client.state == State::GaveUp;
    let lossy = !plan.is_lossless();
    let unrepeated = session.habit == Habit::OneRequest && (lossy || plan.crowd.silent > 0);
    let half_sent = session.upload && lossy && session.answered.is_some();
    let confused = session.after_reset && !is_clean(plan) && client.state == State::Refused;
    // What was under way before the server could know of it.
    let early = session.other || session.after_reset && ended.at < session.begun + 2 * plan.link.delay;
    // Nothing more than this is promised where a disk hangs, or an answer never comes.
    let unheard = lossy && plan.can_fail();
    let told = matches!(client.state, State::Told(_)) && (!steady || plan.can_fail());
    let excused =
        gave_up && (unrepeated || half_sent || hopeless(plan) || unheard) || confused || early || told;
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
    /// Whether nothing gets lost but what does not fit.
    pub fn is_lossless(&self) -> bool {
        let is_sent = !matches!(self.failing, Failing::Packet(_));
        self.link.loss == 0 && self.link.damage == 0 && self.sockets.queue >= 256 && is_sent
    }

    /// Whether the server or a disk or the application may say no to an honest client.
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
