//! Names and literals in the languages.

/// The first line of a file that is made whole, without what makes it a comment.
pub fn note(source: &str) -> String {
    format!("Made from api/{source}.toml by `make bless`; not to be edited.")
}

/// A string literal of Rust, C, C++ or Python.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// `end_transfer` as `EndTransfer`.
pub fn camel(name: &str) -> String {
    let words = name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
    words.collect()
}

/// `end_transfer` as `endTransfer`.
pub fn small_camel(name: &str) -> String {
    let camel = camel(name);
    camel[..1].to_lowercase() + &camel[1..]
}

/// A paragraph without its line breaks.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lines, each with this before it; nothing follows the mark where a line is empty.
pub fn each_line(text: &str, before: &str) -> String {
    text.lines()
        .map(|line| format!("{before}{line}").trim_end().to_owned() + "\n")
        .collect()
}

/// Words in lines of at most this width.
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

/// A call, or what is written as one, on one line if it fits, otherwise with each argument on its own.
pub fn call(indent: usize, before: &str, arguments: &[String], after: &str) -> String {
    let space = " ".repeat(indent);
    let line = format!("{space}{before}{}{after}\n", arguments.join(", "));
    if line.len() <= 121 {
        return line;
    }
    let lines = arguments
        .iter()
        .map(|argument| format!("{space}    {argument},\n"));
    format!("{space}{before}\n{}{space}{after}\n", lines.collect::<String>())
}

/// `LocalPort` as `LOCAL_PORT`.
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

/// `SourceIPAddress` as `SourceIpAddress`: what is written in capitals is one word.
pub fn words_capitalized(name: &str) -> String {
    let mut name = name.to_owned();
    for word in ["IPv6", "QOS", "DSCP", "API", "IP"] {
        name = name.replace(word, &(word[..1].to_owned() + &word[1..].to_lowercase()));
    }
    name
}
