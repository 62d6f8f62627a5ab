//! The C in the reference: all of it compiles without a warning, and what can run runs.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{ROOT, read, reference};

const STRICT: [&str; 5] = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror"];
const INCLUDES: &str = "#include <stdio.h>\n#include <string.h>\n#include <tftpserver.h>\n\n";

/// Every block of C.
fn blocks() -> Vec<String> {
    let reference = reference();
    let fenced = reference.split("\n```c\n").skip(1);
    fenced
        .map(|rest| rest.split("\n```").next().unwrap_or_default().to_owned())
        .collect()
}

enum Sort {
    Program,
    /// Functions or declarations.
    File,
    Statements,
}

fn sort(block: &str) -> Sort {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let header = read("include/tftpserver.h");
    let (_, declarations) = header
        .split_once("#ifndef TFTPSERVER_H")
        .expect("a guard after the manual");
    if block.contains("int main(") {
        return Sort::Program;
    }
    match block.starts_with("static ") || words(declarations).contains(&words(block)) {
        true => Sort::File,
        false => Sort::Statements,
    }
}

fn of_sort(wanted: fn(&Sort) -> bool) -> Vec<String> {
    let found: Vec<_> = blocks()
        .into_iter()
        .filter(|block| wanted(&sort(block)))
        .collect();
    assert!(!found.is_empty());
    found
}

/// Callbacks and declarations: nothing calls them here.
#[test]
fn functions_compile() {
    let directory = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (number, block) in of_sort(|sort| matches!(sort, Sort::File)).iter().enumerate() {
        let file = directory.path().join(format!("{number}.c"));
        std::fs::write(&file, format!("{INCLUDES}{block}\n{}", uses(block))).unwrap();
        files.push(file);
    }
    run(cc().arg("-fsyntax-only").args(files));
}

/// An unused static function is a warning.
fn uses(block: &str) -> String {
    let mut text = String::new();
    for line in block.lines().filter(|line| line.starts_with("static ")) {
        if let Some((before, _)) = line.split_once('(') {
            let name = before.rsplit([' ', '*']).next().unwrap_or_default();
            let _ = writeln!(text, "void (*use_{name})(void) = (void (*)(void)){name};");
        }
    }
    text
}

/// Statements run, each with a fresh server, and end without an error.
#[test]
fn statements_run() {
    let mut text = INCLUDES.to_owned();
    let mut calls = String::new();
    for (number, block) in of_sort(|sort| matches!(sort, Sort::Statements))
        .iter()
        .enumerate()
    {
        let _ = write!(
            text,
            "static void example_{number}(tftpserver *server)\n{{\n{block}\n(void)server;\n}}\n\n"
        );
        let _ = writeln!(calls, "    failed += run(example_{number}, {number});");
    }
    text += "static int run(void (*example)(tftpserver *), int number)\n{\n\
             tftpserver *server = tftpserver_open();\nint code;\n\
             tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_HOST, 0, \"127.0.0.1\");\n\
             tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, 0);\n\
             example(server);\ncode = (int)tftpserver_get_last_error_code(server);\n\
             if (code != 0)\nprintf(\"example %d: %s\\n\", number, tftpserver_get_last_error(server));\n\
             tftpserver_close(server);\nreturn code != 0;\n}\n\n";
    let _ = write!(
        text,
        "int main(void)\n{{\n    int failed = 0;\n{calls}    return failed != 0;\n}}\n"
    );
    run_program(&text);
}

/// Whole programs link; those that end by themselves run. The others are files of `examples`, which ctest runs.
#[test]
fn programs_link_and_run() {
    for block in of_sort(|sort| matches!(sort, Sort::Program)) {
        match block.contains("for (;;)") {
            true => drop(link(tempfile::tempdir().unwrap().path(), &block)),
            false => run_program(&block),
        }
    }
}

fn run_program(text: &str) {
    let directory = tempfile::tempdir().unwrap();
    let program = link(directory.path(), text);
    run(Command::new(program)
        .current_dir(directory.path())
        .env("LD_LIBRARY_PATH", directory.path()));
}

/// Links with the shared library, under the name that a program looks for.
fn link(directory: &Path, text: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let library = test
        .ancestors()
        .nth(2)
        .expect("tests lie in deps")
        .join("deps/libtftpserver.so");
    std::os::unix::fs::symlink(library, directory.join("libtftpserver.so.0")).unwrap();
    let (source, program) = (directory.join("example.c"), directory.join("example"));
    std::fs::write(&source, text).unwrap();
    run(cc()
        .arg(source)
        .arg(directory.join("libtftpserver.so.0"))
        .arg("-o")
        .arg(&program));
    program
}

fn cc() -> Command {
    let mut command = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    command
        .args(STRICT)
        .arg("-I")
        .arg(Path::new(ROOT).join("include"));
    command
}

fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (said, complained) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{command:?}\n{said}\n{complained}");
}
