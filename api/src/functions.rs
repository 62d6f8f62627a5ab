//! Generates all code that comes from `functions.toml`.

use std::fmt::Write;

use crate::facts::Function;
use crate::made::Made;
use crate::text::{camel, note};

pub fn made(functions: &[Function]) -> Vec<Made> {
    vec![
        Made::whole("src/ffi/guard/rules.rs", rules(functions)),
        Made::whole("c-tests/exports.txt", exports(functions)),
        Made::whole("packaging/windows/tftpserver.def", definitions(functions)),
    ]
}

fn exports(functions: &[Function]) -> String {
    let names = functions.iter().map(|function| format!("{}\n", function.name));
    format!("# {}\n{}", note("functions"), names.collect::<String>())
}

/// Returns the module definition file, from which Windows' import libraries are made.
fn definitions(functions: &[Function]) -> String {
    let names = functions
        .iter()
        .map(|function| format!("    {}\n", function.name));
    format!(
        "; {}\nLIBRARY tftpserver.dll\nEXPORTS\n{}",
        note("functions"),
        names.collect::<String>()
    )
}

/// Returns the functions with a handle as an enum and as a table.
fn rules(functions: &[Function]) -> String {
    let with_handle: Vec<_> = functions.iter().filter(|function| function.handle).collect();
    let mut text = format!(
        "//! {}\n\nuse super::{{Rule, rule}};\n\n/// The functions that take a handle, in ABI order.\n\
         #[derive(Clone, Copy, Debug, PartialEq, Eq)]\npub(in crate::ffi) enum Call {{\n",
        note("functions")
    );
    for function in &with_handle {
        let _ = writeln!(text, "    {},", call(function));
    }
    let _ = write!(
        text,
        "}}\n\n/// In the order of [`Call`].\npub(super) const RULES: [Rule; {}] = [\n",
        with_handle.len()
    );
    for function in &with_handle {
        let Function {
            name,
            in_callback,
            remembered,
            ..
        } = function;
        let _ = writeln!(
            text,
            "    rule(Call::{}, \"{name}\", {in_callback}, {remembered}),",
            call(function)
        );
    }
    text + "];\n"
}

/// Converts `tftpserver_do_config` to `DoConfig`.
fn call(function: &Function) -> String {
    camel(function.name.trim_start_matches("tftpserver_"))
}
