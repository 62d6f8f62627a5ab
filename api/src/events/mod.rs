//! Generates all code that comes from `events.toml`, in one file per language.

mod c;
mod cpp;
mod php;
mod python;
mod rust;

use crate::facts::Event;
use crate::made::Made;

pub fn made(events: &[Event]) -> Vec<Made> {
    let mut all = rust::made(events);
    all.extend(c::made(events));
    all.extend(cpp::made(events));
    all.extend(php::made(events));
    all.extend(python::made(events));
    all
}
