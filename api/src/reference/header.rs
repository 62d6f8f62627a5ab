//! Reads the declarations and comments of functions in `include/tftpserver.h`.

/// One exported function.
pub struct Function {
    pub name: String,
    /// The declaration as in the header, without the parts that only the compiler needs.
    pub declaration: String,
    pub doc: Doc,
}

/// A parsed comment.
#[derive(Default)]
pub struct Doc {
    pub paragraphs: Vec<String>,
    /// Names and meanings.
    pub params: Vec<(String, String)>,
    pub returns: String,
}

/// Returns every function, in ABI order.
pub fn functions(header: &str) -> Vec<Function> {
    let parts: Vec<&str> = header.split("\nTFTPSERVER_API").collect();
    parts
        .windows(2)
        .map(|pair| {
            let declaration = pair[1].split(';').next().expect("a declaration ends");
            let before = declaration
                .split('(')
                .next()
                .expect("a declaration has parameters");
            let name = before
                .rsplit([' ', '*', '\n'])
                .next()
                .expect("a function has a name");
            Function {
                name: name.to_owned(),
                declaration: declaration.trim().to_owned() + ";",
                doc: doc(last_comment(pair[0])),
            }
        })
        .collect()
}

fn last_comment(text: &str) -> &str {
    let comment = text.rsplit("/**").next().expect("there is a comment");
    comment.split("*/").next().expect("a comment ends")
}

/// Parses a comment: joins the lines of each paragraph; `@param` and `@return` begin paragraphs of
/// their own.
fn doc(comment: &str) -> Doc {
    let mut doc = Doc::default();
    let mut paragraphs: Vec<String> = vec![String::new()];
    for line in comment.lines() {
        let line = line.trim().trim_start_matches('*').trim();
        if line.is_empty() || line.starts_with('@') {
            paragraphs.push(String::new());
        }
        let last = paragraphs.last_mut().expect("never empty");
        if !last.is_empty() {
            last.push(' ');
        }
        last.push_str(line);
    }
    for paragraph in paragraphs.into_iter().filter(|paragraph| !paragraph.is_empty()) {
        if let Some(rest) = paragraph.strip_prefix("@param ") {
            let (name, meaning) = rest.split_once(' ').expect("a parameter has a meaning");
            doc.params.push((name.to_owned(), meaning.trim().to_owned()));
        } else if let Some(rest) = paragraph.strip_prefix("@return ") {
            doc.returns = rest.to_owned();
        } else {
            doc.paragraphs.push(paragraph);
        }
    }
    doc
}
