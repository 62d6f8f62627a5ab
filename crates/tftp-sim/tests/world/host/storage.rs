//! What storage is asked, and what it answers.

use tftp_files::jail::Refusal;
use tftp_files::{
    Completion, Creating, Opened, Opening, Place, Read, Settled, Standing, Supply, names, write_size,
};
use tftp_machine::{IoDone, TransferId};
use tftp_proto::wire::ErrorCode;

use super::super::ground::Ground;
use super::super::simstore::SimStore;
use super::cargo::{Body, owner};
use super::{Host, Late};

fn failed() -> IoDone {
    IoDone::Failed {
        code: ErrorCode::UNDEFINED,
        text: "failed".into(),
    }
}

impl Host {
    fn done(&mut self, id: TransferId, done: IoDone) {
        self.server.handle_io(self.now, id, done);
    }

    pub fn open(&mut self, id: TransferId) {
        let sync = self.plan.settings.sync;
        let Some(cargo) = self.cargo.get_mut(id) else {
            return;
        };
        let name = names::from_bytes(&cargo.name);
        let place = Place::Below(self.jail.clone(), name.as_str().into());
        cargo.lane = self.shelf.lane(&place);
        cargo.place = Some(place.clone());
        if cargo.upload {
            let options = cargo.options(sync);
            match self.shelf.create(owner(id), &place, options, Standing::HalfOpen) {
                Creating::Later => {}
                Creating::Busy | Creating::Nothing => self.done(id, IoDone::Busy),
            }
            return;
        }
        match self.shelf.open(owner(id), &place, Standing::HalfOpen) {
            Opening::Now(result) => self.found(id, result),
            Opening::Later => {}
            Opening::Busy => self.done(id, IoDone::Busy),
        }
    }

    fn found(&mut self, id: TransferId, result: Result<Opened<SimStore>, Refusal>) {
        let Some(cargo) = self.cargo.get_mut(id) else {
            return;
        };
        match (result, &mut cargo.body) {
            (Ok(opened), Body::Feed(feed)) => {
                let same = feed.reopen(opened).is_ok();
                self.done(id, IoDone::Reopened(same));
            }
            (Err(_), Body::Feed(_)) => self.done(id, failed()),
            (Ok(opened), body) => {
                *body = Body::Found(opened);
                let length = cargo.take_up();
                self.done(id, IoDone::Opened { length });
            }
            (Err(refusal), _) => {
                let (code, text) = refusal.wire();
                let text = text.into();
                self.done(id, IoDone::Missing { code, text });
            }
        }
    }

    pub fn read(&mut self, id: TransferId, upto: u64) {
        let agreed = self.server.transfer(id).and_then(|transfer| transfer.agreed());
        let window = agreed.map(|agreed| u64::from(agreed.blksize) * u64::from(agreed.windowsize));
        let Some(cargo) = self.cargo.get_mut(id) else {
            return;
        };
        cargo.upto = Some(upto);
        let Body::Feed(feed) = &mut cargo.body else { return };
        feed.set_window(window.unwrap_or_default());
        match feed.ensure(&mut self.shelf, owner(id), upto) {
            Supply::Have { available, end } => {
                cargo.upto = None;
                self.done(id, IoDone::Supplied { available, end });
            }
            Supply::Pending => {}
            Supply::Parked => self.reopen(id),
            Supply::Failed(_) => self.done(id, failed()),
        }
    }

    pub fn reopen(&mut self, id: TransferId) {
        let Some(place) = self.cargo.get_mut(id).and_then(|cargo| cargo.place.clone()) else {
            return;
        };
        match self.shelf.open(owner(id), &place, Standing::Settled) {
            Opening::Now(result) => self.found(id, result),
            Opening::Later => {}
            Opening::Busy => self.done(id, IoDone::Busy),
        }
    }

