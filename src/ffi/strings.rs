//! Conversion of text from and to C, and the storage of returned values.
//!
//! A returned value is kept for the calling thread and the handle until the same thread's next call
//! with the same handle. Threads and handles do not affect each other's values. The values of a
//! closed handle are freed by the close on its thread, and on other threads when they next use a
//! new handle, or end.

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};
use std::mem::ManuallyDrop;
use std::ptr;

use super::handles::Key;
use crate::class::errors::{self, Failure};
use tftp_sync::thread_local;

/// The values that one thread holds for one handle.
struct Slot {
    key: Key,
    code: i32,
    error: CString,
    returned: Vec<u8>,
}

/// The capacity in bytes that a slot keeps between calls. A larger value, such as a file, is freed
/// at the next call.
const KEPT: usize = 16 * 1024;

impl Slot {
    fn empty(&mut self) {
        self.returned.clear();
        self.returned.shrink_to(KEPT);
    }
}

/// Empties the thread's slots when the thread ends.
struct AtThreadEnd;

impl Drop for AtThreadEnd {
    fn drop(&mut self) {
        // The models of threads drop every variable of a thread, in any order.
        let slots = SLOTS.try_with(|slots| std::mem::take(&mut *slots.borrow_mut()));
        drop(slots);
    }
}

thread_local! {
    /// Never dropped, so that functions work to the very end of a thread: in other destructors of
    /// the thread, and in `atexit` functions and static destructors.
    static SLOTS: ManuallyDrop<RefCell<Vec<Slot>>> =
        const { ManuallyDrop::new(RefCell::new(Vec::new())) };
    static AT_THREAD_END: AtThreadEnd = const { AtThreadEnd };
}

/// Records the result of the call that just ended; `None` is success, for which nothing new is
/// kept.
pub(super) fn remember(key: Key, failure: Option<&Failure>) {
    let Some(failure) = failure else {
        return forget_failure(key);
    };
    with_slot(key, |slot| {
        slot.code = failure.code;
        slot.error = to_c(&failure.text);
    });
}

fn forget_failure(key: Key) {
    SLOTS.with(|slots| {
        let mut slots = slots.borrow_mut();
        let slot = slots.iter_mut().find(|slot| slot.key == key);
        if let Some(slot) = slot.filter(|slot| slot.code != 0) {
            slot.code = 0;
            slot.error = CString::default();
        }
    });
}

/// Returns the number that [`remember`] recorded last on this thread.
pub(super) fn last_code(key: Key) -> i32 {
    with_slot(key, |slot| slot.code)
}

/// Returns the text of the last error.
pub(super) fn last_text(key: Key) -> *const c_char {
    with_slot(key, |slot| slot.error.as_ptr())
}

/// Stores text for the caller, up to the first NUL: C could not read further.
pub(super) fn keep_text(key: Key, text: &str) -> *const c_char {
    with_slot(key, |slot| {
        slot.empty();
        slot.returned.extend(text.bytes().take_while(|&byte| byte != 0));
        slot.returned.push(0);
        slot.returned.as_ptr().cast()
    })
}

/// Stores bytes for the caller, followed by a NUL, so that the pointer is valid even if there are
/// none.
pub(super) fn keep_bytes(key: Key, bytes: &[u8]) -> *const u8 {
    with_slot(key, |slot| {
        slot.empty();
        slot.returned.extend_from_slice(bytes);
        slot.returned.push(0);
        slot.returned.as_ptr()
    })
}

/// Frees the values that this thread holds for a handle.
pub(super) fn forget(key: Key) {
    SLOTS.with(|slots| slots.borrow_mut().retain(|slot| slot.key != key));
}

fn with_slot<T>(key: Key, body: impl FnOnce(&mut Slot) -> T) -> T {
    SLOTS.with(|slots| {
        let mut slots = slots.borrow_mut();
        let index = match slots.iter().position(|slot| slot.key == key) {
            Some(index) => index,
            None => {
                // It cannot be had any more if the thread is ending. What is returned then lasts as
                // long as the process.
                let _ = AT_THREAD_END.try_with(|_| ());
                slots.retain(|slot| slot.key.is_open());
                slots.push(Slot {
                    key,
                    code: 0,
                    error: CString::default(),
                    returned: Vec::new(),
                });
                slots.len() - 1
            }
        };
        body(&mut slots[index])
    })
}

/// Returns a copy for C, up to the first NUL.
pub(super) fn to_c(text: &str) -> CString {
    let bytes: Vec<u8> = text.bytes().take_while(|&byte| byte != 0).collect();
    CString::new(bytes).unwrap_or_default()
}

