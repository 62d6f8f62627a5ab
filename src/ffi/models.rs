//! Models of the handle table under the C functions: see `crates/tftp-sync`.

use std::ffi::CStr;

use shuttle::thread;

use super::handles::{self, Key};
use super::*;
use crate::class::errors::NOT_A_HANDLE;
use tftp_sync::check;

/// The process has one table of handles, so one model runs at a time.
static TABLE: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// Opens a server and returns its handle as a number, as C programs pass it between threads.
fn open() -> usize {
    let handle = tftpserver_open();
    assert!(!handle.is_null());
    handle.addr()
}

fn handle(key: usize) -> *mut tftpserver {
    Key(key).as_handle()
}

/// Of concurrent closes exactly one succeeds. Concurrent calls with the handle succeed or return
/// 901, and other handles are not affected.
#[test]
fn one_close_wins_and_all_others_fail() {
    let _table = TABLE.lock();
    check(|| {
        handles::begin_anew();
        let (key, other) = (open(), open());
        let closers = [1, 2].map(|_| thread::spawn(move || tftpserver_close(handle(key))));
        let users = [key, other].map(|key| {
            thread::spawn(move || {
                let codes = [
                    tftpserver_do_interrupt(handle(key)),
                    tftpserver_set_int(handle(key), TFTPSERVER_PROPERTY_TIMEOUT, 0, 7),
                ];
                let text = tftpserver_get(handle(key), TFTPSERVER_PROPERTY_LOCAL_PORT, 0);
                // SAFETY: not NULL: text of this thread, which makes no other call meanwhile.
                let port = (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_owned());
                (codes, port)
            })
        });
        let closed = closers.map(|closer| closer.join().unwrap());
        assert!(
            closed == [0, NOT_A_HANDLE] || closed == [NOT_A_HANDLE, 0],
            "{closed:?}"
        );
        let [(codes, port), undisturbed] = users.map(|user| user.join().unwrap());
        assert!(
            codes.iter().all(|code| [0, NOT_A_HANDLE].contains(code)),
            "{codes:?}"
        );
        assert!(port.is_none_or(|port| port.as_c_str() == c"69"));
        assert_eq!(undisturbed, ([0, 0], Some(c"69".to_owned())));
        assert_eq!(tftpserver_close(handle(key)), NOT_A_HANDLE);
        assert_eq!(tftpserver_close(handle(other)), 0);
    });
}

/// Two threads open the first handles of a process at once: both handles are in one table.
#[test]
fn the_first_handles_are_in_one_table() {
    let _table = TABLE.lock();
    check(|| {
        handles::begin_anew();
        let openers = [1, 2].map(|_| thread::spawn(open));
        let keys = openers.map(|opener| opener.join().unwrap());
        assert_ne!(keys[0], keys[1]);
        for key in keys {
            assert_eq!(tftpserver_do_interrupt(handle(key)), 0);
            assert_eq!(tftpserver_close(handle(key)), 0);
        }
    });
}