    pub fn completed(&mut self, completion: Completion<SimStore>, ground: &mut Ground) {
        let place = completion.owner();
        let id = TransferId {
            index: place.index,
            generation: place.generation,
        };
        if self.cargo.get_mut(id).is_none() {
            if let Some(read) = self.shelf.abandon(completion) {
                self.wake_waiting(&read, ground);
            }
            return;
        }
        match self.shelf.settle(completion) {
            Settled::Opened(result) => self.found(id, result),
            Settled::Created(Ok(sink)) => {
                let Some(cargo) = self.cargo.get_mut(id) else {
                    return;
                };
                cargo.body = Body::Created(sink);
                let length = cargo.take_up();
                self.done(id, IoDone::Opened { length });
            }
            Settled::Created(Err(refusal)) => {
                let (code, text) = refusal.wire();
                let text = text.into();
                self.done(id, IoDone::Missing { code, text });
            }
            Settled::Read(mut read) => {
                if let Some(cargo) = self.cargo.get_mut(id)
                    && let Body::Feed(feed) = &mut cargo.body
                {
                    feed.accept(&mut self.shelf, owner(id), &mut read);
                }
                self.read_again(id);
                self.drain(ground);
                self.wake_waiting(&read, ground);
            }
            Settled::Written(result) => {
                let written = match self.cargo.get_mut(id).map(|cargo| &mut cargo.body) {
                    Some(Body::Intake(intake)) => intake.written(result),
                    _ => Ok(()),
                };
                match written {
                    Ok(()) => self.cargo.make_dirty(id),
                    Err(_) => self.done(id, failed()),
                }
            }
            Settled::Committed(Ok(())) => {
                if let Some(Body::Intake(intake)) = self.cargo.get_mut(id).map(|cargo| &mut cargo.body) {
                    intake.committed();
                }
                self.done(id, IoDone::Committed);
            }
            Settled::Committed(Err(_)) => self.done(id, failed()),
        }
    }

    /// Everybody who waits for that chunk asks again.
    fn wake_waiting(&mut self, read: &Read, ground: &mut Ground) {
        for place in &read.waiting {
            let id = TransferId {
                index: place.index,
                generation: place.generation,
            };
            self.read_again(id);
            self.drain(ground);
        }
    }

    fn read_again(&mut self, id: TransferId) {
        if let Some(upto) = self.cargo.get_mut(id).and_then(|cargo| cargo.upto) {
            self.read(id, upto);
        }
    }

    /// Uploads that took data write it. Their clients wait where storage or the application is behind.
    pub fn pass_on(&mut self, ground: &mut Ground) {
        let size = write_size(self.limits.active());
        while let Some(id) = self.cargo.next_dirty() {
            self.pass_on_one(id, size, ground);
            self.drain(ground);
        }
    }

    fn pass_on_one(&mut self, id: TransferId, size: usize, ground: &mut Ground) {
        let now = self.now.as_micros();
        let slows = self.application.percent(self.plan.disk.holds);
        let wait = 1 + self.application.below(500_000);
        let Some(cargo) = self.cargo.get_mut(id) else {
            return;
        };
        let Body::Intake(intake) = &mut cargo.body else {
            return;
        };
        let had_news = intake.freeze(&self.shelf, false, size).is_some();
        if had_news && slows {
            cargo.slow_until = now + wait;
        }
        let is_slow = cargo.slow_until > now;
        intake.store(&self.shelf, owner(id), !is_slow, size);
        let is_behind = is_slow || intake.is_behind(&self.shelf, size);
        if had_news && slows {
            ground.counts.held += 1;
            self.later(wait, id, Late::Taken);
        }
        self.done(id, IoDone::Held(is_behind));
    }

    pub fn close(&mut self, id: TransferId) {
        let Some(cargo) = self.cargo.get_mut(id) else {
            return;
        };
        match std::mem::replace(&mut cargo.body, Body::Nothing) {
            Body::Intake(mut intake) => intake.discard(&self.shelf, owner(id)),
            Body::Created(sink) => self.shelf.discard(owner(id), cargo.lane, sink),
            Body::Found(opened) => self.shelf.close(owner(id), opened),
            Body::Feed(_) | Body::Nothing => {}
        }
    }
}
