//! The accessors of PHP, and their declarations in the interfaces.

use std::fmt::Write;

use super::{comment, is_of_connection, is_set, own_name};
use crate::facts::{Property, Value};
use crate::made::Made;

pub fn made(part: &'static str, properties: &[&Property]) -> [Made; 2] {
    let is_server = properties.iter().any(|property| !is_of_connection(property));
    let class = if is_server { "Server" } else { "Connection" };
    let methods = properties.iter().filter_map(|one| methods(one)).collect();
    let declarations = properties.iter().filter_map(|one| declarations(one)).collect();
    [
        Made::part(&format!("bindings/php/src/{class}.php"), part, methods),
        Made::part(
            &format!("bindings/php/src/{class}Interface.php"),
            part,
            declarations,
        ),
    ]
}

/// Returns the type of a getter; `None` for the id, which is a field of the class.
fn kind(property: &Property) -> Option<&'static str> {
    match property.value? {
        Value::Id => None,
        Value::Bool => Some("bool"),
        Value::Size => Some("?int"),
        Value::Int | Value::Int64 | Value::Millis | Value::Seconds => Some("int"),
        Value::Mode => Some("TransferMode"),
        Value::Operation => Some("Operation"),
        Value::Text | Value::Path | Value::Bytes => Some("string"),
    }
}

fn getter(property: &Property) -> String {
    let verb = if property.value == Some(Value::Bool) {
        "is"
    } else {
        "get"
    };
    format!("{verb}{}", own_name(property))
}

/// Returns the type that a setter takes. Booleans have methods of their own in place of a setter.
fn taken(property: &Property) -> Option<&'static str> {
    match property.value? {
        _ if !is_set(property) => None,
        Value::Bool => None,
        Value::Int | Value::Int64 | Value::Millis | Value::Seconds => Some("int"),
        Value::Size => Some("?int"),
        _ => Some("string"),
    }
}

fn methods(property: &Property) -> Option<String> {
    let (kind, name, constant) = (kind(property)?, own_name(property), property.constant());
    let get = format!("$this->get(Property::{constant})");
    let body = match property.value? {
        Value::Bool => format!("        return {get} === 'True';\n"),
        Value::Int | Value::Int64 | Value::Millis | Value::Seconds => {
            format!("        return (int) {get};\n")
        }
        Value::Size => {
            format!("        $bytes = (int) {get};\n\n        return $bytes < 0 ? null : $bytes;\n")
        }
        Value::Mode => format!("        return TransferMode::from({get});\n"),
        Value::Operation => format!("        return Operation::from((int) {get});\n"),
        Value::Text | Value::Path | Value::Bytes | Value::Id => format!("        return {get};\n"),
    };
    let unknown = if kind == "?int" { " null: not known." } else { "" };
    let mut text = match property.typed.as_str() {
        "" => String::new(),
        typed => comment(&format!("{typed}{unknown}")),
    };
    let _ = write!(
        text,
        "    public function {}(): {kind}\n    {{\n{body}    }}\n\n",
        getter(property)
    );
    if let Some(taken) = taken(property) {
        let value = property.parameter();
        let given = match taken {
            "?int" => format!("(string) (${value} ?? -1)"),
            _ => format!("${value}"),
        };
        let _ = write!(
            text,
            "    public function set{name}({taken} ${value}): static\n    {{\n        return $this->set(Property::{constant}, \
             {given});\n    }}\n\n"
        );
    }
    Some(text)
}

fn declarations(property: &Property) -> Option<String> {
    let mut text = format!(
        "    public function {}(): {};\n\n",
        getter(property),
        kind(property)?
    );
    if let Some(taken) = taken(property) {
        let (name, value) = (own_name(property), property.parameter());
        let _ = write!(
            text,
            "    public function set{name}({taken} ${value}): static;\n\n"
        );
    }
    Some(text)
}
