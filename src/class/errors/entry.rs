//! What there is to say of an error number; `table.rs` says it of each.

/// One error number.
#[derive(Debug)]
pub struct ErrorEntry {
    /// The number; never changed, never used for anything else.
    pub code: i32,
    /// The name of its C constant, without the prefix.
    pub name: &'static str,
    /// Under which heading the reference lists it.
    pub group: &'static str,
    /// Its text, without particulars.
    pub text: &'static str,
    /// Whether this server raises it.
    pub raised: Raised,
}

/// Whether a number occurs, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raised {
    /// When this happens; a test makes it happen.
    When(&'static str),
    /// Only where the system itself answers so, when it is asked for a socket, a thread or a directory.
    PassedOn,
    /// Only by a fault of the library.
    Fault,
    /// Never: kept for its number.
    Never,
}
