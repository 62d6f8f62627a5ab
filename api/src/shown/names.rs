//! Names of tests, `PATH: NAME`, and the recognition of tests in each language.

use std::path::Path;

/// An existing test.
#[derive(Debug)]
pub struct Test<'a> {
    path: &'a str,
    name: &'a str,
}

impl<'a> Test<'a> {
    /// Finds a test by its `PATH: NAME`.
    ///
    /// # Errors
    /// There is no such test.
    pub fn named(root: &Path, text: &'a str) -> Result<Test<'a>, String> {
        let (path, name) = text.split_once(": ").ok_or(format!("{text}: no `PATH: NAME`"))?;
        let source = read(root, path)?;
        match is_test(path, &source, name) {
            true => Ok(Test { path, name }),
            false => Err(format!("{path} has no test {name}")),
        }
    }

    /// Returns a link to the test for a page in `docs`.
    pub fn link(&self) -> String {
        let Test { path, name } = self;
        format!("[`{path}: {name}`](../{path})")
    }
}

pub fn read(root: &Path, path: &str) -> Result<String, String> {
    std::fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"))
}

/// Checks that a file contains a word: for names that macros make tests of.
///
/// # Errors
/// It does not contain it.
pub fn mentioned(root: &Path, path: &str, name: &str) -> Result<(), String> {
    match words(&read(root, path)?).any(|word| word == name) {
        true => Ok(()),
        false => Err(format!("{path} does not have {name}")),
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
}

fn is_test(path: &str, source: &str, name: &str) -> bool {
    let has = |text: String| source.contains(&text);
    match path.rsplit('.').next() {
        Some("rs") => is_rust_test(source, name),
        // Both defined and run by name.
        Some("c") => match name {
            "main" => has("int main(".to_owned()),
            _ => has(format!("static void {name}(void)")) && has(format!("RUN({name})")),
        },
        Some("cpp") => has(format!("void {name}()")) && source.matches(name).count() > 1,
        Some("php") => has(format!("public function {name}(")),
        Some("py") => has(format!("def {name}(")) || has(format!("class {name}(")),
        _ => false,
    }
}

/// Returns true if `#[test]` is among the attributes of the function.
fn is_rust_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let is_it = |line: &str| {
        line.starts_with(&format!("fn {name}(")) || line.starts_with(&format!("async fn {name}("))
    };
    let has_mark = |index: usize| {
        let above = lines[..index].iter().rev();
        above
            .take_while(|line| line.starts_with("#[") || line.starts_with("//"))
            .any(|line| *line == "#[test]")
    };
    lines
        .iter()
        .enumerate()
        .any(|(index, line)| is_it(line) && has_mark(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rust_test_has_its_mark() {
        let source = "#[test]\n#[cfg(unix)]\nfn one() {}\n\nfn two() {}\n    #[test]\n    /// what\n    fn three() {}\n";
        assert!(is_test("a.rs", source, "one"));
        assert!(!is_test("a.rs", source, "two"));
        assert!(is_test("a.rs", source, "three"));
    }

    #[test]
    fn a_c_test_is_run() {
        let source =
            "static void one(void)\n{}\nstatic void two(void)\n{}\nint main(void)\n{ RUN(one); }\n";
        assert!(is_test("a.c", source, "one"));
        assert!(!is_test("a.c", source, "two"));
        assert!(is_test("a.c", source, "main"));
    }
}
