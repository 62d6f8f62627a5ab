//! The events of the class.

use std::fmt::Write;

use crate::facts::{Event, Field, FieldKind};
use crate::made::Made;
use crate::text::{camel, commented, note};

pub fn made(events: &[Event]) -> Vec<Made> {
    vec![Made::whole("src/class/events/event.rs", class(events))]
}

fn class(events: &[Event]) -> String {
    let mut text = format!(
        "//! {}\n\nuse super::{{Accept, Direction}};\n\n/// One event, as it is while its callback runs.\n\
         #[derive(Debug, PartialEq)]\npub enum Event<'a> {{\n",
        note("events")
    );
    for event in events {
        let _ = writeln!(text, "    /// {}: {}", event.id, event.short);
        let _ = writeln!(text, "    {} {{", camel(&event.name));
        for field in event.typed_fields() {
            text += &commented(&field.about, "        /// ");
            let _ = writeln!(text, "        {}: {},", field.name, of_kind(field.kind));
        }
        text += "    },\n";
    }
    text + "}\n\n" + &numbers(events) + "\n" + &methods(events) + "\n" + &blanks(events)
}

/// Returns a constructor of empty events for tests that set some of the fields: new fields don't
/// affect them.
fn blanks(events: &[Event]) -> String {
    let mut text =
        "#[cfg(test)]\nimpl Event<'_> {\n    /// The event of this number with nothing in its fields.\n    \
                    pub fn blank(id: i32) -> Event<'static> {\n        match id {\n"
            .to_owned();
    for event in events {
        let fields = event
            .typed_fields()
            .map(|field| format!("{}: {}", field.name, nothing(field.kind)));
        let _ = writeln!(
            text,
            "            {} => Event::{} {{ {} }},",
            event.id,
            camel(&event.name),
            fields.collect::<Vec<_>>().join(", ")
        );
    }
    text + "            _ => panic!(\"{id} is no event\"),\n        }\n    }\n}\n"
}

fn nothing(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Text | FieldKind::Mode => "\"\"",
        FieldKind::Bytes | FieldKind::Length => "&[]",
        FieldKind::Direction => "Direction::Upload",
        FieldKind::Accept => "Accept::Yes",
        _ => "0",
    }
}

fn of_kind(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Int | FieldKind::Operation => "i32",
        FieldKind::Int64 => "i64",
        FieldKind::Port => "u16",
        FieldKind::Text | FieldKind::Mode => "&'a str",
        FieldKind::Bytes | FieldKind::Length => "&'a [u8]",
        FieldKind::Direction => "Direction",
        FieldKind::Accept => "Accept",
    }
}

fn numbers(events: &[Event]) -> String {
    let mut text =
        "/// The numbers under which callbacks are registered.\npub mod id {\n".to_owned();
    for event in events {
        let _ = writeln!(text, "    /// {}", event.short);
        let _ = writeln!(
            text,
            "    pub const {}: i32 = {};",
            event.name.to_uppercase(),
            event.id
        );
    }
    let ids = events.iter().map(|event| event.id);
    let (first, last) = (ids.clone().min().unwrap_or(1), ids.max().unwrap_or(0));
    let _ = write!(
        text,
        "}}\n\n/// The least number of an event.\npub const FIRST: i32 = {first};\n"
    );
    let _ = writeln!(
        text,
        "/// The greatest number of an event.\npub const LAST: i32 = {last};"
    );
    text
}

fn methods(events: &[Event]) -> String {
    let most = events
        .iter()
        .map(|event| event.texts().count())
        .max()
        .unwrap_or(0);
    let mut text = format!(
        "impl Event<'_> {{\n    /// How many texts an event has at most.\n    pub const TEXTS: usize = {most};\n\n    \
         /// The number under which a callback is registered.\n    pub fn id(&self) -> i32 {{\n        match self {{\n"
    );
    for event in events {
        let _ = writeln!(
            text,
            "            Event::{} {{ .. }} => {},",
            camel(&event.name),
            event.id
        );
    }
    text += "        }\n    }\n\n    /// The texts, in the order of the fields, \"\" in place of those that an event has not.\n    \
             pub fn texts(&self) -> [&str; Event::TEXTS] {\n        match self {\n";
    for event in events {
        let names: Vec<_> = event.texts().map(|field: &Field| field.name.as_str()).collect();
        let bound: String = names.iter().map(|name| format!("{name}, ")).collect();
        let mut all = names;
        all.resize(most, "\"\"");
        let camel = camel(&event.name);
        let _ = writeln!(
            text,
            "            Event::{camel} {{ {bound}.. }} => [{}],",
            all.join(", ")
        );
    }
    text + "        }\n    }\n}\n"
}