/// Returns text that C passed.
///
/// # Safety
/// `text` is NULL or points to a NUL-terminated string that does not change during the call.
pub(super) unsafe fn from_c<'a>(text: *const c_char) -> Result<&'a str, Failure> {
    if text.is_null() {
        return Err(Failure::new(errors::INVALID_VALUE, "NULL instead of text"));
    }
    // SAFETY: not NULL, and the caller vouches for the rest.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str()
        .map_err(|_| Failure::new(errors::INVALID_VALUE, "not UTF-8"))
}

/// Returns bytes that C passed. NULL with length 0 is no bytes; NULL with another length is 905.
///
/// # Safety
/// `data` is NULL or points to `length` readable bytes that do not change during the call.
pub(super) unsafe fn bytes_from_c<'a>(data: *const u8, length: usize) -> Result<&'a [u8], Failure> {
    if length == 0 {
        return Ok(&[]);
    }
    if data.is_null() || length > isize::MAX as usize {
        return Err(Failure::new(errors::INVALID_VALUE, "no data, but a length"));
    }
    // SAFETY: not NULL, not longer than an object can be, and the caller vouches for the rest.
    let bytes = unsafe { ptr::slice_from_raw_parts(data, length).as_ref() };
    Ok(bytes.unwrap_or_default())
}

/// Returns the text of an error number as a static C string.
pub(super) fn static_text(code: i32) -> *const c_char {
    use std::sync::OnceLock;
    static TEXTS: OnceLock<Vec<(i32, CString)>> = OnceLock::new();
    static UNKNOWN: &CStr = c"Unknown error.";
    let texts = TEXTS.get_or_init(|| {
        let mut texts: Vec<_> = errors::TABLE
            .iter()
            .map(|entry| (entry.code, to_c(entry.text)))
            .collect();
        texts.push((0, to_c(errors::strerror(0))));
        texts.sort_by_key(|(code, _)| *code);
        texts
    });
    match texts.binary_search_by_key(&code, |(code, _)| *code) {
        Ok(index) => texts[index].1.as_ptr(),
        Err(_) => UNKNOWN.as_ptr(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(pointer: *const c_char) -> String {
        // SAFETY: all pointers in these tests come from this module and are terminated.
        unsafe { CStr::from_ptr(pointer) }.to_str().unwrap().to_owned()
    }

    #[test]
    fn handles_and_threads_keep_their_strings_apart() {
        let (one, two) = (Key(1), Key(2));
        // A new slot frees those of closed handles, so only the newest is checked here.
        let first = keep_text(one, "first");
        assert_eq!(text(first), "first");
        remember(one, Some(&Failure::new(errors::INVALID_VALUE, "bad")));
        assert_eq!(
            text(first),
            "first",
            "remembering an error must not touch what was returned"
        );
        let other = std::thread::spawn(move || (last_code(one), text(last_text(one))))
            .join()
            .unwrap();
        assert_eq!(other, (0, String::new()));
        assert_eq!(last_code(one), 905);
        assert_eq!(last_code(two), 0);
    }

    #[test]
    fn a_success_clears_the_error() {
        let key = Key(3);
        remember(key, Some(&Failure::new(errors::READ_ONLY, "")));
        remember(key, None);
        assert_eq!(last_code(key), 0);
        assert_eq!(text(last_text(key)), "");
    }

    #[test]
    fn closed_handles_leave_nothing_behind() {
        for number in 100..200 {
            keep_text(Key(number), "text");
        }
        assert!(SLOTS.with(|slots| slots.borrow().len()) <= 1);
        forget(Key(199));
        assert_eq!(SLOTS.with(|slots| slots.borrow().len()), 0);
    }

    #[test]
    fn texts_from_c() {
        // SAFETY: NULL and literals.
        unsafe {
            assert_eq!(from_c(ptr::null()).unwrap_err().code, 905);
            assert_eq!(from_c(c"\xff".as_ptr()).unwrap_err().code, 905);
            assert_eq!(from_c(c"caf\xc3\xa9".as_ptr()).unwrap(), "café");
            assert_eq!(bytes_from_c(ptr::null(), 0).unwrap(), b"");
            assert_eq!(bytes_from_c(ptr::null(), 1).unwrap_err().code, 905);
            assert_eq!(bytes_from_c(b"abc".as_ptr(), 2).unwrap(), b"ab");
        }
    }

    #[test]
    fn static_texts() {
        assert_eq!(text(static_text(0)), "OK");
        assert_eq!(text(static_text(10048)), "[10048] Address already in use.");
        assert_eq!(text(static_text(-5)), "Unknown error.");
    }

    #[test]
    fn text_ends_at_a_nul() {
        assert_eq!(text(keep_text(Key(4), "a\0b")), "a");
        assert_eq!(to_c("a\0b").as_c_str(), c"a");
    }
}
