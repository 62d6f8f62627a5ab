//! Values of properties and settings, their types, and their conversion from and to text.

use std::ops::RangeInclusive;

use tftp_serve::inline::Bytes;

use super::errors::{self, Failure};

/// A value, as set or as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// UTF-8.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// True or False.
    Boolean(bool),
    /// Anything.
    Binary(Bytes),
    /// A number that was not set; reads as "" and 0.
    Unset,
}

impl Value {
    /// Converts to text: "True", "False", decimal numbers. Binary only if it is UTF-8 without NUL.
    pub fn into_text(self) -> Result<String, Failure> {
        match self {
            Value::Text(text) => Ok(text),
            Value::Integer(number) => Ok(number.to_string()),
            Value::Boolean(yes) => Ok(if yes { "True" } else { "False" }.to_owned()),
            Value::Binary(bytes) => text_of(&bytes),
            Value::Unset => Ok(String::new()),
        }
    }

    /// Converts to a number: 0 and 1 for Booleans; text must be a decimal number.
    pub fn to_integer(&self) -> Result<i64, Failure> {
        match self {
            Value::Integer(number) => Ok(*number),
            Value::Boolean(yes) => Ok((*yes).into()),
            Value::Text(text) => integer_of(text),
            Value::Binary(_) => Err(Failure::new(errors::INVALID_VALUE, "Not a number.")),
            Value::Unset => Ok(0),
        }
    }

    /// Converts to bytes; text as UTF-8.
    pub fn into_bytes(self) -> Bytes {
        match self {
            Value::Binary(bytes) => bytes,
            other => Bytes::new(other.into_text().unwrap_or_default().into_bytes()),
        }
    }

    /// Converts the value to a type and checks its bounds.
    pub(super) fn into_kind(self, kind: &Kind) -> Result<Value, Failure> {
        match kind {
            Kind::Text => self.into_text().and_then(for_c).map(Value::Text),
            Kind::Binary => Ok(Value::Binary(self.into_bytes())),
            Kind::Boolean => match self {
                Value::Boolean(yes) => Ok(Value::Boolean(yes)),
                other => boolean_of(&other.into_text()?).map(Value::Boolean),
            },
            Kind::Integer(range) => within(self.text_to_integer()?, range).map(Value::Integer),
            Kind::Names(names) => name_of(&self.into_text()?, names).map(Value::Integer),
        }
    }

    fn text_to_integer(self) -> Result<i64, Failure> {
        match self {
            Value::Binary(bytes) => integer_of(&text_of(&bytes)?),
            other => other.to_integer(),
        }
    }
}

/// The type of a property or a setting, and its bounds.
#[derive(Clone, Debug)]
pub enum Kind {
    /// UTF-8.
    Text,
    /// True or False.
    Boolean,
    /// A whole number within these bounds.
    Integer(RangeInclusive<i64>),
    /// One of these, by name or by position; stored and read as its position.
    Names(&'static [&'static str]),
    /// Anything.
    Binary,
}

impl Kind {
    /// Describes the type for the manual.
    pub fn describe(&self) -> String {
        match self {
            Kind::Text => "text".to_owned(),
            Kind::Binary => "binary".to_owned(),
            Kind::Boolean => "Boolean".to_owned(),
            Kind::Integer(range) if range == &(i64::from(i32::MIN)..=i32::MAX.into()) => {
                "integer".to_owned()
            }
            Kind::Integer(range) => format!("{} to {}", range.start(), range.end()),
            Kind::Names(names) => format!("0 to {}", names.len() - 1),
        }
    }

    /// Parses a default as the tables write it.
    pub(super) fn parse(&self, text: &str) -> Result<Value, Failure> {
        Value::Text(text.to_owned()).into_kind(self)
    }
}

const NO_TEXT: &str = "UTF-8 without NUL is expected.";

/// Rejects text with a NUL, which C could not read back.
fn for_c(text: String) -> Result<String, Failure> {
    match text.contains('\0') {
        false => Ok(text),
        true => Err(Failure::new(errors::INVALID_VALUE, NO_TEXT)),
    }
}

