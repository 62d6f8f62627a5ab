//! The functions, in ABI order, as the header declares and describes them.

use std::fmt::Write;

use super::header::{self, Function};
use super::{EXAMPLES, Entry};
use crate::facts;
use crate::text::wrapped;

/// A function that the header does not declare yet has no entry: the header is made after the sources that this package
/// makes, and pages after the header.
pub fn entries(functions: &[facts::Function], header: &str) -> Vec<Entry> {
    let declared = header::functions(header);
    let both = functions.iter().filter_map(|fact| {
        let function = declared.iter().find(|function| function.name == fact.name)?;
        Some(entry(fact, function))
    });
    both.collect()
}

fn entry(fact: &facts::Function, function: &Function) -> Entry {
    let doc = &function.doc;
    let mut text = format!("```c\n{}\n```\n", function.declaration);
    for paragraph in &doc.paragraphs {
        let _ = write!(text, "\n{}\n", wrapped(paragraph, 118));
    }
    text.push('\n');
    for (name, meaning) in &doc.params {
        let _ = writeln!(text, "- `{name}`: {meaning}");
    }
    let _ = write!(text, "- Returns: {}\n- Since: {}\n", doc.returns, fact.since);
    Entry {
        name: function.name.clone(),
        text,
        example: Some(format!("{EXAMPLES}/functions/{}.c", function.name)),
    }
}
