//! What the machine wants done, and how the world's loop does it.

use tftp_machine::{Decision, Ending, Handled, Io, IoDone, Output, TransferId};
use tftp_proto::wire::ErrorCode;
use tftp_udp::datagrams::Datagrams;

use super::super::event::{Event, How};
use super::super::ground::Ground;
use super::{Host, Late};

impl Host {
    /// Everything that the machine has to say.
    pub fn drain(&mut self, ground: &mut Ground) {
        while let Some(output) = self.server.poll_output() {
            match output {
                Output::Control { to, bytes, .. } => self.net.control(to, bytes),
                Output::Data { id, to, blocks, .. } => {
                    let feed = self.cargo.feed(id).expect("DATA of a transfer that is there");
                    self.net.begin(to, 4 + usize::from(blocks.blksize));
                    for (header, range) in blocks {
                        self.net.block(header);
                        feed.slices(range, |bytes, range| self.net.slice(bytes, range));
                    }
                    self.net.end();
                }
                Output::Ask { id, .. } => self.ask(id, ground),
                Output::Io { id, what } => self.io(id, what, ground),
                Output::Begun { id } => self.tell(id, ground, |id| Event::Begun { id }),
                Output::Settled { id } => self.settled(id),
                Output::Over { id, how } => {
                    ground.counts.evictions += u64::from(matches!(how, Ending::GaveWay));
                    let how = ending(how);
                    self.tell(id, ground, |id| Event::Over { id, how });
                }
                Output::Gone { id } => {
                    self.tell(id, ground, |id| Event::Gone { id });
                    self.cargo.remove(id);
                }
                Output::OpenPort { id, plan } => {
                    let opened = self.net.open(plan).map_err(|unopened| unopened.why);
                    self.server.handle_port(self.now, id, opened);
                }
                Output::ClosePort { port } => self.net.close(port),
                Output::Retried { handled, request } => {
                    ground.counts.retried += 1;
                    if let Handled::Asked(id) = handled {
                        self.cargo.begin(id, &request.datagram(), ground);
                    }
                }
                Output::Drained => {
                    ground.counts.drained += 1;
                    self.server.release_listening();
                }
            }
        }
        self.limits.set_descriptors(ground.budget.left());
    }

    fn tell(&mut self, id: TransferId, ground: &Ground, event: impl FnOnce(u64) -> Event) {
        let cargo = self.cargo.get_mut(id).expect("what is told of is there");
        ground.tell(event(cargo.world));
    }

    fn settled(&mut self, id: TransferId) {
        if let Some(transfer) = self.server.transfer(id) {
            self.net.settle(transfer.route().port);
        }
        if let Some(cargo) = self.cargo.get_mut(id) {
            cargo.settle();
        }
    }

    fn ask(&mut self, id: TransferId, ground: &mut Ground) {
        let (application, rng) = (self.plan.application, &mut self.application);
        let decision = if rng.percent(application.refuses) {
            Decision::End {
                code: ErrorCode::ACCESS,
                text: "no".into(),
                silent: false,
            }
        } else if rng.percent(application.never) {
            ground.counts.later += 1;
            Decision::Later
        } else if rng.percent(application.later) {
            ground.counts.later += 1;
            let wait = 1 + rng.below(3_000_000);
            self.later(wait, id, Late::Go);
            Decision::Later
        } else {
            Decision::Go
        };
        self.server.decide(self.now, id, decision);
    }

    fn io(&mut self, id: TransferId, what: Io, ground: &mut Ground) {
        match what {
            Io::Open { .. } => self.open(id),
            Io::Read { upto } => self.read(id, upto),
            // The intake knows that its stream is at the end.
            Io::Commit => self.cargo.make_dirty(id),
            Io::LetGo => {
                if let Some(feed) = self.cargo.feed_mut(id) {
                    feed.park();
                }
                self.server.handle_io(self.now, id, IoDone::LetGo);
            }
            Io::Reopen => {
                ground.counts.reopened += 1;
                self.reopen(id);
            }
            Io::Close => self.close(id),
        }
    }
}

fn ending(how: &Ending) -> How {
    match how {
        Ending::Complete => How::Complete,
        Ending::ClientError { probe: true, .. } => How::Probe,
        Ending::ClientError { .. } => How::ClientError,
        Ending::Unreachable => How::Unreachable,
        Ending::Silent {
            probably_complete: true,
        } => How::Probably,
        Ending::Silent { .. } => How::TimedOut,
        Ending::GaveWay => How::GaveWay,
        Ending::Replaced => How::Replaced,
        _ => How::Failed,
    }
}
