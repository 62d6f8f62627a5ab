//! Checks of the project itself: the layers of its code, and the tests that its documents name.

mod layering;
mod named_tests;
