//! Names find the files that they mean, and a client gets what is there when it asks.

mod codepage_names;
mod codepages;
mod exchanged;

#[path = "../support/mod.rs"]
mod support;
