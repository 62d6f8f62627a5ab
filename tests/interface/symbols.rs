//! Checks that the exported symbols, the declarations of the header and c-tests/exports.txt are
//! equal, in this order. New functions are added at the end only, and none is ever removed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(path))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the list of exports in ABI order.
fn list() -> Vec<String> {
    read("c-tests/exports.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_header_declares_the_list() {
    let header = read("include/tftpserver.h");
    let mut declared = Vec::new();
    for declaration in header.split("\nTFTPSERVER_API").skip(1) {
        let before = declaration.split('(').next().unwrap_or_default();
        let name = before
            .rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .next()
            .unwrap_or_default();
        declared.push(name.to_owned());
    }
    assert_eq!(declared, list());
}

#[test]
fn the_sources_define_the_list() {
    let source = read("src/ffi/exports.rs");
    let defined: Vec<_> = source
        .lines()
        .filter_map(|line| line.strip_prefix("pub extern \"C\" fn "))
        .map(|rest| rest.split('(').next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(defined, list());
    assert_eq!(source.matches("#[unsafe(no_mangle)]").count(), defined.len());
}

#[test]
#[cfg(target_os = "linux")]
fn the_shared_library_exports_the_list_and_nothing_else() {
    let library = shared_library();
    let output = Command::new("nm")
        .args(["--dynamic", "--defined-only", "--format=posix"])
        .arg(&library)
        .output();
    let output = output.expect("nm is installed (binutils, which rustc's linker needs as well)");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("names are text");
    let exported: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect();
    assert_eq!(exported, list().into_iter().collect());
}

/// Returns the path of the shared library, beside the test programs: Cargo builds all forms of the
/// library before it runs them.
#[cfg(target_os = "linux")]
fn shared_library() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let directory = test.ancestors().nth(2).expect("tests lie in deps");
    directory.join("deps/libtftpserver.so")
}
