//! Examples on pages: a line `<!-- file: PATH -->` is followed by the quoted part of that file. The
//! files are compiled and run by `tests/interface/reference` and ctest.

use std::path::Path;

/// Returns a page with every quotation renewed. `page` is its path; files are named from its
/// directory.
pub fn renewed(root: &Path, page: &str, text: &str) -> Result<String, String> {
    let directory = root.join(page).parent().map(Path::to_owned).unwrap_or_default();
    let mut new = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        new += line;
        new.push('\n');
        let file = line
            .strip_prefix("<!-- file: ")
            .and_then(|rest| rest.strip_suffix(" -->"));
        let Some(file) = file else { continue };
        let source = std::fs::read_to_string(directory.join(file))
            .map_err(|error| format!("{page}: {file}: {error}"))?;
        new += &format!("```c\n{}\n```\n", shown(&source));
        if lines.next_if(|line| line.starts_with("```")).is_some() {
            lines.by_ref().find(|line| *line == "```");
        }
    }
    Ok(new)
}

/// The function that every example of the reference defines; the test calls it before the first
/// request.
const EXAMPLE: &str = "void example(tftpserver *server)\n{\n";

/// Returns the part of a file that a page quotes: the functions before `example`, or the statements
/// in it if there are none; all of a file without `example`.
fn shown(source: &str) -> String {
    let Some((before, body)) = source.split_once(EXAMPLE) else {
        return source.trim().to_owned();
    };
    let functions: String = before
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("#include"))
        .collect();
    if !functions.trim().is_empty() {
        return functions.trim().to_owned();
    }
    let body = body.split("\n}\n").next().unwrap_or_default();
    let statements = body.lines().filter(|line| line.trim() != "(void)server;");
    let statements: Vec<_> = statements
        .map(|line| line.strip_prefix("    ").unwrap_or(line))
        .collect();
    statements.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_shows_its_functions_or_else_its_statements() {
        let statements = "#include <a.h>\n\nvoid example(tftpserver *server)\n{\n    if (a)\n        b();\n    (void)server;\n}\n";
        assert_eq!(shown(statements), "if (a)\n    b();");
        let functions = "#include <a.h>\n\nstatic int f(void)\n{\n}\n\nvoid example(tftpserver *server)\n{\n    f();\n}\n";
        assert_eq!(shown(functions), "static int f(void)\n{\n}");
        assert_eq!(
            shown("#include <a.h>\nint main(void);\n"),
            "#include <a.h>\nint main(void);"
        );
    }

    #[test]
    fn former_quotes_are_replaced() {
        let directory = std::env::temp_dir().join(format!("quotes-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("a.c"), "int new;\n").unwrap();
        let once = renewed(&directory, "p.md", "A\n<!-- file: a.c -->\nB\n").unwrap();
        assert_eq!(once, "A\n<!-- file: a.c -->\n```c\nint new;\n```\nB\n");
        let stale = once.replace("int new;", "int old;\nint older;");
        assert_eq!(renewed(&directory, "p.md", &stale).unwrap(), once);
        assert!(renewed(&directory, "p.md", "<!-- file: b.c -->\n").is_err());
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
