//! The families of worlds: how each plan is drawn from its seed.

use tftp_sim::Rng;

use super::{
    Application, Crowd, Disk, Failing, Feeding, Link, Mode, Operator, Plan, Settings, Sockets, part,
};

fn settings(rng: &mut Rng) -> Settings {
    Settings {
        mode: rng.pick(&[Mode::Private, Mode::Private, Mode::Shared, Mode::SinglePort]),
        descriptors: 4096,
        max_connections: 0,
        max_per_host: 0,
        max_blksize: rng.pick(&[65464, 65464, 1468, 512]),
        max_windowsize: rng.pick(&[64, 64, 16, 1]),
        retransmit_timeout: rng.pick(&[2_000_000, 5_000_000]),
        max_retransmits: rng.pick(&[8, 8, 5]),
        adaptive: rng.percent(80),
        inactivity: 60_000_000,
        read_only: false,
        sync: rng.percent(50),
        held: rng.pick(&[32 << 20, 100_000, 0]),
    }
}

fn link(rng: &mut Rng) -> Link {
    let bad = rng.percent(60);
    Link {
        loss: if bad { rng.below(11) } else { 0 },
        duplicate: if bad { rng.below(21) } else { 0 },
        reorder: if bad { rng.below(21) } else { 0 },
        damage: 0,
        refusals: rng.pick(&[0, 50, 100]),
        delay: rng.pick(&[50, 500, 5_000, 40_000]),
        forged: 0,
        mtu: rng.pick(&[0, 0, 0, 1500, 576]),
        narrows_at: rng.pick(&[0, 300_000]),
        dont_fragment: false,
    }
}

/// Honest clients of every habit, reset ones and probers, on good and bad networks.
pub fn honest(seed: u64) -> Plan {
    let mut rng = Rng(seed).part(part::PLAN);
    let mut plan = Plan {
        seed,
        ipv6: rng.percent(30),
        settings: settings(&mut rng.part(1)),
        link: link(&mut rng.part(2)),
        sockets: Sockets::PLAIN,
        disk: Disk {
            delay: rng.part(3).pick(&[0, 0, 0, 10_000, 500_000]),
            missing: rng.part(3).pick(&[0, 5]),
            pieces: rng.part(3).pick(&[0, 0, 30]),
            cold: rng.part(3).pick(&[0, 30, 100]),
            ..Disk::default()
        },
        application: Application::default(),
        feeding: Feeding::NONE,
        operator: Operator::default(),
        failing: Failing::Nothing,
        crowd: Crowd {
            honest: 8,
            behind_one: rng.pick(&[0, 8]),
            reset: rng.pick(&[0, 1, 2]),
            fixed_port: rng.pick(&[0, 0, 0, 1]),
            forgets: rng.pick(&[0, 1]),
            probers: rng.pick(&[0, 1]),
            ..Crowd::default()
        },
    };
    if plan.crowd.fixed_port > 0 {
        // A duplicate of a request that arrives after its transfer begins another transfer, which
        // its client cannot distinguish.
        (plan.link.duplicate, plan.link.reorder) = (0, 0);
    }
    plan
}

/// Like [`honest`], with failures of the disk, the application and the server's system.
pub fn troubled(seed: u64) -> Plan {
    let mut plan = honest(seed);
    let mut rng = Rng(seed).part(part::PLAN).part(7);
    plan.disk = Disk {
        delay: rng.pick(&[0, 10_000, 3_000_000]),
        missing: rng.pick(&[0, 20]),
        fails: rng.pick(&[0, 2, 10]),
        hangs: rng.pick(&[0, 2]),
        unknown_length: rng.pick(&[0, 30]),
        changes: rng.pick(&[0, 30]),
        pieces: rng.pick(&[0, 50]),
        holds: rng.pick(&[0, 20]),
        cold: rng.pick(&[0, 50, 100]),
        claims_more: rng.pick(&[0, 0, 20]),
        unnumbered: rng.pick(&[0, 0, 30]),
    };
    plan.link.dont_fragment = rng.percent(20);
    plan.sockets = Sockets {
        blocked: rng.pick(&[0, 5]),
        congested: rng.pick(&[0, 1]),
        unopened: rng.pick(&[0, 0, 20]),
        queue: rng.pick(&[8, 64, 256]),
    };
    let mut rng = rng.part(1);
    plan.application = Application {
        later: rng.pick(&[0, 30]),
        never: rng.pick(&[0, 5]),
        refuses: rng.pick(&[0, 10]),
        ends: rng.pick(&[0, 0, 2]),
    };
    plan
}

