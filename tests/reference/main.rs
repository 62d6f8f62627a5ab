//! `docs/reference.md` is what the tables, the header and the examples say. `TFTPSERVER_BLESS=1 cargo test --test
//! reference` writes it anew.

mod c_header;
#[path = "../support/committed.rs"]
mod committed;
#[cfg(target_os = "linux")]
mod examples;
mod render;

use std::path::Path;

use committed::assert_up_to_date;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const TEMPLATE: &str = "src/server/manual/reference.md";

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_reference_is_up_to_date() {
    assert_up_to_date("docs/reference.md", &reference());
}

#[test]
fn every_link_leads_somewhere() {
    let text = reference();
    let headings = text
        .lines()
        .filter_map(|line| line.split_once("# ").map(|(_, heading)| anchor(heading)));
    let ids = text
        .split("<a id=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap_or_default().to_owned());
    let anchors: Vec<String> = headings.chain(ids).collect();
    for link in text
        .split("](")
        .skip(1)
        .map(|rest| rest.split(')').next().unwrap_or_default())
    {
        match link.strip_prefix('#') {
            Some(inside) => assert!(anchors.iter().any(|anchor| anchor == inside), "{link}"),
            None => assert!(Path::new(ROOT).join("docs").join(link).exists(), "{link}"),
        }
    }
}

/// As GitHub makes them.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    kept.chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

fn reference() -> String {
    let header = read("include/tftpserver.h");
    let mut text = read(TEMPLATE)
        .replace("@PROPERTIES@\n", &render::all_properties(&header))
        .replace("@SETTINGS@\n", &render::all_settings())
        .replace("@EVENTS@\n", &render::all_events(&header))
        .replace("@FUNCTIONS@\n", &render::all_functions(&header))
        .replace("@ERRORS@\n", &render::all_errors());
    while let Some((before, rest)) = text.split_once("@FILE ") {
        let (path, after) = rest.split_once("@\n").expect("a file's name ends with @");
        text = format!(
            "{before}{}{}",
            render::code(&read(path)).trim_start(),
            after.trim_start()
        );
    }
    text
}
