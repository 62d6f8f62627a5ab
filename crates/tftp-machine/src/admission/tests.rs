//! Admission in virtual time: floods, and the honest client that comes after them.

use core::net::Ipv4Addr;

use super::*;

fn at(millis: u64) -> Instant {
    Instant::from_micros(millis * 1000)
}

fn newcomer(number: usize, operation: Operation) -> Newcomer {
    let host = Ipv4Addr::from_bits(0x0A00_0000 + number as u32).into();
    Newcomer {
        group: Group::of(host, |_| false),
        host,
        operation,
    }
}

/// The admission of one I/O thread: the transfers that were admitted, and those that have given
/// way.
struct Thread {
    admission: Admission<usize>,
    bounds: Bounds,
    max_connections: usize,
    places: Vec<Option<HalfOpen>>,
    active: usize,
}

#[derive(Debug, PartialEq, Eq)]
enum Met {
    Admitted(usize),
    Unanswered,
    Refused,
}

impl Thread {
    fn new(descriptors: usize, max_connections: usize) -> Thread {
        Thread {
            admission: Admission::default(),
            bounds: Bounds::new(1, descriptors),
            max_connections,
            places: Vec::new(),
            active: 0,
        }
    }

    fn end(&mut self, item: usize) {
        let place = self.places[item].take().expect("it gives way once");
        self.admission.leave(place);
        self.active -= 1;
    }

    fn settle(&mut self, item: usize) {
        let place = self.places[item].take().expect("it is half-open");
        self.admission.leave(place);
    }

    fn ask(&mut self, millis: u64, newcomer: &Newcomer) -> Met {
        loop {
            match self.admission.judge(at(millis), newcomer, &self.bounds) {
                Verdict::Unanswered => return Met::Unanswered,
                Verdict::GivesWay(item) => self.end(item),
                Verdict::Enter if self.active < self.max_connections => break,
                Verdict::Enter => {
                    match self.admission.gives_way(at(millis), newcomer, Limit::Connections) {
                        Some(item) => self.end(item),
                        None => return Met::Refused,
                    }
                }
            }
        }
        let item = self.places.len();
        let place = self.admission.enter(at(millis), newcomer, item);
        self.places.push(Some(place));
        self.active += 1;
        Met::Admitted(item)
    }

    /// Requests once and, if that fails, once more after a second.
    fn is_served(&mut self, millis: u64, newcomer: &Newcomer) -> bool {
        let mut once = |millis| matches!(self.ask(millis, newcomer), Met::Admitted(_));
        once(millis) || once(millis + 1000)
    }
}

#[test]
fn an_honest_upload_is_served_beside_130_silent_ones() {
    let mut thread = Thread::new(1024, 10_000);
    for number in 0..130 {
        let _ = thread.ask(number as u64, &newcomer(number, Operation::Write));
    }
    assert_eq!(thread.active, 128, "an eighth of the descriptors");
    assert_eq!(thread.ask(200, &newcomer(999, Operation::Write)), Met::Unanswered);
    assert!(thread.is_served(200, &newcomer(999, Operation::Write)));
    assert_eq!(thread.active, 128);
}

#[test]
fn one_address_fills_only_its_quarter_of_the_uploads() {
    let mut thread = Thread::new(1024, 10_000);
    for millis in 0..900 {
        let _ = thread.ask(millis, &newcomer(1, Operation::Write));
    }
    assert_eq!(thread.active, 32);
    for number in 2..98 {
        assert!(matches!(
            thread.ask(950, &newcomer(number, Operation::Write)),
            Met::Admitted(_)
        ));
    }
    // At the bound of an address its own oldest transfer gives way, and no other one.
    assert!(matches!(
        thread.ask(1500, &newcomer(1, Operation::Write)),
        Met::Admitted(_)
    ));
    assert!(thread.places[0].is_none());
    // At the bound in all the oldest transfer of the address with most transfers gives way.
    assert!(matches!(
        thread.ask(1500, &newcomer(99, Operation::Write)),
        Met::Admitted(_)
    ));
    assert!(thread.places[1].is_none());
}

