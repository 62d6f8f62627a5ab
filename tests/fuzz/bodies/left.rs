//! Checks that closed servers leave no threads and no descriptors behind in this process.

use std::fs;
use std::thread;
use std::time::Duration;

/// The number of descriptors of the process before the servers.
pub struct Left(usize);

impl Left {
    pub fn now() -> Left {
        Left(count("/proc/self/fd", |_| true))
    }

    /// Asserts that no thread of the library and no further descriptor is left.
    ///
    /// Close has joined every thread, but a joined thread may still be listed for a moment.
    pub fn is_all_that_is_left(&self) {
        let ours = |comm: &str| comm.starts_with("tftp");
        for _ in 0..2000 {
            if count("/proc/self/task", ours) == 0 && count("/proc/self/fd", |_| true) == self.0 {
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
        let (threads, now) = (count("/proc/self/task", ours), count("/proc/self/fd", |_| true));
        panic!(
            "{threads} threads and {now} descriptors are left, there were {}",
            self.0
        );
    }
}

/// Returns how many entries of a directory of /proc pass: threads are tested by their names. 0
/// without /proc.
fn count(directory: &str, passes: impl Fn(&str) -> bool) -> usize {
    let Ok(entries) = fs::read_dir(directory) else {
        return 0;
    };
    let names = entries
        .flatten()
        .map(|entry| fs::read_to_string(entry.path().join("comm")));
    names
        .filter(|name| passes(name.as_deref().unwrap_or_default()))
        .count()
}
