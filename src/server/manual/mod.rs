//! What the reference (`docs/reference.md`) says beyond the tables: meaning, unit, further errors, since when, an example.
//!
//! All of it is made from `api/`, as types, defaults, ranges and moments are, and the texts of the errors, functions and fields in the header; nothing of that is repeated here. `tests/reference.rs` puts
//! it together. The library itself never looks in here, so the linker leaves all of it out.

pub mod events;
pub mod functions;
#[rustfmt::skip] // Made by a program.
pub mod properties;
#[rustfmt::skip] // Made by a program.
pub mod settings;

use super::errors;
use super::property::{Access, Field, Property};
use super::setting::{Role, Setting};
use super::value::Kind;

/// The first version that had all of this.
const FIRST: &str = "0.1.0";

/// What there is to say about one property, setting, event or function.
#[derive(Debug)]
pub struct Page {
    /// Its name in its table; for functions the C name.
    pub name: &'static str,
    /// What its number or text counts or names; "" where the type says it all.
    pub unit: &'static str,
    /// The first version that has it.
    pub since: &'static str,
    /// Beyond its one line in the header; Markdown.
    pub text: &'static str,
    /// Numbers that its type and access do not tell already.
    pub errors: &'static [i32],
    /// Settings: the argument of Config. Events and callbacks: a function. Otherwise: statements with `server` at hand.
    pub example: &'static str,
}

const fn page(name: &'static str, unit: &'static str, text: &'static str, example: &'static str) -> Page {
    Page {
        name,
        unit,
        since: FIRST,
        text,
        errors: &[],
        example,
    }
}

impl Page {
    const fn raising(self, errors: &'static [i32]) -> Page {
        Page { errors, ..self }
    }
}

/// The page of this name.
pub fn find(pages: &'static [Page], name: &str) -> Option<&'static Page> {
    pages.iter().find(|page| page.name == name)
}

/// Every error that getting or setting a property can answer with, beside 901 and 908.
pub fn errors_of_property(property: &Property) -> Vec<i32> {
    let is_indexed = matches!(property.field, Field::Conn(_));
    let mut all = of_access(property.access, &property.kind);
    all.extend(is_indexed.then_some(errors::INDEX_OUT_OF_RANGE));
    with_further(all, properties::PAGES, property.name)
}

/// Every error that Config can answer with for a setting, beside 901 and 908.
pub fn errors_of_setting(setting: &Setting) -> Vec<i32> {
    let all = match setting.role {
        Role::Property(id) => super::property::find(id).map_or_else(|_| Vec::new(), errors_of_property),
        _ => of_access(setting.access, &setting.kind),
    };
    with_further(all, settings::PAGES, setting.name)
}

fn of_access(access: Access, kind: &Kind) -> Vec<i32> {
    // ConnFileData takes any bytes; text must be UTF-8 without NUL.
    let is_any = matches!(kind, Kind::Binary);
    match access {
        Access::ReadOnly => vec![errors::READ_ONLY],
        Access::WhileStopped(code) => vec![code, errors::INVALID_VALUE],
        Access::BeforeTransfer if is_any => vec![errors::BUSY],
        Access::BeforeTransfer => vec![errors::BUSY, errors::INVALID_VALUE],
        Access::Always | Access::AtStart => vec![errors::INVALID_VALUE],
    }
}

fn with_further(mut all: Vec<i32>, pages: &'static [Page], name: &str) -> Vec<i32> {
    all.extend(find(pages, name).map_or(&[][..], |page| page.errors));
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::{property, setting};

    #[test]
    fn every_row_has_its_page_and_every_page_its_row() {
        let names = |pages: &'static [Page]| pages.iter().map(|page| page.name).collect::<Vec<_>>();
        let rows: Vec<_> = property::TABLE.iter().map(|row| row.name).collect();
        assert_eq!(names(properties::PAGES), rows);
        let rows: Vec<_> = setting::TABLE.iter().map(|row| row.name).collect();
        assert_eq!(names(settings::PAGES), rows);
    }

    #[test]
    fn further_errors_are_in_the_table() {
        let properties = property::TABLE.iter().flat_map(errors_of_property);
        for code in properties.chain(setting::TABLE.iter().flat_map(errors_of_setting)) {
            assert!(errors::TABLE.iter().any(|entry| entry.code == code), "{code}");
        }
    }
}
