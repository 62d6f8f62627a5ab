//! The bodies of the fuzz targets: each takes any bytes, does what they say, and panics where a promise is broken.
//!
//! They are here, beside the test that runs them on the committed corpus, and the package in `fuzz/` includes this
//! file: so they see the library as its callers do, and nothing in it is public, or compiled, for their sake.

pub mod calls;
mod input;
mod left;
pub mod names;
pub mod negotiation;
pub mod packets;
pub mod supply;
pub mod transfer;
