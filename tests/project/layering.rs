//! The rooms, and who may know whom: ffi -> class -> tftp-serve -> tftp-proto, never the other way.

use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A source file without its comments.
struct Source {
    path: String,
    code: String,
}

fn sources(directory: &str) -> Vec<Source> {
    let root = Path::new(ROOT).join(directory);
    let mut found = Vec::new();
    let mut directories = vec![root];
    while let Some(directory) = directories.pop() {
        for entry in
            std::fs::read_dir(&directory).unwrap_or_else(|error| panic!("{directory:?}: {error}"))
        {
            let path = entry.expect("a directory can be read").path();
            match path.is_dir() {
                true => directories.push(path),
                false if path.extension().is_some_and(|extension| extension == "rs") => {
                    found.push(source(path))
                }
                false => {}
            }
        }
    }
    assert!(!found.is_empty(), "{directory} holds no source");
    found
}

fn source(path: PathBuf) -> Source {
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let code: Vec<_> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    let path = path
        .strip_prefix(ROOT)
        .unwrap_or(&path)
        .to_string_lossy()
        .into_owned();
    Source {
        path,
        code: code.join("\n"),
    }
}

/// Returns the files of these directories whose code contains `word`.
fn finds(directories: &[&str], word: &str) -> Vec<String> {
    let all = directories.iter().flat_map(|directory| sources(directory));
    all.filter(|source| source.code.contains(word))
        .map(|source| source.path)
        .collect()
}

fn none(directories: &[&str], words: &[&str]) {
    for word in words {
        assert_eq!(finds(directories, word), Vec::<String>::new(), "{word}");
    }
}

#[test]
fn every_path_on_the_map_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = std::fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let rooms = [
        "src/",
        "crates/",
        "api/",
        "include/",
        "bindings/",
        "c-tests/",
        "tests/",
        "docs/",
        "examples/",
        "benches/",
        "fuzz/",
    ];
    let words = map.split(|c: char| c.is_whitespace() || "`,();|".contains(c));
    let paths: Vec<&str> = words
        .map(|word| word.trim_end_matches(['.', ':']))
        .filter(|word| rooms.iter().any(|room| word.starts_with(room)))
        .collect();
    assert!(paths.len() > 40, "the map names rooms: {paths:?}");
    let missing: Vec<&str> = paths
        .into_iter()
        .filter(|path| !root.join(path).exists())
        .collect();
    assert!(
        missing.is_empty(),
        "ARCHITECTURE.md names what is not there: {missing:?}"
    );
}

#[test]
fn the_protocol_uses_no_layer_above_and_no_system() {
    none(
        &["crates/tftp-proto/src"],
        &[
            "std::net",
            "std::fs",
            "std::thread",
            "std::time",
            "tftpserver::",
            "libc::",
        ],
    );
    assert!(
        source(Path::new(ROOT).join("crates/tftp-proto/src/lib.rs"))
            .code
            .contains("#![no_std]")
    );
}

#[test]
fn the_loop_uses_neither_class_nor_c() {
    none(
        &["crates/tftp-serve/src"],
        // System calls that exist only in C are in the crates below.
        &["tftpserver::", "no_mangle", "extern \"C\"", "CStr"],
    );
}

#[test]
fn files_know_no_network_and_no_room_above() {
    none(
        &["crates/tftp-files/src", "crates/tftp-budget/src"],
        &["std::net", "UdpSocket", "tftpserver::", "extern \"C\""],
    );
}

#[test]
fn datagrams_and_code_pages_know_no_room_above() {
    none(
        &[
            "crates/tftp-udp/src",
            "crates/tftp-codepage/src",
            "crates/tftp-sync/src",
        ],
        &["tftpserver::", "tftp_proto::wire", "no_mangle"],
    );
    none(&["crates/tftp-codepage/src"], &["std::net", "std::fs"]);
}

