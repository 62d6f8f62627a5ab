//! All senders of a world, and their addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tftp_sim::client::Habit;

use super::honest::{Honest, Reset, Script};
use super::hostile::{Hostile, Way};
use super::plan::{Plan, part};

pub enum Actor {
    Honest(Box<Honest>),
    Hostile(Hostile),
}

impl Actor {
    pub fn deadline(&self) -> Option<u64> {
        match self {
            Actor::Honest(honest) => honest.deadline(),
            Actor::Hostile(hostile) => hostile.deadline(),
        }
    }
}

pub fn server(plan: &Plan) -> IpAddr {
    match plan.ipv6 {
        true => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
        false => Ipv4Addr::new(192, 0, 2, 1).into(),
    }
}

fn host(plan: &Plan, number: u16) -> IpAddr {
    match plan.ipv6 {
        true => Ipv6Addr::new(0x2001, 0xdb8, 1, number, 0, 0, 0, 1).into(),
        false => Ipv4Addr::new(10, 1, (number >> 8) as u8, number as u8).into(),
    }
}

/// Returns the address and port of one of many hosts behind one address, or in one /64.
fn neighbour(plan: &Plan, number: u16) -> (IpAddr, u16) {
    match plan.ipv6 {
        true => (Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, number).into(), 3000),
        false => (Ipv4Addr::new(10, 2, 0, 1).into(), 3000 + number * 16),
    }
}

/// Returns the broadcast or multicast address of the server's network.
pub fn broadcast(plan: &Plan) -> IpAddr {
    match plan.ipv6 {
        true => Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1).into(),
        false => Ipv4Addr::new(192, 0, 2, 255).into(),
    }
}

/// Returns all senders, and the victims' addresses, in whose name attackers send requests.
pub fn populate(plan: &Plan, server: SocketAddr) -> (Vec<Actor>, Vec<SocketAddr>) {
    let mut all = Clients {
        plan,
        server,
        actors: Vec::new(),
        victims: Vec::new(),
    };
    all.populate();
    (all.actors, all.victims)
}

struct Clients<'a> {
    plan: &'a Plan,
    server: SocketAddr,
    actors: Vec<Actor>,
    victims: Vec<SocketAddr>,
}

impl Clients<'_> {
    fn populate(&mut self) {
        let (plan, crowd) = (self.plan, self.plan.crowd);
        let mut number = 0;
        let plain = Script::PLAIN;
        for _ in 0..crowd.honest {
            self.honest(&mut number, |_| plain);
        }
        for _ in 0..crowd.reset {
            self.honest(&mut number, |rng| Script {
                sessions: 1,
                habit: Some(Habit::Careful),
                reset: Some(Reset {
                    after: 1 + rng.below(8),
                    silence: 1_050_000 + rng.below(19_000_000),
                    same: rng.percent(70),
                }),
                ..plain
            });
        }
        for _ in 0..crowd.fixed_port {
            self.honest(&mut number, |_| Script {
                sessions: 40,
                fixed_port: Some(2070),
                uploads: Some(true),
                habit: Some(Habit::Careful),
                ..plain
            });
        }
        for _ in 0..crowd.forgets {
            self.honest(&mut number, |_| Script {
                sessions: 5,
                uploads: Some(false),
                habit: Some(Habit::Hasty),
                forgets: true,
                ..plain
            });
        }
        for _ in 0..crowd.probers {
            self.honest(&mut number, |rng| Script {
                sessions: 2,
                uploads: Some(false),
                habit: Some(Habit::Careful),
                probe: Some(rng.pick(&[0, 8])),
                ..plain
            });
        }
        for _ in 0..crowd.malicious {
            self.honest(&mut number, |_| Script {
                habit: Some(Habit::Malicious),
                ..plain
            });
        }
        for place in 0..crowd.behind_one {
            number += 1;
            let (host, port) = neighbour(plan, place);
            self.add_honest(
                host,
                port,
                u64::from(number),
                Script {
                    sessions: 1,
                    ..plain
                },
            );
        }
        self.populate_hostile(number);
        self.populate_booting();
    }

    /// Adds the machines that boot together: they all read, and begin within a tenth of a second.
    fn populate_booting(&mut self) {
        let script = Script {
            sessions: 1,
            uploads: Some(false),
            boots: true,
            ..Script::PLAIN
        };
        for place in 0..self.plan.crowd.booting {
            let number = 20_000 + place;
            let (host, port) = match place % 2 {
                0 => (host(self.plan, number), 40_000),
                _ => neighbour(self.plan, place),
            };
            self.add_honest(host, port, u64::from(number), script);
        }
    }

    fn honest(&mut self, number: &mut u16, script: impl FnOnce(&mut tftp_sim::Rng) -> Script) {
        *number += 1;
        let mut rng = self.plan.rng(part::ACTORS).part(u64::from(*number)).part(1);
        let script = script(&mut rng);
        self.add_honest(host(self.plan, *number), 40_000, u64::from(*number), script);
    }

    fn add_honest(&mut self, host: IpAddr, port: u16, number: u64, script: Script) {
        let server = self.server;
        let rng = self.plan.rng(part::ACTORS).part(number);
        let honest = Honest::new(host, port, number, script, server, rng);
        self.actors.push(Actor::Honest(Box::new(honest)));
    }

    fn populate_hostile(&mut self, mut number: u16) {
        let crowd = self.plan.crowd;
        let server = self.server;
        for (way, count, packets) in [
            (Way::Silent, crowd.silent, u32::from(crowd.silent_requests)),
            (Way::Burst, crowd.bursts, 2_000),
            (Way::Broadcaster, crowd.broadcasters, 40),
            (Way::Blind, crowd.blind, 400),
            (Way::Neighbour, crowd.neighbours, 60),
            (Way::Stranger, crowd.strangers, 100),
        ] {
            for _ in 0..count {
                number += 1;
                let rng = self.plan.rng(part::ACTORS).part(u64::from(number));
                let victim = match way {
                    Way::Broadcaster => SocketAddr::new(broadcast(self.plan), self.server.port()),
                    _ => SocketAddr::new(host(self.plan, 10_000 + number), 7777),
                };
                let host = host(self.plan, number);
                self.actors.push(Actor::Hostile(Hostile::new(
                    way,
                    host,
                    victim,
                    u64::from(number),
                    packets,
                    server,
                    rng,
                )));
                if way == Way::Blind {
                    self.victims.push(victim);
                }
            }
        }
    }
}
