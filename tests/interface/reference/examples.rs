//! The C in the reference: all of it is in files that compile without a warning and run.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{ROOT, pages, read};

const STRICT: [&str; 6] = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-pthread"];

/// The files in docs/reference/examples that have a function `example`.
fn examples() -> Vec<PathBuf> {
    let directory = Path::new(ROOT).join("docs/reference/examples");
    let mut found = vec![directory.join("settings.c")];
    for group in ["properties", "events", "functions"] {
        let files = std::fs::read_dir(directory.join(group)).expect("every group has examples");
        found.extend(files.map(|entry| entry.expect("the directory can be read").path()));
    }
    found.sort();
    found
}

/// `properties/timeout.c` as `properties_timeout`.
fn name(path: &Path) -> String {
    let group = path
        .parent()
        .and_then(Path::file_name)
        .expect("an example is in a group");
    let stem = path.file_stem().expect("an example has a name");
    format!("{}_{}", group.display(), stem.display())
}

#[test]
fn every_example_compiles_and_runs() {
    let directory = tempfile::tempdir().unwrap();
    let place = |name: &str| directory.path().join(name);
    let (mut declared, mut table, mut objects) = (String::new(), String::new(), Vec::new());
    for path in examples() {
        let name = name(&path);
        let object = place(&format!("{name}.o"));
        run(cc()
            .arg(format!("-Dexample={name}"))
            .arg("-c")
            .arg(&path)
            .arg("-o")
            .arg(&object));
        let _ = writeln!(declared, "void {name}(tftpserver *server);");
        let _ = writeln!(table, "    {{\"{name}\", {name}}},");
        objects.push(object);
    }
    let count = objects.len();
    assert!(count > 50, "only {count} examples were found");
    let text = format!(
        "#include <stddef.h>\n#include <tftpserver.h>\n{declared}\nconst struct example {{\n    const char *name;\n    \
         void (*run)(tftpserver *server);\n}} examples[] = {{\n{table}}};\n\
         const size_t example_count = {count};\n"
    );
    std::fs::write(place("table.c"), text).unwrap();
    std::fs::write(place("boot.img"), [7; 2000]).unwrap();
    let tests = Path::new(ROOT).join("c-tests");
    let program = place("examples");
    let harness = Path::new(ROOT).join("tests/interface/reference/harness.c");
    let sources = [place("table.c"), harness, tests.join("client.c")];
    run(cc()
        .args(["-std=gnu11", "-I"])
        .arg(tests)
        .args(sources)
        .args(objects)
        .arg(library(directory.path()))
        .arg("-o")
        .arg(&program));
    run(ready(&program, directory.path()));
}

/// Whole programs link, the header's one too; those that end by themselves run. Files of `examples`
/// are run by ctest.
#[test]
fn programs_link_and_run() {
    let mut programs = 0;
    let quick_start = Path::new(ROOT).join("docs/reference/examples/quick_start.c");
    for file in quoted()
        .iter()
        .chain([&quick_start])
        .filter(|file| read(file).contains("int main("))
    {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("program");
        run(cc()
            .arg(file)
            .arg(library(directory.path()))
            .arg("-o")
            .arg(&program));
        let goes_on = ["for (;;)", "getchar()"].iter().any(|it| read(file).contains(it));
        if !goes_on {
            run(ready(&program, directory.path()));
        }
        programs += 1;
    }
    assert!(programs > 5, "only {programs} programs were found");
}

/// Every file that a page quotes.
fn quoted() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for page in pages() {
        for quote in read(&page).split("<!-- file: ").skip(1) {
            let file = quote.split(" -->").next().unwrap_or_default();
            files.push(page.parent().expect("a page is in a directory").join(file));
        }
    }
    files
}

/// No C stands on a page but what a test compiles: quoted files, declarations of the header, calls
/// of settings.c.
#[test]
fn all_c_comes_from_files() {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let known = [
        words(&read(&Path::new(ROOT).join("include/tftpserver.h"))),
        words(&read(&Path::new(ROOT).join("docs/reference/examples/settings.c"))),
    ];
    for page in pages() {
        let text = read(&page);
        for (before, rest) in text.match_indices("```c\n").map(|(at, _)| text.split_at(at)) {
            let block = words(rest[5..].split("\n```").next().unwrap_or_default());
            assert!(
                before
                    .lines()
                    .last()
                    .is_some_and(|line| line.starts_with("<!-- file: "))
                    || known.iter().any(|text| text.contains(&block)),
                "{}: no file has this: {block}",
                page.display()
            );
        }
    }
}

/// The shared library under the name that a program looks for, in this directory.
fn library(directory: &Path) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let built = test.ancestors().nth(2).expect("tests lie in deps");
    let library = directory.join("libtftpserver.so.0");
    std::os::unix::fs::symlink(built.join("deps/libtftpserver.so"), &library).unwrap();
    library
}

/// The program, to run in this directory.
fn ready(program: &Path, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory).env("LD_LIBRARY_PATH", directory);
    command
}

fn cc() -> Command {
    let mut command = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    command
        .args(STRICT)
        .arg("-I")
        .arg(Path::new(ROOT).join("include"));
    command
}

fn run(mut command: impl std::borrow::BorrowMut<Command>) {
    let command = command.borrow_mut();
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (said, complained) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{command:?}\n{said}\n{complained}");
}
