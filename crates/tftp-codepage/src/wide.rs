//! UTF-16 and UTF-32, in either order of bytes.
//!
//! No TFTP client can use them: a name ends at its first zero byte.

/// A way to write code units as bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wide {
    pub(super) unit: Unit,
    pub(super) order: Order,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Two,
    Four,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
    /// By byte order mark; written big-endian, and read so without a mark (RFC 2781, section 4.3).
    Marked,
}

const MARK: char = '\u{FEFF}';

impl Wide {
    pub(super) fn decode(self, wire: &[u8]) -> Option<String> {
        if self.order == Order::Marked {
            return self.decode_marked(wire);
        }
        match self.unit {
            Unit::Two => {
                let (units, []) = wire.as_chunks::<2>() else {
                    return None;
                };
                let units = units.iter().map(|&unit| match self.order {
                    Order::Little => u16::from_le_bytes(unit),
                    _ => u16::from_be_bytes(unit),
                });
                char::decode_utf16(units).collect::<Result<_, _>>().ok()
            }
            Unit::Four => {
                let (units, []) = wire.as_chunks::<4>() else {
                    return None;
                };
                let units = units.iter().map(|&unit| match self.order {
                    Order::Little => u32::from_le_bytes(unit),
                    _ => u32::from_be_bytes(unit),
                });
                units.map(char::from_u32).collect()
            }
        }
    }

    fn decode_marked(self, wire: &[u8]) -> Option<String> {
        for order in [Order::Big, Order::Little] {
            let plain = Wide { order, ..self };
            if let Some(rest) =
                wire.strip_prefix(plain.encode(MARK.encode_utf8(&mut [0; 4])).as_slice())
            {
                return plain.decode(rest);
            }
        }
        Wide {
            order: Order::Big,
            ..self
        }
        .decode(wire)
    }

    pub(super) fn encode(self, text: &str) -> Vec<u8> {
        let mark = (self.order == Order::Marked).then_some(MARK);
        let characters = mark.into_iter().chain(text.chars());
        let mut wire = Vec::with_capacity(text.len() * 4);
        for character in characters {
            match self.unit {
                Unit::Two => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        wire.extend(if self.order == Order::Little {
                            unit.to_le_bytes()
                        } else {
                            unit.to_be_bytes()
                        });
                    }
                }
                Unit::Four => {
                    let unit = u32::from(character);
                    wire.extend(if self.order == Order::Little {
                        unit.to_le_bytes()
                    } else {
                        unit.to_be_bytes()
                    });
                }
            }
        }
        wire
    }
}
