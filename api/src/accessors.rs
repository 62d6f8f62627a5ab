//! Generates the accessors of C++, PHP and Python for the properties of a connection.

use std::fmt::Write;

use crate::facts::{Changes, Of, Property, Value};
use crate::made::Made;
use crate::text::{each_line, wrapped};

pub fn made(properties: &[Property]) -> Vec<Made> {
    let all: Vec<_> = properties
        .iter()
        .filter(|property| property.of == Of::Connection)
        .collect();
    let php = "bindings/php/src/Connection.php";
    let php_interface = "bindings/php/src/ConnectionInterface.php";
    vec![
        Made::part(
            "include/tftpserver.hpp",
            "connections",
            all.iter().map(|one| cpp(one)).collect(),
        ),
        Made::part(
            php,
            "properties",
            all.iter().filter_map(|one| php_methods(one)).collect(),
        ),
        Made::part(
            php_interface,
            "properties",
            all.iter().filter_map(|one| php_declarations(one)).collect(),
        ),
        Made::part(
            "bindings/python/tftpserver/_conn.py",
            "properties",
            python_all(&all),
        ),
    ]
}

fn is_set(property: &Property) -> bool {
    property.changes == Changes::Before
}

/// `ConnLocalFile` as `local_file`.
fn snake(property: &Property) -> String {
    crate::text::capitals(property.short_name()).to_lowercase()
}

fn cpp(property: &Property) -> String {
    let constant = format!("TFTPSERVER_PROPERTY_{}", property.constant());
    let name = format!("conn_{}", snake(property));
    let name = name.strip_suffix("_millis").unwrap_or(&name);
    let (kind, before, after) = match property.value {
        Some(Value::Int | Value::Id) => ("std::int32_t", "number(", ")"),
        Some(Value::Int64 | Value::Size) => ("std::int64_t", "get_int(", ")"),
        Some(Value::Millis) => (
            "std::chrono::milliseconds",
            "std::chrono::milliseconds(get_int(",
            "))",
        ),
        Some(Value::Mode) => (
            "tftp::transfer_mode",
            "static_cast<tftp::transfer_mode>(number(",
            "))",
        ),
        Some(Value::Operation) => ("tftp::operation", "static_cast<tftp::operation>(number(", "))"),
        Some(Value::Bytes) => ("bytes", "get_bytes(", ")"),
        Some(Value::Text | Value::Path) | None => ("std::string", "get(", ")"),
    };
    let mut text = String::new();
    if !property.typed.is_empty() {
        let unknown = if property.value == Some(Value::Size) {
            " -1: not known."
        } else {
            ""
        };
        text += &comment(&format!("{}{unknown}", property.typed));
    }
    for (parameter, argument) in [("", ""), (", std::error_code &code", ", code")] {
        let _ = write!(
            text,
            "    {kind} {name}(std::int32_t index{parameter}) const\n    {{\n        return {before}{constant}, \
             index{argument}{after};\n    }}\n"
        );
    }
    if is_set(property) {
        let (taken, set) = match property.value {
            Some(Value::Bytes) => ("bytes_view", "set_bytes"),
            _ => ("std::string_view", "set"),
        };
        let value = parameter(property);
        for (more, argument) in [("", ""), (", std::error_code &code", ", code")] {
            let _ = write!(
                text,
                "    void set_{name}(std::int32_t index, {taken} {value}{more})\n    {{\n        {set}({constant}, {value}, \
                 index{argument});\n    }}\n"
            );
        }
    }
    text
}

/// The name of the parameter of a setter.
fn parameter(property: &Property) -> &'static str {
    match property.value {
        Some(Value::Bytes) => "data",
        Some(Value::Path) => "path",
        _ => "name",
    }
}

/// On one line if it fits.
fn comment(about: &str) -> String {
    let lines = wrapped(about, 109);
    match lines.contains('\n') {
        false => format!("    /** {lines} */\n"),
        true => format!("    /**\n{}     */\n", each_line(&lines, "     * ")),
    }
}

