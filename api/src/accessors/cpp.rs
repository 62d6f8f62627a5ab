//! The accessors of C++, each in two forms: with exceptions and with a `std::error_code`.

use std::fmt::Write;

use super::{comment, is_of_connection, is_set, snake};
use crate::facts::{Property, Value};
use crate::made::Made;

pub fn made(part: &'static str, properties: &[&Property]) -> Made {
    let text = properties
        .iter()
        .map(|property| getters(property) + &setters(property));
    Made::part("include/tftpserver.hpp", part, text.collect())
}

fn name(property: &Property) -> String {
    let name = match is_of_connection(property) {
        true => format!("conn_{}", snake(property)),
        false => snake(property),
    };
    name.strip_suffix("_millis").unwrap_or(&name).to_owned()
}

/// Returns the type of a getter, and the code before and after the arguments of the call that reads
/// the property.
fn read(value: Option<Value>) -> [&'static str; 3] {
    match value {
        Some(Value::Bool) => ["bool", "number(", ") != 0"],
        Some(Value::Int | Value::Id) => ["std::int32_t", "number(", ")"],
        Some(Value::Int64 | Value::Size) => ["std::int64_t", "get_int(", ")"],
        Some(Value::Seconds) => ["std::chrono::seconds", "std::chrono::seconds(number(", "))"],
        Some(Value::Millis) => [
            "std::chrono::milliseconds",
            "std::chrono::milliseconds(get_int(",
            "))",
        ],
        Some(Value::Mode) => [
            "tftp::transfer_mode",
            "static_cast<tftp::transfer_mode>(number(",
            "))",
        ],
        Some(Value::Operation) => ["tftp::operation", "static_cast<tftp::operation>(number(", "))"],
        Some(Value::Bytes) => ["bytes", "get_bytes(", ")"],
        Some(Value::Text | Value::Path) | None => ["std::string", "get(", ")"],
    }
}

/// Returns the type that a setter takes, the function that it calls, and the conversion that it
/// appends to the value.
fn written(value: Option<Value>) -> [&'static str; 3] {
    match value {
        Some(Value::Bytes) => ["bytes_view", "set_bytes", ""],
        Some(Value::Bool) => ["bool", "set_int", " ? 1 : 0"],
        Some(Value::Int) => ["std::int32_t", "set_int", ""],
        Some(Value::Size) => ["std::int64_t", "set_int", ""],
        Some(Value::Seconds) => ["std::chrono::seconds", "set_int", ".count()"],
        _ => ["std::string_view", "set", ""],
    }
}

fn getters(property: &Property) -> String {
    let (name, constant) = (name(property), property.constant());
    let [kind, before, after] = read(property.value);
    let unknown = if property.value == Some(Value::Size) {
        " -1: not known."
    } else {
        ""
    };
    let mut text = match property.typed.as_str() {
        "" => String::new(),
        typed => comment(&format!("{typed}{unknown}")),
    };
    let (index, plain, with_code) = match is_of_connection(property) {
        true => ("std::int32_t index, ", ", index", ", index, code"),
        false => ("", "", ", 0, code"),
    };
    let _ = write!(
        text,
        "    {kind} {name}({}) const\n    {{\n        return {before}TFTPSERVER_PROPERTY_{constant}{plain}{after};\n    }}\n    \
         {kind} {name}({index}std::error_code &code) const\n    {{\n        return \
         {before}TFTPSERVER_PROPERTY_{constant}{with_code}{after};\n    }}\n",
        index.trim_end_matches(", ")
    );
    text
}

fn setters(property: &Property) -> String {
    if !is_set(property) {
        return String::new();
    }
    let (name, constant, value) = (name(property), property.constant(), property.parameter());
    let [kind, set, convert] = written(property.value);
    let (index, plain, with_code) = match is_of_connection(property) {
        true => ("std::int32_t index, ", ", index", ", index, code"),
        false => ("", "", ", 0, code"),
    };
    let mut text = comment(&property.typed_set);
    for (more, arguments) in [("", plain), (", std::error_code &code", with_code)] {
        let _ = write!(
            text,
            "    void set_{name}({index}{kind} {value}{more})\n    {{\n        {set}(TFTPSERVER_PROPERTY_{constant}, \
             {value}{convert}{arguments});\n    }}\n"
        );
    }
    text
}
