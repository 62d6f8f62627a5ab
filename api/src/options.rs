//! Generates the help of the command's options that set settings and properties, or request options
//! of the protocol, the bounds of the latter, and the bounds and defaults of the Rust library.

use std::fmt::Write;

use crate::facts::Facts;
use crate::made::Made;
use crate::text::{capitals, quoted};

pub fn made(facts: &Facts) -> Vec<Made> {
    vec![
        Made::whole("crates/tftpserver-cli/src/bounds.rs", bounds(facts)),
        Made::whole("crates/tftp-serve/src/bounds.rs", of_the_library(facts)),
    ]
}

fn bounds(facts: &Facts) -> String {
    let mut text = "//! Made from api/settings.toml, api/properties.toml and api/options.toml by `make bless`; not to be \
                    edited.\n//!\n//! The help of options that are properties or settings of the class, or ask for options of the \
                    protocol,\n//! with their bounds and defaults.\n\nuse std::ops::RangeInclusive;\n\n"
        .to_owned();
    let settings = facts
        .settings
        .iter()
        .map(|it| (&it.option, &it.help, it.range, &it.default));
    let properties = facts
        .properties
        .iter()
        .map(|it| (&it.option, &it.help, it.range, &it.default));
    for (option, help, range, default) in settings.chain(properties) {
        let (Some(option), Some(help)) = (option, help) else {
            continue;
        };
        let range = range.map_or(String::new(), |[first, last]| format!("{first} to {last}"));
        let help = format!("{} [default: {default}]", help.replace("{range}", &range));
        let name = option.replace('-', "_").to_uppercase();
        let _ = writeln!(text, "pub const {name}: &str = {};", quoted(&help));
    }
    text + &asked(facts)
}

/// Returns the ranges and defaults that the Rust library shares with the class.
fn of_the_library(facts: &Facts) -> String {
    let mut text =
        "//! Made from api/settings.toml and api/properties.toml by `make bless`; not to be edited.\n\
                    #![allow(dead_code, reason = \"not every range is checked by its constant\")]\n\n\
                    use std::ops::RangeInclusive;\n"
            .to_owned();
    let settings = facts
        .settings
        .iter()
        .map(|it| (&it.name, &it.rust, it.range, &it.default, &it.about));
    let properties = facts
        .properties
        .iter()
        .map(|it| (&it.name, &it.rust, it.range, &it.default, &it.about));
    for (name, kind, range, default, about) in settings.chain(properties) {
        let (Some(kind), Some([first, last])) = (kind, range) else {
            continue;
        };
        let name = capitals(name);
        let _ = write!(
            text,
            "\n/// {about}\npub const {name}: RangeInclusive<{kind}> = {first}..={last};\n/// Its default.\n\
             pub const {name}_DEFAULT: {kind} = {default};\n"
        );
    }
    text
}

/// Returns the options of `tftpserver get` and `put`.
fn asked(facts: &Facts) -> String {
    let mut text = String::new();
    for option in &facts.options {
        let (Some(help), Some([first, last])) = (&option.help, option.range) else {
            continue;
        };
        let help = help.replace("{range}", &format!("{first} to {last}"));
        let name = format!("ASKED_{}", option.name.to_uppercase());
        let _ = writeln!(text, "pub const {name}: &str = {};", quoted(&help));
        let _ = writeln!(
            text,
            "pub const {name}_RANGE: RangeInclusive<i64> = {first}..={last};"
        );
    }
    text
}
