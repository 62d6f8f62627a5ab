//! Generates all code that comes from `settings.toml`. Python's attributes are made from the
//! header.

use std::fmt::Write;

use crate::facts::{Kind, Setting, Use};
use crate::made::Made;
use crate::tables;
use crate::text::{note, quoted, words_capitalized};

pub fn made(settings: &[Setting]) -> Vec<Made> {
    vec![
        Made::whole("src/class/setting/table.rs", table(settings)),
        Made::whole("tests/fuzz/bodies/calls/settings.rs", names(settings)),
        Made::part("c-tests/test_config.c", "settings", defaults(settings)),
    ]
}

fn table(settings: &[Setting]) -> String {
    let of = |role: Use| settings.iter().filter(move |setting| setting.role == Some(role));
    let key = |setting: &Setting| (words_capitalized(&setting.name), setting.about.clone());
    let keys: Vec<_> = of(Use::Active).map(key).collect();
    let computed: Vec<_> = of(Use::Computed)
        .map(|setting| (setting.name.clone(), setting.about.clone()))
        .collect();
    let all: Vec<_> = keys.iter().map(|(key, _)| format!("Key::{key}")).collect();
    let mut text = format!(
        "//! {}\n\nuse super::{{Role, Setting}};\nuse crate::class::errors;\nuse crate::class::property::Access;\n\
         use crate::class::value::Kind;\n\n{}\nimpl Key {{\n    /// Every one.\n    pub const ALL: &[Key] = &[{}];\n}}\n\n{}\n\
         /// Every setting: those of the specification in its order, then those of this library.\n\
         pub const TABLE: &[Setting] = &[\n",
        note("settings"),
        tables::members("Key", "The settings that have an effect.", &keys),
        all.join(", "),
        tables::members("Computed", "Settings computed at each read.", &computed),
    );
    for setting in settings {
        let _ = writeln!(
            text,
            "    Setting {{ name: \"{}\", kind: {}, default: {}, access: {}, role: {},\n        about: {} }},",
            setting.name,
            tables::kind(setting.kind, setting.range, &setting.names),
            quoted(&setting.default),
            setting.changes.map_or("Access::Always".to_owned(), |changes| {
                tables::access(changes, setting.error.as_deref())
            }),
            role(setting),
            quoted(&setting.about)
        );
    }
    text + "];\n"
}

fn role(setting: &Setting) -> String {
    match (setting.kind, setting.role) {
        (Kind::Property, _) => format!("Role::Property({})", setting.property.unwrap_or(-1)),
        (_, Some(Use::Active)) => {
            format!("Role::Active(Key::{})", words_capitalized(&setting.name))
        }
        (_, Some(Use::Computed)) => format!("Role::Computed(Computed::{})", setting.name),
        _ => "Role::Kept".to_owned(),
    }
}

fn names(settings: &[Setting]) -> String {
    format!(
        "//! {}\n\n/// The name of every setting.\npub const SETTINGS: &[&str] = &[\n{}];\n",
        note("settings"),
        settings
            .iter()
            .map(|setting| format!("    \"{}\",\n", setting.name))
            .collect::<String>()
    )
}

/// Returns the defaults of all settings that are neither computed nor aliases of properties.
fn defaults(settings: &[Setting]) -> String {
    let kept = settings
        .iter()
        .filter(|setting| matches!(setting.role, Some(Use::Active | Use::Kept)));
    kept.map(|setting| {
        format!(
            "        {{\"{}\", {}}},\n",
            setting.name,
            quoted(&setting.default)
        )
    })
    .collect()
}