#[test]
fn the_class_uses_no_c() {
    none(
        &["src/class"],
        &[
            "crate::ffi",
            "extern \"C\"",
            "no_mangle",
            "CStr",
            "c_char",
            "*mut ",
            "*const ",
        ],
    );
}

/// The compiler checks it too: the package depends on none of these crates, and the loop's modules
/// are private.
#[test]
fn the_class_uses_only_the_public_rust_library() {
    none(
        &["src"],
        &[
            "tftp_serve::simulation",
            "simulation::",
            "tftp_machine",
            "tftp_proto",
            "tftp_files",
            "tftp_udp",
            "tftp_budget",
            "UdpSocket",
            "std::fs::File",
        ],
    );
    // Nothing is public there for the class alone: the items hidden from the documentation are for
    // the simulated world.
    assert_eq!(
        finds(&["crates/tftp-serve/src"], "doc(hidden)"),
        ["crates/tftp-serve/src/lib.rs"]
    );
}

#[test]
fn the_c_interface_uses_only_the_class() {
    none(&["src/ffi"], &["tftp_serve"]);
}

#[test]
fn unsafe_code_is_where_the_system_and_c_are_called() {
    let rooms = [
        "src",
        "crates/tftp-proto/src",
        "crates/tftp-budget/src",
        "crates/tftp-files/src",
        "crates/tftp-serve/src",
        "crates/tftp-sync/src",
        "crates/tftp-codepage/src",
    ];
    let words = ["unsafe {", "unsafe impl", "unsafe fn"];
    let found: Vec<String> = words.into_iter().flat_map(|word| finds(&rooms, word)).collect();
    assert!(!found.is_empty());
    let allowed = |path: &String| {
        path.starts_with("src/ffi/")
            || path == "crates/tftp-codepage/src/iconv.rs"
            || path == "crates/tftp-budget/src/limits.rs"
            || path == "crates/tftp-sync/src/spawn.rs"
            || path.starts_with("crates/tftp-files/src/read")
    };
    assert!(found.iter().all(allowed), "{found:?}");
    none(&["src/class"], &["allow(unsafe_code)"]);
}

#[test]
fn the_command_uses_only_the_rust_library() {
    none(
        &["crates/tftpserver-cli/src"],
        &[
            "tftpserver::",
            "tftp_machine",
            "tftp_udp",
            "tftp_files",
            "tftp_serve::simulation",
            "tftp_serve::inline",
            "unsafe ",
        ],
    );
    // The command's client is built on the protocol crate.
    let protocol = finds(&["crates/tftpserver-cli/src"], "tftp_proto");
    assert!(
        protocol
            .iter()
            .all(|path| path.starts_with("crates/tftpserver-cli/src/client/")),
        "{protocol:?}"
    );
}

#[test]
fn the_clock_is_read_in_one_place() {
    let rooms = [
        "src",
        "crates/tftp-proto/src",
        "crates/tftp-machine/src",
        "crates/tftp-files/src",
        "crates/tftp-udp/src",
        "crates/tftp-serve/src",
    ];
    let mut found = finds(&rooms, "Instant::now");
    // Tests of real sockets measure real time.
    found.retain(|path| !path.contains("/tests/"));
    assert_eq!(found, ["crates/tftp-udp/src/clock.rs"]);
    // There the time of day is compared with times of files.
    let found = finds(&rooms, "SystemTime::now");
    assert_eq!(found, ["crates/tftp-files/src/clock.rs"]);
}

#[test]
fn every_exported_function_goes_through_the_guard() {
    let exports = source(Path::new(ROOT).join("src/ffi/exports.rs")).code;
    for function in exports.split("pub extern \"C\" fn ").skip(1) {
        let name = function.split('(').next().unwrap_or_default();
        let is_guarded = ["status(", "value(", "unbound("]
            .iter()
            .any(|guard| function.contains(guard));
        // It returns a constant, so nothing in it can fail.
        assert!(is_guarded || name == "tftpserver_version", "{name}");
    }
}
