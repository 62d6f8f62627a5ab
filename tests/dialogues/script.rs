//! The scripts: the client's request and behaviour, and the application's answers.

use tftp_serve::inline::Interests;

/// A set of the class's events; the record shows its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wants(u32);

impl Wants {
    pub const NONE: Wants = Wants(0);
    pub const REQUEST: Wants = Wants(1);
    pub const CONNECTED: Wants = Wants(1 << 1);
    pub const DISCONNECTED: Wants = Wants(1 << 2);
    pub const END: Wants = Wants(1 << 3);
    pub const ERROR: Wants = Wants(1 << 4);
    pub const START: Wants = Wants(1 << 8);
    pub const TRANSFER: Wants = Wants(1 << 9);

    pub fn with(self, other: Wants) -> Wants {
        Wants(self.0 | other.0)
    }

    pub fn interests(self) -> Interests {
        [
            (Wants::REQUEST, Interests::REQUESTS),
            (Wants::CONNECTED, Interests::REQUESTS),
            (Wants::DISCONNECTED, Interests::CONNECTIONS),
            (Wants::END, Interests::CONNECTIONS),
            (Wants::ERROR, Interests::FAILURES),
            (Wants::START, Interests::STARTS),
            (Wants::TRANSFER, Interests::DATA),
        ]
        .into_iter()
        .filter(|(wants, _)| self.0 & wants.0 != 0)
        .fold(Interests::NONE, |all, (_, interest)| all.with(interest))
    }
}

