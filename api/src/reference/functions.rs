//! The functions in ABI order, with the declarations and comments of the header.

use std::fmt::Write;

use super::header::{self, Function};
use super::{EXAMPLES, Entry};
use crate::facts::{self, Facts};
use crate::text::{COLUMNS, list_item, wrapped};

/// Returns the entries of all functions that the header declares. New ones may be missing there:
/// the header is generated after the sources that this package makes, and pages after the header.
///
/// # Errors
/// A comment that contradicts the tables.
pub fn entries(facts: &Facts, header: &str) -> Result<Vec<Entry>, String> {
    let declared = header::functions(header);
    let both = facts.functions.iter().filter_map(|fact| {
        let function = declared.iter().find(|function| function.name == fact.name)?;
        Some(check(facts, fact, function).map(|()| entry(fact, function)))
    });
    both.collect()
}

/// Checks that the numbers in a comment's "Returns" are in `api/errors.toml`, with 901 if the
/// function takes a handle, and with 907 exactly if it may not be called inside a callback.
fn check(facts: &Facts, fact: &facts::Function, function: &Function) -> Result<(), String> {
    let returns = &function.doc.returns;
    let codes = codes(returns);
    let name = &fact.name;
    if let Some(code) = codes
        .iter()
        .find(|code| facts.errors.all.iter().all(|error| error.code != **code))
    {
        return Err(format!("{name} returns {code}, which is not in api/errors.toml"));
    }
    // "As `tftpserver_set`."
    if returns.starts_with("As `") {
        return Ok(());
    }
    if fact.handle && !codes.contains(&901) {
        return Err(format!(
            "{name} takes a handle, and its comment does not return 901"
        ));
    }
    match codes.contains(&907) == fact.in_callback {
        true => Err(format!(
            "{name}: its comment and in_callback in api/functions.toml do not agree on 907"
        )),
        false => Ok(()),
    }
}

/// Returns the error numbers in a text. Ports, times and sizes have other lengths, or letters
/// beside them.
fn codes(text: &str) -> Vec<i32> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words
        .filter(|word| [3, 5].contains(&word.len()))
        .filter_map(|word| word.parse().ok())
        .collect()
}

fn entry(fact: &facts::Function, function: &Function) -> Entry {
    let doc = &function.doc;
    let mut text = format!("```c\n{}\n```\n", function.declaration);
    for paragraph in &doc.paragraphs {
        let _ = write!(text, "\n{}\n", wrapped(paragraph, COLUMNS));
    }
    text.push('\n');
    for (name, meaning) in &doc.params {
        text += &list_item(&format!("`{name}`: {meaning}"), COLUMNS);
    }
    text += &list_item(&format!("Returns: {}", doc.returns), COLUMNS);
    let _ = writeln!(text, "- Since: {}", fact.since);
    Entry {
        name: function.name.clone(),
        text,
        example: Some(format!("{EXAMPLES}/functions/{}.c", function.name)),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ROOT;

    #[test]
    fn a_comment_that_contradicts_the_tables_is_refused() {
        let root = Path::new(ROOT);
        let facts = Facts::read(root).unwrap();
        let header = std::fs::read_to_string(root.join("include/tftpserver.h")).unwrap();
        assert!(entries(&facts, &header).is_ok());
        for (right, wrong) in [
            // An unknown number.
            ("905 unknown event id", "999 no such event"),
            // DoEvents is rejected inside a callback, and register_callback takes a handle.
            ("907 called inside a callback", "called inside a callback"),
            (
                "@return 0; 901 not a handle; 905 unknown event id",
                "@return 0; 905 unknown event id",
            ),
        ] {
            assert!(header.contains(right), "{right}");
            assert!(entries(&facts, &header.replace(right, wrong)).is_err(), "{wrong}");
        }
    }
}
