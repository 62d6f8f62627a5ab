//! Pages that the C library converts after their bytes were rewritten.

/// How bytes of the page become those of the C library's set, and back; `None`: they are not of the
/// page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rewrite {
    /// Code page 20932 as EUC-JP: the page writes JIS X 0212 as pairs whose second byte has its top
    /// bit clear.
    ClearedTrail,
    /// ISO-2022-CN with a shift in after each change of sets: glibc 2.36 reads a change between
    /// shifts wrong.
    ShiftedChange,
}

const SO: u8 = 0x0E;
const SI: u8 = 0x0F;
/// EUC-JP's announcement of a pair of JIS X 0212, and of half-width katakana.
const SS3: u8 = 0x8F;
const SS2: u8 = 0x8E;

impl Rewrite {
    pub(super) fn to_system(self, wire: &[u8]) -> Option<Vec<u8>> {
        match self {
            Rewrite::ClearedTrail => set_trails(wire),
            Rewrite::ShiftedChange => Some(shift_around_changes(wire)),
        }
    }

    pub(super) fn to_wire(self, bytes: Vec<u8>) -> Vec<u8> {
        match self {
            Rewrite::ClearedTrail => clear_trails(&bytes),
            Rewrite::ShiftedChange => bytes,
        }
    }
}

fn set_trails(wire: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(wire.len());
    let mut rest = wire;
    while let [lead, after @ ..] = rest {
        rest = match (*lead, after) {
            (0..0x80, _) => {
                bytes.push(*lead);
                after
            }
            (SS2, [trail @ 0xA1..=0xFE, after @ ..])
            | (0xA1.., [trail @ 0xA1..=0xFE, after @ ..]) => {
                bytes.extend([*lead, *trail]);
                after
            }
            (0xA1.., [trail @ 0x21..=0x7E, after @ ..]) => {
                bytes.extend([SS3, *lead, trail | 0x80]);
                after
            }
            _ => return None,
        };
    }
    Some(bytes)
}

/// Of well-formed EUC-JP.
fn clear_trails(bytes: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, after @ ..] = rest {
        rest = match after {
            [lead, trail, after @ ..] if *first == SS3 => {
                wire.extend([*lead, trail & 0x7F]);
                after
            }
            [trail, after @ ..] if *first >= 0x80 => {
                wire.extend([*first, *trail]);
                after
            }
            _ => {
                wire.push(*first);
                after
            }
        };
    }
    wire
}

fn shift_around_changes(wire: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(wire.len() + 4);
    let mut shifted = false;
    let mut rest = wire;
    while let [first, after @ ..] = rest {
        rest = match rest {
            [0x1B, b'$', b')', _, after @ ..] if shifted => {
                bytes.push(SI);
                bytes.extend_from_slice(&rest[..4]);
                bytes.push(SO);
                after
            }
            _ => {
                shifted = (shifted || *first == SO) && *first != SI;
                bytes.push(*first);
                after
            }
        };
    }
    bytes
}
