//! Formats names, literals and texts for the languages.

/// The longest line of comments, generated code and documents, tables excepted.
pub const COLUMNS: usize = 100;

/// Returns the first line of a file that is generated completely, without the marks of a comment.
pub fn note(source: &str) -> String {
    format!("Made from api/{source}.toml by `make bless`; not to be edited.")
}

/// Returns a string literal of Rust, C, C++ or Python.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Converts `end_transfer` to `EndTransfer`.
pub fn camel(name: &str) -> String {
    let words = name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
    words.collect()
}

/// Converts `end_transfer` to `endTransfer`.
pub fn small_camel(name: &str) -> String {
    let camel = camel(name);
    camel[..1].to_lowercase() + &camel[1..]
}

/// Returns a paragraph without its line breaks.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Prefixes each line with `before`, without trailing space if the line is empty.
pub fn each_line(text: &str, before: &str) -> String {
    text.lines()
        .map(|line| format!("{before}{line}").trim_end().to_owned() + "\n")
        .collect()
}

/// Wraps the paragraphs of a comment into lines that begin with `before`.
pub fn commented(text: &str, before: &str) -> String {
    let width = COLUMNS - before.len();
    let paragraphs: Vec<_> = text
        .trim()
        .split("\n\n")
        .map(|paragraph| wrapped(paragraph, width))
        .collect();
    each_line(&paragraphs.join("\n\n"), before)
}

/// Wraps words into lines of at most `width` bytes, unless a word is longer.
pub fn wrapped(text: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("never empty");
        match line.is_empty() {
            true => line.push_str(word),
            false if line.len() + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            false => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

/// Returns an item of a Markdown list, wrapped into lines of at most `width` bytes.
pub fn list_item(text: &str, width: usize) -> String {
    let lines = wrapped(text, width - 2);
    format!("- {}\n", lines.replace('\n', "\n  "))
}

/// Formats a call, or text in the form of one, on one line if it fits, otherwise with each argument
/// on a line of its own.
pub fn call(indent: usize, before: &str, arguments: &[String], after: &str) -> String {
    let space = " ".repeat(indent);
    let line = format!("{space}{before}{}{after}\n", arguments.join(", "));
    if line.len() <= COLUMNS + 1 {
        return line;
    }
    let lines = arguments
        .iter()
        .map(|argument| format!("{space}    {argument},\n"));
    format!("{space}{before}\n{}{space}{after}\n", lines.collect::<String>())
}

/// Converts `LocalPort` to `LOCAL_PORT`.
pub fn capitals(name: &str) -> String {
    let mut text = String::new();
    let mut after_small = false;
    for letter in name.chars() {
        if after_small && letter.is_uppercase() {
            text.push('_');
        }
        after_small = letter.is_lowercase();
        text.push(letter.to_ascii_uppercase());
    }
    text
}

/// Converts `SourceIPAddress` to `SourceIpAddress`: a run of capitals is one word.
pub fn words_capitalized(name: &str) -> String {
    let mut name = name.to_owned();
    for word in ["IPv6", "QOS", "DSCP", "API", "IP"] {
        name = name.replace(word, &(word[..1].to_owned() + &word[1..].to_lowercase()));
    }
    name
}
