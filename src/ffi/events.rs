//! Converts an event of the class to the C struct that lives during one callback.

use std::ffi::{CString, c_char, c_void};

use super::constants::{TFTPSERVER_ACCEPT_LATER, TFTPSERVER_ACCEPT_NO};
use super::event_data::data;
use super::guard::InsideCallback;
use super::handles::Key;
use super::strings::to_c;
use super::types::*;
use crate::class::events::{Accept, Callback, Event};

/// A C function and its context.
pub(super) struct CCallback {
    key: Key,
    function: unsafe extern "C" fn(*mut tftpserver, *mut tftpserver_event, *mut c_void) -> i32,
    context: Context,
}

/// The application's pointer: passed on, never dereferenced.
#[derive(Clone, Copy)]
struct Context(*mut c_void);

// SAFETY: the library only passes the pointer back. The manual states that callbacks run on the
// thread that calls DoEvents, and that the application is responsible for the pointer's target.
unsafe impl Send for Context {}
// SAFETY: as above: nothing is ever read or written through it here.
unsafe impl Sync for Context {}

impl CCallback {
    pub(super) fn new(
        key: Key,
        callback: tftpserver_callback,
        context: *mut c_void,
    ) -> Option<CCallback> {
        callback.map(|function| CCallback {
            key,
            function,
            context: Context(context),
        })
    }

    fn call(&self, id: i32, data: tftpserver_event_data) -> (i32, tftpserver_event) {
        let mut event = tftpserver_event { id, data };
        let _inside = InsideCallback::enter();
        // SAFETY: the application vouched for the function when it registered it; the event and all
        // it points to outlive the call.
        let answer =
            unsafe { (self.function)(self.key.as_handle(), &raw mut event, self.context.0) };
        (answer, event)
    }
}

impl Callback for CCallback {
    fn fire(&self, event: &mut Event<'_>) -> i32 {
        let id = event.id();
        let texts = Texts::of(event);
        let (answer, after) = self.call(id, data(event, texts.pointers()));
        if let Event::ConnectionRequest { accept, .. } = event {
            // SAFETY: this member was written for this id.
            *accept = match unsafe { after.data.connection_request.accept } {
                TFTPSERVER_ACCEPT_NO => Accept::No,
                TFTPSERVER_ACCEPT_LATER => Accept::Later,
                _ => Accept::Yes,
            };
        }
        answer
    }
}

/// The NUL-terminated texts of one event. Transfer has none, so it allocates nothing.
#[derive(Default)]
struct Texts {
    /// `None` for "".
    of: [Option<CString>; Event::TEXTS],
}

impl Texts {
    fn of(event: &Event<'_>) -> Texts {
        let mut texts = Texts::default();
        for (place, text) in texts.of.iter_mut().zip(event.texts()) {
            if !text.is_empty() {
                *place = Some(to_c(text));
            }
        }
        texts
    }

    fn pointers(&self) -> [*const c_char; Event::TEXTS] {
        self.of
            .each_ref()
            .map(|text| text.as_ref().map_or(c"".as_ptr(), |text| text.as_ptr()))
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;
    use crate::class::events::id;

    /// Writes the event's fields to its context, and refuses.
    unsafe extern "C" fn callback(
        server: *mut tftpserver,
        event: *mut tftpserver_event,
        context: *mut c_void,
    ) -> i32 {
        // SAFETY: the tests below pass a String, and the library an event.
        let (seen, event) = unsafe { (&mut *context.cast::<String>(), &mut *event) };
        assert_eq!(Key::of(server), Key(48));
        *seen = format!("{}:", event.id);
        match event.id {
            2 => {
                // SAFETY: this member goes with this id.
                let request = unsafe { &mut event.data.connection_request };
                for text in [
                    request.remote_host,
                    request.filename,
                    request.transfer_mode,
                    request.local_host,
                ] {
                    // SAFETY: texts of an event are terminated.
                    *seen += &unsafe { CStr::from_ptr(text) }.to_string_lossy();
                    *seen += "|";
                }
                *seen += &format!("{} {}", request.remote_port, request.accept);
                request.accept -= 1;
            }
            _ => {
                // SAFETY: the only other event that the tests fire.
                let transfer = unsafe { event.data.transfer };
                *seen += &format!("{} {}", transfer.bytes_transferred, transfer.text_length);
                assert!(!transfer.text.is_null());
            }
        }
        7
    }

    fn fire(event: &mut Event<'_>) -> (i32, String) {
        let mut seen = String::new();
        let callback = CCallback::new(Key(48), Some(callback), (&raw mut seen).cast()).unwrap();
        (callback.fire(event), seen)
    }

    #[test]
    fn a_request_event_returns_its_decision() {
        let mut event = Event::blank(id::CONNECTION_REQUEST);
        if let Event::ConnectionRequest {
            remote_host,
            remote_port,
            filename,
            transfer_mode,
            ..
        } = &mut event
        {
            (*remote_host, *remote_port) = ("192.0.2.7", 65535);
            (*filename, *transfer_mode) = ("a b", "1");
        }
        assert_eq!(fire(&mut event), (7, "2:192.0.2.7|a b|1||65535 1".to_owned()));
        assert!(matches!(
            event,
            Event::ConnectionRequest {
                accept: Accept::No,
                ..
            }
        ));
    }

    #[test]
    fn data_events_may_be_empty() {
        let mut event = Event::blank(id::TRANSFER);
        if let Event::Transfer {
            bytes_transferred, ..
        } = &mut event
        {
            *bytes_transferred = 1 << 40;
        }
        assert_eq!(fire(&mut event), (7, format!("8:{} 0", 1u64 << 40)));
    }

    #[test]
    fn no_function_no_callback() {
        assert!(CCallback::new(Key(48), None, std::ptr::null_mut()).is_none());
    }
}
