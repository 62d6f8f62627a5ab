//! The C interface matches its header and its reference, it only grows, and wrong use returns an
//! error code.

mod bad_values;
mod header;
mod reference;
mod symbols;

#[path = "../support/mod.rs"]
mod support;
