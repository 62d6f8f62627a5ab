//! What ends the program.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::super::Wish;

/// What turns signals into wishes.
pub struct Wishes;

impl Wishes {
    /// From here on signals are wishes, and have no other effect.
    pub fn begin(_: bool) -> io::Result<Wishes> {
        Ok(Wishes)
    }

    /// Calls `take` with every wish, as long as the program runs.
    pub fn each(self, _: impl FnMut(Wish)) {}
}

/// Ctrl-C sets the flag from here on, and does nothing else.
pub fn set_at_end(_: &Arc<AtomicBool>) -> io::Result<()> {
    Ok(())
}
