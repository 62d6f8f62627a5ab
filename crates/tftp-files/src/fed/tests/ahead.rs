//! Sources that are read ahead.

use super::*;

const SIZE: u64 = 10 << 20;

/// Runs one client to its end. Returns the lengths of the requests, and the largest memory of its
/// source.
fn requests(mut world: World, window: (u64, u64)) -> (Vec<u64>, usize) {
    let mut clients = BTreeMap::from([(1, world.client(1, Some(SIZE), None, window, Mode::Octet))]);
    let (mut lengths, mut most) = (Vec::new(), 0);
    while clients[&1].got.len() < SIZE as usize {
        let _ = step(&mut world, &mut clients, 1);
        for Wanted {
            name,
            offset,
            length,
        } in world.asked.take()
        {
            lengths.push(length);
            let bytes = source(offset..offset + length);
            world.feeds.supply(name, &bytes, false).unwrap();
        }
        most = most.max(memory(&world));
    }
    assert!(clients[&1].got == source(0..SIZE));
    (lengths, most)
}

#[test]
fn a_source_that_has_the_budget_for_itself_is_asked_seldom() {
    for window in [(1428, 1), (1428, 16)] {
        let (plain, _) = requests(World::new(), window);
        let (ahead, memory) = requests(World::reading_ahead(), window);
        assert!(
            ahead[0] <= 2 * 1428 * 16,
            "nothing is read ahead at first: {ahead:?}"
        );
        assert!(
            ahead.len() * 5 <= plain.len(),
            "{} of {}",
            ahead.len(),
            plain.len()
        );
        assert!(memory <= 1 << 20, "{memory}");
    }
}

/// Sources of clients that went silent keep what they hold, and the others are read ahead all the
/// same.
#[test]
fn silent_clients_hold_no_more_than_the_budget() {
    let mut world = World::reading_ahead();
    let mut silent = Vec::new();
    for id in 1..=300 {
        let mut clients = BTreeMap::from([(id, world.plain(id as i32, Some(SIZE), None))]);
        run(&mut world, &mut clients, 900);
        silent.push(clients);
    }
    let memory = memory(&world);
    assert!(memory <= (16 << 20) * 3 / 2 + 300 * 40_000, "{memory}");
}
