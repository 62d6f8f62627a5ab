//! The options of a client's request, and the check of the server's OACK (RFC 2347).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::negotiate::{DEFAULT_BLKSIZE, NegotiatedOptions};
use crate::options::{self, Answer, InvalidAnswer, OPTIONS};
use crate::wire::{self, Mode, Operation, RequestedOptions, Rollover};

/// Appends an RRQ or a WRQ with those of the `requested` options that this crate's client supports:
/// tsize, blksize, timeout and windowsize. `filename` must have no NUL.
pub fn encode_request(
    operation: Operation,
    filename: &[u8],
    mode: Mode,
    requested: &RequestedOptions,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(&operation.opcode().to_be_bytes());
    let mode: &[u8] = match mode {
        Mode::Octet => b"octet",
        Mode::Netascii => b"netascii",
    };
    for word in [filename, mode] {
        out.extend_from_slice(word);
        out.push(0);
    }
    for row in OPTIONS.iter().filter(|row| row.accept.is_some()) {
        if let Some(value) = (row.requested)(requested) {
            out.extend_from_slice(format!("{}\0{value}\0", row.known.name).as_bytes());
        }
    }
}

/// The parameters of a transfer whose server answered without an OACK.
pub(super) fn plain(requested: &RequestedOptions, operation: Operation) -> NegotiatedOptions {
    NegotiatedOptions {
        blksize: DEFAULT_BLKSIZE,
        windowsize: 1,
        timeout: None,
        tsize: requested.tsize.filter(|_| operation == Operation::Write),
        asks_tsize: requested.tsize.is_some(),
        rollover: Rollover::Zero,
        oack: None,
    }
}

/// Returns the parameters that an OACK agrees to. Options that it leaves out are not in effect.
///
/// # Errors
/// The reason why it cannot be the answer to `asked`, as text.
pub(super) fn negotiated(
    requested: &RequestedOptions,
    operation: Operation,
    datagram: &[u8],
) -> Result<NegotiatedOptions, String> {
    let mut negotiated = plain(requested, operation);
    let mut seen = Vec::new();
    for option in wire::oack_options(datagram) {
        let (name, value) = option.ok_or("an option without its end")?;
        let name = wire::printable(name, 40).to_ascii_lowercase();
        if seen.contains(&name) {
            return Err(format!("{name} twice"));
        }
        take(&mut negotiated, requested, operation, &name, value)?;
        seen.push(name);
    }
    Ok(negotiated)
}

/// One option of the answer.
fn take(
    negotiated: &mut NegotiatedOptions,
    requested: &RequestedOptions,
    operation: Operation,
    name: &str,
    value: &[u8],
) -> Result<(), String> {
    let shown = || format!("{name} {}", wire::printable(value, 40));
    let number = wire::digits(value).ok_or_else(|| format!("{}, which is no number", shown()))?;
    let row = options::find(name.as_bytes()).and_then(|place| OPTIONS.get(place));
    let known = row.and_then(|row| Some((row.accept?, (row.requested)(requested)?)));
    let (accept, requested) = known.ok_or_else(|| format!("{name}, which was not asked for"))?;
    let answer = Answer {
        number,
        requested,
        operation,
    };
    accept(negotiated, &answer)
        .map_err(|InvalidAnswer(how)| format!("{}, where {requested} was {how}", shown()))
}
