//! The library requests data of the application in order, once for all downloads that share a
//! source, and no more than their windows need.

use std::collections::BTreeMap;

use super::super::event::{Id, Sent};
use super::super::ground::Ground;
use super::super::plan::Plan;
use super::super::sources::{self, KEPT, Source};
use super::lives::Lives;
use super::{Broken, Judge};

/// The bytes that are requested at a time for a download without a window.
const LEAST_WINDOW: u64 = 16 * 1024;
/// The most downloads of a shared source that count for the bytes requested of it.
const MOST_COUNTED: u64 = 32;

/// The downloads that share a source: all of one name, or one alone.
type Group = (Vec<u8>, Option<Id>);

/// The requests to one source.
#[derive(Default)]
struct Requests {
    /// The end of the bytes requested in each pass.
    passes: Vec<u64>,
    /// Its downloads.
    ids: Vec<Id>,
}

pub struct Feeding {
    groups: BTreeMap<Group, Requests>,
    /// Downloads that had already begun to send when the beginning of their source was requested
    /// again, and when that was. They may have been over by then.
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

    /// Returns true if no download is so slow that the others go on without it.
    fn is_brisk(&self) -> bool {
        let (plan, link) = (&self.plan, &self.plan.link);
        let is_clean = plan.is_lossless() && !plan.is_disturbed() && plan.crowd.reset == 0;
        is_clean && link.delay <= 500 && link.reorder == 0 && plan.feeding.fails == 0
    }

    /// Records a download that may share its source.
    pub fn add_download(&mut self, id: Id, name: &[u8], ground: &Ground) {
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
        let requests = self.groups.entry((name, (!keyed).then_some(id))).or_default();
        if !requests.ids.contains(&id) {
            requests.ids.push(id);
        }
        if length == 0 || sized && offset + length > size as u64 {
            return wrong(Judge::Bounds, format!("there are {size}"));
        }
        let begins = offset == 0;
        match requests.passes.iter_mut().find(|end| **end == offset && !begins) {
            Some(end) => *end += length,
            None if begins => requests.passes.push(length),
            None => return wrong(Judge::Order, format!("asked so far: {:?}", requests.passes)),
        }
        ground.counts.passes += u64::from(begins);
        if begins && requests.passes.len() > 1 {
            if !keyed {
                return wrong(Judge::Bounds, "it has one pass for itself".into());
            }
            if size <= KEPT && is_brisk {
                for &id in &requests.ids {
                    if lives.get_mut(id).is_some_and(|life| life.is_sending()) {
                        self.suspects.entry(id).or_insert(now);
                    }
                }
            }
        }
        too_far(&requests.ids, offset + length, lives).and_then(|text| wrong(Judge::Bounds, text))
    }

    /// Checks a download that goes on. If it had begun before the beginning of its source was
    /// requested again for others, they could have shared its pass.
    pub fn sent(&self, now: u64, id: Id, sent: &Sent) -> Option<Broken> {
        let at = self.suspects.get(&id)?;
        let is_late = sent.bytes[1] == 3 && now > *at;
        is_late.then(|| {
            let text = format!("the beginning was asked for again at {at} us, and {id} had it");
            Broken(Judge::Bounds, text)
        })
    }
}

/// Checks that at most two windows for each download are requested ahead of the bytes sent.
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
