//! `docs/tests.md`, the index of promises and the tests that prove them, and the table of promises
//! in SECURITY.md. The name of a test that does not exist is an error.

mod files;
mod names;
mod tables;

use std::fmt::Write;
use std::path::Path;

use serde::Deserialize;

use crate::made::Made;
use crate::text::{COLUMNS, list_item, note, wrapped};
use names::Test;

const INDEX: &str = "docs/tests.md";

/// The contents of `api/behaviours.toml`, whose first lines explain the keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promises {
    #[serde(rename = "promise")]
    pub all: Vec<Promise>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    pub heading: String,
    pub says: String,
    #[serde(default)]
    pub tables: Vec<String>,
    #[serde(rename = "behaviour", default)]
    pub behaviours: Vec<Behaviour>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behaviour {
    pub says: String,
    pub tests: Vec<String>,
    #[serde(default)]
    pub security: bool,
}

/// Returns the index and the tables.
///
/// # Errors
/// A test or a table does not exist, or a file cannot be read.
pub fn made(root: &Path, promises: &[Promise]) -> Result<Vec<Made>, String> {
    let mut text = head(promises);
    for promise in promises {
        text += &section(root, promise)?;
    }
    text += &languages(root)?;
    text += &files::listed(root)?;
    Ok(vec![
        Made::whole(INDEX, text),
        Made::part("SECURITY.md", "promises", security(promises)),
    ])
}

fn head(promises: &[Promise]) -> String {
    let mut text = format!(
        "<!-- {} -->\n\n# Tests\n\n\
         This index lists each promise and the tests that fail if it is broken. A test is named by file and\n\
         function (in Python also by class). `make test` runs all of them; alone they run with:\n\n\
         | tests in | run with |\n|---|---|\n\
         | `tests`, `crates`, `src` (Rust) | `cargo test --workspace NAME` |\n\
         | `c-tests` (C), `bindings/cpp` (C++) | `cd build/release && ctest -R NOUN`, after `make test` has built them |\n\
         | `suites/settings`, `forgery`, `admission`, `fleet`, `files` | `python3 suites/lib/run.py LIBRARY -k NAME SUITE` |\n\
         | other `suites` | as [suites/README.md](../suites/README.md) says |\n\
         | `bindings/php` | `cd bindings/php && phpunit --filter NAME` |\n\
         | `bindings/python` | `PYTHONS=python3 scripts/python.sh` |\n\n",
        note("behaviours")
    );
    for promise in promises {
        let item = format!(
            "[{}](#{}): {}",
            promise.heading,
            anchor(&promise.heading),
            promise.says
        );
        text += &list_item(&item, COLUMNS);
    }
    text + "- [In every language](#in-every-language): what C, C++, PHP and Python show alike.\n\
            - [Every file of tests](#every-file-of-tests): what each is about.\n"
}

fn section(root: &Path, promise: &Promise) -> Result<String, String> {
    let says = wrapped(&promise.says, COLUMNS);
    let mut text = format!("\n## {}\n\n{says}\n", promise.heading);
    if !promise.behaviours.is_empty() {
        text += "\n| promise | shown by |\n|---|---|\n";
    }
    for behaviour in &promise.behaviours {
        let tests: Result<Vec<_>, _> =
            behaviour.tests.iter().map(|it| Test::named(root, it)).collect();
        let tests: Vec<_> = tests?.iter().map(Test::link).collect();
        let _ = writeln!(text, "| {} | {} |", behaviour.says, tests.join("<br>"));
    }
    for table in &promise.tables {
        text += &tables::copied(root, table)?;
    }
    Ok(text)
}

/// Returns the rows of the promises in SECURITY.md.
fn security(promises: &[Promise]) -> String {
    let all = promises.iter().flat_map(|promise| &promise.behaviours);
    let rows = all.filter(|behaviour| behaviour.security).map(|behaviour| {
        let tests: Vec<_> = behaviour.tests.iter().map(|test| format!("`{test}`")).collect();
        format!("| {} | {} |\n", behaviour.says, tests.join(", "))
    });
    format!("| promise | shown by |\n|---|---|\n{}", rows.collect::<String>())
}

/// `bindings/behaviours.json`.
#[derive(Deserialize)]
struct Alike {
    about: String,
    behaviours: Vec<AlikeBehaviour>,
}

#[derive(Deserialize)]
struct AlikeBehaviour {
    name: String,
    says: String,
}

/// The file with each language's tests of the common behaviours, and the prefix of their names.
const LANGUAGES: [(&str, &str, &str); 4] = [
    ("C", "c-tests/test_behaviours.c", ""),
    ("C++", "bindings/cpp/behaviours.cpp", ""),
    ("PHP", "bindings/php/tests/BehavioursTest.php", "test_"),
    ("Python", "bindings/python/tests/test_behaviours.py", "test_"),
];

fn languages(root: &Path) -> Result<String, String> {
    let text = names::read(root, "bindings/behaviours.json")?;
    let alike: Alike =
        serde_json::from_str(&text).map_err(|error| format!("behaviours.json: {error}"))?;
    let mut places = "The names are those of `bindings/behaviours.json`".to_owned();
    for (language, path, before) in LANGUAGES {
        let _ = write!(places, "; in {language} [{path}](../{path})");
        if !before.is_empty() {
            let _ = write!(places, ", after `{before}`");
        }
    }
    let mut text = format!(
        "\n## In every language\n\n{}\n\n{}.\n\n| name | behaviour |\n|---|---|\n",
        wrapped(&alike.about, COLUMNS),
        wrapped(&places, COLUMNS - 1)
    );
    for behaviour in &alike.behaviours {
        for (_, path, before) in LANGUAGES {
            names::mentioned(root, path, &format!("{before}{}", behaviour.name))?;
        }
        let _ = writeln!(text, "| `{}` | {} |", behaviour.name, behaviour.says);
    }
    Ok(text)
}

/// Returns the anchor that GitHub makes of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    kept.chars()
        .filter(|c| c.is_alphanumeric() || " -".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ROOT;

    fn promise(test: &str) -> Promise {
        Promise {
            heading: "Files".to_owned(),
            says: "Whole or absent.".to_owned(),
            tables: Vec::new(),
            behaviours: vec![Behaviour {
                says: "half a file".to_owned(),
                tests: vec![test.to_owned()],
                security: true,
            }],
        }
    }

    #[test]
    fn a_test_that_is_not_there_is_refused() {
        let made = |test: &str| made(Path::new(ROOT), &[promise(test)]);
        assert!(made("c-tests/test_transfers.c: an_aborted_upload_leaves_nothing").is_ok());
        for wrong in [
            "c-tests/test_transfers.c: no_such_test",
            "c-tests/no_such_file.c: windows",
            // A function that is not a test.
            "api/src/shown/mod.rs: anchor",
            "c-tests/test_transfers.c",
        ] {
            assert!(made(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_table_that_is_not_there_is_refused() {
        let mut promise = promise("c-tests/test_transfers.c: windows");
        promise.tables.push("SECURITY.md: No such heading".to_owned());
        assert!(made(Path::new(ROOT), &[promise]).is_err());
    }
}
