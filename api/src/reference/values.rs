//! The properties and the settings: type, range, moments and errors of each.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::{EXAMPLES, Entry, link, table};
use crate::facts::{Changes, Facts, Kind, Of, Property, Setting, Use};
use crate::text::{COLUMNS, note, wrapped};

pub fn properties(facts: &Facts) -> Vec<Entry> {
    let all = facts.properties.iter();
    all.map(|property| of_property(property, facts)).collect()
}

pub fn settings(facts: &Facts) -> Vec<Entry> {
    let all = facts.settings.iter();
    all.map(|setting| of_setting(setting, facts)).collect()
}

/// Returns an example with the call of every setting's entry.
pub fn settings_program(settings: &[Setting]) -> String {
    let calls = settings
        .iter()
        .map(|setting| format!("    {}\n    check(server, __LINE__);\n", call(setting)));
    format!(
        "/* {} */\n{SETTINGS_HEAD}void example(tftpserver *server)\n{{\n{}    tftpserver_do_reset(server);\n}}\n",
        note("settings"),
        calls.collect::<String>()
    )
}

const SETTINGS_HEAD: &str = "#include <stdio.h>
#include <stdlib.h>
#include <tftpserver.h>

static void check(tftpserver *server, int line)
{
    if (tftpserver_get_last_error_code(server) == 0)
        return;
    fprintf(stderr, \"settings.c:%d: %s\\n\", line - 1, tftpserver_get_last_error(server));
    exit(1);
}

";

/// The columns that properties and settings share.
struct Row<'a> {
    kind: Kind,
    range: Option<[i64; 2]>,
    names: &'a [String],
    default: &'a str,
    changes: Changes,
    error: Option<i32>,
    unit: &'a str,
}

fn row_of<'a>(property: &'a Property, facts: &Facts) -> Row<'a> {
    Row {
        kind: property.kind,
        range: property.range,
        names: &[],
        default: match property.default.as_str() {
            "VERSION" => env!("CARGO_PKG_VERSION"),
            text => text,
        },
        changes: property.changes,
        error: code(property.error.as_deref(), facts),
        unit: &property.unit,
    }
}

fn of_property(property: &Property, facts: &Facts) -> Entry {
    let Property {
        name,
        id,
        about,
        since,
        ..
    } = property;
    let row = row_of(property, facts);
    let index = match property.of {
        Of::Connection => "a connection id, or a position from 0 to ConnCount - 1",
        _ => "ignored",
    };
    let mut rows = vec![
        (
            "Constant",
            format!("`TFTPSERVER_PROPERTY_{}` ({id})", property.constant()),
        ),
        ("Index", index.to_owned()),
    ];
    rows.extend(row.cells());
    rows.push(("Errors", links(errors_of_property(property, facts))));
    rows.push(("Since", since.clone()));
    let file = property.constant().to_lowercase();
    Entry {
        name: name.clone(),
        text: format!("{}\n{}", wrapped(about, COLUMNS), table(&rows)),
        example: Some(format!("{EXAMPLES}/properties/{file}.c")),
    }
}

fn of_setting(setting: &Setting, facts: &Facts) -> Entry {
    let Setting {
        name, about, since, ..
    } = setting;
    let property = another_name(setting, facts);
    let row = match property {
        Some(property) => Row {
            unit: &setting.unit,
            ..row_of(property, facts)
        },
        None => Row {
            kind: setting.kind,
            range: setting.range,
            names: &setting.names,
            default: match setting.role {
                Some(Use::Computed) => "made when it is read",
                _ => &setting.default,
            },
            changes: setting.changes.unwrap_or(Changes::AnyTime),
            error: code(setting.error.as_deref(), facts),
            unit: &setting.unit,
        },
    };
    let mut errors = match property {
        Some(property) => errors_of_property(property, facts),
        None => row.errors(),
    };
    errors.extend(&setting.raises);
    let mut rows = row.cells();
    if let Some(Property { name, .. }) = property {
        rows.push((
            "Property",
            format!("[{name}](properties.md#{})", name.to_lowercase()),
        ));
    }
    rows.push(("Errors", links(errors)));
    rows.push(("Since", since.clone()));
    let mut text = format!("{}\n{}", wrapped(about, COLUMNS), table(&rows));
    let _ = write!(text, "\n```c\n{}\n```\n", call(setting));
    Entry {
        name: name.clone(),
        text,
        example: None,
    }
}

