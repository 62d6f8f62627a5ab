//! One upload: the protocol's receiver, emptied into a file, the application, or both.

use std::sync::Arc;

use tftp_files::returned::Returned;
use tftp_proto::WriteTransfer;
use tftp_proto::negotiate;
use tftp_proto::netascii::Decoder;
use tftp_proto::wire::{Asked, Mode, Operation, Packet};

use super::cause::Cause;
use super::config::Policy;
use super::context::Context;
use super::descriptors::Ticket;
use super::inbox::{Message, Stored};
use super::jail::Refusal;
use super::memory::Taken;
use super::notice::{Direction, Notice, Run, Wants};
use super::transfer::{FLOW_LIMIT, Link};
use super::upload::Upload;
use tftp_files::Lane;
use tftp_udp::Bytes;

/// How much an upload gathers before the blocking pool writes it: few large writes are cheap, but thousands of uploads
/// share what all may gather.
const WRITE_AT_ONCE: std::ops::RangeInclusive<usize> = 4 << 10..=64 << 10;
const GATHERED_IN_ALL: usize = 16 << 20;

/// So many of these may wait for a slow disk before the client is made to wait too.
const WRITES_WAITING: usize = 4;

pub(super) struct Receiving {
    pub(super) machine: WriteTransfer,
    decoder: Option<Decoder>,
    target: Target,
    /// Data of this batch.
    pending: Vec<u8>,
    /// Data that waits to be written.
    queue: Vec<Queued>,
    queued: usize,
    /// Bytes that were passed on, to the application and the file alike.
    told: u64,
    /// The key stands in `Context::dirty`.
    dirty: bool,
    /// The last block is in, and its data was passed on.
    closed: bool,
    /// Counts the descriptors of the file.
    ticket: Option<Ticket>,
    /// Its window in the budget of memory.
    _memory: Taken,
}

/// Data on its way to the file, in the budget of memory.
struct Queued {
    data: Bytes,
    _memory: Taken,
}

enum Target {
    /// Only the application's Transfer callback takes the data.
    Application,
    /// The file waits for data.
    Idle(Upload),
    /// The file is with the blocking pool, which leaves it here.
    Busy(Arc<Returned<Upload>>),
    /// Nothing more will be written.
    Done,
}

impl Receiving {
    /// `file`: `None` where only the application takes the data.
    pub(super) fn new(
        ctx: &Context,
        asked: &Asked,
        mode: Mode,
        policy: &Policy,
        file: Option<(Upload, Ticket)>,
    ) -> Receiving {
        let (file, ticket) = file.unzip();
        let (agreed, memory) = ctx
            .shared
            .memory
            .grant(&policy.limits, |limits| negotiate::write(asked, limits));
        Receiving {
            machine: WriteTransfer::new(ctx.now, &agreed, &policy.timing),
            decoder: (mode == Mode::Netascii).then(Decoder::default),
            target: file.map_or(Target::Application, Target::Idle),
            pending: Vec::new(),
            queue: Vec::new(),
            queued: 0,
            told: 0,
            dirty: false,
            closed: false,
            ticket,
            _memory: memory,
        }
    }

    pub(super) fn handle_packet(&mut self, ctx: &mut Context, link: &Link, packet: &Packet<'_>) {
        let Some(bytes) = self.machine.handle_packet(ctx.now, packet) else {
            return;
        };
        link.connection.progress.set_bytes(self.machine.received_bytes());
        match &mut self.decoder {
            Some(decoder) => decoder.decode(bytes, &mut self.pending),
            None => self.pending.extend_from_slice(bytes),
        }
        if self.machine.is_complete()
            && let Some(decoder) = &mut self.decoder
        {
            decoder.finish(&mut self.pending);
        }
        if !std::mem::replace(&mut self.dirty, true) {
            ctx.dirty.push(link.key);
        }
    }

    /// The client has acknowledged something.
    pub(super) fn settle(&self) {
        if let Some(ticket) = &self.ticket {
            ticket.settle();
        }
    }

    /// Bytes of the whole stream, as far as the client announced them: of text it counts its own.
    pub(super) fn total(&self) -> Option<u64> {
        self.machine.agreed().tsize.filter(|_| self.decoder.is_none())
    }

    /// Sends what the machine has to say.
    pub(super) fn drain(&mut self, ctx: &mut Context, link: &Link) {
        while let Some(transmit) = self.machine.poll_transmit(ctx.now) {
            ctx.send_control(link, &transmit);
        }
    }

    /// Passes on what this batch brought: to the application, to the file; holds the client back while either is behind.
    ///
    /// # Errors
    /// `NoSource` where only the application takes the data and its Transfer callback is registered no more.
    pub(super) fn pass_on(&mut self, ctx: &mut Context, link: &Link) -> Result<(), Cause> {
        self.dirty = false;
        let last = self.machine.is_complete() && !self.closed;
        let told = link.is_announced() && ctx.wants().has(Wants::TRANSFER);
        let has_new_data = last || !self.pending.is_empty();
        if has_new_data && !told && matches!(self.target, Target::Application) {
            return Err(Cause::NoSource(Operation::Write));
        }
        let at_once = at_once(ctx);
        if last || (!self.pending.is_empty() && (told || self.pending.len() >= at_once)) {
            self.closed |= last;
            self.freeze(ctx, link, told, last);
        }
        self.store(ctx, link, at_once);
        let is_crowded = self.queued > 0 && ctx.shared.memory.is_exhausted();
        let behind = is_crowded || self.queued > WRITES_WAITING * at_once || !link.flow_is_below(FLOW_LIMIT);
        self.machine.hold(ctx.now, behind);
        self.drain(ctx, link);
        Ok(())
    }

