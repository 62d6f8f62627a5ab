//! Replacements: text with `\0` to `\9`, `\i`, `\x`, `\U`, `\L` and `\E` in it.

use std::net::IpAddr;

use regex::Captures;

/// A replacement, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Group(usize),
    Address,
    Hexadecimal,
    Case(Case),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    AsItIs,
    Upper,
    Lower,
}

impl Replacement {
    /// `groups`: how many there are, the whole match included. A group that the expression has not
    /// is empty if it is the next one (OpenStack's manual has such a rule), and an error beyond
    /// that.
    pub fn parse(text: &str, groups: usize) -> Result<Replacement, String> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut characters = text.chars();
        while let Some(c) = characters.next() {
            let part = match c {
                '\\' => special(characters.next(), groups)?,
                c => Part::Text(c.into()),
            };
            match part {
                Part::Text(text) => literal.push_str(&text),
                part => {
                    parts.push(Part::Text(std::mem::take(&mut literal)));
                    parts.push(part);
                }
            }
        }
        parts.push(Part::Text(literal));
        parts.retain(|part| *part != Part::Text(String::new()));
        Ok(Replacement(parts))
    }

    /// `name` with what was found in it replaced. \U and \L reach to the end of the replacement.
    pub fn expand(&self, name: &str, found: &Captures<'_>, ip: IpAddr) -> String {
        let Some(whole) = found.get(0) else {
            return name.to_owned();
        };
        let mut out = name[..whole.start()].to_owned();
        let mut case = Case::AsItIs;
        for part in &self.0 {
            let text = match part {
                Part::Case(next) => {
                    case = *next;
                    continue;
                }
                Part::Text(text) => text.clone(),
                Part::Group(group) => {
                    found.get(*group).map_or("", |found| found.as_str()).to_owned()
                }
                Part::Address => ip.to_canonical().to_string(),
                Part::Hexadecimal => hexadecimal(ip),
            };
            out.push_str(&case.applied(&text));
        }
        out.push_str(&name[whole.end()..]);
        out
    }
}

impl Case {
    fn applied(self, text: &str) -> String {
        match self {
            Case::AsItIs => text.to_owned(),
            Case::Upper => text.to_uppercase(),
            Case::Lower => text.to_lowercase(),
        }
    }
}

fn special(c: Option<char>, groups: usize) -> Result<Part, String> {
    Ok(match c {
        Some('i') => Part::Address,
        Some('x') => Part::Hexadecimal,
        Some('U') => Part::Case(Case::Upper),
        Some('L') => Part::Case(Case::Lower),
        Some('E') => Part::Case(Case::AsItIs),
        Some(c) => match c.to_digit(10) {
            Some(digit) if digit as usize > groups => {
                return Err(format!(
                    "\\{c}: the expression has {} groups in parentheses",
                    groups - 1
                ));
            }
            Some(digit) => Part::Group(digit as usize),
            None => Part::Text(c.into()),
        },
        None => return Err("a replacement ends with a single \\".to_owned()),
    })
}

/// C00002A9, or all 32 digits of an IPv6 address.
fn hexadecimal(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => format!("{:08X}", ip.to_bits()),
        IpAddr::V6(ip) => format!("{:032X}", ip.to_bits()),
    }
}
