//! The errors, one table per group.

use crate::facts::{Error, Errors};

const HEAD: &str =
    "| Number | Constant `TFTPSERVER_ERROR_...` | Text | Raised |\n|---|---|---|---|\n";

pub fn tables(errors: &Errors) -> String {
    let mut text = String::new();
    for group in &errors.groups {
        text += &format!("\n## {} errors\n\n{HEAD}", group.name);
        text += &errors.of(group).map(row).collect::<String>();
    }
    text.trim_start().to_owned()
}

fn row(error: &Error) -> String {
    let Error {
        code, name, text, ..
    } = error;
    let raised = error.when();
    format!("| <a id=\"error-{code}\"></a>{code} | `{name}` | {text} | {raised} |\n")
}
