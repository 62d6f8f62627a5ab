//! The request of a client, and its habits.

/// How a client differs from the RFCs, as some real ones do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// None of the following.
    Careful,
    /// Sends every ACK twice, and a DATA for every ACK that comes, repeated or not (RFC 1123
    /// section 4.2.3.1).
    Apprentice,
    /// Forgets the transfer with its last ACK.
    Hasty,
    /// busybox: retransmits after 0.1 s, then after ever longer waits.
    Busybox,
    /// U-Boot: answers every block with an ACK of the last good one.
    UBoot,
    /// rs-tftpc: sends its request only once.
    OneRequest,
    /// Sends arbitrary packets at arbitrary times: see `mischief.rs`.
    Malicious,
}

/// The name and value of each option of a request, in order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    all: [(&'static str, u64); 7],
    count: u8,
}

impl Options {
    /// Adds an option.
    pub fn push(&mut self, name: &'static str, value: u64) {
        self.all[usize::from(self.count)] = (name, value);
        self.count += 1;
    }

    /// Returns all options.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.all[..usize::from(self.count)].iter().copied()
    }

    /// Returns the requested value of an option.
    pub fn value(&self, name: &str) -> Option<u64> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// Returns true if there are no options.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// Everything about one client. Times in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The seed of a malicious one.
    pub seed: u64,
    /// True for a put, false for a get.
    pub upload: bool,
    /// The options of its request.
    pub options: Options,
    /// The size of the blocks that a malicious one sends.
    pub unit: u64,
    /// Its roll-over beyond block 65535 if none is negotiated.
    pub rolls_to_one: bool,
    /// How it differs from the RFCs.
    pub habit: Habit,
    /// How long it waits before it retransmits.
    pub timeout: u64,
    /// How often it retransmits.
    pub tries: u32,
    /// How long repeated blocks are answered after the end.
    pub linger: u64,
}

/// Returns an RRQ or WRQ.
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
