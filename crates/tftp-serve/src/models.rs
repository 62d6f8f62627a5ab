//! Models of the wake-up of a thread and of the flow control: see `crates/tftp-sync`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{TryRecvError, bounded};
use shuttle::rand::Rng;
use shuttle::thread;

use super::Key;
use super::inbox::{Inbox, Message};
use super::reply::{Answer, Post, Reply};
use super::{ErrorCode, Refusal};
use tftp_files::{Directory, Pooled};
use tftp_sync::check;
use tftp_udp::{Poller, Waker};

const KEY: Key = Key {
    index: 0,
    generation: 0,
};

fn inbox(poller: &Poller) -> Inbox<Pooled<Directory>, Waker> {
    Inbox::new(poller.waker())
}

/// Waits like a thread between two checks of its inbox: it sleeps, or first polls (BusyPollMicros)
/// and then sleeps.
fn sleep(poller: &Poller) {
    let mut ready = Vec::new();
    for _ in 0..shuttle::rand::thread_rng().gen_range(0..3) {
        if poller.wait(&mut ready, Some(Duration::ZERO)).unwrap() {
            return;
        }
    }
    poller.wait(&mut ready, None).unwrap();
}

/// A message wakes the thread at any point of its loop.
#[test]
fn no_message_is_slept_over() {
    check(|| {
        let poller = Poller::new().unwrap();
        let inbox = Arc::new(inbox(&poller));
        let senders = [2, 1].map(|count| {
            let inbox = Arc::clone(&inbox);
            thread::spawn(move || (0..count).for_each(|_| inbox.post(KEY, Answer::Taken)))
        });
        let (mut taken, mut count) = (VecDeque::new(), 0);
        while count < 3 {
            sleep(&poller);
            inbox.take(&mut taken);
            count += taken.drain(..).count();
        }
        senders.into_iter().for_each(|sender| sender.join().unwrap());
    });
}

/// An order that arrives when the thread ends is carried out or dropped: its sender never waits for
/// ever.
#[test]
fn no_order_is_left_in_the_inbox_of_a_thread_that_has_ended() {
    check(|| {
        let poller = Poller::new().unwrap();
        let inbox = Arc::new(inbox(&poller));
        let (done, all_done) = bounded(2);
        let io_thread = {
            let inbox = Arc::clone(&inbox);
            thread::spawn(move || {
                let mut taken = VecDeque::new();
                inbox.take(&mut taken);
                drop(taken);
                inbox.close();
            })
        };
        let other = (Arc::clone(&inbox), done.clone());
        let orderer = thread::spawn(move || other.0.send(Message::Shutdown(other.1)));
        inbox.send(Message::StopListening(done));
        io_thread.join().unwrap();
        orderer.join().unwrap();
        assert_eq!(all_done.try_recv(), Err(TryRecvError::Disconnected));
    });
}

/// The thread never waits for an application that has taken everything.
#[test]
fn flow_control_never_loses_the_answer_that_it_waits_for() {
    check(|| {
        let poller = Poller::new().unwrap();
        let inbox = Arc::new(inbox(&poller));
        let reply = Reply::to(KEY, Arc::clone(&inbox) as Arc<dyn Post>);
        let flow = &reply.info().flow;
        let (tell, told) = shuttle::sync::mpsc::channel();
        let application = thread::spawn(move || told.iter().for_each(|bytes| reply.taken(bytes)));
        let mut taken = VecDeque::new();
        for limit in [15, 0, 5] {
            for _ in 0..2 {
                flow.add(10);
                tell.send(10).unwrap();
            }
            while !flow.below(limit) {
                // As long as no answer has arrived, the thread does not check the flow.
                while taken.is_empty() {
                    sleep(&poller);
                    inbox.take(&mut taken);
                }
                taken.clear();
            }
        }
        drop(tell);
        application.join().unwrap();
        assert!(flow.below(0));
    });
}

/// The application ends an upload and takes the last of its data, while another thread ends it,
/// too. Once the data counts as taken, the I/O thread sees that the upload was ended: it never
/// gives the file its name. The ends arrive there.
#[test]
fn an_upload_that_the_application_ends_is_never_finished() {
    check(|| {
        let poller = Poller::new().unwrap();
        let inbox = Arc::new(inbox(&poller));
        let reply = Reply::to(KEY, Arc::clone(&inbox) as Arc<dyn Post>);
        let info = reply.info();
        let flow = &info.flow;
        flow.add(10);
        let refusal = || Refusal::new(ErrorCode::UNDEFINED, "tape ended");
        let other = reply.clone();
        let threads = [
            thread::spawn(move || {
                reply.end(refusal());
                reply.taken(10);
            }),
            thread::spawn(move || other.end(refusal())),
        ];
        let (mut taken, mut ends) = (VecDeque::new(), 0);
        while ends < 2 {
            if flow.below(0) {
                assert!(flow.is_refused(), "it would be finished");
            }
            if taken.is_empty() {
                sleep(&poller);
                inbox.take(&mut taken);
            }
            for message in taken.drain(..) {
                ends += u32::from(matches!(message, Message::Answer(_, Answer::End(_))));
            }
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(flow.below(0));
    });
}
