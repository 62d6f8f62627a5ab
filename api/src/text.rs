//! Names and literals in the languages.

/// The first line of a file that is made whole, without what makes it a comment.
pub fn note(source: &str) -> String {
    format!("Made from api/{source}.toml by `make bless`; not to be edited.")
}

/// A string literal of Rust, C, C++ or Python.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
