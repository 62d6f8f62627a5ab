//! Generated files and generated parts of files.

use std::path::Path;

/// A file of the project, or one part of it.
pub struct Made {
    /// The path from the project's directory.
    pub path: String,
    /// The name of the part: the text between the lines with `api: begin NAME` and `api: end NAME`.
    /// `None`: the whole file.
    pub part: Option<&'static str>,
    /// The generated text.
    pub text: String,
}

impl Made {
    pub fn whole(path: &str, text: String) -> Made {
        Made {
            path: path.to_owned(),
            part: None,
            text,
        }
    }

    pub fn part(path: &str, part: &'static str, text: String) -> Made {
        Made {
            path: path.to_owned(),
            part: Some(part),
            text,
        }
    }

    /// Returns the committed and the wanted content of the file.
    pub fn compare(&self, root: &Path) -> Result<(String, String), String> {
        let path = root.join(&self.path);
        let committed = match (std::fs::read_to_string(&path), self.part) {
            (Ok(text), _) => text,
            (Err(_), None) => String::new(),
            (Err(error), Some(_)) => return Err(format!("{}: {error}", self.path)),
        };
        let wanted = match self.part {
            None => self.text.clone(),
            Some(part) => replaced(&committed, part, &self.text)
                .ok_or(format!("{}: no part {part}", self.path))?,
        };
        Ok((committed, wanted))
    }

    /// Writes the file; returns false if it was up to date.
    pub fn write(&self, root: &Path) -> Result<bool, String> {
        let (committed, wanted) = self.compare(root)?;
        if committed != wanted {
            let path = root.join(&self.path);
            let directory = path.parent().unwrap_or(root);
            std::fs::create_dir_all(directory)
                .and_then(|()| std::fs::write(&path, &wanted))
                .map_err(|error| format!("{}: {error}", self.path))?;
        }
        Ok(committed != wanted)
    }
}

/// Returns the text with new lines between the two that mark a part.
fn replaced(text: &str, part: &str, lines: &str) -> Option<String> {
    let (_, begin) = line_with(text, &format!("api: begin {part}"))?;
    let (end, _) = line_with(&text[begin..], &format!("api: end {part}"))?;
    Some(format!("{}{lines}{}", &text[..begin], &text[begin + end..]))
}

/// Returns the start and end of the line with this marker, alone or in a comment.
fn line_with(text: &str, marker: &str) -> Option<(usize, usize)> {
    let mut begin = 0;
    for line in text.split_inclusive('\n') {
        let inside = line
            .trim()
            .trim_start_matches("<!--")
            .trim_start_matches(['/', '*', '#', ' ']);
        if inside.trim_end_matches("*/").trim_end_matches("-->").trim_end() == marker {
            return Some((begin, begin + line.len()));
        }
        begin += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_replaced_and_nothing_else() {
        let text = "one\n// api: begin a\nold\nold\n  // api: end a\ntwo\n";
        let new = replaced(text, "a", "new\n").unwrap();
        assert_eq!(new, "one\n// api: begin a\nnew\n  // api: end a\ntwo\n");
        assert_eq!(replaced(&new, "a", "new\n").unwrap(), new);
        assert_eq!(replaced(text, "b", "new\n"), None);
        assert_eq!(replaced("// api: begin ab\n// api: end ab\n", "a", "new\n"), None);
        assert_eq!(replaced("// api: begin a\n", "a", "new\n"), None);
    }

    #[test]
    fn an_empty_part_can_be_filled() {
        assert_eq!(
            replaced("/* api: begin a */\n# api: end a\n", "a", "new\n").unwrap(),
            "/* api: begin a */\nnew\n# api: end a\n"
        );
    }
}
