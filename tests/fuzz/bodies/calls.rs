//! Programs that call the C interface in any order, from up to three threads and from inside
//! callbacks, with open handles, closed ones and invalid ones: no panic, no result that the header
//! does not list, no text that is not readable; and when every handle is closed, no thread and no
//! descriptor is left.
//!
//! Input: a byte for the number of threads, then for each of the others a length and its calls; the
//! rest is for callbacks (a length and their calls) and for the first thread. A call is a byte and
//! its arguments.

mod client;
mod program;
mod settings;
#[rustfmt::skip] // Made by a program.
mod texts;
mod values;

use std::any::Any;
use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, OnceLock};
use std::{fs, ptr, thread};

use ::tftpserver::ffi::{
    TFTPSERVER_ERROR_INSIDE_CALLBACK as INSIDE, TFTPSERVER_ERROR_NOT_A_HANDLE as NO_HANDLE,
};
use ::tftpserver::ffi::{tftpserver, tftpserver_close, tftpserver_get, tftpserver_set_int};
use tempfile::TempDir;

use super::input::Input;
use super::left::Left;
use program::Program;

/// The most servers that one input may open, because each costs sockets and threads.
const MOST_SERVERS: usize = 5;

/// The state that the threads of one input share.
pub struct Stage {
    /// The handles that calls use: NULL, open or closed.
    slots: [AtomicPtr<tftpserver>; 3],
    opened: Mutex<Vec<AtomicPtr<tftpserver>>>,
    /// The calls that callbacks make, one per callback.
    inside: Mutex<VecDeque<u8>>,
    /// The panic of a callback.
    failed: Mutex<Option<Box<dyn Any + Send>>>,
    directory: &'static TempDir,
}

pub fn run(bytes: &[u8]) {
    let directory = directory();
    let before = Left::now();
    let mut input = Input::new(bytes);
    let threads = input.byte() % 3;
    let others: Vec<&[u8]> = (0..threads).map(|_| input.bytes()).collect();
    let stage = Stage {
        slots: Default::default(),
        opened: Mutex::default(),
        inside: Mutex::new(input.bytes().iter().copied().collect()),
        failed: Mutex::default(),
        directory,
    };
    thread::scope(|scope| {
        let stage = &stage;
        let begin = |calls| scope.spawn(move || Program::new(stage).run(&mut Input::new(calls)));
        let threads: Vec<_> = others.into_iter().map(begin).collect();
        Program::new(stage).run(&mut input);
        // The scope only waits until their closures have run; join waits until the threads have
        // ended and freed everything.
        let ends = threads.into_iter().map(|thread| thread.join());
        ends.for_each(|end| end.unwrap_or_else(|panic| resume_unwind(panic)));
    });
    stage.close_all();
    if let Some(panic) = stage.failed.lock().unwrap().take() {
        resume_unwind(panic);
    }
    before.is_all_that_is_left();
}

impl Stage {
    fn slot(&self, number: u8) -> &AtomicPtr<tftpserver> {
        &self.slots[usize::from(number) % self.slots.len()]
    }

    /// Closes the handles that no program has closed, and checks that no function accepts a closed
    /// handle.
    fn close_all(&self) {
        for handle in self.opened.lock().unwrap().iter() {
            let handle = handle.load(Ordering::Relaxed);
            let code = tftpserver_close(handle);
            assert!(matches!(code, 0 | NO_HANDLE), "close: {code}");
            assert_eq!(tftpserver_close(handle), NO_HANDLE);
            assert_eq!(tftpserver_set_int(handle, 14, 0, 0), NO_HANDLE);
            assert_eq!(tftpserver_get(handle, 0, 0), ptr::null());
        }
    }
}

/// Returns the directory that the servers serve. It is made once, because inputs only write one
/// file in it.
fn directory() -> &'static TempDir {
    static DIRECTORY: OnceLock<TempDir> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let directory = TempDir::new().unwrap();
        fs::write(directory.path().join("file"), [7; 3000]).unwrap();
        fs::write(directory.path().join("empty"), []).unwrap();
        fs::create_dir(directory.path().join("dir")).unwrap();
        // Resolved once here, because the resolver may keep descriptors open.
        let _ = std::net::ToSocketAddrs::to_socket_addrs("localhost:0");
        directory
    })
}