/// The id is a field of PHP's class.
fn php_type(property: &Property) -> Option<&'static str> {
    match property.value? {
        Value::Id => None,
        Value::Size => Some("?int"),
        Value::Int | Value::Int64 | Value::Millis => Some("int"),
        Value::Mode => Some("TransferMode"),
        Value::Operation => Some("Operation"),
        Value::Text | Value::Path | Value::Bytes => Some("string"),
    }
}

fn php_methods(property: &Property) -> Option<String> {
    let (kind, name, constant) = (php_type(property)?, property.short_name(), property.constant());
    let get = format!("$this->get(Property::{constant})");
    let body = match property.value? {
        Value::Int | Value::Int64 | Value::Millis => format!("        return (int) {get};\n"),
        Value::Size => {
            format!("        $bytes = (int) {get};\n\n        return $bytes < 0 ? null : $bytes;\n")
        }
        Value::Mode => format!("        return TransferMode::from({get});\n"),
        Value::Operation => format!("        return Operation::from((int) {get});\n"),
        Value::Text | Value::Path | Value::Bytes | Value::Id => format!("        return {get};\n"),
    };
    let mut text = String::new();
    if !property.typed.is_empty() {
        let unknown = if kind == "?int" { " null: not known." } else { "" };
        text += &comment(&format!("{}{unknown}", property.typed));
    }
    let _ = write!(
        text,
        "    public function get{name}(): {kind}\n    {{\n{body}    }}\n\n"
    );
    if is_set(property) {
        let value = parameter(property);
        let _ = write!(
            text,
            "    public function set{name}(string ${value}): static\n    {{\n        return $this->set(Property::{constant}, \
             ${value});\n    }}\n\n"
        );
    }
    Some(text)
}

fn php_declarations(property: &Property) -> Option<String> {
    let (kind, name) = (php_type(property)?, property.short_name());
    let mut text = format!("    public function get{name}(): {kind};\n\n");
    if is_set(property) {
        let _ = write!(
            text,
            "    public function set{name}(string ${}): static;\n\n",
            parameter(property)
        );
    }
    Some(text)
}

fn python_all(properties: &[&Property]) -> String {
    properties
        .iter()
        .map(|property| python(property))
        .collect::<String>()
}

fn python(property: &Property) -> String {
    let (name, constant) = (snake(property), property.constant());
    let get = format!("self._server._get(PropertyId.{constant}, self._index)");
    let (kind, get) = match property.value {
        Some(Value::Bytes) => (
            "bytes",
            format!("self._server._get_bytes(PropertyId.{constant}, self._index)"),
        ),
        Some(Value::Text | Value::Path | Value::Mode) | None => ("str", get),
        Some(_) => ("int", format!("int({get})")),
    };
    let about = match property.value {
        Some(Value::Mode) => "\"0\" octet, \"1\" netascii.".to_owned(),
        Some(Value::Operation) => "1 read, 2 write.".to_owned(),
        Some(Value::Size) => format!("{} -1: not known.", property.typed),
        _ => property.typed.clone(),
    };
    let mut text = format!(
        "\n    @property\n    def {name}(self) -> {kind}:\n{}        return {get}\n",
        docstring(&about)
    );
    if is_set(property) {
        let (taken, value) = match property.value {
            Some(Value::Bytes) => ("bytes", "bytes(memoryview(value))"),
            Some(Value::Path) => ("StrPath", "to_bytes(value)"),
            _ => ("str", "to_bytes(value)"),
        };
        let _ = write!(
            text,
            "\n    @{name}.setter\n    def {name}(self, value: {taken}) -> None:\n        \
             self._server._set(PropertyId.{constant}, {value}, self._index)\n"
        );
    }
    text
}

fn docstring(about: &str) -> String {
    let lines = wrapped(about, 102);
    match lines.contains('\n') {
        true => format!(
            "        \"\"\"\n{}        \"\"\"\n",
            each_line(&lines, "        ")
        ),
        // A quotation mark would end it, or begin it with four.
        false if about.starts_with('"') => format!("        \"\"\" {lines}\"\"\"\n"),
        false => format!("        \"\"\"{lines}\"\"\"\n"),
    }
}
