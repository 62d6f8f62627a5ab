//! What the application is asked for: in order, once for all that share a source, and no more than windows need.

use std::collections::BTreeMap;

use super::super::event::{Id, Sent};
use super::super::ground::Ground;
use super::super::plan::Plan;
use super::super::sources::{self, KEPT, Source};
use super::lives::Lives;
use super::{Broken, Judge};

/// What a download without a window is fed with at a time.
const LEAST_WINDOW: u64 = 16 * 1024;
/// A source that many share is fed as if there were this many of them at most.
const MOST_COUNTED: u64 = 32;

/// Those that share a source: all of one name, or one alone.
type Group = (Vec<u8>, Option<Id>);

/// One source as it is asked for.
#[derive(Default)]
struct Asked {
    /// Where each pass was asked for up to.
    passes: Vec<u64>,
    /// Its downloads.
    ids: Vec<Id>,
}

pub struct Feeding {
    groups: BTreeMap<Group, Asked>,
    /// Downloads that had found the beginning of their source when it was asked for again: they may have been over by then.
    suspects: BTreeMap<Id, u64>,
    plan: Plan,
}

impl Feeding {
    pub fn new(plan: &Plan) -> Feeding {
        Feeding {
            groups: BTreeMap::new(),
            suspects: BTreeMap::new(),
            plan: *plan,
        }
    }

    pub fn clear(&mut self) {
        self.groups.clear();
        self.suspects.clear();
    }

    /// No download is so slow that the others go on without it.
    fn is_brisk(&self) -> bool {
        let (plan, link) = (&self.plan, &self.plan.link);
        let is_clean = plan.is_lossless() && !plan.is_disturbed() && plan.crowd.reset == 0;
        is_clean && link.delay <= 500 && link.reorder == 0 && plan.feeding.fails == 0
    }

    /// A download begins that may share its source.
    pub fn asked(&mut self, id: Id, name: &[u8], ground: &Ground) {
        let size = ground.store.lock().files.expected(name).len();
        if sources::of(&self.plan, name, size).is_some_and(|source| source.keyed) {
            let group = (name.to_vec(), None);
            self.groups.entry(group).or_default().ids.push(id);
        }
    }

    pub fn wanted(
        &mut self,
        now: u64,
        id: Id,
        (offset, length): (u64, u64),
        lives: &mut Lives,
        ground: &mut Ground,
    ) -> Option<Broken> {
        let wrong = |judge, what: String| {
            Some(Broken(
                judge,
                format!("{id} wants {length} bytes from {offset}: {what}"),
            ))
        };
        let Some(life) = lives.get_mut(id) else {
            return wrong(Judge::Order, "it is not there".into());
        };
        let name = life.name.clone();
        let size = ground.store.lock().files.expected(&name).len();
        let Some(Source { keyed, sized, .. }) = sources::of(&self.plan, &name, size) else {
            return wrong(Judge::Order, "it is not fed".into());
        };
        let is_brisk = self.is_brisk();
        let asked = self.groups.entry((name, (!keyed).then_some(id))).or_default();
        if !asked.ids.contains(&id) {
            asked.ids.push(id);
        }
        if length == 0 || sized && offset + length > size as u64 {
            return wrong(Judge::Bounds, format!("there are {size}"));
        }
        let begins = offset == 0;
        match asked.passes.iter_mut().find(|end| **end == offset && !begins) {
            Some(end) => *end += length,
            None if begins => asked.passes.push(length),
            None => return wrong(Judge::Order, format!("asked so far: {:?}", asked.passes)),
        }
        ground.counts.passes += u64::from(begins);
        if begins && asked.passes.len() > 1 {
            if !keyed {
                return wrong(Judge::Bounds, "it has one pass for itself".into());
            }
            if size <= KEPT && is_brisk {
                for &id in &asked.ids {
                    if lives.get_mut(id).is_some_and(|life| life.is_sending()) {
                        self.suspects.entry(id).or_insert(now);
                    }
                }
            }
        }
        too_far(&asked.ids, offset + length, lives).and_then(|text| wrong(Judge::Bounds, text))
    }

    /// A download goes on. Where it had found the beginning of its source before others asked for that again, they could
    /// have found it too.
    pub fn sent(&self, now: u64, id: Id, sent: &Sent) -> Option<Broken> {
        let at = self.suspects.get(&id)?;
        let is_late = sent.bytes[1] == 3 && now > *at;
        is_late.then(|| {
            let text = format!("the beginning was asked for again at {at} us, and {id} had it");
            Broken(Judge::Bounds, text)
        })
    }
}

/// No more than a window and the same again is asked for ahead of what was sent.
fn too_far(ids: &[Id], end: u64, lives: &mut Lives) -> Option<String> {
    let (mut window, mut sent) = (LEAST_WINDOW, 0);
    for &id in ids {
        if let Some(life) = lives.get_mut(id) {
            window = window.max(life.window());
            sent = sent.max(life.sent);
        }
    }
    let most = sent + 2 * window * (ids.len() as u64).min(MOST_COUNTED);
    (end > most).then(|| format!("{sent} bytes were sent, and {window} are a window"))
}
