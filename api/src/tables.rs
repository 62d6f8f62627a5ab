//! Code common to the tables of properties and of settings.

use std::fmt::Write;

use crate::facts::{Changes, Kind};
use crate::text::quoted;

/// Returns a `Kind` of the class as Rust code.
pub fn kind(kind: Kind, range: Option<[i64; 2]>, names: &[String]) -> String {
    match (kind, range) {
        (Kind::Text | Kind::Property, _) => "Kind::Text".to_owned(),
        (Kind::Binary, _) => "Kind::Binary".to_owned(),
        (Kind::Boolean, _) => "Kind::Boolean".to_owned(),
        (Kind::Names, _) => {
            let names: Vec<_> = names.iter().map(|name| quoted(name)).collect();
            format!("Kind::Names(&[{}])", names.join(", "))
        }
        (Kind::Integer, Some([first, last])) => format!("Kind::Integer({first}..={last})"),
        (Kind::Integer, None) => "Kind::Integer(i32::MIN as i64..=i32::MAX as i64)".to_owned(),
    }
}

/// Returns an `Access` of the class as Rust code.
pub fn access(changes: Changes, error: Option<&str>) -> String {
    match changes {
        Changes::Never => "Access::ReadOnly".to_owned(),
        Changes::AnyTime => "Access::Always".to_owned(),
        Changes::AtStart => "Access::AtStart".to_owned(),
        Changes::Stopped => format!(
            "Access::WhileStopped(errors::{})",
            error.unwrap_or("error is missing")
        ),
        Changes::Before => "Access::BeforeTransfer".to_owned(),
    }
}

/// Returns an enum as Rust code. `members`: each member and its comment.
pub fn members(name: &str, about: &str, members: &[(String, String)]) -> String {
    let mut text =
        format!("/// {about}\n#[derive(Clone, Copy, Debug, PartialEq, Eq)]\npub enum {name} {{\n");
    for (member, about) in members {
        // A bracket would begin a link.
        let _ = writeln!(text, "    /// {}\n    {member},", about.replace('[', "\\["));
    }
    text + "}\n"
}
