//! Generates the code of the class and C that comes from `properties.toml`. `accessors` has those
//! of other languages.

use std::fmt::Write;

use crate::facts::{Changes, Kind, Of, Property};
use crate::made::Made;
use crate::tables;
use crate::text::{commented, note, quoted};

pub fn made(properties: &[Property]) -> Vec<Made> {
    vec![
        Made::whole("src/class/property/table.rs", table(properties)),
        Made::part("src/ffi/constants.rs", "properties", constants(properties)),
        Made::part("c-tests/fixture.h", "properties", numbers(properties)),
        Made::part("c-tests/test_properties.c", "integers", integers(properties)),
        Made::part(
            "c-tests/test_properties.c",
            "of connections",
            of_connections(properties),
        ),
    ]
}

fn table(properties: &[Property]) -> String {
    let of = |of: Of| {
        let some = properties.iter().filter(move |property| property.of == of);
        some.map(|property| (property.short_name().to_owned(), property.about.clone()))
            .collect::<Vec<_>>()
    };
    let (connection, kept) = (of(Of::Connection), of(Of::Kept));
    let mut server: Vec<_> = properties
        .iter()
        .filter(|property| property.of == Of::Server)
        .map(own)
        .collect();
    server.push((
        "Kept(Key)".to_owned(),
        "A value that is kept as it was set.".to_owned(),
    ));
    server.push((
        "Conn(ConnField)".to_owned(),
        "A field of one connection's record.".to_owned(),
    ));
    let keys: Vec<_> = kept.iter().map(|(key, _)| format!("Key::{key}")).collect();
    let mut text = format!(
        "//! {}\n\nuse super::{{Access, Kind, Property}};\nuse crate::class::errors;\n\n{}\n{}\n{}\nimpl Key {{\n    \
         /// Every one.\n    pub const ALL: &[Key] = &[{}];\n}}\n\n/// The numbers by name.\npub mod id {{\n",
        note("properties"),
        tables::members("Field", "The value that a property stands for.", &server),
        tables::members("ConnField", "The fields of a connection's record.", &connection),
        tables::members("Key", "The properties that are kept as they were set.", &kept),
        keys.join(", ")
    );
    for property in properties {
        text += &commented(&property.about, "    /// ");
        let _ = writeln!(
            text,
            "    pub const {}: i32 = {};",
            property.constant(),
            property.id
        );
    }
    text += "}\n\n/// Every property, by id.\npub const TABLE: &[Property] = &[\n";
    text += &properties.iter().map(row).collect::<String>();
    text + "];\n"
}

/// Returns the member of `Field` for a property of the server, with its comment.
fn own(property: &Property) -> (String, String) {
    let name = match property.name.as_str() {
        "VERSION" => "Version",
        name => name,
    };
    (name.to_owned(), property.about.clone())
}

fn row(property: &Property) -> String {
    let field = match property.of {
        Of::Connection => format!("Field::Conn(ConnField::{})", property.short_name()),
        Of::Kept => format!("Field::Kept(Key::{})", property.short_name()),
        Of::Server => format!("Field::{}", own(property).0),
    };
    let default = match property.default.as_str() {
        "VERSION" => "env!(\"CARGO_PKG_VERSION\")".to_owned(),
        text => quoted(text),
    };
    format!(
        "    Property {{ id: {}, name: \"{}\", kind: {}, default: {default}, field: {field},\n        access: {}, about: {} }},\n",
        property.id,
        property.name,
        tables::kind(property.kind, property.range, &[]),
        tables::access(property.changes, property.error.as_deref()),
        quoted(&property.about)
    )
}

fn constants(properties: &[Property]) -> String {
    let line = |property: &Property| {
        let constant = property.constant();
        format!(
            "{}pub const TFTPSERVER_PROPERTY_{constant}: i32 = {};\n",
            commented(&property.comment, "/// "),
            property.id
        )
    };
    properties.iter().map(line).collect()
}

/// Returns the numbers for C tests that do not include the header.
fn numbers(properties: &[Property]) -> String {
    properties
        .iter()
        .map(|property| format!("    {} = {},\n", property.constant(), property.id))
        .collect()
}

/// Returns the properties of a server that can be set as numbers.
fn integers(properties: &[Property]) -> String {
    let all = properties.iter().filter(|property| {
        property.of != Of::Connection
            && property.kind == Kind::Integer
            && property.changes != Changes::Never
    });
    all.map(|property| format!("    {},\n", property.constant()))
        .collect()
}

fn of_connections(properties: &[Property]) -> String {
    let all = properties.iter().filter(|property| property.of == Of::Connection);
    all.map(|property| format!("        {},\n", property.constant()))
        .collect()
}
