//! What the world's loop holds of each transfer.

use tftp_files::upload::UploadOptions;
use tftp_files::{Feed, Intake, Lane, Opened, Owner, Place};
use tftp_machine::{Datagram, TransferId};
use tftp_proto::Mode;

use super::super::event::{Event, Id};
use super::super::ground::Ground;
use super::super::simstore::{SimSink, SimStore};

/// Where the bytes come from or go to.
pub enum Body {
    Nothing,
    Found(Opened<SimStore>),
    Created(SimSink),
    Feed(Box<Feed<SimStore>>),
    Intake(Box<Intake<SimStore>>),
}

pub struct Cargo {
    id: TransferId,
    pub world: Id,
    pub name: Vec<u8>,
    pub upload: bool,
    pub mode: Mode,
    pub announced: Option<u64>,
    pub body: Body,
    pub lane: Lane,
    pub place: Option<Place>,
    /// The bytes that the machine waits for.
    pub upto: Option<u64>,
    /// The application is behind until then.
    pub slow_until: u64,
    is_dirty: bool,
}

#[derive(Default)]
pub struct Cargoes {
    slots: Vec<Option<Box<Cargo>>>,
    dirty: Vec<TransferId>,
}

pub fn owner(id: TransferId) -> Owner {
    Owner {
        index: id.index,
        generation: id.generation,
    }
}

impl Cargoes {
    pub fn begin(&mut self, id: TransferId, datagram: &Datagram<'_>, ground: &mut Ground) {
        let (name, upload, mode, announced) = super::request(datagram);
        let world = ground.id();
        ground.tell(Event::Asked {
            id: world,
            peer: datagram.peer,
            upload,
            name: name.clone(),
        });
        let place = id.index as usize;
        if self.slots.len() <= place {
            self.slots.resize_with(place + 1, || None);
        }
        assert!(self.slots[place].is_none(), "two transfers in one place");
        self.slots[place] = Some(Box::new(Cargo {
            id,
            world,
            name,
            upload,
            mode,
            announced,
            body: Body::Nothing,
            lane: Lane::NONE,
            place: None,
            upto: None,
            slow_until: 0,
            is_dirty: false,
        }));
    }

    pub fn get_mut(&mut self, id: TransferId) -> Option<&mut Cargo> {
        let cargo = self.slots.get_mut(id.index as usize)?.as_deref_mut()?;
        (cargo.id == id).then_some(cargo)
    }

    pub fn feed(&self, id: TransferId) -> Option<&Feed<SimStore>> {
        let cargo = self.slots.get(id.index as usize)?.as_deref()?;
        match &cargo.body {
            Body::Feed(feed) if cargo.id == id => Some(feed),
            _ => None,
        }
    }

    pub fn feed_mut(&mut self, id: TransferId) -> Option<&mut Feed<SimStore>> {
        match &mut self.get_mut(id)?.body {
            Body::Feed(feed) => Some(feed),
            _ => None,
        }
    }

    pub fn remove(&mut self, id: TransferId) -> Option<Box<Cargo>> {
        self.slots
            .get_mut(id.index as usize)?
            .take_if(|cargo| cargo.id == id)
    }

    pub fn ids(&self) -> impl Iterator<Item = TransferId> {
        self.slots.iter().flatten().map(|cargo| cargo.id)
    }

    pub fn make_dirty(&mut self, id: TransferId) {
        if let Some(cargo) = self.get_mut(id)
            && !std::mem::replace(&mut cargo.is_dirty, true)
        {
            self.dirty.push(id);
        }
    }

    pub fn next_dirty(&mut self) -> Option<TransferId> {
        let id = self.dirty.pop()?;
        if let Some(cargo) = self.get_mut(id) {
            cargo.is_dirty = false;
        }
        Some(id)
    }

    pub fn received(&mut self, id: TransferId, bytes: &[u8], last: bool) {
        if let Some(cargo) = self.get_mut(id)
            && let Body::Intake(intake) = &mut cargo.body
        {
            intake.take(bytes, last);
            self.make_dirty(id);
        }
    }

    pub fn acked(&mut self, id: TransferId, upto: u64) {
        if let Some(feed) = self.feed_mut(id) {
            feed.release(upto);
        }
    }
}

impl Cargo {
    pub fn options(&self, sync: bool) -> UploadOptions {
        UploadOptions {
            allow_overwrite: true,
            announced: self.announced,
            sync,
        }
    }

    /// What was found becomes the stream. Its length on the wire, where it is known.
    pub fn take_up(&mut self) -> Option<u64> {
        match std::mem::replace(&mut self.body, Body::Nothing) {
            Body::Found(opened) => {
                let feed = Feed::new(opened, self.mode);
                let length = feed.stream_size();
                self.body = Body::Feed(Box::new(feed));
                length
            }
            Body::Created(sink) => {
                self.body = Body::Intake(Box::new(Intake::new(Some(sink), self.mode, self.lane)));
                None
            }
            other => {
                self.body = other;
                None
            }
        }
    }

    pub fn settle(&mut self) {
        match &mut self.body {
            Body::Feed(feed) => feed.settle(),
            Body::Intake(intake) => intake.settle(),
            _ => {}
        }
    }
}
