//! The events of PHP.

use std::fmt::Write;

use crate::facts::{Event, Field, FieldKind};
use crate::made::Made;
use crate::text::{COLUMNS, call, camel, each_line, note, small_camel, wrapped};

pub fn made(events: &[Event]) -> Vec<Made> {
    let class = |event: &Event| {
        let path = format!("bindings/php/src/{}Event.php", camel(&event.name));
        Made::whole(&path, class(event))
    };
    let mut all: Vec<_> = events.iter().map(class).collect();
    all.push(Made::part(
        "bindings/php/src/EventFactory.php",
        "match",
        cases(events),
    ));
    all.push(Made::part(
        "bindings/php/src/EventFactory.php",
        "makers",
        makers(events),
    ));
    all.push(Made::part(
        "bindings/php/src/Parameters.php",
        "members",
        members(events),
    ));
    all.push(Made::part(
        "bindings/php/src/Parameters.php",
        "fields",
        fields(events),
    ));
    all.push(Made::part(
        "bindings/php/src/Server.php",
        "handlers",
        events.iter().map(handler).collect(),
    ));
    all.push(Made::part(
        "bindings/php/src/ServerInterface.php",
        "handlers",
        events.iter().map(declaration).collect(),
    ));
    all.push(Made::part("bindings/php/src/Server.php", "events", names(events)));
    all
}

/// Returns the method that registers a handler.
fn handler(event: &Event) -> String {
    let name = camel(&event.name);
    // A logger uses the event too.
    let body = match name.as_str() {
        "Log" => "        $this->logHandler = $handler;\n\n        return $this->listenToLog();"
            .to_owned(),
        _ => format!(
            "        return $this->on(EventId::{}, $handler);",
            event.name.to_uppercase()
        ),
    };
    format!("{}\n    {{\n{body}\n    }}\n\n", signature(&name))
}

fn declaration(event: &Event) -> String {
    format!("{};\n\n", signature(&camel(&event.name)))
}

fn signature(name: &str) -> String {
    format!(
        "    /** @param null|callable({name}Event, Server): mixed $handler */\n    \
         public function on{name}(?callable $handler): static"
    )
}

/// Returns the quoted names of all events as a list: an object with handlers may have a method for
/// each.
fn names(events: &[Event]) -> String {
    let names: Vec<_> = events
        .iter()
        .map(|event| format!("'{}'", camel(&event.name)))
        .collect();
    call(8, "$events = [", &names, "];")
}

fn class(event: &Event) -> String {
    let mut text = format!(
        "<?php\n\n// {}\n\ndeclare(strict_types=1);\n\nnamespace TftpServer;\n\n{}final class {}Event extends Event\n{{\n",
        note("events"),
        comment(&event.typed, ""),
        camel(&event.name)
    );
    if event.error_number().is_some() {
        text += "    /** The same number as an enum; null for 0, and for a number that ErrorCode does not have. */\n    \
                 public readonly ?ErrorCode $error;\n\n";
    }
    if event.is_answered() {
        text += "    /** Set it to false to refuse. */\n    public bool $accept = true;\n\n    private bool $isDeferred = false;\n\n";
    }
    text += "    public function __construct(\n";
    for field in constructed(event) {
        let about = field.typed();
        if !about.is_empty() {
            text += &comment(&about, "        ");
        }
        let _ = writeln!(
            text,
            "        public readonly {} ${},",
            of_kind(field.kind),
            small_camel(&field.name)
        );
    }
    text += "    ) {\n";
    if let Some(number) = event.error_number() {
        let _ = writeln!(
            text,
            "        $this->error = ErrorCode::tryFrom(${});",
            small_camel(&number.name)
        );
    }
    text += "    }\n";
    if event.is_answered() {
        text += ANSWERED;
    }
    text + "}\n"
}

const ANSWERED: &str = "
    /**
     * Defers the answer to Connection::accept() or refuse() and ignores $accept. Only this client
     * waits.
     */
    public function defer(): void
    {
        $this->isDeferred = true;
    }

    /** @internal The answer for the library. */
    public function answer(): int
    {
        return $this->isDeferred ? 2 : (int) $this->accept;
    }
";

fn constructed(event: &Event) -> impl Iterator<Item = &Field> {
    event
        .typed_fields()
        .filter(|field| field.kind != FieldKind::Accept)
}

fn comment(about: &str, indent: &str) -> String {
    let lines = wrapped(about, COLUMNS - 3 - indent.len());
    match lines.contains('\n') || lines.len() + indent.len() + 7 > COLUMNS {
        false => format!("{indent}/** {lines} */\n"),
        true => format!(
            "{indent}/**\n{}{indent} */\n",
            each_line(&lines, &format!("{indent} * "))
        ),
    }
}

fn of_kind(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Text | FieldKind::Bytes => "string",
        FieldKind::Direction => "Direction",
        FieldKind::Mode => "TransferMode",
        FieldKind::Operation => "Operation",
        FieldKind::Accept => "bool",
        FieldKind::Int | FieldKind::Int64 | FieldKind::Port | FieldKind::Length => "int",
    }
}

fn cases(events: &[Event]) -> String {
    let line = |event: &Event| {
        let Event { name, .. } = event;
        format!(
            "            EventId::{} => self::{}($data->{name}),\n",
            name.to_uppercase(),
            small_camel(name)
        )
    };
    events.iter().map(line).collect()
}

fn makers(events: &[Event]) -> String {
    let mut all = Vec::new();
    for event in events {
        let values: Vec<_> = constructed(event).map(|field| value(event, field)).collect();
        let (camel, small) = (camel(&event.name), small_camel(&event.name));
        let made = call(8, &format!("return new {camel}Event("), &values, ");");
        all.push(format!(
            "    private static function {small}(CData $e): {camel}Event\n    {{\n{made}    }}\n"
        ));
    }
    all.join("\n")
}

fn value(event: &Event, field: &Field) -> String {
    let name = &field.name;
    match field.kind {
        FieldKind::Direction | FieldKind::Mode | FieldKind::Operation => {
            format!("{}::from($e->{name})", of_kind(field.kind))
        }
        FieldKind::Bytes => {
            let length = event.fields.iter().find(|field| field.kind == FieldKind::Length);
            format!(
                "FFI::string($e->{name}, $e->{})",
                length.map_or("", |length| &length.name)
            )
        }
        _ => format!("$e->{name}"),
    }
}

fn members(events: &[Event]) -> String {
    let line = |event: &Event| {
        format!(
            "        EventId::{} => '{}',\n",
            event.name.to_uppercase(),
            event.name
        )
    };
    events.iter().map(line).collect()
}

fn fields(events: &[Event]) -> String {
    let line = |event: &Event| {
        let names: Vec<_> = event
            .typed_fields()
            .map(|field| format!("'{}'", field.name))
            .collect();
        call(
            8,
            &format!("EventId::{} => [", event.name.to_uppercase()),
            &names,
            "],",
        )
    };
    events.iter().map(line).collect()
}
