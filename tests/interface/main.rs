//! The C interface is what its header and its reference say, it only grows, and wrong use is an error code.

mod bad_values;
mod header;
mod reference;
mod symbols;

#[path = "../support/mod.rs"]
mod support;
