//! The functions, in ABI order, as the header declares and describes them.

use std::fmt::Write;

use super::header::{self, Function};
use super::{EXAMPLES, Entry};
use crate::text::wrapped;

pub fn entries(header: &str) -> Vec<Entry> {
    header::functions(header).iter().map(entry).collect()
}

fn entry(function: &Function) -> Entry {
    let doc = &function.doc;
    let mut text = format!("```c\n{}\n```\n", function.declaration);
    for paragraph in &doc.paragraphs {
        let _ = write!(text, "\n{}\n", wrapped(paragraph, 118));
    }
    text.push('\n');
    for (name, meaning) in &doc.params {
        let _ = writeln!(text, "- `{name}`: {meaning}");
    }
    let _ = write!(
        text,
        "- Returns: {}\n- Since: {}\n",
        doc.returns,
        crate::facts::first()
    );
    Entry {
        name: function.name.clone(),
        text,
        example: Some(format!("{EXAMPLES}/functions/{}.c", function.name)),
    }
}