/// The server is stopped, resumed, paused, crashed or shut down.
pub fn operated(seed: u64) -> Plan {
    let mut plan = if seed.is_multiple_of(2) {
        honest(seed)
    } else {
        troubled(seed)
    };
    let mut rng = Rng(seed).part(part::PLAN).part(8);
    operate(&mut plan, &mut rng);
    plan
}

/// Draws one action of an operator, or one accident.
fn operate(plan: &mut Plan, rng: &mut Rng) {
    let at = rng.pick(&[0, 2_000, 50_000, 1_000_000, 3_000_000]) + rng.below(100_000);
    let operator = &mut plan.operator;
    match rng.below(6) {
        0 => operator.stop_at = Some(at),
        1 => (operator.stop_at, operator.resume_after) = (Some(at), Some(rng.below(2_000_000))),
        2 => operator.shutdown_at = Some(at),
        3 => {
            (operator.crash_at, operator.restart_after) = (Some(at), rng.below(3_000_000));
            operator.power_cut = rng.percent(50);
        }
        4 => {
            (operator.pause_at, operator.pause_for) =
                (Some(at), rng.pick(&[200_000, 3_000_000, 20_000_000, 60_000_000]))
        }
        _ => operator.abandon_at = Some(1 + rng.below(200)),
    }
}

/// Floods of abandoned requests beside honest clients.
pub fn flooded(seed: u64) -> Plan {
    let mut plan = honest(seed);
    let mut rng = Rng(seed).part(part::PLAN).part(9);
    plan.link.loss = 0;
    plan.disk.delay = 0;
    plan.disk.changes = rng.pick(&[0, 50]);
    let (silent, silent_requests) = rng.pick(&[(1, 130), (1, 1100), (3, 1100), (40, 130)]);
    plan.crowd = Crowd {
        honest: 4,
        behind_one: rng.pick(&[0, 4, 100]),
        silent,
        silent_requests,
        bursts: rng.part(1).pick(&[0, 1]),
        ..Crowd::default()
    };
    plan.settings.descriptors = rng.pick(&[1024, 4096]);
    plan.settings.max_connections = rng.pick(&[0, 0, 200]);
    if plan.crowd.bursts > 0 {
        // Some clients always have packets in flight, at ports of their own.
        (plan.crowd.honest, plan.crowd.silent) = (16, 0);
        plan.link.delay = plan.link.delay.min(500);
        (plan.settings.mode, plan.settings.descriptors) = (Mode::Private, 32_768);
        plan.settings.max_connections = 0;
    }
    plan
}

/// An attacker sends ERRORs in the name of clients that go on.
pub fn contradicted(seed: u64) -> Plan {
    let mut plan = honest(seed);
    let link = &mut plan.link;
    (link.loss, link.duplicate, link.reorder, link.mtu, link.forged) = (0, 0, 0, 0, 50);
    link.delay = link.delay.min(5_000);
    // The server gives up a doubted client that waits for the disk for longer than a second.
    (plan.disk.missing, plan.disk.delay) = (0, plan.disk.delay.min(100_000));
    plan.crowd = Crowd {
        honest: 8,
        ..Crowd::default()
    };
    plan
}

/// Senders with forged addresses beside honest clients.
pub fn forged(seed: u64) -> Plan {
    let mut plan = honest(seed);
    let mut rng = Rng(seed).part(part::PLAN).part(10);
    plan.crowd = Crowd {
        honest: 4,
        blind: rng.pick(&[1, 2]),
        neighbours: rng.pick(&[0, 1]),
        strangers: rng.pick(&[0, 1]),
        malicious: rng.pick(&[0, 1]),
        silent: rng.pick(&[0, 1]),
        silent_requests: 30,
        broadcasters: rng.part(1).pick(&[0, 0, 1]),
        ..Crowd::default()
    };
    plan
}

