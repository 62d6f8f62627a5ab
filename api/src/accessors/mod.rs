//! Generates the accessors of C++, PHP and Python, for the properties of a server and of a
//! connection.

mod cpp;
mod php;
mod python;

use crate::facts::{Changes, Of, Property};
use crate::made::Made;
use crate::text::{COLUMNS, capitals, each_line, wrapped};

pub fn made(properties: &[Property]) -> Vec<Made> {
    let mut all = Vec::new();
    for (part, is_indexed) in [("server properties", false), ("properties", true)] {
        let some = properties
            .iter()
            .filter(|it| it.value.is_some() && is_of_connection(it) == is_indexed);
        let some: Vec<_> = some.collect();
        all.push(cpp::made(part, &some));
        all.extend(php::made(part, &some));
        all.push(python::made(part, &some));
    }
    all
}

fn is_of_connection(property: &Property) -> bool {
    property.of == Of::Connection
}

fn is_set(property: &Property) -> bool {
    property.changes != Changes::Never
}

/// Converts `ConnLocalFile` to `local_file`, and `LocalDir` to `local_dir`.
fn snake(property: &Property) -> String {
    capitals(own_name(property)).to_lowercase()
}

/// Converts `ConnLocalFile` to `LocalFile`; `ConnCount`, a property of the server, stays as it is.
fn own_name(property: &Property) -> &str {
    match is_of_connection(property) {
        true => property.short_name(),
        false => &property.name,
    }
}

/// Formats a comment of C++ or PHP, on one line if it fits; "" if `about` is empty.
fn comment(about: &str) -> String {
    let lines = wrapped(about, COLUMNS - 7);
    let is_long = lines.contains('\n') || lines.len() + 11 > COLUMNS;
    match (about.is_empty(), is_long) {
        (true, _) => String::new(),
        (_, false) => format!("    /** {lines} */\n"),
        (_, true) => format!("    /**\n{}     */\n", each_line(&lines, "     * ")),
    }
}
