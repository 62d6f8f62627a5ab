//! The events and their fields.

use std::fmt::Write;

use super::{EXAMPLES, Entry};
use crate::facts::{Event, Field, FieldKind};
use crate::text::{COLUMNS, camel, one_line, wrapped};

pub fn entries(events: &[Event]) -> Vec<Entry> {
    events.iter().map(entry).collect()
}

fn entry(event: &Event) -> Entry {
    let Event { id, name, since, .. } = event;
    let mut text = format!(
        "{}\n\n{}\n\n",
        wrapped(&event.about, COLUMNS),
        wrapped(
            &format!(
                "`TFTPSERVER_EVENT_{}` ({id}), `event->data.{name}`, a `tftpserver_{name}_event`. Since {since}.",
                name.to_uppercase()
            ),
            COLUMNS
        ),
    );
    text += "| Field | Type | Unit | Meaning |\n|---|---|---|---|\n";
    for field in &event.fields {
        let unit = if field.unit.is_empty() {
            "none"
        } else {
            &field.unit
        };
        let _ = writeln!(
            text,
            "| `{}` | `{}` | {unit} | {} |",
            field.name,
            c_type(field),
            one_line(&field.about)
        );
    }
    Entry {
        name: camel(name),
        text,
        example: Some(format!("{EXAMPLES}/events/{name}.c")),
    }
}

/// Returns the type of a field in the header.
fn c_type(field: &Field) -> &'static str {
    match field.kind {
        FieldKind::Int64 => "int64_t",
        FieldKind::Text | FieldKind::Mode => "const char *",
        FieldKind::Bytes => "const uint8_t *",
        FieldKind::Length => "size_t",
        _ => "int32_t",
    }
}
