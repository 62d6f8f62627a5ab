//! Readers of one source whose passes meet.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use super::super::group::{PATIENCE, State};
use super::super::pass::{Found, KEPT};
use super::*;

/// Supplies bytes, and resumes the readers that waited for them.
fn take(state: &mut State, name: i32, length: u64) {
    let mut ready = Vec::new();
    let (pass, _) = state.check(name, length).unwrap();
    state.take(pass, &vec![0; length as usize], false, &mut ready);
    ready.into_iter().for_each(|waiter| waiter());
}

/// Supplies the requests, `most` bytes at a time.
fn supply(state: &mut State, name: i32, most: u64) {
    while let Some(wanted) = state.poll_wanted() {
        assert_eq!(wanted.name, name);
        for from in (0..wanted.length).step_by(most as usize) {
            let length = most.min(wanted.length - from);
            take(state, name, length);
        }
    }
}

/// Reads the available bytes from `at` on, up to `upto`. Returns the offset that it reached.
fn read(state: &mut State, id: u32, mut at: u64, upto: u64) -> u64 {
    while at < upto {
        let (_, Found::Bytes { bytes, .. }) = state.find(id, at) else {
            return at;
        };
        at += bytes.len() as u64;
        state.release(id, at);
    }
    at
}

/// A reader was left behind, reads from the beginning again, and reaches the other pass. The last
/// bytes before that may be too few for a piece, and nothing more is requested for its own pass.
#[test]
fn a_detached_reader_continues_in_another_pass() {
    let size = 2 * KEPT;
    let mut state = State::new(Some(size), true, 0, &Budget::none());
    let [fast, slow] = [1, 2].map(|name| state.join(name));
    for id in [fast, slow] {
        state.find(id, 0);
    }
    supply(&mut state, 1, 4096);
    let mut at = read(&mut state, fast, 0, size);
    let (pass, _) = state.find(fast, at);
    assert!(state.wait(pass, at, Box::new(|| {})).is_none());
    let now = Instant::from_micros(0);
    assert!(
        state.drop_slow_readers(now).is_some(),
        "the slow one holds it back"
    );
    state.drop_slow_readers(now + PATIENCE);
    while at < KEPT + 50_000 {
        supply(&mut state, 1, 4096);
        at = read(&mut state, fast, at, KEPT + 50_000);
        state.find(fast, at);
    }
    // The fast one stays there. The other one reads in a pass of its own, whose supply leaves a
    // remainder too small for a piece.
    let mut behind = 0;
    while behind < KEPT + 50_000 {
        let is_awake = Arc::new(AtomicBool::new(false));
        let wait = |state: &mut State, behind: &mut u64| {
            *behind = read(state, slow, *behind, size);
            let (pass, _) = state.find(slow, *behind);
            let awake = Arc::clone(&is_awake);
            let waiter = Box::new(move || awake.store(true, SeqCst));
            if let Some(waiter) = state.wait(pass, *behind, waiter) {
                waiter();
            }
        };
        wait(&mut state, &mut behind);
        let wanted = state.poll_wanted();
        let Some(wanted) = wanted else {
            assert!(is_awake.load(SeqCst), "it waits for ever at {behind}");
            continue;
        };
        // All but a small remainder, which is supplied after the rest was read.
        for length in [wanted.length - 440, 440] {
            take(&mut state, wanted.name, length);
            wait(&mut state, &mut behind);
        }
        assert!(
            wanted.name == 1 || is_awake.load(SeqCst),
            "it waits for ever at {behind}"
        );
    }
}

/// Two readers are far behind, and one of them not far enough to be left at first.
#[test]
fn slow_readers_are_detached_one_by_one() {
    let mut state = State::new(Some(2 * KEPT), true, 0, &Budget::none());
    let [fast, middle, slow, one, other] = [1, 2, 3, 4, 5].map(|name| state.join(name));
    for id in [fast, middle, slow, one, other] {
        state.find(id, 0);
    }
    supply(&mut state, 1, 4096);
    let at = read(&mut state, fast, 0, KEPT);
    read(&mut state, middle, 0, at / 2 + 10_000);
    // The five readers caused larger requests than two have room for.
    state.leave(one);
    state.leave(other);
    let (pass, _) = state.find(fast, at);
    assert!(state.wait(pass, at, Box::new(|| {})).is_none());
    let mut now = Instant::from_micros(0);
    for _ in 0..3 {
        let due = state.drop_slow_readers(now).expect("it still waits");
        assert!(due > now);
        now = due;
    }
    assert!(state.poll_wanted().is_some(), "both were left behind");
}

/// The application ends the download that requests name instead of serving them: they come again,
/// once, with the name of one that it serves.
#[test]
fn what_is_not_served_is_requested_in_another_name() {
    let mut state = State::new(Some(KEPT), true, 0, &Budget::none());
    let [first, second] = [1, 2].map(|name| state.join(name));
    for id in [first, second] {
        state.find(id, 0);
    }
    let wanted = state.poll_wanted().unwrap();
    assert_eq!((wanted.name, wanted.offset), (1, 0));
    let most = wanted.length / 2 + 1;
    take(&mut state, 1, most);
    for id in [first, second] {
        read(&mut state, id, 0, most);
    }
    let more = state.poll_wanted().unwrap();
    assert_eq!((more.name, more.offset), (1, wanted.length));
    state.take_back(wanted);
    state.take_back(more);
    let again = state.poll_wanted().unwrap();
    assert_eq!((again.name, again.offset), (2, most));
    assert_eq!(state.poll_wanted(), None);
    // Nobody is left whose requests are served, until another one joins.
    state.take_back(again);
    assert_eq!(state.poll_wanted(), None);
    let third = state.join(3);
    state.find(third, 0);
    let again = state.poll_wanted().unwrap();
    assert_eq!((again.name, again.offset), (3, most));
}

/// The download under whose name data was requested has ended. The next request has another name,
/// and comes when everything requested before was supplied: each name may have a source of its own,
/// and data carries no offset.
#[test]
fn the_next_name_is_asked_when_nothing_is_outstanding() {
    let mut state = State::new(Some(KEPT), true, 0, &Budget::none());
    let [first, second] = [1, 2].map(|name| state.join(name));
    state.find(first, 0);
    state.find(second, 0);
    let wanted = state.poll_wanted().unwrap();
    assert_eq!(wanted.name, 1);
    let most = wanted.length * 3 / 4;
    take(&mut state, 1, most);
    state.leave(first);
    let at = read(&mut state, second, 0, most);
    assert!(at > wanted.length / 2, "there is room for another request");
    assert_eq!(state.poll_wanted(), None);
    take(&mut state, 1, wanted.length - most);
    let next = state.poll_wanted().unwrap();
    assert_eq!((next.name, next.offset), (2, wanted.length));
}

/// The request was queued, and the application supplies the end before it gets it.
#[test]
fn a_request_is_not_wanted_after_the_end_of_its_source() {
    let mut state = State::new(None, false, 0, &Budget::none());
    let reader = state.join(1);
    state.find(reader, 0);
    assert!(state.poll_wanted().is_some());
    assert!(state.is_wanted(1));
    let (pass, _) = state.check(1, 1000).unwrap();
    state.take(pass, &[0; 1000], true, &mut Vec::new());
    assert!(!state.is_wanted(1));
    state.leave(reader);
    assert!(!state.is_wanted(1));
}