#[test]
fn uploads_do_not_keep_downloads_out() {
    let mut thread = Thread::new(64, 10_000);
    for number in 0..100 {
        let _ = thread.ask(0, &newcomer(number, Operation::Write));
    }
    assert_eq!(thread.active, 8);
    assert!(matches!(
        thread.ask(0, &newcomer(1, Operation::Read)),
        Met::Admitted(_)
    ));
}

#[test]
fn ten_thousand_forged_requests_in_half_a_minute_exclude_no_client() {
    let mut thread = Thread::new(20_000, 10_000);
    for number in 0..10_100 {
        let _ = thread.ask(3 * number as u64, &newcomer(number, Operation::Read));
        if number % 100 == 0 {
            let honest = newcomer(1_000_000 + number, Operation::Read);
            let Met::Admitted(item) = thread.ask(3 * number as u64, &honest) else {
                panic!("{number} shut somebody out");
            };
            thread.settle(item);
        }
    }
    assert_eq!(thread.active, 10_000);
}

#[test]
fn bounds_in_all_and_for_each_address() {
    let mut thread = Thread::new(1 << 20, 1_000_000);
    for _ in 0..OF_A_GROUP {
        assert!(matches!(
            thread.ask(0, &newcomer(0, Operation::Read)),
            Met::Admitted(_)
        ));
    }
    assert_eq!(thread.ask(0, &newcomer(0, Operation::Read)), Met::Unanswered);
    for number in 1..=IN_ALL - OF_A_GROUP {
        assert!(matches!(
            thread.ask(0, &newcomer(number, Operation::Read)),
            Met::Admitted(_)
        ));
    }
    let late = newcomer(IN_ALL, Operation::Read);
    assert_eq!(thread.ask(999, &late), Met::Unanswered);
    assert!(matches!(thread.ask(1000, &late), Met::Admitted(_)));
    assert!(
        thread.places[0].is_none(),
        "the oldest of the address that has most"
    );
    assert_eq!(thread.active, IN_ALL);
}

#[test]
fn a_limit_of_the_settings_is_met_by_the_oldest_or_refused() {
    let mut thread = Thread::new(1024, 4);
    for number in 0..4 {
        assert!(matches!(
            thread.ask(0, &newcomer(number, Operation::Read)),
            Met::Admitted(_)
        ));
    }
    assert_eq!(thread.ask(500, &newcomer(9, Operation::Read)), Met::Refused);
    assert_eq!(thread.ask(1000, &newcomer(9, Operation::Read)), Met::Admitted(4));
    for item in 1..5 {
        assert!(!thread.admission.is_empty());
        thread.settle(item);
    }
    assert_eq!(thread.ask(60_000, &newcomer(10, Operation::Read)), Met::Refused);
    assert!(thread.admission.is_empty());
}

#[test]
fn the_limit_of_an_address_is_met_by_transfers_of_that_address_alone() {
    let mut admission = Admission::default();
    let (one, other) = (newcomer(1, Operation::Read), newcomer(2, Operation::Write));
    admission.enter(at(0), &other, 'o');
    admission.enter(at(10), &one, 'n');
    assert_eq!(admission.gives_way(at(2000), &one, Limit::OfHost), Some('n'));
    assert_eq!(admission.gives_way(at(2000), &one, Limit::Connections), Some('o'));
    assert_eq!(
        admission.gives_way(at(2000), &newcomer(3, Operation::Read), Limit::OfHost),
        None
    );
}

#[test]
fn threads_divide_the_bounds() {
    assert_eq!(Bounds::new(1, 1024).uploads, 128);
    let four = Bounds::new(4, 1024);
    assert_eq!((four.in_all, four.of_a_group, four.uploads), (4096, 1024, 32));
    assert_eq!(four.uploads_of_a_group, 16);
    assert_eq!(
        Bounds::new(64, 3),
        Bounds {
            in_all: 256,
            of_a_group: 64,
            uploads: 1,
            uploads_of_a_group: 16
        }
    );
}
