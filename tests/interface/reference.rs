//! The reference, `docs/reference.md` and the pages in `docs/reference`: every link leads
//! somewhere, and all of its C compiles and runs. What is generated on these pages is compared by
//! the tests of `api/`.

#[cfg(target_os = "linux")]
mod examples;

use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The pages, as paths from the project's directory.
fn pages() -> Vec<PathBuf> {
    let directory = Path::new(ROOT).join("docs/reference");
    let files = std::fs::read_dir(directory).expect("the reference has pages");
    let files = files.map(|entry| entry.expect("the directory can be read").path());
    let mut pages: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|it| it == "md"))
        .collect();
    pages.push(Path::new(ROOT).join("docs/reference.md"));
    pages
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_link_leads_somewhere() {
    let mut links = 0;
    for page in pages() {
        let text = read(&page);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => page.clone(),
                file => page.parent().expect("a page is in a directory").join(file),
            };
            assert!(target.exists(), "{}: {link}", page.display());
            assert!(
                anchor.is_empty() || anchors(&read(&target)).contains(&anchor.to_owned()),
                "{}: {link}",
                page.display()
            );
            links += 1;
        }
    }
    assert!(links > 100, "only {links} links were found");
}

/// Returns the targets that links to a page can have: its headings and ids.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter_map(|line| line.split_once("# "));
    let ids = text
        .split("<a id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    headings
        .map(|(_, heading)| anchor(heading))
        .chain(ids.map(str::to_owned))
        .collect()
}

/// Returns the anchor that GitHub makes of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    kept.chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}
