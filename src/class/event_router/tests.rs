use super::*;
use crate::class::events::Event;

fn nothing() -> Option<Arc<dyn Callback>> {
    Some(Arc::new(|_: &mut Event<'_>| 0) as Arc<dyn Callback>)
}

#[test]
fn interests_follow_registered_callbacks() {
    let router = EventRouter::new(1);
    assert_eq!(router.interests(), Interests::NONE);
    router.register(8, nothing()).unwrap();
    // A callback of any event may end connections, so their ends are needed too from then on.
    assert_eq!(router.interests(), Interests::DATA.with(Interests::CONNECTIONS));
    router.register(2, nothing()).unwrap();
    assert!(router.interests().has(Interests::REQUESTS));
    router.register(2, None).unwrap();
    router.register(8, None).unwrap();
    assert_eq!(router.interests(), Interests::CONNECTIONS);
}

#[test]
fn the_log_is_wanted_up_to_its_level() {
    let router = EventRouter::new(1);
    router.set_log_level(3);
    assert_eq!(router.interests(), Interests::NONE, "nobody listens");
    router.register(6, nothing()).unwrap();
    let all = [Interests::LOG_INFO, Interests::LOG_VERBOSE, Interests::LOG_DEBUG];
    for level in 0..=3 {
        router.set_log_level(level);
        let wanted = all.map(|bit| router.interests().has(bit));
        assert_eq!(wanted, [level >= 1, level >= 2, level >= 3]);
    }
    assert!(
        router.interests().follows_connections(),
        "the callback may end connections"
    );
}

#[test]
fn a_full_queue_admits_no_request_unless_no_callback_is_registered() {
    let router = EventRouter::new(1);
    router.register(5, nothing()).unwrap();
    while router.queue.has_room() {
        router.queue.push(Item::Decided(1));
    }
    assert!(!router.admits());
    router.register(5, None).unwrap();
    assert!(router.admits());
}
