//! Half-open transfers in order of age, by address: which one gives way is found in logarithmic
//! time, whatever a flood brings.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::net::IpAddr;
use core::time::Duration;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use tftp_proto::Instant;

use super::groups::Group;

/// Transfers younger than this never give way: an active client answers within this time.
pub const RIPE: Duration = Duration::from_secs(1);

/// No node.
const NONE: u32 = u32::MAX;

/// The transfers of one kind that no client has acknowledged yet.
pub struct Order<T> {
    nodes: Vec<Node<T>>,
    free: Vec<u32>,
    groups: HashMap<Group, List, RandomState>,
    /// Nodes that are not ripe yet, the oldest in front. Removed ones are dropped when they would
    /// have become ripe.
    young: VecDeque<Place>,
    /// The groups whose oldest transfer is ripe.
    ranking: BTreeSet<Rank>,
    /// The number of the next arrival.
    arrivals: u64,
    len: usize,
}

/// The position of a transfer in an [`Order`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    index: u32,
    generation: u32,
}

struct Node<T> {
    generation: u32,
    item: Option<T>,
    group: Group,
    host: IpAddr,
    since: Instant,
    arrival: u64,
    is_ripe: bool,
    before: u32,
    after: u32,
}

/// The transfers of one group, the oldest in front.
struct List {
    count: usize,
    first: u32,
    last: u32,
    rank: Option<Rank>,
}

/// The greatest rank gives way first: the group with most transfers; of several, that of the oldest
/// transfer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    count: usize,
    arrival: Reverse<u64>,
    group: Group,
}

impl<T> Default for Order<T> {
    fn default() -> Self {
        Order {
            nodes: Vec::new(),
            free: Vec::new(),
            groups: HashMap::default(),
            young: VecDeque::new(),
            ranking: BTreeSet::new(),
            arrivals: 0,
            len: 0,
        }
    }
}

impl<T: Copy> Order<T> {
    /// The number of transfers.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The number of transfers of one group.
    pub fn count(&self, group: Group) -> usize {
        self.groups.get(&group).map_or(0, |list| list.count)
    }

    /// Frees all memory, if there is no transfer.
    pub fn shrink(&mut self) {
        if self.len == 0 {
            *self = Order::default();
        }
    }

    /// Adds the youngest transfer.
    pub fn enter(&mut self, now: Instant, group: Group, host: IpAddr, item: T) -> Place {
        // Needed even if no bound is ever reached: otherwise `young` would grow forever.
        self.ripen(now);
        let list = self.groups.entry(group).or_insert(List {
            count: 0,
            first: NONE,
            last: NONE,
            rank: None,
        });
        let before = list.last;
        let mut node = Node {
            generation: 0,
            item: Some(item),
            group,
            host,
            since: now,
            arrival: self.arrivals,
            is_ripe: false,
            before,
            after: NONE,
        };
        self.arrivals += 1;
        self.len += 1;
        let index = match self.free.pop() {
            Some(index) => {
                node.generation = self.nodes[index as usize].generation;
                self.nodes[index as usize] = node;
                index
            }
            None => {
                self.nodes.push(node);
                u32::try_from(self.nodes.len() - 1).expect("fewer than 2^32 transfers at once")
            }
        };
        (list.last, list.count) = (index, list.count + 1);
        match before {
            NONE => list.first = index,
            before => self.nodes[before as usize].after = index,
        }
        let generation = self.nodes[index as usize].generation;
        let place = Place { index, generation };
        self.young.push_back(place);
        self.rank(group);
        place
    }

    /// Removes a transfer; no effect if it was removed before.
    pub fn leave(&mut self, place: Place) {
        let node = &mut self.nodes[place.index as usize];
        if node.generation != place.generation {
            return;
        }
        node.generation = node.generation.wrapping_add(1);
        node.item = None;
        let (group, before, after) = (node.group, node.before, node.after);
        self.free.push(place.index);
        self.len -= 1;
        if before != NONE {
            self.nodes[before as usize].after = after;
        }
        if after != NONE {
            self.nodes[after as usize].before = before;
        }
        let Some(list) = self.groups.get_mut(&group) else {
            return;
        };
        list.count -= 1;
        if before == NONE {
            list.first = after;
        }
        if after == NONE {
            list.last = before;
        }
        self.rank(group);
    }

    /// Returns the oldest ripe transfer of the largest group, of those that have a ripe one.
    pub fn of_largest_group(&mut self, now: Instant) -> Option<T> {
        self.ripen(now);
        let rank = *self.ranking.last()?;
        self.of_group(now, rank.group)
    }

    /// Returns the oldest ripe transfer of one group.
    pub fn of_group(&mut self, now: Instant, group: Group) -> Option<T> {
        self.of(now, group, |_| true)
    }

    /// Returns the oldest ripe transfer of one address.
    pub fn of_host(&mut self, now: Instant, group: Group, host: IpAddr) -> Option<T> {
        self.of(now, group, |node| node.host == host)
    }

    fn of(&mut self, now: Instant, group: Group, fits: impl Fn(&Node<T>) -> bool) -> Option<T> {
        self.ripen(now);
        let first = self.groups.get(&group)?.first;
        let nodes = core::iter::successors(self.nodes.get(first as usize), |node| {
            self.nodes.get(node.after as usize)
        });
        nodes
            .take_while(|node| node.is_ripe)
            .find(|node| fits(node))
            .and_then(|node| node.item)
    }

