//! All pollers, wake-ups and the application's descriptor.

use std::sync::mpsc;
use std::time::Instant;

#[cfg(unix)]
use super::super::wake::EventFd;
use super::super::wake::round_up_to_milliseconds;
use super::*;

/// Runs the same tests for one type of poller.
macro_rules! for_poller {
    ($name:ident, $poller:ty) => {
        mod $name {
            use super::*;
            type Poller = $poller;

            #[test]
            fn reports_ready_sockets() {
                let (poller, mut ready) = (Poller::new().unwrap(), Vec::new());
                let sockets = [bind("127.0.0.1:0"), bind("127.0.0.1:0")];
                poller.add(&sockets[0], 10).unwrap();
                poller.add(&sockets[1], 11).unwrap();
                assert!(poller.add(&sockets[1], 11).is_err());
                poller.wait(&mut ready, Some(Duration::ZERO)).unwrap();
                assert!(ready.is_empty());
                send_to(&sockets[1]);
                for _ in 0..2 {
                    poller.wait(&mut ready, Some(LONG)).unwrap();
                    assert_eq!(
                        ready
                            .iter()
                            .map(|r| (r.key, r.readable, r.writable))
                            .collect::<Vec<_>>(),
                        [(11, true, false)]
                    );
                }
                poller.want(&sockets[0], 10, Wanted::BOTH).unwrap();
                poller.wait(&mut ready, Some(LONG)).unwrap();
                assert!(ready.iter().any(|r| r.key == 10 && r.writable && !r.readable));
                poller.want(&sockets[0], 10, Wanted::READ).unwrap();
                poller.remove(&sockets[1]).unwrap();
                assert!(poller.remove(&sockets[1]).is_err());
                poller.wait(&mut ready, Some(Duration::ZERO)).unwrap();
                assert!(ready.is_empty());
            }

            #[test]
            fn a_socket_can_be_left_alone_for_a_while() {
                let (poller, mut ready) = (Poller::new().unwrap(), Vec::new());
                let socket = bind("127.0.0.1:0");
                poller.add(&socket, 3).unwrap();
                send_to(&socket);
                poller.want(&socket, 3, Wanted::default()).unwrap();
                poller.wait(&mut ready, Some(Duration::ZERO)).unwrap();
                assert!(ready.is_empty());
                poller.want(&socket, 3, Wanted::READ).unwrap();
                poller.wait(&mut ready, Some(LONG)).unwrap();
                assert!(ready[0].key == 3 && ready[0].readable);
            }

            #[cfg(linux)]
            #[test]
            fn reports_errors() {
                let (poller, mut ready) = (Poller::new().unwrap(), Vec::new());
                let socket = bind("127.0.0.1:0");
                poller.add(&socket, 1).unwrap();
                let mut batch = SendBatch::new(IoMode::Auto);
                let gone = "127.0.0.1:1".parse().unwrap();
                batch.push_small(to(gone), b"anybody?");
                flush(&mut batch, &socket);
                poller.wait(&mut ready, Some(LONG)).unwrap();
                assert!(ready[0].key == 1 && ready[0].error);
                socket.take_errors(&mut |_, _| {});
                poller.wait(&mut ready, Some(Duration::ZERO)).unwrap();
                assert!(ready.is_empty());
            }

            /// Wakes while the poller sleeps, before it sleeps and several times: each time one
            /// wait ends, none is lost.
            #[test]
            fn wakes() {
                let (poller, mut ready) = (Poller::new().unwrap(), Vec::new());
                let waker = poller.waker();
                waker.wake();
                waker.wake();
                assert!(poller.wait(&mut ready, None).unwrap());
                assert!(ready.is_empty());
                // A poll that does not sleep reports a call too, and the next wait does not report
                // it again.
                waker.wake();
                assert!(poller.wait(&mut ready, Some(Duration::ZERO)).unwrap());
                assert!(!poller.wait(&mut ready, Some(Duration::ZERO)).unwrap());
                let (sender, receiver) = mpsc::channel();
                let thread = std::thread::spawn(move || {
                    for number in 0..5000 {
                        sender.send(number).unwrap();
                        waker.wake();
                    }
                });
                let mut next = 0;
                while next < 5000 {
                    poller.wait(&mut ready, None).unwrap();
                    while let Ok(number) = receiver.try_recv() {
                        assert_eq!(number, next);
                        next += 1;
                    }
                }
                thread.join().unwrap();
                // A poll without sleeping consumes a call too, and reports it.
                let waker = poller.waker();
                waker.wake();
                assert!(poller.wait(&mut ready, Some(Duration::ZERO)).unwrap());
                assert!(!poller.wait(&mut ready, Some(Duration::ZERO)).unwrap());
                // No waker calls any more: the next wait but one sleeps for its full time.
                poller.wait(&mut ready, Some(Duration::ZERO)).unwrap();
                let before = now();
                poller.wait(&mut ready, Some(Duration::from_millis(2))).unwrap();
                assert!(before.elapsed() >= Duration::from_millis(2));
            }

            /// Each of two threads calls as soon as the other's call has arrived, while the other
            /// may still be inside its call: wine refuses the signal then.
            #[test]
            fn wakes_by_threads_in_turn() {
                const EACH: usize = 5000;
                let (poller, mut ready) = (Poller::new().unwrap(), Vec::new());
                let threads = [(); 2].map(|()| {
                    let (sender, receiver) = mpsc::channel();
                    let waker = poller.waker();
                    let thread =
                        std::thread::spawn(move || receiver.iter().for_each(|()| waker.wake()));
                    (sender, thread)
                });
                for number in 0..2 * EACH {
                    threads[number % 2].0.send(()).unwrap();
                    let before = now();
                    while !poller.wait(&mut ready, Some(LONG)).unwrap() {}
                    assert!(before.elapsed() < LONG, "the signal of call {number} was lost");
                }
                for (sender, thread) in threads {
                    drop(sender);
                    thread.join().unwrap();
                }
            }

            #[test]
            fn never_wakes_early() {
                let (poller, mut ready) = (Poller::new().unwrap(), Vec::new());
                for timeout in [1, 999, 1000, 1001, 2500].map(Duration::from_micros) {
                    let before = now();
                    poller.wait(&mut ready, Some(timeout)).unwrap();
                    assert!(before.elapsed() >= timeout && ready.is_empty());
                }
            }
        }
    };
}

