//! The description of one error number; `table.rs` holds all of them.

/// One error number.
#[derive(Debug)]
pub struct ErrorEntry {
    /// The number; never changed, never used for anything else.
    pub code: i32,
    /// The name of its C constant, without the prefix.
    pub name: &'static str,
    /// The heading under which the reference lists it.
    pub group: &'static str,
    /// Its text, without particulars.
    pub text: &'static str,
    /// Whether this server raises it.
    pub raised: Raised,
}

/// When the library raises a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raised {
    /// In this situation, which a test brings about.
    When(&'static str),
    /// Only when the system returns it for a socket, a thread or a directory.
    PassedOn,
    /// Only by a fault of the library.
    Fault,
    /// Never: kept for its number.
    Never,
}
