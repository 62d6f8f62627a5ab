//! Plans that once failed, each with what it showed: as a failing test prints them, without the seed's way to choose
//! them, which may change.

use super::plan::Plan;

pub const FOUND: &[(&str, Plan)] = &[];
