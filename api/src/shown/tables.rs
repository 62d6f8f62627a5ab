//! Tables of other pages whose last column is "shown by": the index includes their rows.

use std::path::Path;

use super::names::{Test, read};

/// Returns the rows below one heading, `PATH: HEADING`, with a link for each test.
///
/// # Errors
/// The table, or a test in it, does not exist.
pub fn copied(root: &Path, table: &str) -> Result<String, String> {
    let (path, heading) = table
        .split_once(": ")
        .ok_or(format!("{table}: no `PATH: HEADING`"))?;
    let page = read(root, path)?;
    let text = below(&page, heading).ok_or(format!("{path} has no heading {heading}"))?;
    let mut rows = text.lines().filter(|line| line.starts_with('|'));
    let head = rows.next().ok_or(format!("{table} has no table"))?;
    if !cells(head)
        .last()
        .is_some_and(|cell| cell.eq_ignore_ascii_case("shown by"))
    {
        return Err(format!("{table}: its last column is not \"shown by\""));
    }
    let target = path
        .strip_prefix("docs/")
        .map_or(format!("../{path}"), str::to_owned);
    let mut copy = format!(
        "\nFrom [{path}]({target}#{}):\n\n{head}\n",
        super::anchor(heading)
    );
    let rule = rows.next().unwrap_or_default();
    copy += &format!("{rule}\n");
    for row in rows {
        copy += &linked(root, row).map_err(|error| format!("{path}: {error}"))?;
    }
    Ok(copy)
}

/// Returns the text between a heading and the next one.
fn below<'a>(page: &'a str, heading: &str) -> Option<&'a str> {
    let mut parts = page.split("\n#").skip(1);
    parts.find_map(|part| {
        let (line, text) = part.split_once('\n')?;
        (line.trim_start_matches('#').trim() == heading).then_some(text)
    })
}

fn cells(row: &str) -> impl Iterator<Item = &str> {
    row.trim_matches('|').split('|').map(str::trim)
}

fn linked(root: &Path, row: &str) -> Result<String, String> {
    let (before, tests) = row
        .trim_end_matches('|')
        .rsplit_once('|')
        .ok_or(format!("no row: {row}"))?;
    let names: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
    let links: Result<Vec<String>, String> = names
        .iter()
        .map(|name| Ok(Test::named(root, name)?.link()))
        .collect();
    match links?.as_slice() {
        [] => Err(format!("no test is named: {row}")),
        links => Ok(format!("{before}| {} |\n", links.join("<br>"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_has_what_stands_below_it() {
        let page = "# Page\n\n## One\n\n| a |\n\n### Two\n| b |\n";
        assert_eq!(below(page, "One"), Some("\n| a |\n"));
        assert_eq!(below(page, "Two"), Some("| b |\n"));
        assert_eq!(below(page, "Three"), None);
    }

    #[test]
    fn a_row_that_names_no_test_is_refused() {
        let root = Path::new(crate::ROOT);
        assert!(linked(root, "| a | `c-tests/test_config.c: defaults` |").is_ok());
        assert!(linked(root, "| a | somehow |").is_err());
    }
}
