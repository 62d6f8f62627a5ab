//! Everything that is chosen about one transfer, and how it is chosen by seed.

use super::net::{Path, Rng};
use tftp_sim::client::{self, Options};

pub use tftp_sim::client::Habit;

/// The behaviour of the caller's store and application.
#[derive(Clone, Copy, Debug, Default)]
pub struct Owner {
    /// The longest that the store takes for an answer, in microseconds.
    pub disk: u64,
    /// The store gives a few bytes at a time.
    pub pieces: bool,
    /// An upload is held back now and then.
    pub holds: bool,
    /// The application ends the transfer at this input.
    pub fails_at: Option<u64>,
    /// The server ends without a word when it has heard so many datagrams.
    pub dies_at: Option<u64>,
    /// It is there again at once, and knows nothing.
    pub restarts: bool,
}

/// The server's settings. Times in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub max_blksize: u16,
    pub max_windowsize: u16,
    pub rollover_to_one: bool,
    pub adaptive: bool,
    pub retransmit_timeout: u64,
    pub max_retransmits: u32,
    pub inactivity: Option<u64>,
    pub absolute: Option<u64>,
}

/// Everything about one simulated transfer. Times in microseconds; an option that is 0 is not in
/// the request.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub seed: u64,
    pub upload: bool,
    pub size: usize,
    pub blksize: u64,
    pub blksize2: u64,
    pub windowsize: u64,
    pub timeout: u64,
    pub utimeout: u64,
    pub ask_tsize: bool,
    pub ask_rollover: Option<u64>,
    /// The client's own way, where none is negotiated.
    pub client_rolls_to_one: bool,
    pub habit: Habit,
    pub client_timeout: u64,
    pub client_tries: u32,
    pub client_linger: u64,
    /// The client gives up, or is gone without a word, after this many datagrams.
    pub abort_after: Option<u64>,
    pub dies_after: Option<u64>,
    pub settings: Settings,
    pub owner: Owner,
    pub path: Path,
}

impl Plan {
    pub fn options(&self) -> Options {
        let size = if self.upload { self.size as u64 } else { 0 };
        let rollover = self.ask_rollover;
        let mut options = Options::default();
        for (name, value, requested) in [
            ("blksize", self.blksize, self.blksize > 0),
            ("blksize2", self.blksize2, self.blksize2 > 0),
            ("windowsize", self.windowsize, self.windowsize > 0),
            ("timeout", self.timeout, self.timeout > 0),
            ("utimeout", self.utimeout, self.utimeout > 0),
            ("tsize", size, self.ask_tsize),
            ("rollover", rollover.unwrap_or(0), rollover.is_some()),
        ] {
            if requested {
                options.push(name, value);
            }
        }
        options
    }

    /// The client's part.
    pub fn client(&self) -> client::Plan {
        client::Plan {
            seed: self.seed,
            upload: self.upload,
            options: self.options(),
            unit: self.unit(),
            rolls_to_one: self.client_rolls_to_one,
            habit: self.habit,
            timeout: self.client_timeout,
            tries: self.client_tries,
            linger: self.client_linger,
        }
    }

    /// The datagram with which it begins.
    pub fn request(&self) -> Vec<u8> {
        client::request(self.upload, b"file", "oCtEt", &self.options())
    }

    /// Whether there is an OACK.
    pub fn has_oack(&self) -> bool {
        !self.options().is_empty()
    }

    fn ask_nothing(&mut self) {
        (self.blksize, self.blksize2, self.windowsize) = (0, 0, 0);
        (self.timeout, self.utimeout, self.ask_tsize, self.ask_rollover) = (0, 0, false, None);
    }

    /// The negotiated values if the request arrives undamaged.
    pub fn unit(&self) -> u64 {
        let most = u64::from(self.settings.max_blksize);
        match (self.blksize, self.blksize2) {
            (0, 0) => 512,
            (0, power) => 1 << power.min(most).ilog2(),
            (size, _) => size.min(most),
        }
    }

    pub fn window(&self) -> u64 {
        self.windowsize.clamp(1, u64::from(self.settings.max_windowsize))
    }

    pub fn blocks(&self) -> u64 {
        self.size as u64 / self.unit() + 1
    }