    /// A write came back from the blocking pool.
    ///
    /// # Errors
    /// Those of [`Receiving::pass_on`].
    pub(super) fn handle_stored(
        &mut self,
        ctx: &mut Context,
        link: &Link,
        stored: Stored,
    ) -> Result<(), Cause> {
        match stored {
            Stored::Written(file) => {
                self.target = Target::Idle(file);
                self.pass_on(ctx, link)
            }
            Stored::Committed => {
                self.commit(ctx, link);
                Ok(())
            }
        }
    }

    /// Lets go of an unfinished file, where removing it may block.
    pub(super) fn discard(&mut self, ctx: &Context, lane: Lane) {
        self.queue.clear();
        self.ticket = None;
        let file = self.take_file();
        self.target = Target::Done;
        if let Some(file) = file {
            ctx.drop_apart(lane, file);
        }
    }

    fn freeze(&mut self, ctx: &mut Context, link: &Link, told: bool, last: bool) {
        let capacity = self.pending.len();
        let data: Bytes = Arc::new(std::mem::take(&mut self.pending));
        if !last {
            self.pending.reserve(capacity);
        }
        let before = self.told;
        self.told += data.len() as u64;
        if told {
            self.tell(ctx, link, before, &data, last);
        }
        if !data.is_empty() && !matches!(self.target, Target::Application) {
            self.queued += data.len();
            let _memory = ctx.shared.memory.take(data.len());
            self.queue.push(Queued { data, _memory });
        }
    }

    fn tell(&self, ctx: &mut Context, link: &Link, before: u64, data: &Bytes, last: bool) {
        let agreed = self.machine.agreed();
        let translated = self.decoder.is_some();
        let blksize = u32::from(agreed.blksize);
        let run = Run {
            id: link.connection.id,
            direction: Direction::Upload,
            before,
            length: data.len() as u64,
            // Translated text has lost its blocks: what one batch brought is one event.
            block: if translated { u32::MAX } else { blksize },
            slices: vec![(Arc::clone(data), 0..data.len())],
            total: self.total(),
            is_last: last,
            is_only_copy: matches!(self.target, Target::Application),
            empty_block: last
                && (data.is_empty() || (!translated && data.len().is_multiple_of(blksize as usize))),
        };
        link.add_to_flow(run.weight());
        ctx.tell(Notice::Moved(run));
    }

    /// Gives the pool what waits, and the file its name once everything is in and the application has taken it all.
    fn store(&mut self, ctx: &mut Context, link: &Link, at_once: usize) {
        let finish = self.closed && link.flow_is_below(0) && !link.is_refused();
        if finish && matches!(self.target, Target::Application) {
            return self.commit(ctx, link);
        }
        // Where memory is short, what waits is written at once: the client is held meanwhile.
        let is_crowded = self.queued > 0 && ctx.shared.memory.is_exhausted();
        if !finish && !is_crowded && self.queued < at_once {
            return;
        }
        let Some(file) = self.take_file() else {
            // Busy asks again when it comes back.
            return;
        };
        let (key, queue) = (link.key, std::mem::take(&mut self.queue));
        self.queued = 0;
        let returned = Arc::<Returned<Upload>>::default();
        self.target = Target::Busy(Arc::clone(&returned));
        ctx.block_on(link.lane, move || {
            let stored = write(file, &queue, finish, &returned).transpose()?;
            Some(Message::Stored(key, stored))
        });
    }

    /// The file, if it may be written to now.
    fn take_file(&mut self) -> Option<Upload> {
        if let Target::Busy(returned) = &self.target {
            return returned.take();
        }
        match std::mem::replace(&mut self.target, Target::Done) {
            Target::Idle(file) => Some(file),
            // Nothing to write.
            other => {
                self.target = other;
                None
            }
        }
    }

    fn commit(&mut self, ctx: &mut Context, link: &Link) {
        self.target = Target::Done;
        self.ticket = None;
        self.machine.commit(ctx.now);
        self.drain(ctx, link);
    }
}

fn at_once(ctx: &Context) -> usize {
    (GATHERED_IN_ALL / ctx.shared.active().max(1)).clamp(*WRITE_AT_ONCE.start(), *WRITE_AT_ONCE.end())
}

/// `None`: the file is left in `returned`, and nobody waits for it.
fn write(
    mut file: Upload,
    queue: &[Queued],
    finish: bool,
    returned: &Returned<Upload>,
) -> Result<Option<Stored>, Refusal> {
    queue.iter().try_for_each(|queued| file.write(&queued.data))?;
    if finish {
        return file.commit().map(|()| Some(Stored::Committed));
    }
    Ok(returned.leave(file).map(Stored::Written))
}
