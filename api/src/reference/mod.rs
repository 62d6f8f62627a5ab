//! The generated parts of the reference, `docs/reference.md` and the pages in `docs/reference`: the
//! table and the example of every entry. The prose of an entry is written by hand, on its page, and
//! kept.

mod errors;
mod events;
mod functions;
mod header;
mod page;
mod quotes;
mod values;

use std::path::Path;

use crate::facts::Facts;
use crate::made::Made;
use page::Entry;

/// The pages without entries, which only quote programs.
const QUOTING: [&str; 2] = ["docs/reference.md", "docs/reference/without-local-dir.md"];

/// The directory of the examples, from that of the pages.
const EXAMPLES: &str = "examples";

pub fn made(root: &Path, facts: &Facts) -> Result<Vec<Made>, String> {
    let header = read(root, "include/tftpserver.h")?;
    let pages = [
        ("properties", values::properties(facts)),
        ("settings", values::settings(facts)),
        ("events", events::entries(&facts.events)),
        ("functions", functions::entries(facts, &header)?),
    ];
    let mut all = vec![
        Made::part(
            "docs/reference/errors.md",
            "errors",
            errors::tables(&facts.errors),
        ),
        Made::whole(
            "docs/reference/examples/settings.c",
            values::settings_program(&facts.settings),
        ),
    ];
    for (name, entries) in pages {
        let path = format!("docs/reference/{name}.md");
        let text =
            page::merged(&read(root, &path)?, &entries).map_err(|why| format!("{path}: {why}"))?;
        all.push(Made::whole(&path, quotes::renewed(root, &path, &text)?));
    }
    for path in QUOTING {
        all.push(Made::whole(
            path,
            quotes::renewed(root, path, &read(root, path)?)?,
        ));
    }
    Ok(all)
}

fn read(root: &Path, path: &str) -> Result<String, String> {
    std::fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"))
}

/// Returns the table of an entry as Markdown.
fn table(rows: &[(&str, String)]) -> String {
    let rows = rows
        .iter()
        .map(|(label, value)| format!("| {label} | {value} |\n"));
    format!("\n| | |\n|---|---|\n{}", rows.collect::<String>())
}

/// Returns an error number as a link to its row.
fn link(code: i32) -> String {
    format!("[{code}](errors.md#error-{code})")
}
