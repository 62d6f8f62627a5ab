//! Tests sources and downloads in many orders, by seed.

use super::*;

/// The application: its outstanding requests (name, from, to), the number of requested bytes and of
/// passes begun.
#[derive(Default)]
struct Supplier {
    owed: Vec<(i32, u64, u64)>,
    /// The last request that was served to its end.
    served: Option<(i32, u64, u64)>,
    /// The last served request if the application has ended its download since, until it takes the
    /// request back.
    given_up: Option<(i32, u64, u64)>,
    asked_in_all: u64,
    passes: u64,
}

impl Supplier {
    fn hear(&mut self, wanted: Vec<Wanted>) {
        for Wanted {
            name,
            offset,
            length,
        } in wanted
        {
            assert!(length > 0);
            self.asked_in_all += length;
            self.passes += u64::from(offset == 0);
            self.owed.push((name, offset, offset + length));
        }
    }
}

#[test]
fn every_download_gets_the_source_whatever_the_order_by_seed() {
    let (mut joined, mut left_behind, mut late) = (0, 0, 0);
    for seed in 0..150 {
        let mut random = Random(seed);
        let mut world = match seed % 2 {
            0 => World::new(),
            _ => World::reading_ahead(),
        };
        let size = [0, 1, 511, 512, 8192, 100_000, 300_000, 1_200_000][random.below(8) as usize]
            + random.below(3);
        let known = Some(size).filter(|_| !random.one_in(3));
        let key = Some("k").filter(|_| !random.one_in(4));
        let count = 1 + random.below(6) as u32;
        let mut clients = BTreeMap::new();
        let mut begun = 0;
        let mut supplier = Supplier::default();
        let mut done = 0;
        let mut idle = 0;
        while done < count {
            world.now += Duration::from_millis(random.below(40));
            if begun < count && (begun == 0 || random.one_in(30)) {
                begun += 1;
                let blksize = [512, 1428, 8192, 8][random.below(4) as usize];
                let windows = [1, 4, 16][random.below(3) as usize];
                let mode = if random.one_in(4) {
                    Mode::Netascii
                } else {
                    Mode::Octet
                };
                let client =
                    world.client(begun as i32, known, key, (blksize.max(64), windows), mode);
                clients.insert(begun, client);
                late += u32::from(supplier.asked_in_all > 0);
            }
            idle += 1;
            assert!(idle < 60_000, "seed {seed}: nothing happens");
            supplier.hear(world.asked.take());
            if !supplier.owed.is_empty() && !random.one_in(3) {
                supply_some(&mut random, &world, &mut supplier, size, known);
            }
            let may_end = !supplier.owed.is_empty() || supplier.served.is_some();
            if key.is_some() && may_end && random.one_in(60) {
                done += u32::from(end_one(&mut random, &world, &mut supplier, &mut clients));
            }
            if let Some((name, ..)) = supplier.given_up
                && random.one_in(8)
            {
                take_back(&world, &mut supplier, name, 0);
            }
            // A client is gone. What was requested in its name is served nevertheless.
            if key.is_some() && random.one_in(300) {
                let gone = random.below(u64::from(count)) as u32 + 1;
                done += u32::from(clients.remove(&gone).is_some());
            }
            world.deliver(&mut clients);
            let ids: Vec<u32> = clients.keys().copied().collect();
            for id in ids {
                // Some are slow.
                if id % 3 == 0 && !random.one_in(12) {
                    continue;
                }
                let Some(mut client) = clients.remove(&id) else {
                    continue;
                };
                match world.step(&mut client) {
                    Step::Done => {
                        let whole = source(0..size);
                        let whole = if client.is_text { text(&whole) } else { whole };
                        assert!(client.got == whole, "seed {seed}: client {id} has other bytes");
                        done += 1;
                        idle = 0;
                    }
                    Step::Failed(error) => panic!("seed {seed}: {error}"),
                    Step::Waits => drop(clients.insert(id, client)),
                    Step::Moves => {
                        idle = 0;
                        clients.insert(id, client);
                    }
                }
            }
            world.bench.cache.drop_slow_readers(world.now);
        }
        match key {
            Some(_) if supplier.passes < u64::from(count) && size > 0 => joined += 1,
            Some(_) if supplier.passes > 1 => left_behind += 1,
            Some(_) => {}
            None if size > 0 => assert_eq!(supplier.passes, u64::from(count), "seed {seed}"),
            None => {}
        }
        assert_eq!(world.feeds.known(), (0, 0), "seed {seed}: something is left");
    }
    assert!(
        joined > 0 && left_behind > 0 && late > 0,
        "{joined} {left_behind} {late}"
    );
}

/// The application ends the download that a request names instead of serving it, or after it has
/// served it. Returns false if it had ended before.
fn end_one(
    random: &mut Random,
    world: &World,
    supplier: &mut Supplier,
    clients: &mut BTreeMap<u32, Client>,
) -> bool {
    if let Some(served) = supplier.served.take_if(|_| random.one_in(2)) {
        supplier.given_up = Some(served);
        return clients.remove(&(served.0 as u32)).is_some();
    }
    if supplier.owed.is_empty() {
        return false;
    }
    let place = random.below(supplier.owed.len() as u64) as usize;
    let (name, ..) = supplier.owed[place];
    let is_late = random.one_in(2);
    let ended = is_late.then(|| clients.remove(&(name as u32))).flatten();
    let mut has_ended = ended.is_some();
    take_back(world, supplier, name, place);
    has_ended |= clients.remove(&(name as u32)).is_some();
    has_ended
}

/// The application takes back what it owes under a name, from a place in the order on.
fn take_back(world: &World, supplier: &mut Supplier, name: i32, place: usize) {
    supplier.hear(world.asked.take());
    let given_up = supplier.given_up.take_if(|given_up| given_up.0 == name);
    let owed = supplier.owed.extract_if(place.., |(other, ..)| *other == name);
    for (name, offset, end) in given_up.into_iter().chain(owed) {
        let length = end - offset;
        world.feeds.take_back(Wanted {
            name,
            offset,
            length,
        });
    }
}

/// Supplies one piece of an outstanding request, of any length, sometimes too long at first.
fn supply_some(
    random: &mut Random,
    world: &World,
    supplier: &mut Supplier,
    size: u64,
    known: Option<u64>,
) {
    let place = random.below(supplier.owed.len() as u64) as usize;
    let (name, from, to) = supplier.owed[place];
    if from > size {
        // Requested before the end was known.
        supplier.owed.remove(place);
        return;
    }
    // Requests of one pass are served in order.
    if supplier.owed[..place].iter().any(|(_, _, end)| *end == from) {
        return;
    }
    let rest = to.min(size) - from;
    let length = match random.below(4) {
        0 => rest,
        1 => rest.min(1 + random.below(20)),
        _ => random.below(rest + 1),
    };
    let ends = from + length == size && known.is_none();
    let bytes = source(from..from + length);
    match world.feeds.supply(name, &bytes, ends) {
        // Nothing needs that pass any more.
        Err(Refused::Over) => drop(supplier.owed.remove(place)),
        Err(Refused::TooMuch) => {
            // The name reads another pass by now, and the data requested before is not needed any
            // more.
            supplier.owed.remove(place);
        }
        Ok(()) if from + length == to || ends || from + length == size => {
            supplier.served = Some(supplier.owed.remove(place));
            if ends {
                supplier.owed.retain(|(other, _, _)| *other != name);
            }
        }
        Ok(()) => supplier.owed[place].1 += length,
    }
}