    /// No transfer of this plan takes longer, in microseconds: each block may take all the patience
    /// of both sides and of the store; the end may take a dally that is prolonged four times.
    pub fn longest(&self) -> u64 {
        let wait = (self.timeout * 1_000_000)
            .max(self.utimeout)
            .max(self.settings.retransmit_timeout);
        let server = wait * (u64::from(self.settings.max_retransmits) + 20)
            + self.settings.inactivity.unwrap_or(0);
        let client =
            (self.client_timeout * 20).max(10_000_000) * (u64::from(self.client_tries) + 2);
        let each = server + client + 2 * self.owner.disk + 4 * self.path.longest() + 1_000_000;
        // Pieces of the store count as progress of their own.
        (self.size as u64 / 8 + 100) * each + 10 * (wait + 6_000_000) + self.client_linger
    }
}

/// How much a transfer may carry, that is not about many blocks.
const MAX_BYTES: u64 = 300_000;

/// Any plan, on a network without damage.
pub fn any(seed: u64, rng: &mut Rng) -> Plan {
    let asks = rng.percent(80);
    let mut plan = Plan {
        seed,
        upload: rng.percent(50),
        size: 0,
        blksize: rng.pick(&[0, 8, 9, 16, 511, 512, 513, 1024, 1428, 1468, 8192, 65464]),
        blksize2: if rng.percent(10) {
            rng.pick(&[8, 100, 1024, 65464])
        } else {
            0
        },
        windowsize: rng.pick(&[0, 0, 1, 2, 3, 4, 5, 8, 16, 64, 400]),
        timeout: rng.pick(&[0, 0, 0, 0, 1, 3, 255]),
        utimeout: rng.pick(&[0, 0, 0, 10_000, 300_000]),
        ask_tsize: rng.percent(50),
        ask_rollover: rng.pick(&[None, None, Some(0), Some(1)]),
        client_rolls_to_one: rng.percent(50),
        habit: Habit::Careful,
        client_timeout: rng.pick(&[250_000, 1_000_000, 3_000_000]),
        client_tries: 16,
        client_linger: rng.pick(&[0, 5_000_000]),
        abort_after: rng.percent(5).then(|| 1 + rng.below(6)),
        dies_after: None,
        settings: settings(rng),
        owner: owner(rng),
        path: bad_path(rng),
    };
    if rng.percent(10) {
        plan.blksize = 8 + rng.below(65457);
        plan.windowsize = 1 + rng.below(100);
    }
    if !asks {
        plan.ask_nothing();
    }
    if plan.ask_rollover.is_none() && !plan.upload {
        // Nothing on the wire shows it to a client then.
        plan.client_rolls_to_one = plan.settings.rollover_to_one;
    }
    plan.size = around(rng, plan.unit(), plan.window());
    plan
}

/// Around every boundary: empty, one byte, a block, a window, several.
fn around(rng: &mut Rng, unit: u64, window: u64) -> usize {
    let all = unit * window;
    let size = rng.pick(&[
        0,
        1,
        unit,
        2 * unit,
        all,
        2 * all,
        3 * all,
        all + unit,
        5 * unit,
        20 * unit,
    ]);
    let near = (size + rng.pick(&[0, 1, 2])).saturating_sub(rng.pick(&[0, 0, 1]));
    near.min(MAX_BYTES / unit * unit + rng.below(2)) as usize
}

fn settings(rng: &mut Rng) -> Settings {
    Settings {
        max_blksize: rng.pick(&[65464, 65464, 65464, 1468, 512, 8]),
        max_windowsize: rng.pick(&[64, 64, 65535, 5, 1]),
        rollover_to_one: rng.percent(50),
        adaptive: rng.percent(70),
        retransmit_timeout: rng.pick(&[2_000_000, 2_000_000, 5_000_000, 150_000]),
        max_retransmits: rng.pick(&[8, 8, 3, 0]),
        inactivity: rng.pick(&[Some(60_000_000), Some(60_000_000), Some(5_000_000), None]),
        absolute: rng.percent(5).then(|| 1 + rng.below(20_000_000)),
    }
}

fn owner(rng: &mut Rng) -> Owner {
    Owner {
        disk: rng.pick(&[1, 1, 1, 30_000, 30_000, 3_000_000]),
        pieces: rng.percent(30),
        holds: rng.percent(20),
        ..Owner::default()
    }
}

fn bad_path(rng: &mut Rng) -> Path {
    Path {
        loss: rng.below(31),
        duplicate: rng.below(31),
        reorder: rng.below(31),
        refusals: rng.pick(&[0, 0, 50, 100]),
        delay: rng.pick(&[50, 500, 5_000, 40_000, 300_000]),
        ..Path::default()
    }
}

