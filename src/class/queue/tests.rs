use super::*;
#[cfg(all(target_os = "linux", not(portable)))]
use tftp_serve::inline::DataRun;

fn decided(id: i32) -> Item {
    Item::Decided(id)
}

fn log(number: usize) -> Item {
    message(number.to_string())
}

fn ids(queue: &Queue) -> Vec<i32> {
    let mut ids = Vec::new();
    let mut batch = queue.take(Duration::ZERO);
    while batch.deliver_next(|item| {
        if let Item::Decided(id) = item {
            ids.push(id);
        }
    }) {}
    ids
}

#[test]
fn first_in_first_out_and_undelivered_items_return_to_the_front() {
    let queue = Queue::default();
    (1..=3).for_each(|id| queue.push(decided(id)));
    let mut batch = queue.take(Duration::ZERO);
    assert!(batch.deliver_next(|_| {}));
    queue.push(decided(4));
    drop(batch);
    assert_eq!(ids(&queue), [2, 3, 4]);
    assert_eq!(queue.items.load(Relaxed), 0);
}

#[test]
fn no_room_while_many_wait_even_where_they_were_taken() {
    let queue = Queue::default();
    for id in 0..MANY as i32 {
        assert!(queue.has_room());
        queue.push(decided(id));
    }
    assert!(!queue.has_room());
    let mut batch = queue.take(Duration::ZERO);
    assert!(!queue.has_room());
    batch.deliver_next(|_| {});
    assert!(queue.has_room());
}

#[test]
fn only_log_messages_are_dropped_and_counted() {
    let queue = Queue::default();
    (0..MANY_LOGS + 5).for_each(|number| queue.push(log(number)));
    queue.push(decided(7));
    let mut last = String::new();
    let (mut logs, mut others) = (0, 0);
    let mut batch = queue.take(Duration::ZERO);
    while batch.deliver_next(|item| match item {
        Item::Event(EngineEvent::Log { message, .. }) => (logs, last) = (logs + 1, message),
        _ => others += 1,
    }) {}
    assert_eq!((logs, others), (MANY_LOGS + 1, 1));
    assert!(last.starts_with("5 log messages were dropped"), "{last}");
}

#[test]
fn an_interrupt_ends_the_wait_also_the_next_one() {
    let queue = Queue::default();
    queue.interrupt();
    drop(queue.take(Duration::from_secs(3600)));
    assert!(queue.take_interrupt());
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| drop(queue.take(Duration::from_secs(3600))));
        queue.interrupt();
        waiting.join().unwrap();
    });
}

#[test]
fn an_announced_push_ends_the_wait() {
    let queue = Queue::default();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| queue.take(Duration::from_secs(3600)).items.len());
        queue.push(decided(1));
        queue.announce();
        assert_eq!(waiting.join().unwrap(), 1);
    });
}

#[test]
#[cfg(all(target_os = "linux", not(portable)))]
fn the_descriptor_is_readable_while_something_waits() {
    let queue = Queue::default();
    queue.push(decided(1));
    let fd = queue.event_fd().unwrap();
    assert_eq!(queue.event_fd().unwrap(), fd);
    assert!(is_readable(&queue));
    let batch = queue.take(Duration::ZERO);
    assert!(!is_readable(&queue));
    drop(batch);
    assert!(is_readable(&queue), "what was not delivered waits again");
    assert_eq!(ids(&queue), [1]);
    assert!(!is_readable(&queue));
    queue.push(decided(2));
    assert!(!is_readable(&queue), "not before the turn's end");
    assert_eq!(queue.announce_at(Instant::from_micros(7)), None);
    assert!(is_readable(&queue));
}

#[test]
#[cfg(all(target_os = "linux", not(portable)))]
fn transfer_data_alone_wakes_at_times_only() {
    let queue = Queue::default();
    let at = Instant::from_micros;
    assert_eq!(queue.announce_at(at(0)), None, "nothing to tell of");
    queue.event_fd().unwrap();
    queue.push(moved(1000, false));
    assert_eq!(queue.announce_at(at(1000)), None, "it was idle");
    assert!(is_readable(&queue));
    drop(queue.take(Duration::ZERO).items.drain(..));
    queue.push(moved(1000, false));
    assert_eq!(queue.announce_at(at(1100)), Some(Duration::from_micros(400)));
    assert!(!is_readable(&queue));
    queue.push(moved(WAKE_BYTES as u64, false));
    assert_eq!(queue.announce_at(at(1100)), None, "it is much");
    assert!(is_readable(&queue));
    queue.take(Duration::ZERO).items.clear();
    queue.bytes.store(0, Relaxed);
    queue.push(moved(1000, true));
    assert_eq!(
        queue.announce_at(at(1200)),
        None,
        "an upload waits for its last block"
    );
    queue.take(Duration::ZERO).items.clear();
    queue.push(moved(1000, false));
    assert!(queue.announce_at(at(1600)).is_some());
    assert_eq!(queue.announce_at(at(1700)), None, "it waited for long enough");
}

#[cfg(all(target_os = "linux", not(portable)))]
fn moved(length: u64, is_last: bool) -> Item {
    Item::Event(EngineEvent::Data(DataRun {
        id: 1,
        before: 0,
        length,
        block: 512,
        slices: Vec::new(),
        total: None,
        empty_block: false,
        is_last,
        is_only_copy: false,
    }))
}

/// Returns whether an event loop would find the descriptor readable.
#[cfg(all(target_os = "linux", not(portable)))]
fn is_readable(queue: &Queue) -> bool {
    let path = format!("/proc/self/fdinfo/{}", queue.event_fd().unwrap());
    let info = std::fs::read_to_string(path).unwrap();
    let count = info
        .lines()
        .find_map(|line| line.strip_prefix("eventfd-count:"))
        .expect("it is an eventfd");
    count.trim() != "0"
}
