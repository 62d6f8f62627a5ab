//! An event of the class as the struct that C sees, for the time of one callback.

use std::ffi::{CString, c_void};

use super::guard::InsideCallback;
use super::handles::Key;
use super::strings::to_c;
use super::types::*;
use crate::server::events::{Callback, Event};

/// A C function and what it wants to be given back.
pub(super) struct CCallback {
    key: Key,
    function: unsafe extern "C" fn(*mut tftpserver, *mut tftpserver_event, *mut c_void) -> i32,
    context: Context,
}

/// The application's pointer: carried, never looked at.
#[derive(Clone, Copy)]
struct Context(*mut c_void);

// SAFETY: the library only hands the pointer back; the manual says that callbacks run on the thread that calls
// DoEvents, and that what the pointer leads to is the application's own business.
unsafe impl Send for Context {}
// SAFETY: as above: nothing is ever read or written through it here.
unsafe impl Sync for Context {}

impl CCallback {
    pub(super) fn new(key: Key, callback: tftpserver_callback, context: *mut c_void) -> Option<CCallback> {
        callback.map(|function| CCallback {
            key,
            function,
            context: Context(context),
        })
    }

    fn call(&self, id: i32, data: tftpserver_event_data) -> (i32, tftpserver_event) {
        let mut event = tftpserver_event { id, data };
        let _inside = InsideCallback::enter();
        // SAFETY: the application vouched for the function when it registered it; the event and all it points to
        // outlive the call.
        let answer = unsafe { (self.function)(self.key.as_handle(), &raw mut event, self.context.0) };
        (answer, event)
    }
}

impl Callback for CCallback {
    fn fire(&self, event: &mut Event<'_>) -> i32 {
        let id = event.id();
        let texts = Texts::of(event);
        let (answer, after) = self.call(id, texts.data(event));
        if let Event::ConnectionRequest { accept, .. } = event {
            // SAFETY: this member was written for this id.
            *accept = unsafe { after.data.connection_request.accept } != 0;
        }
        answer
    }
}

/// The texts of one event, terminated. Transfer has none, so that data costs no allocation.
#[derive(Default)]
struct Texts {
    /// `None`: "".
    of: [Option<CString>; 4],
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

    fn data(&self, event: &Event<'_>) -> tftpserver_event_data {
        let [first, second, third, fourth] = self
            .of
            .each_ref()
            .map(|text| text.as_ref().map_or(c"".as_ptr(), |text| text.as_ptr()));
        match *event {
            Event::Connected {
                connection_id,
                status_code,
                ..
            } => tftpserver_event_data {
                connected: tftpserver_connected_event {
                    connection_id,
                    status_code,
                    description: first,
                },
            },
            Event::ConnectionRequest {
                remote_port,
                operation,
                accept,
                connection_id,
                ..
            } => tftpserver_event_data {
                connection_request: tftpserver_connection_request_event {
                    remote_host: first,
                    remote_port: remote_port.into(),
                    filename: second,
                    transfer_mode: third,
                    operation,
                    accept: accept.into(),
                    connection_id,
                    local_host: fourth,
                },
            },
            Event::Disconnected {
                connection_id,
                status_code,
                ..
            } => tftpserver_event_data {
                disconnected: tftpserver_disconnected_event {
                    connection_id,
                    status_code,
                    description: first,
                },
            },
            Event::EndTransfer {
                connection_id,
                direction,
            } => {
                let direction = direction as i32;
                let end_transfer = tftpserver_end_transfer_event {
                    connection_id,
                    direction,
                };
                tftpserver_event_data { end_transfer }
            }
            Event::Error {
                error_code,
                connection_id,
                ..
            } => tftpserver_event_data {
                error: tftpserver_error_event {
                    error_code,
                    description: first,
                    connection_id,
                },
            },
            Event::Log {
                connection_id,
                log_level,
                ..
            } => tftpserver_event_data {
                log: tftpserver_log_event {
                    connection_id,
                    log_level,
                    message: first,
                    log_type: second,
                },
            },
            Event::StartTransfer {
                connection_id,
                direction,
            } => {
                let direction = direction as i32;
                let start_transfer = tftpserver_start_transfer_event {
                    connection_id,
                    direction,
                };
                tftpserver_event_data { start_transfer }
            }
            Event::Transfer {
                connection_id,
                direction,
                bytes_transferred,
                percent_done,
                text,
            } => tftpserver_event_data {
                transfer: tftpserver_transfer_event {
                    connection_id,
                    direction: direction as i32,
                    bytes_transferred,
                    percent_done,
                    text: text.as_ptr(),
                    text_length: text.len(),
                },
            },
        }
    }
}
