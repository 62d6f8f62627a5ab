//! The entries of the reference, as Markdown.

use std::fmt::Write;

use tftpserver::server::errors::{self, ErrorEntry, Raised};
use tftpserver::server::manual::events::{self, EventPage};
use tftpserver::server::manual::{self, Page, functions, properties, settings};
use tftpserver::server::property::{self, Access, Field, Kind, Property};
use tftpserver::server::setting::{self, Role, Setting};

use super::c_header::{self, Function};

pub fn all_properties(header: &str) -> String {
    property::TABLE
        .iter()
        .map(|property| one_property(property, header))
        .collect()
}

pub fn all_settings() -> String {
    setting::TABLE.iter().map(one_setting).collect()
}

pub fn all_events(header: &str) -> String {
    events::PAGES
        .iter()
        .map(|event| one_event(event, header))
        .collect()
}

pub fn all_functions(header: &str) -> String {
    c_header::functions(header).iter().map(one_function).collect()
}

/// One table a group, in the order of the table.
pub fn all_errors() -> String {
    let mut text = String::new();
    let mut group = "";
    for entry in errors::TABLE {
        if entry.group != group {
            group = entry.group;
            let _ = write!(
                text,
                "\n### {group} errors\n\n| Number | Constant `TFTPSERVER_ERROR_...` | Text | Raised |\n|---|---|---|---|\n"
            );
        }
        text += &one_error(entry);
    }
    text.trim_start().to_owned()
}

fn one_property(property: &Property, header: &str) -> String {
    let page = manual::find(properties::PAGES, property.name).expect("every property has a page");
    let constant = format!("TFTPSERVER_PROPERTY_{}", snake(property.name));
    assert!(
        header.contains(&format!("#define {constant} {}\n", property.id)),
        "{constant}"
    );
    let index = match property.field {
        Field::Conn(_) => "a connection id, or a position from 0 to ConnCount - 1",
        _ => "ignored",
    };
    let mut rows = vec![
        ("Constant", format!("`{constant}` ({})", property.id)),
        ("Index", index.to_owned()),
    ];
    rows.extend(value_rows(
        &property.kind,
        page,
        property.default,
        property.access,
    ));
    rows.push(("Errors", links(&manual::errors_of_property(property))));
    entry(property.name, property.about, page, rows, page.example)
}

fn one_setting(setting: &Setting) -> String {
    let page = manual::find(settings::PAGES, setting.name).expect("every setting has a page");
    let example = match page.example.contains('=') {
        true => format!("tftpserver_do_config(server, \"{}\");", page.example),
        false => format!(
            "printf(\"%s\\n\", tftpserver_do_config(server, \"{}\"));",
            page.example
        ),
    };
    let mut rows = match setting.role {
        Role::Property(id) => {
            let of = property::find(id).expect("another name for a property that there is");
            let mut rows = value_rows(&of.kind, page, of.default, of.access);
            rows.push((
                "Property",
                format!("[{0}](#{1})", of.name, of.name.to_lowercase()),
            ));
            rows
        }
        Role::Computed(_) => value_rows(&setting.kind, page, "made when it is read", setting.access),
        _ => value_rows(&setting.kind, page, setting.default, setting.access),
    };
    rows.push(("Errors", links(&manual::errors_of_setting(setting))));
    entry(setting.name, setting.about, page, rows, &example)
}

fn value_rows(kind: &Kind, page: &Page, default: &str, access: Access) -> Vec<(&'static str, String)> {
    let (name, range) = kind_and_range(kind, access);
    let default = match default {
        "" => "empty".to_owned(),
        text if text.contains(' ') => text.to_owned(),
        text => format!("`{text}`"),
    };
    let unit = if page.unit.is_empty() { "none" } else { page.unit };
    vec![
        ("Type", name.to_owned()),
        ("Unit", unit.to_owned()),
        ("Default", default),
        ("Range", range),
        ("May be set", moment(access)),
    ]
}

fn kind_and_range(kind: &Kind, access: Access) -> (&'static str, String) {
    let (name, range) = match kind {
        Kind::Text => ("text", "UTF-8 without NUL".to_owned()),
        Kind::Binary => ("binary", "any bytes".to_owned()),
        Kind::Boolean => (
            "Boolean",
            "`True`, `False`; also 1, 0, Yes, No, in any case".to_owned(),
        ),
        Kind::Names(names) => {
            let named = names
                .iter()
                .enumerate()
                .map(|(number, name)| format!("{name} ({number})"));
            ("integer", named.collect::<Vec<_>>().join(", "))
        }
        Kind::Integer(_) => ("integer", kind.describe()),
    };
    match access {
        Access::ReadOnly => (name, "only read".to_owned()),
        _ => (name, range),
    }
}

