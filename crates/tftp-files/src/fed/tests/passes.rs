//! Readers of one source whose passes meet.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use super::super::group::{PATIENCE, State};
use super::super::pass::{Found, KEPT};
use super::*;

/// Supplies bytes, and resumes the readers that waited for them.
fn take(state: &mut State, name: i32, length: u64) {
    let mut ready = Vec::new();
    let checked = state.check(name, length).unwrap();
    assert!(state.take(&checked, &vec![0; length as usize], false, &mut ready));
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

/// Returns a source of the downloads 1 and 2, its two outstanding requests, both of which name
/// download 1, and the number of bytes that the application has supplied for the first of them.
fn requested_twice() -> (State, [Wanted; 2], u64) {
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
    (state, [wanted, more], most)
}

/// The application ends the download that requests name instead of serving them: they come again,
/// once, with the name of one that it serves.
#[test]
fn what_is_not_served_is_requested_in_another_name() {
    let (mut state, [wanted, more], most) = requested_twice();
    state.take_back(wanted, &mut Vec::new());
    state.take_back(more, &mut Vec::new());
    let again = state.poll_wanted().unwrap();
    assert_eq!((again.name, again.offset), (2, most));
    assert_eq!(state.poll_wanted(), None);
    // Nobody is left whose requests are served, until another one joins.
    state.take_back(again, &mut Vec::new());
    assert_eq!(state.poll_wanted(), None);
    let third = state.join(3);
    state.find(third, 0);
    let again = state.poll_wanted().unwrap();
    assert_eq!((again.name, again.offset), (3, most));
}

/// The application serves a request to its end and then ends the download that it names. Another
/// download has requested more meanwhile, which is not requested twice.
#[test]
fn a_request_that_was_served_takes_nothing_back() {
    let mut state = State::new(Some(2 * KEPT), true, 0, &Budget::none());
    let [first, second] = [1, 2].map(|name| state.join(name));
    for id in [first, second] {
        state.find(id, 0);
    }
    let served = state.poll_wanted().unwrap();
    take(&mut state, 1, served.length);
    state.end(1);
    state.leave(first);
    let at = read(&mut state, second, 0, served.length);
    state.find(second, at);
    let wanted = state.poll_wanted().unwrap();
    assert_eq!((wanted.name, wanted.offset), (2, served.length));
    state.take_back(served, &mut Vec::new());
    assert_eq!(state.poll_wanted(), None);
    take(&mut state, 2, wanted.length);
    assert_eq!(read(&mut state, second, at, u64::MAX), at + wanted.length);
}

/// A request is taken back while its data is being supplied. The rest is requested for another
/// download, so the first supplier must not add it as well.
#[test]
fn data_that_was_taken_back_while_it_is_supplied_is_not_taken() {
    let mut state = State::new(Some(KEPT), true, 0, &Budget::none());
    for name in [1, 2] {
        let id = state.join(name);
        state.find(id, 0);
    }
    let wanted = state.poll_wanted().unwrap();
    let checked = state.check(1, wanted.length).unwrap();
    let mut ready = Vec::new();
    assert!(state.take(&checked, &[0; 1000], false, &mut ready));
    state.take_back(wanted, &mut ready);
    let again = state.poll_wanted().unwrap();
    assert_eq!((again.name, again.offset), (2, 1000));
    assert!(!state.take(&checked, &[0; 1000], false, &mut ready));
    take(&mut state, 2, again.length);
}

/// The application gives up the second request of a name first.
#[test]
fn an_earlier_request_of_a_name_is_taken_back_after_a_later_one() {
    let (mut state, [wanted, more], most) = requested_twice();
    state.take_back(more, &mut Vec::new());
    assert_eq!(state.poll_wanted(), None, "the first one may still be served");
    state.take_back(wanted, &mut Vec::new());
    let again = state.poll_wanted().unwrap();
    assert_eq!((again.name, again.offset), (2, most));
    state.refuse(2);
    state.take_back(again, &mut Vec::new());
    assert_eq!(state.poll_wanted(), None);
}

/// The application ends all downloads of a pass, and supplies nothing of it any more. One that joins
/// before they have left gets a pass of its own.
#[test]
fn a_download_that_joins_after_all_were_ended_gets_a_new_pass() {
    let mut state = State::new(None, true, 0, &Budget::none());
    let [first, second] = [1, 2].map(|name| state.join(name));
    for id in [first, second] {
        state.find(id, 0);
    }
    let wanted = state.poll_wanted().unwrap();
    take(&mut state, 1, wanted.length / 4);
    state.end(1);
    let third = state.join(3);
    state.find(third, 0);
    assert_eq!(
        state.poll_wanted(),
        None,
        "the second one still reads the pass, and so may the third"
    );
    state.leave(third);
    state.end(2);
    let fourth = state.join(4);
    state.find(fourth, 0);
    let anew = state.poll_wanted().unwrap();
    assert_eq!((anew.name, anew.offset), (4, 0));
    // Late data of the abandoned pass goes nowhere.
    take(&mut state, 1, wanted.length / 4);
    state.leave(first);
    state.leave(second);
    assert_eq!(state.check(1, 1), Err(Refused::Over));
    take(&mut state, 4, anew.length / 2 + 1);
    read(&mut state, fourth, 0, anew.length / 2 + 1);
    assert_eq!(state.poll_wanted().unwrap().name, 4);
}

/// The last download that the application has not ended leaves by itself.
#[test]
fn a_pass_of_ended_downloads_only_is_abandoned() {
    let mut state = State::new(None, true, 0, &Budget::none());
    let [first, second] = [1, 2].map(|name| state.join(name));
    for id in [first, second] {
        state.find(id, 0);
    }
    assert_eq!(state.poll_wanted().unwrap().name, 1);
    state.end(1);
    let waiting = state.join(3);
    state.leave(second);
    state.find(waiting, 0);
    assert_eq!(
        state.poll_wanted(),
        None,
        "it had joined before, and what was requested is still due"
    );
    state.leave(waiting);
    let late = state.join(4);
    state.find(late, 0);
    assert_eq!(state.poll_wanted().unwrap().name, 4);
}

/// The same, although the last download that was not ended has not begun to read: it is ended, too,
/// or it leaves.
#[test]
fn a_download_that_has_not_read_keeps_a_pass_only_as_long_as_it_runs() {
    for is_ended in [true, false] {
        let mut state = State::new(None, true, 0, &Budget::none());
        let first = state.join(1);
        state.find(first, 0);
        assert_eq!(state.poll_wanted().unwrap().name, 1);
        let second = state.join(2);
        state.end(1);
        match is_ended {
            true => state.end(2),
            false => drop(state.leave(second)),
        }
        let third = state.join(3);
        state.find(third, 0);
        assert_eq!(state.poll_wanted().unwrap().name, 3, "{is_ended}");
    }
}

/// Data of an ended download that comes late, and its end, concern no other download.
#[test]
fn an_ended_download_does_not_move_to_the_pass_of_another() {
    let mut state = State::new(None, true, 0, &Budget::none());
    let first = state.join(1);
    state.find(first, 0);
    let wanted = state.poll_wanted().unwrap();
    let unread = state.join(5);
    state.end(1);
    state.end(5);
    let second = state.join(2);
    state.find(second, 0);
    assert_eq!(state.poll_wanted().unwrap().name, 2);
    take(&mut state, 1, wanted.length);
    let at = read(&mut state, first, 0, wanted.length);
    state.find(first, at);
    state.find(unread, 0);
    for name in [1, 5] {
        if let Ok(checked) = state.check(name, 0) {
            state.take(&checked, &[], true, &mut Vec::new());
        }
    }
    let (_, found) = state.find(second, 0);
    assert!(matches!(found, Found::Nothing), "{found:?}");
    assert_eq!(
        state.poll_wanted(),
        None,
        "nothing is requested for the ended ones"
    );
}

/// The rest of a pass is taken back that another pass has already: who waits for it goes on there.
#[test]
fn what_is_taken_back_and_is_in_another_pass_resumes_those_that_wait() {
    let (size, piece) = (2 * KEPT, 8_192);
    let mut state = State::new(Some(size), true, 0, &Budget::none());
    let [first, waits] = [1, 2].map(|name| state.join(name));
    let mut at = 0;
    let mut wanted = Vec::new();
    while at + 4 * piece < size {
        for id in [first, waits] {
            state.release(id, at);
            state.find(id, at);
        }
        wanted.extend(std::iter::from_fn(|| state.poll_wanted()));
        let rest = (1..=piece).rev().find(|length| state.check(1, *length).is_ok());
        let length = rest.expect("data is requested");
        take(&mut state, 1, length);
        at += length;
    }
    for id in [first, waits] {
        read(&mut state, id, at - piece, at);
        state.release(id, at);
        state.find(id, at);
    }
    wanted.extend(std::iter::from_fn(|| state.poll_wanted()));
    let (pass, _) = state.find(waits, at);
    let is_awake = Arc::new(AtomicBool::new(false));
    let awake = Arc::clone(&is_awake);
    let waiter = Box::new(move || awake.store(true, SeqCst));
    assert!(state.wait(pass, at, waiter).is_none());
    // Another pass comes to the end, and its slow reader keeps what comes before.
    let [fast, slow] = [3, 4].map(|name| state.join(name));
    let mut done = 0;
    while done < size {
        state.find(fast, done);
        state.find(slow, done.min(at - 2 * piece));
        while state.poll_wanted().is_some() {}
        let length = (1..=piece).rev().find(|length| state.check(3, *length).is_ok());
        take(&mut state, 3, length.expect("data is requested"));
        done += length.unwrap_or_default();
        state.release(fast, done);
        state.release(slow, done.min(at - 2 * piece));
    }
    assert!(!is_awake.load(SeqCst));
    let mut ready = Vec::new();
    for request in wanted
        .into_iter()
        .filter(|wanted| wanted.offset + wanted.length > at)
    {
        state.take_back(request, &mut ready);
    }
    ready.into_iter().for_each(|waiter| waiter());
    assert!(is_awake.load(SeqCst));
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
    let checked = state.check(1, 1000).unwrap();
    assert!(state.take(&checked, &[0; 1000], true, &mut Vec::new()));
    assert!(!state.is_wanted(1));
    state.leave(reader);
    assert!(!state.is_wanted(1));
}
