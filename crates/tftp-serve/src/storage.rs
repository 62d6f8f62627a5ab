//! Storage work for transfers: opening files, supplying downloads, storing uploads.

use tftp_files::upload::UploadOptions;
use tftp_files::write_size;
use tftp_files::{
    Completed, Completion, Creating, Opened, Opening, Owner, Place, Progress, Read, Standing,
    Store, Supply,
};
use tftp_machine::{IoDone, TransferId};
use tftp_proto::wire::Operation;
use tftp_udp::datagrams::Datagrams;

use super::Outcome;
use super::connections::{Body, owner};
use super::inline::Interests;
use super::places;
use super::turn::Loop;

/// The amount of a connection's data that may wait for the application; beyond it the connection is
/// slowed down.
const FLOW_LIMIT: u64 = 256 << 10;

/// Returns the transfer of a name in storage.
fn transfer(owner: Owner) -> TransferId {
    TransferId {
        index: owner.index,
        generation: owner.generation,
    }
}

/// Beginnings: a file is opened or created.
impl<N: Datagrams, S: Store> Loop<N, S> {
    /// Opens the file of a download, or creates that of an upload. If so many wait for the same
    /// storage that it probably hangs, the client gets no answer and repeats its request.
    pub(crate) fn open(&mut self, id: TransferId) {
        let takes_data = self.observer.wants().has(Interests::DATA);
        let Some(state) = self.connections.get_mut(id) else {
            return;
        };
        let sources = state.sources.take().map(|sources| *sources).unwrap_or_default();
        let takes_data = takes_data && state.is_announced;
        let Some(place) = places::find(&state.connection, &state.policy, sources, takes_data)
        else {
            return self.missing(id, Outcome::NoSource);
        };
        match state.connection.operation {
            Operation::Read => {
                let opening = self.cache.open(owner(id), &place, Standing::HalfOpen);
                state.place =
                    Some(place).filter(|place| !matches!(place, Place::Memory(_) | Place::Fed(_)));
                match opening {
                    Opening::Now(opened) => self.opened(id, opened.map_err(Outcome::open)),
                    Opening::Later => {}
                    Opening::Busy => self.server.handle_io(self.now, id, IoDone::Busy),
                }
            }
            Operation::Write => {
                let options = UploadOptions {
                    allow_overwrite: state.policy.allow_overwrite,
                    announced: state.connection.requested.tsize,
                    sync: state.policy.sync_uploads,
                };
                match self.cache.create(owner(id), &place, options, Standing::HalfOpen) {
                    Creating::Nothing => self.created(id, Ok(None)),
                    Creating::Later => {}
                    Creating::Busy => self.server.handle_io(self.now, id, IoDone::Busy),
                }
            }
        }
    }

    fn opened(&mut self, id: TransferId, opened: Result<Opened<S>, Outcome>) {
        match (self.connections.get_mut(id), opened) {
            (None, _) => {}
            (Some(_), Err(cause)) => self.missing(id, cause),
            (Some(state), Ok(opened)) => {
                let length = state.take_source(opened);
                self.server.handle_io(self.now, id, IoDone::Opened { length });
            }
        }
    }

    fn created(&mut self, id: TransferId, created: Result<Option<S::Sink>, Outcome>) {
        match (self.connections.get_mut(id), created) {
            (None, _) => {}
            (Some(_), Err(cause)) => self.missing(id, cause),
            (Some(state), Ok(sink)) => {
                state.take_sink(sink);
                self.server
                    .handle_io(self.now, id, IoDone::Opened { length: None });
            }
        }
    }

    fn missing(&mut self, id: TransferId, outcome: Outcome) {
        let (code, text) = self.fail(id, outcome);
        self.server
            .handle_io(self.now, id, IoDone::Missing { code, text });
    }

    fn failed(&mut self, id: TransferId, outcome: Outcome) {
        let (code, text) = self.fail(id, outcome);
        self.server.handle_io(self.now, id, IoDone::Failed { code, text });
    }
}

/// Downloads.
impl<N: Datagrams, S: Store> Loop<N, S> {
    /// Supplies a download, if its application is not too far behind.
    pub(crate) fn read(&mut self, id: TransferId, upto: u64) {
        let Some(state) = self.connections.get_mut(id) else {
            return;
        };
        state.upto = Some(upto);
        if !state.flow_is_below(FLOW_LIMIT) {
            return;
        }
        let Body::Download(download) = &mut state.body else {
            return;
        };
        match download.ensure(&mut self.cache, owner(id), upto) {
            Supply::Have { available, end } => {
                state.upto = None;
                let is_late = state.late.is_some();
                self.server
                    .handle_io(self.now, id, IoDone::Supplied { available, end });
                if is_late {
                    self.send_late(id);
                }
            }
            Supply::Pending => {}
            Supply::Parked => self.reopen(id),
            Supply::Failed(error) => self.failed(id, Outcome::read(error)),
        }
    }

    /// Tries again to supply a download: the data that it waits for may be there.
    pub(crate) fn read_again(&mut self, id: TransferId) {
        if let Some(upto) = self.connections.get(id).and_then(|state| state.upto) {
            self.read(id, upto);
        }
    }