/// Two thousand machines that boot at the same moment.
pub fn crowded(seed: u64) -> Plan {
    let mut plan = honest(seed);
    let mut rng = Rng(seed).part(part::PLAN).part(12);
    plan.link.loss = plan.link.loss.min(2);
    plan.link.mtu = 0;
    plan.disk.missing = 0;
    plan.settings.descriptors = rng.pick(&[1024, 16_384]);
    plan.crowd = Crowd {
        booting: 2_000,
        ..Crowd::default()
    };
    plan
}

/// More abandoned requests than the limits on half-open transfers allow, for one address and in
/// total.
pub fn besieged(seed: u64) -> Plan {
    let mut plan = flooded(seed);
    plan.crowd = Crowd {
        honest: 4,
        silent: 5,
        silent_requests: 6_000,
        ..Crowd::default()
    };
    plan.settings.max_connections = 0;
    plan.link.delay = plan.link.delay.min(5_000);
    plan
}

/// A few clients without disturbances, except that one call fails.
pub fn failing(seed: u64, failing: Failing) -> Plan {
    let mut plan = if seed.is_multiple_of(2) {
        honest(seed)
    } else {
        fed(seed)
    };
    plan.link = Link {
        delay: 500,
        ..Link::default()
    };
    (plan.disk.missing, plan.disk.delay, plan.disk.cold) = (0, 1_000, 50);
    plan.feeding = Feeding {
        fed: plan.feeding.fed,
        keyed: plan.feeding.keyed,
        meanwhile: 50,
        ..Feeding::NONE
    };
    plan.operator = Operator::default();
    plan.crowd = Crowd {
        honest: 3,
        ..Crowd::default()
    };
    plan.failing = failing;
    plan
}

/// Downloads whose bytes the application supplies while they run, from sources of every kind,
/// beside files.
pub fn fed(seed: u64) -> Plan {
    let mut plan = honest(seed);
    let mut rng = Rng(seed).part(part::PLAN).part(11);
    (plan.disk.missing, plan.disk.delay) = (0, plan.disk.delay.min(10_000));
    (plan.link.mtu, plan.link.delay) = (0, plan.link.delay.min(5_000));
    // A source that stops supplying ends its downloads before their clients give up.
    (plan.settings.inactivity, plan.settings.retransmit_timeout) = (30_000_000, 2_000_000);
    plan.crowd.probers = 0;
    plan.crowd.fixed_port = 0;
    plan.application.later = rng.pick(&[0, 0, 30]);
    let rng = &mut rng.part(1);
    plan.feeding = Feeding {
        fed: rng.pick(&[50, 80]),
        keyed: rng.pick(&[0, 50, 100]),
        unknown_length: rng.pick(&[0, 30]),
        slow: rng.pick(&[0, 50]),
        delay: rng.pick(&[1_000, 50_000, 1_000_000]),
        short: rng.pick(&[0, 0, 15]),
        fails: rng.pick(&[0, 0, 15]),
        forgets: rng.pick(&[0, 0, 15]),
        too_much: rng.pick(&[0, 20]),
        meanwhile: rng.pick(&[0, 50, 100]),
        large: rng.pick(&[0, 20]),
    };
    if rng.percent(15) {
        operate(&mut plan, rng);
    }
    plan
}

/// Downloads of large shared sources, some of whose clients go silent after a few blocks, on a
/// network without disturbances. Windows are small, so that the others need data far beyond the
/// silent ones.
pub fn held_back(seed: u64) -> Plan {
    let mut plan = fed(seed);
    plan.link = Link {
        delay: plan.link.delay.min(500),
        ..Link::default()
    };
    plan.settings.max_blksize = plan.settings.max_blksize.min(1468);
    plan.settings.max_windowsize = plan.settings.max_windowsize.min(4);
    plan.disk = Disk::default();
    plan.application = Application::default();
    plan.operator = Operator::default();
    plan.feeding = Feeding {
        fed: 100,
        keyed: 100,
        meanwhile: plan.feeding.meanwhile,
        large: 100,
        ..Feeding::NONE
    };
    plan.crowd = Crowd {
        honest: 8,
        reset: 4,
        ..Crowd::default()
    };
    plan
}
