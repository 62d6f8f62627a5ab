//! The accessors of Python: attributes.

use std::fmt::Write;

use super::{is_of_connection, is_set, snake};
use crate::facts::{Property, Value};
use crate::made::Made;
use crate::text::{COLUMNS, each_line, wrapped};

pub fn made(part: &'static str, properties: &[&Property]) -> Made {
    let is_server = properties.iter().any(|property| !is_of_connection(property));
    let file = if is_server { "_class" } else { "_conn" };
    let text = properties.iter().map(|property| attribute(property));
    Made::part(
        &format!("bindings/python/tftpserver/{file}.py"),
        part,
        text.collect(),
    )
}

fn attribute(property: &Property) -> String {
    let (name, constant) = (snake(property), property.constant());
    let (server, index) = match is_of_connection(property) {
        true => ("self._server", ", self._index"),
        false => ("self", ""),
    };
    let get = format!("{server}._get(PropertyId.{constant}{index})");
    let (kind, get) = match property.value {
        Some(Value::Bytes) => (
            "bytes",
            format!("{server}._get_bytes(PropertyId.{constant}{index})"),
        ),
        Some(Value::Bool) => ("bool", format!("{get} == \"True\"")),
        Some(Value::Text | Value::Path | Value::Mode) | None => ("str", get),
        // It has no value until it is set.
        Some(_) if is_set(property) && is_of_connection(property) => {
            ("int", format!("int({get} or 0)"))
        }
        Some(_) => ("int", format!("int({get})")),
    };
    let mut text = format!(
        "\n    @property\n    def {name}(self) -> {kind}:\n{}        return {get}\n",
        docstring(&about(property))
    );
    if is_set(property) {
        let (taken, set, value) = match property.value {
            Some(Value::Bytes) => ("bytes", "_set", "bytes(memoryview(value))"),
            Some(Value::Path) => ("StrPath", "_set", "to_bytes(value)"),
            Some(Value::Size) => ("int", "_set", "b\"%d\" % value"),
            Some(Value::Bool) => ("bool", "_set", "str(bool(value)).encode()"),
            Some(Value::Int | Value::Seconds) => ("int", "_set_int", "value"),
            _ => ("str", "_set", "to_bytes(value)"),
        };
        let _ = write!(
            text,
            "\n    @{name}.setter\n    def {name}(self, value: {taken}) -> None:\n        \
             {server}.{set}(PropertyId.{constant}, {value}{index})\n"
        );
    }
    text
}

fn about(property: &Property) -> String {
    match property.value {
        Some(Value::Mode) => "\"0\" octet, \"1\" netascii.".to_owned(),
        Some(Value::Operation) => "1 read, 2 write.".to_owned(),
        Some(Value::Size) => format!("{} -1: not known.", property.typed),
        _ => format!("{} {}", property.typed, property.typed_set)
            .trim()
            .to_owned(),
    }
}

fn docstring(about: &str) -> String {
    let lines = wrapped(about, COLUMNS - 14);
    match lines.contains('\n') {
        true => format!(
            "        \"\"\"\n{}        \"\"\"\n",
            each_line(&lines, "        ")
        ),
        // Without the space a leading quotation mark would follow the opening three.
        false if about.starts_with('"') => format!("        \"\"\" {lines}\"\"\"\n"),
        false => format!("        \"\"\"{lines}\"\"\"\n"),
    }
}
