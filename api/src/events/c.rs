//! The events of C, and the conversion of the class's events into them.

use std::fmt::Write;

use crate::facts::{Event, Field, FieldKind};
use crate::made::Made;
use crate::text::{camel, commented, note};

pub fn made(events: &[Event]) -> Vec<Made> {
    vec![
        Made::part("src/ffi/constants.rs", "events", constants(events)),
        Made::part("src/ffi/types.rs", "events", structs(events)),
        Made::whole("src/ffi/event_data.rs", data(events)),
        Made::part("c-tests/header/alone.c", "events", used(events)),
        Made::part("c-tests/fixture.h", "events", numbers(events)),
        Made::whole("tests/fuzz/bodies/calls/texts.rs", texts(events)),
    ]
}

/// Returns the numbers for C tests that do not include the header. `ERROR` is an opcode there.
fn numbers(events: &[Event]) -> String {
    let line = |event: &Event| {
        let after = if event.name == "error" { "_EVENT" } else { "" };
        format!("    {}{after} = {},\n", event.name.to_uppercase(), event.id)
    };
    let next = events.iter().map(|event| event.id).max().unwrap_or(0) + 1;
    events.iter().map(line).collect::<String>() + &format!("    UNKNOWN_EVENT = {next},\n")
}

fn constants(events: &[Event]) -> String {
    let line = |event: &Event| {
        let name = event.name.to_uppercase();
        format!(
            "/// {}\npub const TFTPSERVER_EVENT_{name}: i32 = {};\n",
            event.short, event.id
        )
    };
    events.iter().map(line).collect()
}

fn structs(events: &[Event]) -> String {
    let mut text = String::new();
    for event in events {
        let _ = write!(
            text,
            "\n{}#[repr(C)]\n#[derive(Clone, Copy)]\npub struct tftpserver_{}_event {{\n",
            commented(&event.about, "/// "),
            event.name
        );
        for field in &event.fields {
            text += &commented(&field.about, "    /// ");
            let _ = writeln!(text, "    pub {}: {},", field.name, of_kind(field.kind));
        }
        text += "}\n";
    }
    text += "\n/// The fields of an event. Its id selects the member.\n#[repr(C)]\n#[derive(Clone, Copy)]\n\
             pub union tftpserver_event_data {\n";
    for Event { name, .. } in events {
        let _ = writeln!(text, "    /// TFTPSERVER_EVENT_{}", name.to_uppercase());
        let _ = writeln!(text, "    pub {name}: tftpserver_{name}_event,");
    }
    text + "}\n\n"
}

fn of_kind(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Int64 => "i64",
        FieldKind::Text | FieldKind::Mode => "*const c_char",
        FieldKind::Bytes => "*const u8",
        FieldKind::Length => "usize",
        _ => "i32",
    }
}

fn data(events: &[Event]) -> String {
    let mut text = format!(
        "//! {}\n\nuse std::ffi::c_char;\n\nuse super::constants::TFTPSERVER_ACCEPT_YES;\nuse super::types::*;\n\
         use crate::class::events::Event;\n\n/// Returns the C fields of an event; `texts` are its NUL-terminated texts.\n\
         pub(super) fn data(event: &Event<'_>, texts: [*const c_char; Event::TEXTS]) -> tftpserver_event_data {{\n    \
         use tftpserver_event_data as data;\n    match *event {{\n",
        note("events")
    );
    for event in events {
        let bound = event
            .typed_fields()
            .filter(|field| !field.is_text() && field.kind != FieldKind::Accept);
        let bound: String = bound.map(|field| format!("{}, ", field.name)).collect();
        let Event { name, .. } = event;
        let _ = writeln!(text, "        Event::{} {{ {bound}.. }} =>", camel(name));
        let _ = writeln!(text, "            data {{ {name}: tftpserver_{name}_event {{");
        let mut texts = 0..;
        for (index, field) in event.fields.iter().enumerate() {
            let place = if field.is_text() { texts.next() } else { None };
            let value = value(
                field,
                place,
                index.checked_sub(1).map(|before| &event.fields[before]),
            );
            let _ = writeln!(text, "                {value},");
        }
        text += "            } },\n";
    }
    text + "    }\n}\n"
}

fn value(field: &Field, place: Option<usize>, before: Option<&Field>) -> String {
    let name = &field.name;
    match field.kind {
        FieldKind::Int | FieldKind::Int64 | FieldKind::Operation => name.clone(),
        FieldKind::Port => format!("{name}: {name}.into()"),
        FieldKind::Text | FieldKind::Mode => format!("{name}: texts[{}]", place.unwrap_or(0)),
        FieldKind::Bytes => format!("{name}: {name}.as_ptr()"),
        FieldKind::Length => format!("{name}: {}.len()", before.map_or("", |bytes| &bytes.name)),
        FieldKind::Direction => format!("{name}: {name} as i32"),
        FieldKind::Accept => format!("{name}: TFTPSERVER_ACCEPT_YES"),
    }
}

/// Returns statements that use every field with its documented type.
fn used(events: &[Event]) -> String {
    let mut text = String::new();
    for event in events {
        for field in &event.fields {
            let variable = match field.kind {
                FieldKind::Int64 => "number64",
                FieldKind::Text | FieldKind::Mode => "text",
                FieldKind::Bytes => "bytes",
                FieldKind::Length => "length",
                _ => "number",
            };
            let _ = writeln!(
                text,
                "    *used.{variable}++ = event->data.{}.{};",
                event.name, field.name
            );
        }
    }
    text
}

/// Returns every text of an event, for a test that reads them all.
fn texts(events: &[Event]) -> String {
    let mut text = format!(
        "//! {}\n\nuse std::ffi::c_char;\n\nuse ::tftpserver::ffi::*;\n\n/// Every text of an event whose callback runs.\n\
         pub fn texts(event: &tftpserver_event) -> Vec<*const c_char> {{\n    \
         // SAFETY: the id selects the member that was written.\n    unsafe {{\n        match event.id {{\n",
        note("events")
    );
    for event in events {
        let all: Vec<_> = event
            .texts()
            .map(|field| format!("event.data.{}.{}", event.name, field.name))
            .collect();
        if !all.is_empty() {
            let _ = writeln!(
                text,
                "            TFTPSERVER_EVENT_{} => vec![",
                event.name.to_uppercase()
            );
            text += &all
                .iter()
                .map(|one| format!("                {one},\n"))
                .collect::<String>();
            text += "            ],\n";
        }
    }
    text + "            _ => Vec::new(),\n        }\n    }\n}\n"
}
