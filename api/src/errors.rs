//! Generates all code that comes from `errors.toml`.

use std::fmt::Write;

use crate::facts::{Error, Errors};
use crate::made::Made;
use crate::text::{COLUMNS, each_line, note, quoted, wrapped};

/// Names that `libc` lacks on some systems.
const NOT_IN_LIBC: [&str; 1] = ["EPROCLIM"];

pub fn made(errors: &Errors) -> Vec<Made> {
    vec![
        Made::whole("src/class/errors/table.rs", table(errors)),
        Made::part("src/class/errno.rs", "errnos", errnos(errors)),
        Made::part("src/ffi/constants.rs", "errors", constants(errors)),
        Made::part("c-tests/test_errors.c", "errors", numbers(errors)),
        Made::part("include/tftpserver.hpp", "errors", cpp_codes(errors)),
        Made::part("include/tftpserver.hpp", "conditions", cpp_conditions(errors)),
        Made::part(
            "bindings/python/tftpserver/_errors.py",
            "errnos",
            python_errnos(errors),
        ),
    ]
}

/// Returns the class's table, and the numbers by name.
fn table(errors: &Errors) -> String {
    let mut text = format!(
        "//! {}\n\nuse super::entry::{{ErrorEntry, Raised}};\n\n/// Every error number: the same on every platform.\n\
         pub const TABLE: &[ErrorEntry] = &[\n",
        note("errors")
    );
    for error in &errors.all {
        let raised = match error.raised.as_str() {
            "never" => "Raised::Never".to_owned(),
            "passed on" => "Raised::PassedOn".to_owned(),
            "fault" => "Raised::Fault".to_owned(),
            when => format!("Raised::When({})", quoted(when)),
        };
        let Error {
            code, name, group, ..
        } = error;
        let _ = writeln!(
            text,
            "    ErrorEntry {{ code: {code}, name: \"{name}\", group: \"{group}\", text: {}, raised: {raised} }},",
            quoted(&error.text),
        );
    }
    text += "];\n\n/// The numbers by name.\npub mod number {\n";
    for error in &errors.all {
        let _ = writeln!(text, "    /// {}", plain(error));
        let _ = writeln!(text, "    pub const {}: i32 = {};", error.name, error.code);
    }
    text + "}\n"
}

/// Returns the text without the number at its beginning.
fn plain(error: &Error) -> &str {
    match error
        .text
        .strip_prefix('[')
        .and_then(|text| text.split_once("] "))
    {
        Some((_, text)) => text,
        None => &error.text,
    }
}

/// Returns the numbers for a C test that does not include the header.
fn numbers(errors: &Errors) -> String {
    let numbers: Vec<_> = errors.all.iter().map(|error| error.code.to_string()).collect();
    each_line(&wrapped(&(numbers.join(", ") + ","), COLUMNS - 8), "        ")
}

fn errnos(errors: &Errors) -> String {
    let all = errors
        .all
        .iter()
        .flat_map(|error| error.errno.iter().map(move |name| (name, error.code)));
    all.filter(|(name, _)| !NOT_IN_LIBC.contains(&name.as_str()))
        .map(|(name, code)| format!("    (libc::{name}, {code}),\n"))
        .collect()
}

fn constants(errors: &Errors) -> String {
    let mut text = String::new();
    for group in &errors.groups {
        let _ = writeln!(text, "\n// Errors: {}\n", group.heading);
        for error in errors.of(group) {
            let _ = writeln!(text, "/// {}\n///", plain(error));
            text += &each_line(&wrapped(&cause(error), COLUMNS - 4), "/// ");
            let _ = writeln!(
                text,
                "pub const TFTPSERVER_ERROR_{}: i32 = {};",
                error.name, error.code
            );
        }
    }
    text + "\n"
}

fn cause(error: &Error) -> String {
    match error.raised.as_str() {
        "never" => "Reserved: this library never raises it.".to_owned(),
        _ => format!("Cause: {}", error.when()),
    }
}

fn cpp_codes(errors: &Errors) -> String {
    let line = |error: &Error| {
        format!(
            "    {} = TFTPSERVER_ERROR_{},\n",
            error.name.to_lowercase(),
            error.name
        )
    };
    errors.all.iter().map(line).collect()
}

fn cpp_conditions(errors: &Errors) -> String {
    let line = |error: &Error| {
        let std = error.std.as_ref()?;
        let name = error.name.to_lowercase();
        Some(format!("        case errc::{name}: return std::errc::{std};\n"))
    };
    errors.all.iter().filter_map(line).collect()
}

fn python_errnos(errors: &Errors) -> String {
    let line = |error: &Error| Some(format!("    {}: \"{}\",\n", error.code, error.errno.first()?));
    format!(
        "_NAMES = {{\n{}}}\n",
        errors.all.iter().filter_map(line).collect::<String>()
    )
}
