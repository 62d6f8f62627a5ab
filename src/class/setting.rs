//! The settings of Config: one table, which setting, reading, reset and the manual use.
//! `setting/table.rs` is made from `api/settings.toml`.

#[rustfmt::skip] // Made by a program, a row a setting.
mod table;

pub use table::{Computed, Key, TABLE};

use super::errors::{self, Failure};
use super::listen_targets;
use super::property::Access;
use super::source;
use super::value::Kind;
use super::value::Value;
use tftp_codepage::{CodePage, Unsupported};

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// Its name; matched without regard to case.
    pub name: &'static str,
    /// Its type and bounds.
    pub kind: Kind,
    /// Its default, as text.
    pub default: &'static str,
    /// When it may be changed.
    pub access: Access,
    /// The effect of its value.
    pub role: Role,
    /// A description of a line or two.
    pub about: &'static str,
}

/// The effect of a setting's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It has an effect, and is read by this key.
    Active(Key),
    /// It can have no effect on a UDP server: the value is only stored and returned.
    Kept,
    /// Another name for a property.
    Property(i32),
    /// The value is computed when it is read.
    Computed(Computed),
}

/// Returns the setting of this name, in any case; 906, with the name, if there is none.
pub fn find(name: &str) -> Result<&'static Setting, Failure> {
    let found = TABLE
        .iter()
        .find(|setting| setting.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| Failure::unknown_setting(name))
}

/// Splits "NAME" or "NAME=VALUE". Spaces around the name are ignored; the value is taken as it is.
pub(super) fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once('=') {
        Some((name, value)) => (name.trim(), Some(value)),
        None => (text.trim(), None),
    }
}

impl Setting {
    /// Converts a value to this setting's type and checks its bounds.
    pub(super) fn check(&self, text: &str) -> Result<Value, Failure> {
        let value = Value::Text(self.decimal(text)).into_kind(&self.kind)?;
        match self.role {
            Role::Active(Key::CodePage) => code_page(&value).map(drop)?,
            Role::Active(Key::TransferPorts) => parse_ports(text).map(drop)?,
            Role::Active(Key::Interface) => source::interface(text).map(drop)?,
            Role::Active(Key::SourceIpAddress) => source::ip(text).map(drop)?,
            Role::Active(Key::ListenOn) => listen_targets::parse_addresses(text).map(drop)?,
            Role::Active(Key::ListenDescriptors) => {
                listen_targets::parse_descriptors(text).map(drop)?
            }
            Role::Active(Key::SourceMacAddress) => source::mac(text).map(drop)?,
            _ => {}
        }
        Ok(value)
    }

    /// Returns the text, a code page in hexadecimal as decimal: the specification writes some of
    /// them so.
    fn decimal(&self, text: &str) -> String {
        let trimmed = text.trim();
        let digits = trimmed.strip_prefix("0x").or_else(|| trimmed.strip_prefix("0X"));
        match (self.role, digits.map(|digits| u32::from_str_radix(digits, 16))) {
            (Role::Active(Key::CodePage), Some(Ok(id))) => id.to_string(),
            _ => text.to_owned(),
        }
    }
}

/// Returns the code page of this number: 905 if there is none, 434 if nothing on this system
/// converts it.
pub(super) fn code_page(id: &Value) -> Result<CodePage, Failure> {
    let Value::Integer(id) = *id else {
        return Err(Failure::plain(errors::INVALID_VALUE));
    };
    let page = u32::try_from(id)
        .map_err(|_| Unsupported::Unknown)
        .and_then(CodePage::new);
    page.map_err(|why| match why {
        Unsupported::Unknown => {
            Failure::new(errors::INVALID_VALUE, &format!("There is no code page {id}."))
        }
        Unsupported::NotServed => Failure::new(
            errors::CODE_PAGE,
            &format!("Nothing on this system converts code page {id}."),
        ),
    })
}

/// Parses a range as in "40000-40100", a single port, or "" (`None`), which leaves the choice to
/// the system.
pub(super) fn parse_ports(text: &str) -> Result<Option<std::ops::RangeInclusive<u16>>, Failure> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.trim().parse(), last.trim().parse()) {
        (Ok(first), Ok(last)) if 0 < first && first <= last => Ok(Some(first..=last)),
        _ => Err(Failure::new(
            errors::INVALID_VALUE,
            "Two ports are expected, as in 40000-40100.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_occur_once_and_defaults_are_values() {
        for (index, setting) in TABLE.iter().enumerate() {
            assert!(
                TABLE[index + 1..]
                    .iter()
                    .all(|other| !other.name.eq_ignore_ascii_case(setting.name))
            );
            assert!(setting.check(setting.default).is_ok(), "{}", setting.name);
        }
    }

    #[test]
    fn names_match_in_any_case() {
        assert_eq!(find("maxBLOCKsize").unwrap().name, "MaxBlockSize");
        assert_eq!(find("MaxBlockSiz").unwrap_err().code, 906);
        assert_eq!(find("").unwrap_err().code, 906);
        assert_eq!(find("Bogus").unwrap_err().text, "Unknown setting: Bogus");
        let long = find(&format!("\u{1b}{}", "x".repeat(1000))).unwrap_err().text;
        assert!(
            long.starts_with("Unknown setting: \\u{1b}xxx") && long.len() < 200,
            "{long}"
        );
    }

    #[test]
    fn name_and_value() {
        assert_eq!(split(" LogLevel "), ("LogLevel", None));
        assert_eq!(split(" LogLevel =2"), ("LogLevel", Some("2")));
        assert_eq!(split("FirewallData= a=b "), ("FirewallData", Some(" a=b ")));
        assert_eq!(split("="), ("", Some("")));
    }

    #[test]
    fn ports() {
        assert_eq!(parse_ports("").unwrap(), None);
        assert_eq!(parse_ports("40000-40100").unwrap(), Some(40000..=40100));
        assert_eq!(parse_ports(" 7 ").unwrap(), Some(7..=7));
        for bad in ["0-5", "9-8", "1-65536", "a-b", "-", "1-2-3", "1,2"] {
            assert_eq!(parse_ports(bad).unwrap_err().code, 905, "{bad}");
        }
    }
}
