//! `api/numbers.txt`: every number that any version of the library had, with its name, every field
//! of an event at its place, and every function in its order. Lines are only added, because
//! programs and bindings were built with them.

use std::path::Path;

use crate::facts::{Event, Facts, Property};
use crate::made::Made;

const PATH: &str = "api/numbers.txt";

/// Returns the new content of the file: its present lines, then those of new entries.
pub fn wanted(root: &Path, facts: &Facts) -> Result<String, String> {
    let given =
        std::fs::read_to_string(root.join(PATH)).map_err(|error| format!("{PATH}: {error}"))?;
    extended(&given, &lines(facts))
}

/// Returns the part of a C test that has every number.
pub fn known(facts: &Facts) -> Made {
    let line = |kind: &str, name: &str, number: i32| {
        format!("SAME(TFTPSERVER_{kind}_{name}, {number});\n")
    };
    let events = facts
        .events
        .iter()
        .map(|event| line("EVENT", &event.name.to_uppercase(), event.id));
    let properties = facts
        .properties
        .iter()
        .map(|property| line("PROPERTY", &property.constant(), property.id));
    let errors = facts
        .errors
        .all
        .iter()
        .map(|error| line("ERROR", &error.name, error.code));
    let text = events.chain(properties).chain(errors).collect();
    Made::part("c-tests/header/alone.c", "numbers", text)
}

fn lines(facts: &Facts) -> Vec<String> {
    let errors = &facts.errors.all;
    let mut lines: Vec<_> = errors
        .iter()
        .map(|error| format!("error {} {}", error.code, error.name))
        .collect();
    lines.extend(
        facts
            .events
            .iter()
            .map(|event| format!("event {} {}", event.id, event.name)),
    );
    lines.extend(facts.events.iter().flat_map(fields));
    let property = |property: &Property| {
        format!("property {} {}:{:?}", property.id, property.name, property.kind)
    };
    lines.extend(facts.properties.iter().map(property));
    let functions = facts.functions.iter().enumerate();
    lines.extend(functions.map(|(place, function)| format!("function {place} {}", function.name)));
    lines.extend(
        facts
            .settings
            .iter()
            .map(|setting| format!("setting {} {:?}", setting.name, setting.kind)),
    );
    lines
}

/// Returns one line per field, with its place, which never changes.
fn fields(event: &Event) -> impl Iterator<Item = String> {
    let numbered = event.fields.iter().enumerate();
    numbered.map(|(place, field)| {
        format!("field {}.{place} {}:{:?}", event.name, field.name, field.kind)
    })
}

fn extended(given: &str, lines: &[String]) -> Result<String, String> {
    if let Some(gone) = given
        .lines()
        .find(|line| !lines.iter().any(|other| other == line))
    {
        return Err(format!(
            "{PATH}: {gone:?} was published: a number keeps its meaning and its name"
        ));
    }
    for (index, line) in lines.iter().enumerate() {
        let same = |other: &&String| key(other) == key(line);
        if lines[..index].iter().any(|other| same(&other)) {
            return Err(format!("{line}: the number is taken"));
        }
    }
    let new = lines
        .iter()
        .filter(|line| !given.lines().any(|other| other == *line));
    Ok(given.to_owned() + &new.map(|line| format!("{line}\n")).collect::<String>())
}

/// Returns the kind and the number of a line.
fn key(line: &str) -> Option<&str> {
    line.rsplit_once(' ').map(|(key, _)| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(lines: &[&str]) -> Result<String, String> {
        let lines: Vec<_> = lines.iter().map(|&line| line.to_owned()).collect();
        extended("error 1 ONE\nerror 2 TWO\n", &lines)
    }

    #[test]
    fn numbers_are_added() {
        let all = with(&["error 3 THREE", "error 1 ONE", "event 1 ONE", "error 2 TWO"]);
        assert_eq!(
            all.unwrap(),
            "error 1 ONE\nerror 2 TWO\nerror 3 THREE\nevent 1 ONE\n"
        );
    }

    #[test]
    fn numbers_never_change_go_or_get_another_name() {
        assert!(with(&["error 1 ONE"]).is_err());
        assert!(with(&["error 1 ONE", "error 4 TWO"]).is_err());
        assert!(with(&["error 1 ONE", "error 2 ZWEI"]).is_err());
    }

    #[test]
    fn a_number_is_used_once() {
        assert!(with(&["error 1 ONE", "error 2 TWO", "error 2 OTHER"]).is_err());
    }
}
