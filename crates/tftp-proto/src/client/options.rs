//! What a client asks for, and whether a server's answer fits it (RFC 2347).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::negotiate::{Agreed, DEFAULT_BLKSIZE, MIN_BLKSIZE};
use crate::wire::{self, Asked, Mode, Operation, Rollover};

/// Appends an RRQ or a WRQ with the options of `asked` that a client of this crate knows: blksize, windowsize,
/// timeout and tsize. `filename` must have no NUL.
pub fn encode_request(operation: Operation, filename: &[u8], mode: Mode, asked: &Asked, out: &mut Vec<u8>) {
    out.extend_from_slice(&operation.opcode().to_be_bytes());
    let mode: &[u8] = match mode {
        Mode::Octet => b"octet",
        Mode::Netascii => b"netascii",
    };
    for word in [filename, mode] {
        out.extend_from_slice(word);
        out.push(0);
    }
    let options = [
        ("tsize", asked.tsize),
        ("blksize", asked.blksize.map(u64::from)),
        ("timeout", asked.timeout.map(u64::from)),
        ("windowsize", asked.windowsize.map(u64::from)),
    ];
    for (name, value) in options {
        if let Some(value) = value {
            out.extend_from_slice(format!("{name}\0{value}\0").as_bytes());
        }
    }
}

/// What holds where the server answers without an OACK.
pub(super) fn plain(asked: &Asked, operation: Operation) -> Agreed {
    Agreed {
        blksize: DEFAULT_BLKSIZE,
        windowsize: 1,
        timeout: None,
        tsize: asked.tsize.filter(|_| operation == Operation::Write),
        asks_tsize: asked.tsize.is_some(),
        rollover: Rollover::Zero,
        oack: None,
    }
}

/// What an OACK agrees to. What it leaves out is not agreed to.
///
/// # Errors
/// Why it cannot be the answer to `asked`, for people.
pub(super) fn agreed(asked: &Asked, operation: Operation, datagram: &[u8]) -> Result<Agreed, String> {
    let mut agreed = plain(asked, operation);
    let mut seen = Vec::new();
    for option in wire::oack_options(datagram) {
        let (name, value) = option.ok_or("an option without its end")?;
        let name = wire::printable(name, 40).to_ascii_lowercase();
        if seen.contains(&name) {
            return Err(format!("{name} twice"));
        }
        take(&mut agreed, asked, operation, &name, value)?;
        seen.push(name);
    }
    Ok(agreed)
}

/// One option of the answer.
fn take(
    agreed: &mut Agreed,
    asked: &Asked,
    operation: Operation,
    name: &str,
    value: &[u8],
) -> Result<(), String> {
    let shown = || format!("{name} {}", wire::printable(value, 40));
    let number = wire::digits(value).ok_or_else(|| format!("{}, which is no number", shown()))?;
    let unasked = || format!("{name}, which was not asked for");
    let within = |least: u16, most: Option<u16>| {
        let most = most.ok_or_else(unasked)?;
        let fits = u16::try_from(number)
            .ok()
            .filter(|&number| number >= least && number <= most);
        fits.ok_or_else(|| format!("{}, where {most} was asked for", shown()))
    };
    match name {
        "blksize" => agreed.blksize = within(MIN_BLKSIZE, asked.blksize)?,
        "windowsize" => agreed.windowsize = within(1, asked.windowsize)?,
        "timeout" => {
            // Taken as it is or not at all (RFC 2349).
            let same = asked.timeout.map(u16::from);
            let seconds = within(same.unwrap_or_default(), same)?;
            agreed.timeout = Some(Duration::from_secs(seconds.into()));
        }
        "tsize" => {
            let asked = asked.tsize.ok_or_else(unasked)?;
            if operation == Operation::Write && number != asked {
                return Err(format!("{}, where {asked} was announced", shown()));
            }
            agreed.tsize = Some(number);
        }
        _ => return Err(unasked()),
    }
    Ok(())
}