fn text_of(bytes: &[u8]) -> Result<String, Failure> {
    match std::str::from_utf8(bytes) {
        Ok(text) => for_c(text.to_owned()),
        Err(_) => Err(Failure::new(errors::INVALID_VALUE, NO_TEXT)),
    }
}

/// Parses True, False, 1, 0, Yes or No in any case.
fn boolean_of(text: &str) -> Result<bool, Failure> {
    let text = text.trim();
    let is = |words: [&str; 3]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    match (is(["True", "1", "Yes"]), is(["False", "0", "No"])) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err(Failure::new(errors::INVALID_VALUE, "True or False is expected.")),
    }
}

fn integer_of(text: &str) -> Result<i64, Failure> {
    text.trim()
        .parse()
        .map_err(|_| Failure::new(errors::INVALID_VALUE, "A whole number is expected."))
}

fn within(number: i64, range: &RangeInclusive<i64>) -> Result<i64, Failure> {
    match range.contains(&number) {
        true => Ok(number),
        false => {
            let bounds = format!("{} to {} is expected.", range.start(), range.end());
            Err(Failure::new(errors::INVALID_VALUE, &bounds))
        }
    }
}

fn name_of(text: &str, names: &[&str]) -> Result<i64, Failure> {
    let named = names
        .iter()
        .position(|name| name.eq_ignore_ascii_case(text.trim()));
    let position = named.or_else(|| {
        text.trim()
            .parse()
            .ok()
            .filter(|&position: &usize| position < names.len())
    });
    match position {
        Some(position) => Ok(position as i64),
        None => Err(Failure::new(
            errors::INVALID_VALUE,
            &format!("One of {} is expected.", names.join(", ")),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str, kind: Kind) -> Result<Value, i32> {
        Value::Text(text.to_owned())
            .into_kind(&kind)
            .map_err(|failure| failure.code)
    }

    #[test]
    fn booleans() {
        for text in ["True", "TRUE", "true", "1", "Yes", "yes", " yes "] {
            assert_eq!(given(text, Kind::Boolean), Ok(Value::Boolean(true)), "{text}");
        }
        for text in ["False", "false", "0", "No", "NO"] {
            assert_eq!(given(text, Kind::Boolean), Ok(Value::Boolean(false)), "{text}");
        }
        for text in ["", "2", "-1", "on", "tru", "10"] {
            assert_eq!(given(text, Kind::Boolean), Err(905), "{text}");
        }
        assert_eq!(
            Value::Integer(1).into_kind(&Kind::Boolean),
            Ok(Value::Boolean(true))
        );
        assert!(Value::Integer(2).into_kind(&Kind::Boolean).is_err());
    }

    #[test]
    fn integers() {
        assert_eq!(given(" 69 ", Kind::Integer(0..=65535)), Ok(Value::Integer(69)));
        for text in ["", "-1", "65536", "0x45", "6 9", "69.0", "99999999999999999999"] {
            assert_eq!(given(text, Kind::Integer(0..=65535)), Err(905), "{text}");
        }
    }

    #[test]
    fn names_by_name_or_position() {
        let kind = || Kind::Names(&["None", "Some"]);
        assert_eq!(given("some", kind()), Ok(Value::Integer(1)));
        assert_eq!(given("0", kind()), Ok(Value::Integer(0)));
        assert_eq!(given("2", kind()), Err(905));
        assert_eq!(given("all", kind()), Err(905));
    }

    #[test]
    fn binary_is_text_only_where_c_could_read_it() {
        let binary = |bytes: &[u8]| Value::Binary(Bytes::new(bytes.to_vec()));
        assert_eq!(binary(b"abc").into_text().unwrap(), "abc");
        assert_eq!(binary(b"a\0c").into_text().unwrap_err().code, 905);
        assert_eq!(binary(b"\xff").into_text().unwrap_err().code, 905);
        assert_eq!(Value::Boolean(true).into_bytes().as_slice(), b"True");
    }

    #[test]
    fn an_unset_value_is_neither_text_nor_number() {
        assert_eq!(Value::Unset.into_text().unwrap(), "");
        assert_eq!(Value::Unset.to_integer().unwrap(), 0);
        assert!(Value::Unset.into_bytes().is_empty());
    }
}