    fn ripen(&mut self, now: Instant) {
        while let Some(&place) = self.young.front() {
            let node = &mut self.nodes[place.index as usize];
            let is_here = node.generation == place.generation;
            if is_here && now.saturating_sub(node.since) < RIPE {
                return;
            }
            self.young.pop_front();
            if is_here {
                node.is_ripe = true;
                let group = node.group;
                self.rank(group);
            }
        }
    }

    /// Updates the place of a group in the ranking after any change to it.
    fn rank(&mut self, group: Group) {
        let Some(list) = self.groups.get_mut(&group) else {
            return;
        };
        let first = self.nodes.get(list.first as usize);
        let rank = first.filter(|node| node.is_ripe).map(|node| Rank {
            count: list.count,
            arrival: Reverse(node.arrival),
            group,
        });
        let former = core::mem::replace(&mut list.rank, rank);
        let is_empty = list.count == 0;
        if former != rank {
            former.map(|rank| self.ranking.remove(&rank));
            self.ranking.extend(rank);
        }
        if is_empty {
            self.groups.remove(&group);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn at(millis: u64) -> Instant {
        Instant::from_micros(millis * 1000)
    }

    fn host(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(0x0A00_0000 + number).into()
    }

    fn group(number: u32) -> Group {
        Group::of(host(number), |_| false)
    }

    fn enter(order: &mut Order<u32>, millis: u64, number: u32, item: u32) -> Place {
        order.enter(at(millis), group(number), host(number), item)
    }

    #[test]
    fn nothing_gives_way_before_a_second_has_passed() {
        let mut order = Order::default();
        enter(&mut order, 0, 1, 11);
        enter(&mut order, 500, 1, 12);
        assert_eq!(order.of_largest_group(at(999)), None);
        assert_eq!(order.of_largest_group(at(1000)), Some(11));
        assert_eq!(order.of_group(at(1000), group(2)), None);
    }

    #[test]
    fn the_oldest_of_the_address_that_has_most_gives_way() {
        let mut order = Order::default();
        enter(&mut order, 0, 1, 11);
        let first = enter(&mut order, 10, 2, 21);
        enter(&mut order, 20, 2, 22);
        enter(&mut order, 30, 3, 31);
        assert_eq!(order.of_largest_group(at(2000)), Some(21));
        order.leave(first);
        assert_eq!(order.of_largest_group(at(2000)), Some(11), "of equals the oldest");
        order.leave(first);
        assert_eq!(
            (order.len(), order.count(group(2))),
            (3, 1),
            "leaving twice counts once"
        );
    }

    #[test]
    fn an_address_that_has_most_but_nothing_old_enough_is_passed_over() {
        let mut order = Order::default();
        enter(&mut order, 0, 1, 11);
        for item in 0..50 {
            enter(&mut order, 900, 2, item);
        }
        assert_eq!(order.of_largest_group(at(1000)), Some(11));
        assert_eq!(order.of_largest_group(at(1900)), Some(0));
    }

    #[test]
    fn removed_transfers_leave_no_entries() {
        let mut order = Order::default();
        for round in 0..5_u64 {
            let places: Vec<_> = (0..1000)
                .map(|number| enter(&mut order, round * 3000, number % 37, number))
                .collect();
            for (index, place) in places.into_iter().enumerate() {
                assert!(
                    order
                        .of_largest_group(at(round * 3000 + 1000 + index as u64))
                        .is_some()
                );
                order.leave(place);
            }
            assert_eq!(order.of_largest_group(at(round * 3000 + 2500)), None);
        }
        assert_eq!((order.len(), order.groups.len(), order.ranking.len()), (0, 0, 0));
        assert_eq!((order.young.len(), order.nodes.len()), (0, 1000));
    }

    #[test]
    fn arrivals_are_forgotten_also_where_nothing_ever_gives_way() {
        let mut order = Order::default();
        for item in 0..10_000 {
            let place = enter(&mut order, u64::from(item) * 100, item % 37, item);
            order.leave(place);
        }
        assert!(order.young.len() <= 11, "{}", order.young.len());
    }

    /// Compares with a list that is searched from end to end.
    #[test]
    fn the_choice_is_that_of_a_plain_search() {
        let (mut order, mut plain) = (Order::default(), Vec::new());
        let mut state = 1_u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        let mut now = 0;
        for item in 0..3_000 {
            now += random(20);
            if random(5) < 3 {
                let number = random(40) as u32;
                plain.push((now, number, item, enter(&mut order, now, number, item)));
            } else if !plain.is_empty() {
                let gone = plain.remove(random(plain.len() as u64) as usize);
                order.leave(gone.3);
            }
            let count = |number| plain.iter().filter(|entry| entry.1 == number).count();
            let ripe = plain.iter().filter(|entry| entry.0 + 1000 <= now);
            // The first of several greatest: plain is in order of arrival.
            let expected = ripe.rev().max_by_key(|entry| count(entry.1));
            assert_eq!(order.of_largest_group(at(now)), expected.map(|entry| entry.2));
            while plain.len() > 300 {
                order.leave(plain.remove(0).3);
            }
        }
    }
}
