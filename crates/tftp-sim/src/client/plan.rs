//! What a client asks for, and its habits.

/// How a client differs from what the RFCs ask for, as some do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// None of the following.
    Careful,
    /// Sends every ACK twice, and a DATA for every ACK that comes, repeated or not (RFC 1123 section
    /// 4.2.3.1).
    Apprentice,
    /// Forgets the transfer with its last ACK.
    Hasty,
    /// busybox: sends again after 0.1 s, then ever later.
    Busybox,
    /// U-Boot: answers whatever block comes with the last good one.
    UBoot,
    /// rs-tftpc: its request goes once.
    OneRequest,
    /// Sends what it likes when it likes: see `mischief.rs`.
    Malicious,
}

/// Name and value of each option of a request, in order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    all: [(&'static str, u64); 7],
    count: u8,
}

impl Options {
    /// Asks for one more.
    pub fn push(&mut self, name: &'static str, value: u64) {
        self.all[usize::from(self.count)] = (name, value);
        self.count += 1;
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.all[..usize::from(self.count)].iter().copied()
    }

    /// The value asked for.
    pub fn value(&self, name: &str) -> Option<u64> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// Everything about one client. Times in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// For a malicious one.
    pub seed: u64,
    /// A put.
    pub upload: bool,
    /// What it asks for.
    pub options: Options,
    /// The size of the blocks that a malicious one sends.
    pub unit: u64,
    /// Its own way to number blocks beyond 65535, where none is agreed.
    pub rolls_to_one: bool,
    /// How it differs from others.
    pub habit: Habit,
    /// How long it waits before it sends again.
    pub timeout: u64,
    /// How often it does.
    pub tries: u32,
    /// How long repeated blocks are answered after the end.
    pub linger: u64,
}

/// An RRQ or WRQ.
pub fn request(upload: bool, name: &[u8], mode: &str, options: &Options) -> Vec<u8> {
    let mut packet = vec![0, if upload { 2 } else { 1 }];
    packet.extend_from_slice(name);
    packet.push(0);
    packet.extend_from_slice(mode.as_bytes());
    packet.push(0);
    for (name, value) in options.iter() {
        packet.extend_from_slice(format!("{name}\0{value}\0").as_bytes());
    }
    packet
}
