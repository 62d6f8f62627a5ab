//! Generates all code that comes from `options.toml`: names and values of the protocol's options.

use std::fmt::Write;

use crate::facts::{Facts, ProtocolOption};
use crate::made::Made;
use crate::text::{commented, note};

pub fn made(facts: &Facts) -> Vec<Made> {
    let options = &facts.options;
    vec![
        Made::whole("crates/tftp-proto/src/options/known.rs", known(options)),
        Made::part(
            "crates/tftp-proto/src/wire/options.rs",
            "options",
            fields(options),
        ),
        Made::part("docs/reference/options.md", "options", rows(options)),
    ]
}

fn known(options: &[ProtocolOption]) -> String {
    let mut text = format!("//! {}\n\nuse super::Known;\n", note("options"));
    for option in options {
        let ProtocolOption { name, source, .. } = option;
        let values = match option.range {
            Some([first, last]) => format!("{first}..={last}"),
            None => "0..=u64::MAX".to_owned(),
        };
        let _ = write!(
            text,
            "\n/// {source}.\npub const {}: Known = Known {{ name: \"{name}\", range: {values} }};\n",
            name.to_uppercase()
        );
    }
    text + "\n/// How many there are.\npub const COUNT: usize = " + &format!("{};\n", options.len())
}

/// Returns the fields of `RequestedOptions`, the options of a request.
fn fields(options: &[ProtocolOption]) -> String {
    let field = |option: &ProtocolOption| {
        let ProtocolOption { name, kind, .. } = option;
        format!(
            "{}    pub {name}: Option<{kind}>,\n",
            commented(&described(option), "    /// ")
        )
    };
    options.iter().map(field).collect()
}

/// Returns a description, as in `Bytes in a block, 8 to 65464 (RFC 2348).`
fn described(option: &ProtocolOption) -> String {
    let values = option
        .range
        .map_or(String::new(), |[first, last]| format!(", {first} to {last}"));
    format!("{}{values} ({}).", option.about, option.source)
}

fn rows(options: &[ProtocolOption]) -> String {
    let mut text =
        "| Option | Value | Range | Defined by | Limited by |\n|---|---|---|---|---|\n".to_owned();
    for ProtocolOption {
        name,
        about,
        source,
        range,
        setting,
        ..
    } in options
    {
        let range = range.map_or("any number".to_owned(), |[first, last]| {
            format!("{first} to {last}")
        });
        let setting = setting.as_ref().map_or("".to_owned(), |name| {
            format!("[{name}](settings.md#{})", name.to_lowercase())
        });
        let _ = writeln!(text, "| `{name}` | {about} | {range} | {source} | {setting} |");
    }
    text
}
