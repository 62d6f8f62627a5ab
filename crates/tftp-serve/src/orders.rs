//! Handles messages from other threads: the application's answers and orders of the server object;
//! and the cleanup after a fault of this thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tftp_files::Store;
use tftp_machine::{Decision, TransferId};
use tftp_udp::datagrams::Datagrams;

use super::config::Policy;
use super::connections::Body;
use super::inbox::Message;
use super::reply::Answer;
use super::turn::Loop;

impl<N: Datagrams, S: Store> Loop<N, S> {
    pub(crate) fn handle(&mut self, message: Message<S>) {
        match message {
            Message::Answer(id, answer) => self.answered(id, answer),
            Message::Storage(completion) => self.completed(completion),
            Message::Policy(policy) => {
                self.server.set_policy(policy.of_machine());
                self.take_policy(policy);
            }
            Message::StopListening(done) => {
                self.server.stop_listening(self.now);
                self.drain();
                self.release();
                self.flush();
                // The sender of the order may have given up waiting.
                let _ = done.send(());
            }
            Message::Drained => self.release(),
            Message::Resume(policy, done) => {
                self.server.resume(policy.of_machine());
                self.take_policy(policy);
                let _ = done.send(());
            }
            Message::Shutdown(done) => {
                self.server.shutdown(self.now);
                self.drain();
                self.flush();
                let _ = done.send(());
            }
        }
    }

    fn take_policy(&mut self, policy: Arc<Policy>) {
        self.server.limits().set_clients(policy.clients.clone());
        self.policy = policy;
    }

    /// Closes the listening port if no thread of this engine needs its socket any more.
    fn release(&mut self) {
        if !self.server.is_listening() && self.drained.is_done() {
            self.server.release_listening();
            self.drain();
        }
    }

    fn answered(&mut self, id: TransferId, answer: Answer) {
        let Some(state) = self.connections.get_mut(id) else {
            return;
        };
        match answer {
            Answer::Admit(sources) => {
                state.sources = Some(Box::new(sources));
                self.server.decide(self.now, id, Decision::Go);
            }
            Answer::End(refusal) => {
                let decision = self.refuse(id, refusal.into());
                self.server.decide(self.now, id, decision);
            }
            Answer::Taken if matches!(state.body, Body::Upload(_)) => {
                self.connections.mark_dirty(id)
            }
            Answer::Taken => self.read_again(id),
        }
    }

    /// Ends all transfers after a fault, because their state cannot be trusted.
    pub(crate) fn abandon_all(&mut self) {
        for id in self.server.ids() {
            // A transfer that cannot even be ended is only forgotten.
            let _ = catch_unwind(AssertUnwindSafe(|| {
                self.server.abandon(id);
                self.drain();
            }));
        }
        self.connections.clear();
        self.cache.batch_ends();
        let _ = catch_unwind(AssertUnwindSafe(|| {
            self.flush();
            self.end();
        }));
    }
}