fn moment(access: Access) -> String {
    match access {
        Access::ReadOnly => format!("never; {}", link(904)),
        Access::Always => "at any time; what begins afterwards goes by it".to_owned(),
        Access::AtStart => "at any time; looked at when listening starts".to_owned(),
        Access::WhileStopped(code) => format!("while not listening; otherwise {}", link(code)),
        Access::BeforeTransfer => format!("until the transfer begins; afterwards {}", link(130)),
    }
}

fn entry(name: &str, about: &str, page: &Page, mut rows: Vec<(&str, String)>, example: &str) -> String {
    rows.push(("Since", page.since.to_owned()));
    let mut text = format!("### {name}\n\n{about}\n");
    if !page.text.is_empty() {
        let _ = write!(text, "\n{}\n", wrapped(page.text));
    }
    text += "\n| | |\n|---|---|\n";
    for (label, value) in rows {
        let _ = writeln!(text, "| {label} | {value} |");
    }
    text + &code(example)
}

fn one_event(event: &EventPage, header: &str) -> String {
    let EventPage { id, page, units } = event;
    let tag = format!("tftpserver_{}_event", page.name);
    let constant = format!("TFTPSERVER_EVENT_{}", page.name.to_uppercase());
    assert!(
        header.contains(&format!("#define {constant} {id}\n")),
        "{constant}"
    );
    let (doc, fields) = c_header::fields(header, &tag);
    let names: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(
        names,
        units.iter().map(|unit| unit.0).collect::<Vec<_>>(),
        "{tag}"
    );
    let mut text = format!(
        "### {}\n\n{}\n\n{}\n\n",
        camel(page.name),
        wrapped(&doc.paragraphs.join(" ")),
        wrapped(page.text)
    );
    let _ = writeln!(
        text,
        "`{constant}` ({id}), `event->data.{}`, a `{tag}`. Since {}.\n",
        page.name, page.since
    );
    text += "| Field | Type | Unit | Meaning |\n|---|---|---|---|\n";
    for (field, (_, unit)) in fields.iter().zip(*units) {
        let unit = if unit.is_empty() { "none" } else { unit };
        let _ = writeln!(
            text,
            "| `{}` | `{}` | {unit} | {} |",
            field.name, field.kind, field.doc
        );
    }
    text + &code(page.example)
}

fn one_function(function: &Function) -> String {
    let page = manual::find(functions::PAGES, &function.name).expect("every function has a page");
    let doc = &function.doc;
    let mut text = format!(
        "### {}\n{}",
        function.name,
        code(&function.declaration).trim_end()
    );
    for paragraph in &doc.paragraphs {
        let _ = write!(text, "\n\n{}", wrapped(paragraph));
    }
    text += "\n\n";
    for (name, meaning) in &doc.params {
        let _ = writeln!(text, "- `{name}`: {meaning}");
    }
    let _ = write!(text, "- Returns: {}\n- Since: {}\n", doc.returns, page.since);
    text + &code(page.example)
}

fn one_error(entry: &ErrorEntry) -> String {
    let raised = match entry.raised {
        Raised::When(when) => when,
        Raised::PassedOn => {
            "Where the system itself answers so, when it is asked for a socket, a thread or a directory."
        }
        Raised::Fault => {
            "Only by a fault of the library, caught before it reaches the program. Please report it."
        }
        Raised::Never => "Never: kept for its number.",
    };
    let ErrorEntry { code, name, text, .. } = entry;
    format!("| <a id=\"error-{code}\"></a>{code} | `{name}` | {text} | {raised} |\n")
}

/// In lines that fit a page.
fn wrapped(paragraph: &str) -> String {
    let mut text = String::new();
    let mut width = 0;
    for word in paragraph.split_whitespace() {
        let fits = width + 1 + word.len() <= 118;
        text.push_str(if text.is_empty() {
            ""
        } else if fits {
            " "
        } else {
            "\n"
        });
        width = if fits { width + 1 + word.len() } else { word.len() };
        text.push_str(word);
    }
    text
}

pub fn code(text: &str) -> String {
    format!("\n```c\n{}\n```\n\n", text.trim_end())
}

fn links(codes: &[i32]) -> String {
    codes
        .iter()
        .map(|&code| link(code))
        .collect::<Vec<_>>()
        .join(", ")
}

fn link(code: i32) -> String {
    format!("[{code}](#error-{code})")
}

/// LocalPort -> LOCAL_PORT
fn snake(name: &str) -> String {
    let mut text = String::new();
    let mut after_small = false;
    for letter in name.chars() {
        if after_small && letter.is_uppercase() {
            text.push('_');
        }
        after_small = letter.is_lowercase();
        text.push(letter.to_ascii_uppercase());
    }
    text
}

/// end_transfer -> EndTransfer
fn camel(name: &str) -> String {
    let words = name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
    words.collect()
}
