//! The events of `tftpserver.hpp`.

use std::fmt::Write;

use crate::facts::{Event, Field, FieldKind};
use crate::made::Made;
use crate::text::{COLUMNS, camel, wrapped};

const HEADER: &str = "include/tftpserver.hpp";
pub fn made(events: &[Event]) -> Vec<Made> {
    vec![
        Made::part(HEADER, "events", structs(events)),
        Made::part(HEADER, "event set", set(events)),
        Made::part(HEADER, "dispatch", dispatch(events)),
        Made::part(HEADER, "handlers", handlers(events)),
        Made::part(HEADER, "calls", calls(events)),
    ]
}

fn structs(events: &[Event]) -> String {
    let mut text = String::new();
    for event in events {
        let _ = writeln!(
            text,
            "\n{}\nstruct {}_event {{",
            comment(&event.typed, ""),
            event.name
        );
        for field in event.typed_fields() {
            let about = match field.kind {
                FieldKind::Accept => "true on entry; false refuses".to_owned(),
                _ => field.typed(),
            };
            if !about.is_empty() {
                let _ = writeln!(text, "{}", comment(&about, "    "));
            }
            let _ = writeln!(text, "    {} {};", of_kind(field.kind), field.name);
        }
        if event.is_answered() {
            text += "    bool deferred = false; /**< the answer is deferred: see defer() */\n\n    \
                     /**\n     \
                      * Defers the answer to server_base::accept and ignores `accept`. Only this client waits, at\n     \
                      * most Timeout.\n     \
                      */\n    \
                     void defer() { deferred = true; }\n";
        }
        if let Some(Field { name, .. }) = event.error_number() {
            let _ = write!(
                text,
                "\n    /** {name} as a std::error_code. */\n    std::error_code code() const noexcept {{ return {{{name}, error_category()}}; }}\n"
            );
        }
        text += "};\n";
    }
    text + "\n"
}

/// Formats a comment, on one line if it fits.
fn comment(about: &str, indent: &str) -> String {
    let lines = wrapped(about, COLUMNS - 3 - indent.len());
    match lines.contains('\n') || lines.len() + indent.len() + 7 > COLUMNS {
        false => format!("{indent}/** {lines} */"),
        true => {
            let lines = lines.lines().map(|line| format!("{indent} * {line}\n"));
            format!("{indent}/**\n{}{indent} */", lines.collect::<String>())
        }
    }
}

fn of_kind(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Int | FieldKind::Port | FieldKind::Length => "std::int32_t",
        FieldKind::Int64 => "std::int64_t",
        FieldKind::Text => "event_text",
        FieldKind::Bytes => "event_bytes",
        FieldKind::Direction => "tftp::direction",
        FieldKind::Mode => "tftp::transfer_mode",
        FieldKind::Operation => "tftp::operation",
        FieldKind::Accept => "bool",
    }
}

fn set(events: &[Event]) -> String {
    let mut text = String::new();
    for Event { name, .. } in events {
        let _ = writeln!(
            text,
            "    {name} = 1u << TFTPSERVER_EVENT_{},",
            name.to_uppercase()
        );
    }
    let names: Vec<_> = events.iter().map(|event| event.name.as_str()).collect();
    let all =
        wrapped(&format!("all = {},", names.join(" | ")), COLUMNS - 8).replace('\n', "\n        ");
    text + "    " + &all + "\n"
}

fn dispatch(events: &[Event]) -> String {
    let mut text = String::new();
    for event in events {
        let Event { name, .. } = event;
        let own = if event.is_answered() { "" } else { "const " };
        let mut values: Vec<_> = event
            .fields
            .iter()
            .enumerate()
            .filter_map(|(at, field)| value(field, event.fields.get(at + 1)))
            .collect();
        if event.is_answered() {
            values.push("false".to_owned());
        }
        let before = format!("        {name}_event to{{");
        let _ = writeln!(text, "    case TFTPSERVER_EVENT_{}: {{", name.to_uppercase());
        let _ = writeln!(
            text,
            "        {own}::tftpserver_{name}_event &from = event.data.{name};"
        );
        let _ = writeln!(text, "{before}{}}};", aligned(&values, before.len()));
        let camel = camel(name);
        text += &match event.is_answered() {
            false => format!("        return Fire{camel}(to);\n    }}\n"),
            true => format!(
                "        std::int32_t result = Fire{camel}(to);\n        from.accept = to.deferred ? TFTPSERVER_ACCEPT_LATER : \
                 to.accept ? TFTPSERVER_ACCEPT_YES : TFTPSERVER_ACCEPT_NO;\n        return result;\n    }}\n"
            ),
        };
    }
    text
}

fn value(field: &Field, after: Option<&Field>) -> Option<String> {
    let name = &field.name;
    let text = match field.kind {
        FieldKind::Int | FieldKind::Int64 | FieldKind::Port | FieldKind::Text => {
            format!("from.{name}")
        }
        FieldKind::Bytes => format!("bytes_view(from.{name}, from.{})", after?.name),
        FieldKind::Length => return None,
        FieldKind::Direction => format!("static_cast<direction>(from.{name})"),
        FieldKind::Mode => {
            format!("from.{name}[0] == '1' ? transfer_mode::netascii : transfer_mode::octet")
        }
        FieldKind::Operation => format!("static_cast<operation>(from.{name})"),
        FieldKind::Accept => format!("from.{name} != 0"),
    };
    Some(text)
}

/// Joins values with commas, in lines aligned with the first.
fn aligned(values: &[String], indent: usize) -> String {
    let mut text = String::new();
    let mut width = indent;
    for (at, value) in values.iter().enumerate() {
        let (comma, space) = if at + 1 < values.len() { (",", 1) } else { ("", 0) };
        if at > 0 && width + 1 + value.len() + 2 > COLUMNS {
            text += &format!("\n{}", " ".repeat(indent));
            width = indent;
        } else if at > 0 {
            text.push(' ');
            width += 1;
        }
        text += &format!("{value}{comma}");
        width += value.len() + space;
    }
    text
}

fn handlers(events: &[Event]) -> String {
    let line = |event: &Event| {
        let name = &event.name;
        format!(
            "    handler<{name}_event> on_{name}{{this, TFTPSERVER_EVENT_{}}};\n",
            name.to_uppercase()
        )
    };
    events.iter().map(line).collect()
}

fn calls(events: &[Event]) -> String {
    let line = |Event { name, .. }: &Event| {
        let camel = camel(name);
        format!(
            "    int Fire{camel}({name}_event &e) final {{ return on_{name}.call(*this, e); }}\n"
        )
    };
    events.iter().map(line).collect()
}
