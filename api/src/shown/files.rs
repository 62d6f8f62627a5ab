//! The list of all files with tests, each with the first sentence of its head comment.

use std::fmt::Write;
use std::path::Path;

use super::names::read;

/// The headings of the lists, and the directories that are searched for files of tests.
const PLACES: [(&str, &str); 6] = [
    ("Rust", "tests"),
    ("Rust, of one crate", "crates"),
    ("C", "c-tests"),
    ("C++, PHP and Python", "bindings"),
    ("Python, from outside", "suites"),
    ("Rust, beside what is tested", "src"),
];

/// Directories that tools make and git ignores.
const MADE: [&str; 4] = ["/__pycache__", "/build", "/target", "/vendor"];

/// Returns the lists of all files with tests.
///
/// # Errors
/// A file of tests has no head comment, or cannot be read.
pub fn listed(root: &Path) -> Result<String, String> {
    let mut text = "\n## Every file of tests\n".to_owned();
    for (heading, place) in PLACES {
        let mut files = Vec::new();
        collect(root, place, &mut files)?;
        files.sort();
        let _ = write!(
            text,
            "\n### {heading}\n\n| file | what it is about |\n|---|---|\n"
        );
        for path in files {
            let source = read(root, &path)?;
            if has_tests(&path, &source) {
                let about = about(&path, &source)
                    .or_else(|| about_tested(root, &path))
                    .ok_or(format!("{path} does not say what it is about"))?;
                let _ = writeln!(text, "| [{path}](../{path}) | {about} |");
            }
        }
    }
    Ok(text)
}

/// Collects the files below a directory, as paths from the project's directory.
fn collect(root: &Path, directory: &str, files: &mut Vec<String>) -> Result<(), String> {
    let wrong = |error| format!("{directory}: {error}");
    for entry in std::fs::read_dir(root.join(directory)).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let path = format!("{directory}/{}", entry.file_name().display());
        let is_made = MADE.iter().any(|name| path.ends_with(name));
        match entry.file_type().map_err(wrong)?.is_dir() {
            true if is_made => {}
            true => collect(root, &path, files)?,
            false if is_source(&path) => files.push(path),
            false => {}
        }
    }
    Ok(())
}

fn is_source(path: &str) -> bool {
    [".rs", ".c", ".cpp", ".php", ".py"]
        .iter()
        .any(|end| path.ends_with(end))
}

fn has_tests(path: &str, source: &str) -> bool {
    match path.rsplit('.').next() {
        // Only modules that hold nothing but tests: unit tests in the file of their code need no
        // entry.
        Some("rs") => source.contains("#[test]") && is_of_tests_alone(path),
        Some("c" | "cpp") => source.contains(" RUN("),
        Some("php") => source.contains("public function test"),
        Some("py") => {
            // A program that only runs the tests of its directory is no test.
            let is_program = path.starts_with("suites/") && source.contains("\nif __name__");
            source.contains("    def test_") || is_program && !source.contains("run_all(")
        }
        _ => false,
    }
}

fn is_of_tests_alone(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    path.starts_with("tests/")
        || path.contains("/tests/")
        || name.ends_with("tests.rs")
        || ["models.rs", "simulated.rs"].contains(&name)
}

/// Returns the first sentence of the module that `jail/tests.rs` or `jail_tests.rs` tests, for
/// tests without a head comment.
fn about_tested(root: &Path, path: &str) -> Option<String> {
    let module = path
        .strip_suffix("/tests.rs")
        .or_else(|| path.strip_suffix("_tests.rs"))?;
    let path = format!("{module}.rs");
    about(&path, &read(root, &path).ok()?)
}

/// Returns the first sentence of the comment at the head of a file.
fn about(path: &str, source: &str) -> Option<String> {
    let text = match path.rsplit('.').next()? {
        "rs" => {
            let lines = source.lines().take_while(|line| line.starts_with("//!"));
            lines
                .map(|line| line.trim_start_matches("//!"))
                .collect::<Vec<_>>()
                .join("\n")
        }
        "py" => source.split("\"\"\"").nth(1)?.to_owned(),
        "php" => {
            let comment = source.split("/**").nth(1)?.split("*/").next()?;
            unstarred(comment)
        }
        _ => {
            let comment = source.strip_prefix("/*")?.split("*/").next()?;
            unstarred(comment)
        }
    };
    let paragraph = text
        .trim()
        .split("\n\n")
        .next()?
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let sentence = match paragraph.find(". ") {
        Some(end) => paragraph[..=end].to_owned(),
        None => paragraph,
    };
    (!sentence.is_empty()).then(|| sentence.replace('|', "\\|"))
}

/// Returns the lines of a comment without the stars before them.
fn unstarred(comment: &str) -> String {
    let lines = comment.lines().map(|line| line.trim().trim_start_matches('*'));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_comment_describes_a_file() {
        for (path, source) in [
            ("tests/a.rs", "//! What it\n//! is. More.\n\nuse a;\n"),
            (
                "suites/a.py",
                "#!/usr/bin/env python3\n\"\"\"What it\nis. More.\"\"\"\n",
            ),
            ("c-tests/a.c", "/* What it is. More. */\n"),
            (
                "bindings/a.php",
                "<?php\n/**\n * What it\n * is. More.\n */\nfinal class A\n",
            ),
        ] {
            assert_eq!(about(path, source).as_deref(), Some("What it is."), "{path}");
        }
        assert_eq!(about("tests/a.rs", "use a;\n"), None);
    }
}