/// Returns the property that a setting is an alias of.
fn another_name<'a>(setting: &Setting, facts: &'a Facts) -> Option<&'a Property> {
    let id = setting.property?;
    facts.properties.iter().find(|property| property.id == id)
}

/// Returns the example of a setting: the call that sets it or, if it is read-only, reads it.
fn call(setting: &Setting) -> String {
    let example = &setting.example;
    match example.contains('=') {
        true => format!("tftpserver_do_config(server, \"{example}\");"),
        false => format!("printf(\"%s\\n\", tftpserver_do_config(server, \"{example}\"));"),
    }
}

/// Returns the number of a named error.
fn code(name: Option<&str>, facts: &Facts) -> Option<i32> {
    let error = facts
        .errors
        .all
        .iter()
        .find(|error| Some(error.name.as_str()) == name)?;
    Some(error.code)
}

/// Returns the errors of getting and setting a property, without 901, 902 and 908, which all of
/// them have.
fn errors_of_property(property: &Property, facts: &Facts) -> BTreeSet<i32> {
    let mut all = row_of(property, facts).errors();
    all.extend((property.of == Of::Connection).then_some(INDEX_OUT_OF_RANGE));
    all.extend(&property.raises);
    all
}

const BUSY: i32 = 130;
const INDEX_OUT_OF_RANGE: i32 = 903;
const READ_ONLY: i32 = 904;
const INVALID_VALUE: i32 = 905;

impl Row<'_> {
    /// Returns the errors that follow from the type and from when it may be set.
    fn errors(&self) -> BTreeSet<i32> {
        // ConnFileData accepts any bytes; text must be UTF-8 without NUL.
        let invalid = (self.kind != Kind::Binary).then_some(INVALID_VALUE);
        let all = match self.changes {
            Changes::Never => [Some(READ_ONLY), None],
            Changes::Stopped => [self.error, Some(INVALID_VALUE)],
            Changes::Before => [Some(BUSY), invalid],
            Changes::AnyTime | Changes::AtStart => [None, Some(INVALID_VALUE)],
        };
        all.into_iter().flatten().collect()
    }

    fn cells(&self) -> Vec<(&'static str, String)> {
        let (name, range) = self.type_and_range();
        let default = match self.default {
            "" => "empty".to_owned(),
            text if text.contains(' ') => text.to_owned(),
            text => format!("`{text}`"),
        };
        let unit = if self.unit.is_empty() { "none" } else { self.unit };
        vec![
            ("Type", name.to_owned()),
            ("Unit", unit.to_owned()),
            ("Default", default),
            ("Range", range),
            ("May be set", self.moment()),
        ]
    }

    fn type_and_range(&self) -> (&'static str, String) {
        let (name, range) = match self.kind {
            Kind::Text | Kind::Property => ("text", "UTF-8 without NUL".to_owned()),
            Kind::Binary => ("binary", "any bytes".to_owned()),
            Kind::Boolean => (
                "Boolean",
                "`True`, `False`; also 1, 0, Yes, No, in any case".to_owned(),
            ),
            Kind::Names => {
                let named = self.names.iter().enumerate();
                let named = named.map(|(number, name)| format!("{name} ({number})"));
                ("integer", named.collect::<Vec<_>>().join(", "))
            }
            Kind::Integer => {
                let range = self.range.map(|[first, last]| format!("{first} to {last}"));
                ("integer", range.unwrap_or("integer".to_owned()))
            }
        };
        match self.changes {
            Changes::Never => (name, "only read".to_owned()),
            _ => (name, range),
        }
    }

    fn moment(&self) -> String {
        match self.changes {
            Changes::Never => format!("never; {}", link(READ_ONLY)),
            Changes::AnyTime => "at any time; running transfers keep the old value".to_owned(),
            Changes::AtStart => "at any time; looked at when listening starts".to_owned(),
            Changes::Stopped => {
                let error = self.error.map_or(String::new(), link);
                format!("while not listening; otherwise {error}")
            }
            Changes::Before => format!("until the transfer begins; afterwards {}", link(BUSY)),
        }
    }
}

fn links(codes: BTreeSet<i32>) -> String {
    codes.into_iter().map(link).collect::<Vec<_>>().join(", ")
}
