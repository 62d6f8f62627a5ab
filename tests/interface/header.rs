//! Checks that `include/tftpserver.h` is generated from the current sources. `make bless`
//! regenerates it.

use std::fmt::Write;
use std::path::Path;

use crate::support::committed::assert_up_to_date;
use tftpserver::class::property::{self, Access, Field};
use tftpserver::class::setting::{self, Role};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn the_header_is_up_to_date() {
    assert_up_to_date("include/tftpserver.h", &header());
}

#[test]
fn the_manual_fits_a_page() {
    let manual = manual();
    assert!(manual.is_ascii(), "some C compilers know no other characters");
    for line in manual.lines() {
        assert!(line.len() <= 120, "{line}");
    }
    assert!(!manual.contains('@'));
}

fn header() -> String {
    let mut config = cbindgen::Config::from_file(Path::new(ROOT).join("cbindgen.toml"))
        .expect("cbindgen.toml is right");
    config.header = Some(manual().trim_end().to_owned());
    config.after_includes = Some(version_text() + api_macro());
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in ["constants", "types", "exports"] {
        builder =
            builder.with_src(Path::new(ROOT).join("src/ffi").join(source).with_extension("rs"));
    }
    let mut text = Vec::new();
    builder
        .generate()
        .expect("the sources can be read")
        .write(&mut text);
    let text = String::from_utf8(text).expect("a header is text");
    // Every type has a typedef, so the tag is redundant.
    text.replace("struct tftpserver *", "tftpserver *")
        .replace("struct tftpserver_event *", "tftpserver_event *")
}

/// Returns the definition of the version's text: cbindgen leaves text constants out.
fn version_text() -> String {
    let version = tftpserver::ffi::TFTPSERVER_VERSION_STRING;
    format!(
        "\n/**\n * The version of this header as text.\n */\n#define TFTPSERVER_VERSION_STRING \"{version}\"\n"
    )
}

fn api_macro() -> &'static str {
    "\n/*\n * The prefix of every function declaration. Define TFTPSERVER_STATIC to link the static library on Windows.\n */\n\
     #ifndef TFTPSERVER_API\n#if defined(_WIN32) && !defined(TFTPSERVER_STATIC)\n\
     #define TFTPSERVER_API __declspec(dllimport)\n#else\n#define TFTPSERVER_API\n#endif\n#endif"
}

fn manual() -> String {
    let text = std::fs::read_to_string(Path::new(ROOT).join("src/ffi/manual.h"))
        .expect("src/ffi/manual.h is there");
    text.replace("@QUICK_START@\n", &quick_start())
        .replace("@PROPERTIES@\n", &properties())
        .replace("@SETTINGS@\n", &settings())
}

/// Returns a program that `tests/interface/reference` compiles, as lines of the comment.
fn quick_start() -> String {
    let path = Path::new(ROOT).join("docs/reference/examples/quick_start.c");
    let program = std::fs::read_to_string(path).expect("the program is there");
    let lines = program
        .lines()
        .map(|line| format!(" *     {line}").trim_end().to_owned() + "\n");
    lines.collect()
}

fn properties() -> String {
    let mut text = row("id", "property", "type, range", "default", "changes", "");
    for property in property::TABLE {
        let index = if matches!(property.field, Field::Conn(_)) {
            " (i)"
        } else {
            ""
        };
        let name = format!("{}{index}", property.name);
        let changes = changes(property.access);
        text += &row(
            &property.id.to_string(),
            &name,
            &property.kind.describe(),
            property.default,
            &changes,
            property.about,
        );
    }
    text
}

fn settings() -> String {
    let mut text = row("", "setting", "type, range", "default", "changes", "");
    for setting in setting::TABLE {
        let (kind, default, access) = match setting.role {
            Role::Property(id) => {
                let property =
                    property::find(id).expect("another name for a property that there is");
                (property.kind.describe(), property.default, property.access)
            }
            _ => (setting.kind.describe(), setting.default, setting.access),
        };
        text += &row("", setting.name, &kind, default, &changes(access), setting.about);
    }
    text
}

fn changes(access: Access) -> String {
    match access {
        Access::ReadOnly => "never".to_owned(),
        Access::Always => "any time".to_owned(),
        Access::AtStart => "at start".to_owned(),
        Access::WhileStopped(code) => format!("stopped ({code})"),
        Access::BeforeTransfer => "before (130)".to_owned(),
    }
}

/// Returns one row, and its meaning on a line of its own below.
fn row(id: &str, name: &str, kind: &str, default: &str, changes: &str, about: &str) -> String {
    let line = format!(" *   {id:>2}  {name:<23} {kind:<16} {default:<8} {changes}");
    let mut text = line.trim_end().to_owned() + "\n";
    if !about.is_empty() {
        let _ = writeln!(text, " *         {about}");
    }
    text
}
