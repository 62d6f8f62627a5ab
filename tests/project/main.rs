//! What the project says about itself is so: its rooms, and the tests that its documents name.

mod layering;
mod named_tests;
