//! What servers leave behind in this process when they are closed: nothing.

use std::fs;
use std::thread;
use std::time::Duration;

/// The descriptors of the process.
pub struct Left(usize);

impl Left {
    pub fn now() -> Left {
        Left(count("/proc/self/fd", |_| true))
    }

    /// No thread of the library is left, and no descriptor more than there was.
    ///
    /// Close has waited for every thread; a thread that was waited for may be listed for a moment still.
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

/// How many entries of a directory of /proc pass: threads by their names. 0 where there is no /proc.
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
