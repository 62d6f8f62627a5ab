//! The help of the command's options that set settings and properties, or ask for options of the protocol; and the bounds of the
//! latter.

use std::fmt::Write;

use crate::facts::Facts;
use crate::made::Made;
use crate::text::quoted;

pub fn made(facts: &Facts) -> Vec<Made> {
    vec![Made::whole("crates/tftpserver-cli/src/bounds.rs", bounds(facts))]
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

/// Of `tftpserver get` and `put`.
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
