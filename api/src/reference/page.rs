//! A page of entries: a head, then one section per entry, in the order of the facts. In each
//! section the part between `<!-- api: begin NAME -->` and `<!-- api: end NAME -->` is generated;
//! everything else is written by hand.

use std::collections::HashMap;

/// One entry of a page.
pub struct Entry {
    pub name: String,
    /// The generated part.
    pub text: String,
    /// The file that a new section quotes; `None` if the generated part has an example.
    pub example: Option<String>,
}

/// Returns the page with the generated part of each section renewed, and with new sections for
/// entries that had none.
///
/// # Errors
/// A section that belongs to no entry, has no generated part, or quotes no example where it should.
pub fn merged(old: &str, entries: &[Entry]) -> Result<String, String> {
    let mut sections = old.split("\n## ");
    let mut text = sections.next().unwrap_or_default().trim_end().to_owned() + "\n";
    let mut written: HashMap<&str, &str> = sections
        .map(|section| section.split_once('\n').unwrap_or((section, "")))
        .collect();
    for Entry {
        name,
        text: made,
        example,
    } in entries
    {
        let end = format!("<!-- api: end {name} -->\n");
        let prose = match (written.remove(name.as_str()), example) {
            (Some(section), _) => section
                .split_once(&end)
                .ok_or(format!("{name}: no {end}"))?
                .1
                .trim()
                .to_owned(),
            (None, Some(file)) => format!("<!-- file: {file} -->"),
            (None, None) => String::new(),
        };
        if example.is_some() && !prose.contains("<!-- file: ") {
            return Err(format!("{name} quotes no example"));
        }
        text += &format!("\n## {name}\n\n<!-- api: begin {name} -->\n{made}{end}");
        if !prose.is_empty() {
            text += &format!("\n{prose}\n");
        }
    }
    match written.keys().next() {
        Some(name) => Err(format!("{name} is in no table of api/")),
        None => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, example: Option<&str>) -> Entry {
        Entry {
            name: name.to_owned(),
            text: "made\n".to_owned(),
            example: example.map(str::to_owned),
        }
    }

    const PAGE: &str =
        "# Head\n\n## B\n\n<!-- api: begin B -->\nold\n<!-- api: end B -->\n\nBy hand.\n";

    #[test]
    fn prose_is_kept_and_new_entries_get_a_section_in_their_order() {
        let page = merged(PAGE, &[entry("A", Some("a.c")), entry("B", None)]).unwrap();
        let begin = "# Head\n\n## A\n\n<!-- api: begin A -->\nmade\n<!-- api: end A -->\n\n<!-- file: a.c -->\n";
        let end = "\n## B\n\n<!-- api: begin B -->\nmade\n<!-- api: end B -->\n\nBy hand.\n";
        assert_eq!(page, format!("{begin}{end}"));
        assert_eq!(
            merged(&page, &[entry("A", Some("a.c")), entry("B", None)]).unwrap(),
            page
        );
    }

    #[test]
    fn a_section_without_its_entry_and_one_without_its_example_are_mistakes() {
        assert!(merged(PAGE, &[]).unwrap_err().contains('B'));
        assert!(
            merged(PAGE, &[entry("B", Some("b.c"))])
                .unwrap_err()
                .contains("example")
        );
        assert!(merged("# Head\n\n## B\n\nBy hand.\n", &[entry("B", None)]).is_err());
    }
}