/// Either side ends at any step: the client or the server dies, either gives up.
pub fn dying(seed: u64, rng: &mut Rng) -> Plan {
    let mut plan = any(seed, rng);
    // Most steps are near the beginning or the end.
    let steps = 2 * plan.blocks() / plan.window() + 6;
    let at = if rng.percent(60) {
        rng.below(6)
    } else {
        rng.below(steps)
    };
    plan.abort_after = None;
    match rng.below(5) {
        0 => plan.abort_after = Some(1 + at),
        1 => plan.dies_after = Some(at),
        2 => plan.owner.dies_at = Some(1 + at),
        3 => (plan.owner.dies_at, plan.owner.restarts) = (Some(1 + at), true),
        _ => plan.owner.fails_at = Some(1 + at),
    }
    if rng.percent(10) {
        // Longer than any patience: the store hangs.
        plan.owner.disk = 90_000_000;
    }
    plan
}

/// Datagrams are damaged, and strangers send some.
pub fn hostile(seed: u64, rng: &mut Rng) -> Plan {
    let mut plan = if rng.percent(30) {
        dying(seed, rng)
    } else {
        any(seed, rng)
    };
    plan.habit = habit(rng);
    plan.path.damage = rng.pick(&[0, 1, 3, 10, 30]);
    plan.path.strays = rng.pick(&[0, 5, 20]);
    plan.path.forged = rng.pick(&[0, 0, 5, 50]);
    plan
}

/// A client as they are: its habit, its waits.
pub fn habitual(seed: u64, rng: &mut Rng) -> Plan {
    let mut plan = any(seed, rng);
    plan.habit = habit(rng);
    match plan.habit {
        Habit::Careful | Habit::Apprentice => {}
        Habit::Hasty => plan.client_linger = 0,
        Habit::Busybox => {
            (plan.windowsize, plan.timeout, plan.utimeout) = (0, 0, 0);
            (plan.client_timeout, plan.client_tries) = (100_000, 12);
        }
        Habit::UBoot => (plan.client_timeout, plan.client_tries) = (5_000_000, 10),
        Habit::OneRequest | Habit::Malicious => plan.client_linger = 0,
    }
    plan.size = around(rng, plan.unit(), plan.window());
    plan
}

/// A client that makes the server work for nothing.
pub fn malicious(seed: u64, rng: &mut Rng) -> Plan {
    let mut plan = any(seed, rng);
    plan.habit = Habit::Malicious;
    (plan.client_tries, plan.client_linger, plan.abort_after) = (400, 0, None);
    plan.path.loss = rng.pick(&[0, 0, 10]);
    plan.path.forged = rng.pick(&[0, 0, 20]);
    plan
}

fn habit(rng: &mut Rng) -> Habit {
    rng.pick(&[
        Habit::Careful,
        Habit::Apprentice,
        Habit::Hasty,
        Habit::Busybox,
        Habit::UBoot,
        Habit::OneRequest,
    ])
}

/// With so much patience on both sides nothing may fail.
pub fn patient(seed: u64, rng: &mut Rng) -> Plan {
    let mut plan = any(seed, rng);
    plan.abort_after = None;
    (plan.client_tries, plan.client_linger) = (60, 60_000_000);
    plan.timeout = plan.timeout.min(1);
    plan.utimeout = if plan.utimeout > 0 { 300_000 } else { 0 };
    plan.path.loss = plan.path.loss.min(20);
    plan.owner.disk = plan.owner.disk.min(30_000);
    let settings = &mut plan.settings;
    (settings.max_retransmits, settings.retransmit_timeout) = (60, 2_000_000);
    (settings.inactivity, settings.absolute) = (Some(200_000_000), None);
    plan
}

/// More blocks than there are numbers, up to three times over.
pub fn long(seed: u64, rng: &mut Rng) -> Plan {
    let mut plan = patient(seed, rng);
    (plan.blksize, plan.blksize2) = (8, 0);
    plan.windowsize = rng.pick(&[0, 4, 7, 16, 64, 1000]);
    plan.settings.max_windowsize = rng.pick(&[64, 65535]);
    let rounds = rng.pick(&[1, 1, 2, 3]);
    let blocks = 65_535 * rounds - 5 + rng.below(20);
    plan.size = (blocks * 8 + rng.below(9)) as usize;
    plan.owner = Owner {
        disk: 1,
        ..Owner::default()
    };
    plan.path = Path {
        loss: rng.pick(&[0, 1]),
        duplicate: 1,
        reorder: 1,
        delay: 100,
        ..Path::default()
    };
    plan
}
