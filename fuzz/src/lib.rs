//! The bodies of the targets, which `cargo test --test fuzz` of the library runs on the committed
//! corpus.

#[path = "../../tests/fuzz/bodies/mod.rs"]
pub mod bodies;
