//! The events: what their fields count. Fields, types and meanings stand in the header.

#[rustfmt::skip] // Made by a program.
mod pages;

pub use pages::PAGES;

use super::Page;

/// One event and the units of its fields.
#[derive(Debug)]
pub struct EventPage {
    /// The number under which a callback is registered.
    pub id: i32,
    /// The rest.
    pub page: Page,
    /// Units by field, in the order of the struct; "" where the type says it all.
    pub units: &'static [(&'static str, &'static str)],
}
