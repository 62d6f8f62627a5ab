//! The bodies of the fuzz targets: each takes any bytes as input, and panics if a promise is
//! broken.
//!
//! They are beside the test that runs them on the committed corpus, and the package in `fuzz/`
//! includes this file. So they see the library as its callers do, and nothing in it is public or
//! compiled only for them.

pub mod calls;
mod input;
mod left;
pub mod names;
pub mod negotiation;
pub mod packets;
pub mod supply;
pub mod transfer;