    /// Opens the file of a download again that was closed.
    pub(crate) fn reopen(&mut self, id: TransferId) {
        let Some(place) = self.connections.get(id).and_then(|state| state.place.as_ref()) else {
            return;
        };
        // A client that is served already is not turned away: this is never `Busy`.
        if let Opening::Now(opened) = self.cache.open(owner(id), place, Standing::Settled) {
            self.reopened(id, opened.map_err(Outcome::open));
        }
    }

    fn reopened(&mut self, id: TransferId, opened: Result<Opened<S>, Outcome>) {
        let Some(state) = self.connections.get_mut(id) else {
            return;
        };
        let Body::Download(download) = &mut state.body else {
            return;
        };
        let reopened = opened.and_then(|opened| download.reopen(opened).map_err(Outcome::read));
        match reopened {
            Err(outcome) => self.failed(id, outcome),
            Ok(()) => {
                self.server.handle_io(self.now, id, IoDone::Reopened);
                self.read_again(id);
            }
        }
    }

    /// Tries again to supply all downloads that wait for this chunk.
    fn wake_waiting(&mut self, read: &Read) {
        for owner in &read.waiting {
            self.read_again(transfer(*owner));
            self.drain();
        }
    }
}

/// Uploads.
impl<N: Datagrams, S: Store> Loop<N, S> {
    /// Passes received data of uploads to the application and to their files. Their clients wait
    /// while either is behind.
    pub(crate) fn pass_on(&mut self) {
        while let Some(id) = self.connections.next_dirty() {
            self.pass_on_one(id);
            self.drain();
        }
    }

    fn pass_on_one(&mut self, id: TransferId) {
        let size = write_size(self.observer.active());
        let wants_data = self.observer.wants().has(Interests::DATA);
        let Some(state) = self.connections.get_mut(id) else {
            return;
        };
        let told = state.is_announced && wants_data;
        let Body::Upload(upload) = &mut state.body else {
            return;
        };
        if !told && !state.is_held && upload.only_gathers(size) {
            return;
        }
        if upload.has_unreported_data() && !told && upload.is_only_for_application() {
            return self.failed(id, Outcome::NoSource);
        }
        if let Some(portion) = upload.freeze(&self.cache, told, size)
            && told
        {
            self.observer.uploaded(state, self.server.transfer(id), portion);
        }
        self.store(id, size);
    }

    fn store(&mut self, id: TransferId, size: usize) {
        let Some(state) = self.connections.get_mut(id) else {
            return;
        };
        let Body::Upload(upload) = &state.body else { return };
        // Once everything is received and the application has taken it all, the file gets its name.
        let may_finish = upload.is_closed() && state.flow_is_below(0) && !state.is_refused();
        let Body::Upload(upload) = &mut state.body else {
            return;
        };
        let progress = upload.store(&self.cache, owner(id), may_finish, size);
        let is_behind = upload.is_behind(size);
        let is_held = is_behind || !state.flow_is_below(FLOW_LIMIT);
        let was_held = std::mem::replace(&mut state.is_held, is_held);
        if progress == Progress::Whole {
            self.server.handle_io(self.now, id, IoDone::Committed);
        }
        if is_held != was_held {
            self.server.handle_io(self.now, id, IoDone::Held(is_held));
        }
    }
}

/// Results.
impl<N: Datagrams, S: Store> Loop<N, S> {
    /// Handles the result of a storage job, for the transfer that requested it and for those that
    /// wait for the same chunk.
    pub(crate) fn completed(&mut self, completion: Completion<S>) {
        let (id, lane) = (transfer(completion.owner()), completion.lane());
        let state = self.connections.get_mut(id).filter(|state| !state.is_closed);
        let Some(state) = state else {
            if let Some(read) = self.cache.abandon(completion) {
                self.wake_waiting(&read);
            }
            return;
        };
        match self.cache.complete(completion) {
            Completed::Opened(opened) => {
                let opened = opened.map_err(Outcome::open);
                match state.body {
                    Body::Download(_) => self.reopened(id, opened),
                    _ => self.opened(id, opened),
                }
            }
            Completed::Created(created) => {
                state.lane = lane;
                self.created(id, created.map(Some).map_err(Outcome::open));
            }
            Completed::Read(mut read) => {
                if let Body::Download(download) = &mut state.body {
                    download.accept(&mut self.cache, owner(id), &mut read);
                }
                self.read_again(id);
                self.drain();
                // The chunk is held until all have it.
                self.wake_waiting(&read);
            }
            Completed::Written(written) => match &mut state.body {
                Body::Upload(upload) => match upload.written(written) {
                    Ok(()) => self.pass_on_one(id),
                    Err(refusal) => self.failed(id, Outcome::write(refusal)),
                },
                _ => {
                    if let Ok(sink) = written {
                        self.cache.discard(owner(id), lane, sink);
                    }
                }
            },
            Completed::Committed(Ok(())) => {
                if let Body::Upload(upload) = &mut state.body {
                    upload.committed();
                }
                self.server.handle_io(self.now, id, IoDone::Committed);
            }
            Completed::Committed(Err(refusal)) => self.failed(id, Outcome::write(refusal)),
        }
    }
}