for_poller!(own, super::super::super::Poller);
#[cfg(unix)]
for_poller!(poll, super::super::super::poll_windows::Poller);
#[cfg(unix)]
for_poller!(portable, super::super::super::poll_portable::Poller);

#[allow(
    clippy::disallowed_methods,
    reason = "only the real time shows that a wait was not too short"
)]
fn now() -> Instant {
    Instant::now()
}

fn send_to(socket: &UdpSocket) {
    let mut batch = SendBatch::new(IoMode::Auto);
    batch.push_small(to(socket.local_addr().unwrap()), b"x");
    flush(&mut batch, &bind("127.0.0.1:0"));
}

#[test]
fn timeouts_are_rounded_up() {
    for (nanoseconds, milliseconds) in [
        (0, 0),
        (1, 1),
        (999_999, 1),
        (1_000_000, 1),
        (1_000_001, 2),
        (u64::MAX, i32::MAX),
    ] {
        assert_eq!(
            round_up_to_milliseconds(Duration::from_nanos(nanoseconds)),
            milliseconds
        );
    }
    assert_eq!(round_up_to_milliseconds(Duration::MAX), i32::MAX);
}

#[cfg(unix)]
fn is_readable(fd: i32) -> bool {
    let mut fds = libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one element, which outlives the call.
    unsafe { libc::poll(&mut fds, 1, 0) == 1 }
}

#[cfg(unix)]
#[test]
fn the_descriptor_is_readable_while_set() {
    let event = EventFd::new().unwrap();
    for _ in 0..3 {
        event.clear();
        event.clear();
        assert!(!is_readable(event.raw()));
        event.set();
        event.set();
        assert!(is_readable(event.raw()) && is_readable(event.raw()));
        event.clear();
        assert!(!is_readable(event.raw()));
    }
}

/// After any interleaving of threads, the descriptor has the state that was set last.
#[cfg(unix)]
#[test]
fn the_descriptor_survives_threads() {
    let event = EventFd::new().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| (0..5000).for_each(|_| event.set()));
        scope.spawn(|| (0..5000).for_each(|_| event.clear()));
    });
    event.clear();
    assert!(!is_readable(event.raw()));
    event.set();
    assert!(is_readable(event.raw()));
}