/// How a client deviates from the usual course.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    Plain,
    RepeatsRequest,
    /// Repeats the request after block 1 has arrived.
    RequestAgain,
    /// Loses this block the first time.
    LosesBlock(u64),
    RepeatsBlock(u64),
    LastAgain,
    Garbage,
    LateAck,
    /// Answers the OACK with an ERROR.
    Probes,
    ErrorAt(u64),
    SilentAt(u64),
    NoLastAck,
    Oversized(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Now,
    Later,
    Never,
    Refuse,
    Fail,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supply {
    Nothing,
    Data,
    Path,
    Name,
}

#[derive(Clone)]
pub struct Script {
    pub name: String,
    pub opcode: u8,
    pub file: &'static str,
    pub mode: &'static str,
    pub options: &'static [(&'static str, &'static str)],
    pub size: usize,
    pub habit: Habit,
    pub wants: Wants,
    pub answer: Answer,
    pub at_start: Answer,
    pub supply: Supply,
    pub takes_late: bool,
    pub single_port: bool,
    pub read_only: bool,
    pub has_root: bool,
    pub max_connections: usize,
    /// Timeout, in milliseconds.
    pub inactivity: u64,
}

impl Script {
    pub fn is_upload(&self) -> bool {
        self.opcode == 2
    }

    pub fn request(&self) -> Vec<u8> {
        let mut packet = vec![0, self.opcode];
        packet.extend(format!("{}\0{}\0", self.file, self.mode).bytes());
        for (name, value) in self.options {
            packet.extend(format!("{name}\0{value}\0").bytes());
        }
        packet
    }

    /// Returns the content of the file or of the upload: text with every kind of line end.
    pub fn content(&self) -> Vec<u8> {
        let line = b"Some text\nand more\rof it\r\n, with all ends\0.";
        (0..self.size)
            .map(|at| {
                line[at % line.len()].wrapping_add((at / 512 % 3) as u8 * (at % 7 == 0) as u8)
            })
            .collect()
    }

    pub fn blksize(&self) -> usize {
        self.number("blksize", 512) as usize
    }

    pub fn windowsize(&self) -> u64 {
        self.number("windowsize", 1)
    }

    /// Returns true if its request has the option utimeout: the server retransmits after 40 ms then.
    pub fn is_impatient(&self) -> bool {
        self.options.iter().any(|(name, _)| *name == "utimeout")
    }

    fn number(&self, wanted: &str, default: u64) -> u64 {
        let found = self.options.iter().find(|(name, _)| *name == wanted);
        found.map_or(default, |(_, value)| value.parse().unwrap())
    }
}

/// Returns a hash of the bytes (FNV-1a).
pub fn digest(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |sum, byte| {
        (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

const OPTIONS: [&[(&str, &str)]; 6] = [
    &[],
    &[("tsize", "0")],
    &[("blksize", "1428"), ("tsize", "0")],
    &[("blksize", "256"), ("windowsize", "4")],
    &[("blksize", "64"), ("windowsize", "3"), ("rollover", "1")],
    &[("timeout", "200"), ("blksize", "1024"), ("unknown", "x")],
];

/// Options of a client for which the server retransmits, and gives up, soon.
const IMPATIENT: &[(&str, &str)] = &[("utimeout", "40000"), ("blksize", "256")];
const IMPATIENT_WINDOW: &[(&str, &str)] =
    &[("utimeout", "40000"), ("blksize", "256"), ("windowsize", "2")];

fn all() -> Wants {
    [
        Wants::REQUEST,
        Wants::CONNECTED,
        Wants::DISCONNECTED,
        Wants::END,
        Wants::ERROR,
        Wants::START,
        Wants::TRANSFER,
    ]
    .into_iter()
    .fold(Wants::NONE, Wants::with)
}

fn plain(opcode: u8) -> Script {
    Script {
        name: String::new(),
        opcode,
        file: if opcode == 1 { "file" } else { "sent" },
        mode: "octet",
        options: &[],
        size: 1300,
        habit: Habit::Plain,
        wants: all(),
        answer: Answer::Now,
        at_start: Answer::Now,
        supply: Supply::Nothing,
        takes_late: false,
        single_port: false,
        read_only: false,
        has_root: true,
        max_connections: 10_000,
        inactivity: 300_000,
    }
}

fn direction(opcode: u8) -> &'static str {
    if opcode == 1 { "download" } else { "upload" }
}

pub fn scripts() -> Vec<Script> {
    [plain_ones(), habits(), answers(), supplies(), settings()].concat()
}

/// Returns scripts of every option set, size and mode in both directions, for an application with
/// and without callbacks.
fn plain_ones() -> Vec<Script> {
    let mut scripts = Vec::new();
    for opcode in [1, 2] {
        for mode in ["octet", "netascii"] {
            for (set, options) in OPTIONS.into_iter().enumerate() {
                for (at, size) in [0, 511, 1024, 5000].into_iter().enumerate() {
                    let listens = (set + at) % 3 != 2;
                    scripts.push(Script {
                        name: format!(
                            "{} {mode} {size} {options:?}, listens: {listens}",
                            direction(opcode)
                        ),
                        mode,
                        options,
                        size,
                        wants: if listens { all() } else { Wants::NONE },
                        ..plain(opcode)
                    });
                }
            }
        }
    }
    scripts
}

fn habits() -> Vec<Script> {
    let common = [
        Habit::RepeatsRequest,
        Habit::Garbage,
        Habit::ErrorAt(1),
        Habit::ErrorAt(3),
        Habit::SilentAt(1),
        Habit::SilentAt(3),
    ];
    let down = [
        Habit::LosesBlock(2),
        Habit::LosesBlock(3),
        Habit::LateAck,
        Habit::NoLastAck,
        Habit::RequestAgain,
    ];
    let up = [
        Habit::RepeatsBlock(1),
        Habit::RepeatsBlock(3),
        Habit::LastAgain,
        Habit::Oversized(2),
    ];
    let mut scripts = Vec::new();
    for (opcode, own) in [(1, down.as_slice()), (2, up.as_slice())] {
        for habit in common.iter().chain(own) {
            for options in [IMPATIENT, IMPATIENT_WINDOW] {
                // With a client that goes on, the server needs no short retransmission timeout.
                let goes_on = !matches!(habit, Habit::SilentAt(_) | Habit::NoLastAck);
                let options = match (goes_on, options.len()) {
                    (false, _) => options,
                    (true, 2) => OPTIONS[0],
                    (true, _) => OPTIONS[3],
                };
                scripts.push(Script {
                    name: format!("{} {habit:?} {options:?}", direction(opcode)),
                    options,
                    habit: *habit,
                    // Half-open transfers would wait for 30 s.
                    inactivity: if goes_on { 300_000 } else { 1_500 },
                    ..plain(opcode)
                });
            }
        }
        scripts.push(Script {
            name: format!("{} probe for the size", direction(opcode)),
            options: OPTIONS[1],
            habit: Habit::Probes,
            ..plain(opcode)
        });
        scripts.push(Script {
            name: format!("{} probe without tsize", direction(opcode)),
            options: OPTIONS[3],
            habit: Habit::Probes,
            ..plain(opcode)
        });
    }
    scripts
}

fn answers() -> Vec<Script> {
    let mut scripts = Vec::new();
    let answers = [
        Answer::Now,
        Answer::Later,
        Answer::Never,
        Answer::Refuse,
        Answer::Fail,
    ];
    for opcode in [1, 2] {
        for (answer, at_start) in answers
            .map(|answer| (answer, Answer::Now))
            .into_iter()
            .chain(answers[1..].iter().map(|answer| (Answer::Now, *answer)))
        {
            for file in ["file", "nothing/there"] {
                let waits = [answer, at_start].contains(&Answer::Never);
                scripts.push(Script {
                    name: format!(
                        "{} of {file}, {answer:?}, at the start {at_start:?}",
                        direction(opcode)
                    ),
                    file,
                    answer,
                    at_start,
                    inactivity: if waits { 400 } else { 300_000 },
                    ..plain(opcode)
                });
            }
        }
        for wants in [
            Wants::TRANSFER,
            Wants::START,
            Wants::CONNECTED,
            Wants::END,
            Wants::ERROR,
            Wants::DISCONNECTED,
        ] {
            scripts.push(Script {
                name: format!("{} where {wants:?} is wanted", direction(opcode)),
                wants,
                ..plain(opcode)
            });
        }
        for options in [OPTIONS[0], OPTIONS[3]] {
            scripts.push(Script {
                name: format!("{} taken late {options:?}", direction(opcode)),
                options,
                takes_late: true,
                ..plain(opcode)
            });
        }
    }
    scripts
}

fn supplies() -> Vec<Script> {
    let mut scripts = Vec::new();
    for opcode in [1, 2] {
        for supply in [Supply::Data, Supply::Path, Supply::Name] {
            for mode in ["octet", "netascii"] {
                scripts.push(Script {
                    name: format!("{} {mode} with {supply:?}", direction(opcode)),
                    mode,
                    supply,
                    ..plain(opcode)
                });
            }
        }
        for wants in [all(), Wants::END] {
            scripts.push(Script {
                name: format!("{} without LocalDir, {wants:?}", direction(opcode)),
                wants,
                has_root: false,
                ..plain(opcode)
            });
        }
        scripts.push(Script {
            name: format!("{} without LocalDir, a source when it starts", direction(opcode)),
            supply: Supply::Data,
            answer: Answer::Later,
            has_root: false,
            ..plain(opcode)
        });
    }
    scripts
}

fn settings() -> Vec<Script> {
    let mut scripts = Vec::new();
    for opcode in [1, 2] {
        let named = |what: &str| format!("{} {what}", direction(opcode));
        scripts.push(Script {
            name: named("on a single port"),
            single_port: true,
            ..plain(opcode)
        });
        scripts.push(Script {
            name: named("on a single port, with garbage"),
            single_port: true,
            habit: Habit::LosesBlock(2),
            ..plain(opcode)
        });
        scripts.push(Script {
            name: named("where nothing is written"),
            read_only: true,
            ..plain(opcode)
        });
        scripts.push(Script {
            name: named("where nobody is admitted"),
            max_connections: 0,
            ..plain(opcode)
        });
        scripts.push(Script {
            name: named("of an unknown mode"),
            mode: "mail",
            ..plain(opcode)
        });
        scripts.push(Script {
            name: named("of a name that is no text"),
            file: "../outside",
            ..plain(opcode)
        });
        scripts.push(Script {
            name: named("of a large file"),
            options: &[("blksize", "8192"), ("windowsize", "8"), ("tsize", "0")],
            size: 150_000,
            ..plain(opcode)
        });
    }
    scripts
}
