//! The options of a request and of an OACK, read from outside: RFC 2347, 2348, 2349, 7440, and
//! tftp-hpa's blksize2, utimeout and rollover.

/// Name and number, in lower case; the first of two equal names.
#[derive(Clone, Debug, Default)]
pub struct RequestedOptions(Vec<(String, Option<u64>)>);

/// Fields that end with a NUL each.
fn fields(bytes: &[u8]) -> Vec<&[u8]> {
    let mut all: Vec<&[u8]> = bytes.split(|&byte| byte == 0).collect();
    all.pop();
    all
}

fn number(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn is_in_range(name: &str, value: u64) -> bool {
    match name {
        "blksize" | "blksize2" => (8..=65464).contains(&value),
        "windowsize" => (1..=65535).contains(&value),
        "timeout" => (1..=255).contains(&value),
        "utimeout" => (10_000..=255_000_000).contains(&value),
        "tsize" => true,
        "rollover" => value < 2,
        _ => false,
    }
}

impl RequestedOptions {
    pub fn read(request: &[u8]) -> RequestedOptions {
        let mut requested: Vec<(String, Option<u64>)> = Vec::new();
        for pair in fields(&request[2..]).get(2..).unwrap_or(&[]).chunks_exact(2) {
            let name = String::from_utf8_lossy(pair[0]).to_lowercase();
            if requested.iter().all(|(known, _)| *known != name) {
                let value = number(pair[1]).filter(|&value| is_in_range(&name, value));
                requested.push((name, value));
            }
        }
        RequestedOptions(requested)
    }

    fn value(&self, name: &str) -> Option<u64> {
        self.0.iter().find(|(known, _)| known == name)?.1
    }

    /// Whether there is anything to answer.
    pub fn is_answered(&self) -> bool {
        self.0.iter().any(|(_, value)| value.is_some())
    }
}

/// The negotiated values, as far as the wire shows them.
#[derive(Clone, Copy, Debug)]
pub struct NegotiatedOptions {
    pub blksize: u64,
    pub windowsize: u64,
    /// Microseconds.
    pub wait: Option<u64>,
    rolls_to_one: bool,
    /// By an option, not by default.
    rollover_is_told: bool,
}

impl NegotiatedOptions {
    pub fn none(rolls_to_one: bool) -> NegotiatedOptions {
        NegotiatedOptions {
            blksize: 512,
            windowsize: 1,
            wait: None,
            rolls_to_one,
            rollover_is_told: false,
        }
    }

    /// `None`: it has a value that it may not have.
    pub fn read(
        requested: &RequestedOptions,
        upload: bool,
        size: usize,
        rolls_to_one: bool,
        oack: &[u8],
    ) -> Option<NegotiatedOptions> {
        let mut negotiated = NegotiatedOptions::none(rolls_to_one);
        let all = fields(oack);
        if oack.last() != Some(&0) || all.is_empty() || !all.len().is_multiple_of(2) {
            return None;
        }
        for pair in all.chunks_exact(2) {
            let (name, value) = (std::str::from_utf8(pair[0]).ok()?, number(pair[1])?);
            let wanted = requested.value(name)?;
            match name {
                "blksize" if (8..=wanted).contains(&value) => negotiated.blksize = value,
                "blksize2" if (8..=wanted).contains(&value) && value.is_power_of_two() => {
                    negotiated.blksize = value
                }
                "windowsize" if (1..=wanted).contains(&value) => negotiated.windowsize = value,
                "timeout" if value == wanted => negotiated.wait = Some(value * 1_000_000),
                "utimeout" if value == wanted => negotiated.wait = Some(value),
                "tsize" if value == if upload { wanted } else { size as u64 } => {}
                "rollover" if value == wanted => {
                    (negotiated.rolls_to_one, negotiated.rollover_is_told) = (value == 1, true)
                }
                _ => return None,
            }
        }
        Some(negotiated)
    }

    /// The number of a block that the server sends.
    pub fn wire(&self, block: u64) -> u16 {
        wire(block, self.rolls_to_one)
    }

    /// Whether a block of an upload can have this number: its client rolls over as it likes, unless
    /// it was negotiated.
    pub fn could_be(&self, block: u64, number: u16) -> bool {
        wire(block, self.rolls_to_one) == number
            || !self.rollover_is_told && wire(block, !self.rolls_to_one) == number
    }
}

fn wire(block: u64, to_one: bool) -> u16 {
    match block {
        0..=65535 => block as u16,
        _ if to_one => ((block - 1) % 65535 + 1) as u16,
        _ => (block % 65536) as u16,
    }
}
