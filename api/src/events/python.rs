//! The events of Python.

use std::fmt::Write;

use crate::facts::{Event, Field, FieldKind};
use crate::made::Made;
use crate::text::{COLUMNS, call, camel, each_line, note, wrapped};

pub fn made(events: &[Event]) -> Vec<Made> {
    vec![Made::whole(
        "bindings/python/tftpserver/_events.py",
        module(events),
    )]
}

fn module(events: &[Event]) -> String {
    let mut text = format!(
        "\"\"\"The arguments of handlers: one class for each event, with the fields of the specification.\n\n{}\n\"\"\"\n\
         import ctypes\nfrom dataclasses import dataclass\nfrom typing import Callable, Dict, Union\n\n\
         from . import _generated as c\nfrom ._generated import Accept, EventId\n",
        note("events")
    );
    for event in events {
        text += &class(event);
    }
    let classes: Vec<_> = events.iter().map(|event| camel(&event.name) + "Event").collect();
    let _ = write!(text, "\n\n{}", call(0, "AnyEvent = Union[", &classes, "]"));
    for event in events {
        let values: Vec<_> = event.typed_fields().map(|field| value(event, field)).collect();
        let _ = write!(
            text,
            "\n\ndef _{}(data: c.EventData) -> AnyEvent:\n    it = data.{}\n{}",
            event.name,
            event.name,
            call(4, &format!("return {}Event(", camel(&event.name)), &values, ")")
        );
    }
    text += "\n\n#: How the C struct of an event becomes an object.\nFROM_C: Dict[int, Callable[[c.EventData], AnyEvent]] = {\n";
    for Event { name, .. } in events {
        let _ = writeln!(text, "    EventId.{}: _{name},", name.to_uppercase());
    }
    text + "}\n"
}

fn class(event: &Event) -> String {
    let about = wrapped(&event.typed, COLUMNS - 10);
    let about = match about.contains('\n') {
        false => format!("    \"\"\"{about}\"\"\"\n"),
        true => format!("    \"\"\"\n{}    \"\"\"\n", each_line(&about, "    ")),
    };
    let names: Vec<_> = event
        .typed_fields()
        .map(|field| format!("\"{}\"", field.name))
        .collect();
    let slots = call(4, "__slots__ = (", &names, ")");
    let mut text = format!(
        "\n\n@dataclass\nclass {}Event:\n{about}\n{slots}",
        camel(&event.name)
    );
    for field in event.typed_fields() {
        let comment = match field.kind {
            FieldKind::Accept => {
                "Set it to False to refuse, or to `LATER` and call the server's `accept` afterwards."
                    .to_owned()
            }
            FieldKind::Direction => "0 upload, 1 download.".to_owned(),
            FieldKind::Mode => "\"0\" octet, \"1\" netascii.".to_owned(),
            FieldKind::Operation => "1 read, 2 write.".to_owned(),
            _ => field.typed(),
        };
        text += &each_line(&wrapped(&comment, COLUMNS - 7), "    #: ");
        let _ = writeln!(text, "    {}: {}", field.name, of_kind(field.kind));
    }
    text
}

fn of_kind(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Text | FieldKind::Mode => "str",
        FieldKind::Bytes => "bytes",
        FieldKind::Accept => "Union[bool, Accept]",
        _ => "int",
    }
}

fn value(event: &Event, field: &Field) -> String {
    let name = &field.name;
    match field.kind {
        FieldKind::Text | FieldKind::Mode => format!("it.{name}.decode()"),
        FieldKind::Accept => format!("it.{name} != 0"),
        FieldKind::Bytes => {
            let length = event.fields.iter().find(|field| field.kind == FieldKind::Length);
            format!(
                "ctypes.string_at(it.{name}, it.{})",
                length.map_or("", |length| &length.name)
            )
        }
        _ => format!("it.{name}"),
    }
}
