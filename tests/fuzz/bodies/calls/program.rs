//! One thread of the program, and its callback: one call per byte, and the checks of every result.

use std::ffi::{CStr, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::thread;

use ::tftpserver::ffi::*;

use super::client::Client;
use super::texts::texts;
use super::values::{self, CONN_FILE_DATA};
use super::{INSIDE, MOST_SERVERS, NO_HANDLE, Stage};
use crate::bodies::input::Input;

pub struct Program<'s> {
    stage: &'s Stage,
    client: Option<Client>,
    is_callback: bool,
}

impl<'s> Program<'s> {
    pub fn new(stage: &'s Stage) -> Program<'s> {
        Program {
            stage,
            client: None,
            is_callback: false,
        }
    }

    pub fn run(&mut self, input: &mut Input<'_>) {
        while !input.is_empty() {
            self.call(input);
        }
    }

    fn call(&mut self, input: &mut Input<'_>) {
        let what = input.byte() % 28;
        let handle = self.handle(input);
        match what {
            0..=6 => self.life(what, handle, input),
            7..=12 => self.properties(what, handle, input),
            13..=16 => self.configure(what, handle, input),
            17..=19 => self.listen(what, handle, input),
            20..=23 => self.others(what, handle, input),
            _ => self.transfer(what, handle, input),
        }
    }

    /// Returns the handle of a server of the stage, or an invalid one.
    fn handle(&self, input: &mut Input<'_>) -> *mut tftpserver {
        match input.byte() {
            255 => ptr::without_provenance_mut(input.long() as usize),
            254 => ptr::null_mut(),
            number => self.stage.slot(number).load(Ordering::Relaxed),
        }
    }

    fn life(&mut self, what: u8, handle: *mut tftpserver, input: &mut Input<'_>) {
        match what {
            0 | 1 => self.open(input, what == 0),
            2 if input.byte() < 64 => {
                let code = tftpserver_close(handle);
                assert!(!self.is_callback || matches!(code, INSIDE | NO_HANDLE));
                self.status(code, handle);
            }
            2 => thread::yield_now(),
            3 => {
                let event = match input.byte() {
                    255 => input.long() as i32,
                    id => i32::from(id % 10),
                };
                let function: tftpserver_callback = match input.byte() % 8 {
                    7 => None,
                    _ => Some(callback),
                };
                let context = ptr::from_ref(self.stage).cast_mut().cast();
                self.status(
                    tftpserver_register_callback(handle, event, function, context),
                    handle,
                );
            }
            _ => {
                let code = tftpserver_do_doevents(handle);
                assert!(!self.is_callback || matches!(code, INSIDE | NO_HANDLE));
                self.status(code, handle);
            }
        }
    }

    /// Opens a server in a slot. `ready`: it serves files on a port of its own.
    fn open(&self, input: &mut Input<'_>, ready: bool) {
        let mut opened = self.stage.opened.lock().unwrap();
        if opened.len() == MOST_SERVERS {
            return;
        }
        let handle = tftpserver_open();
        assert!(!handle.is_null());
        opened.push(AtomicPtr::new(handle));
        drop(opened);
        self.stage.slot(input.byte()).store(handle, Ordering::Relaxed);
        if ready {
            self.prepare(handle);
            let context = ptr::from_ref(self.stage).cast_mut().cast();
            let events = input.byte();
            for id in (0..8).filter(|id| events >> id & 1 == 1) {
                self.status(
                    tftpserver_register_callback(handle, id + 1, Some(callback), context),
                    handle,
                );
            }
            self.status(tftpserver_do_startlistening(handle), handle);
        }
    }

    /// Sets it to 127.0.0.1, any port and short waits. Another thread may close the handle
    /// meanwhile.
    fn prepare(&self, handle: *mut tftpserver) {
        let directory = values::text(self.stage, 12, &mut Input::new(&[]));
        tftpserver_set(handle, 12, 0, directory.as_ptr());
        tftpserver_set(handle, 13, 0, c"127.0.0.1".as_ptr());
        tftpserver_set_int(handle, 14, 0, 0);
        tftpserver_do_config(handle, c"SelectWaitMillis=1".as_ptr());
    }

    fn properties(&self, what: u8, handle: *mut tftpserver, input: &mut Input<'_>) {
        let (id, index) = (values::property(input), values::index(input));
        match what {
            7 => self.text(tftpserver_get(handle, id, index), handle),
            8 => {
                let text = values::text(self.stage, id, input);
                self.status(tftpserver_set(handle, id, index, text.as_ptr()), handle);
            }
            9 => {
                let number = tftpserver_get_int(handle, id, index);
                assert!(
                    number == 0
                        || tftpserver_get_last_error_code(handle) == 0
                        || self.is_gone(handle)
                );
            }
            10 => self.status(
                tftpserver_set_int(handle, id, index, values::number(input)),
                handle,
            ),
            11 => self.bytes(handle, id, index),
            _ => {
                let text = values::text(self.stage, id, input);
                let data = if id == CONN_FILE_DATA {
                    input.bytes()
                } else {
                    text.to_bytes()
                };
                let code =
                    tftpserver_set_bytes(handle, id, index, data.as_ptr().cast(), data.len());
                self.status(code, handle);
            }
        }
    }

    fn bytes(&self, handle: *mut tftpserver, id: i32, index: i32) {
        let mut length = usize::MAX;
        let bytes: *const u8 = tftpserver_get_bytes(handle, id, index, &raw mut length).cast();
        if bytes.is_null() {
            assert_eq!(length, usize::MAX, "the length is untouched");
            return self.failed(handle);
        }
        // SAFETY: the header promises `length` bytes and a NUL behind them.
        let bytes = unsafe { ptr::slice_from_raw_parts(bytes, length + 1).as_ref() };
        assert_eq!(bytes.and_then(|bytes| bytes.last()), Some(&0));
    }

    fn configure(&self, what: u8, handle: *mut tftpserver, input: &mut Input<'_>) {
        let text = values::configuration(input);
        let text = if what == 16 && input.byte() == 0 {
            ptr::null()
        } else {
            text.as_ptr()
        };
        self.text(tftpserver_do_config(handle, text), handle);
    }

    fn listen(&self, what: u8, handle: *mut tftpserver, input: &mut Input<'_>) {
        let code = match what {
            17 => tftpserver_do_startlistening(handle),
            18 if input.flag() => tftpserver_do_stoplistening(handle),
            18 => tftpserver_do_shutdown(handle),
            _ => {
                let code = tftpserver_do_reset(handle);
                self.prepare(handle);
                return self.known(code);
            }
        };
        self.status(code, handle);
    }

    fn others(&self, what: u8, handle: *mut tftpserver, input: &mut Input<'_>) {
        match what {
            20 => self.status(tftpserver_do_disconnect(handle, values::index(input)), handle),
            21 => self.status(tftpserver_do_interrupt(handle), handle),
            22 => {
                let has_descriptor = tftpserver_get_event_fd(handle) >= 0;
                if !has_descriptor {
                    self.failed(handle);
                }
                // Each system supports one of the two.
                if tftpserver_get_event_handle(handle).is_null() {
                    self.failed(handle);
                } else {
                    assert!(!has_descriptor);
                }
            }
            _ => {
                read(tftpserver_strerror(input.long() as i32));
                read(tftpserver_version());
                read(tftpserver_get_last_error(handle));
                self.known(tftpserver_get_last_error_code(handle));
            }
        }
    }

    fn transfer(&mut self, what: u8, handle: *mut tftpserver, input: &mut Input<'_>) {
        let client = self.client.get_or_insert_with(Client::new);
        match what {
            24 | 25 => {
                let port = tftpserver_get_int(handle, TFTPSERVER_PROPERTY_LOCAL_PORT, 0);
                if let Ok(port) = u16::try_from(port) {
                    client.ask(port, input);
                }
            }
            _ => client.answer(input),
        }
    }
}

/// The checks of every result.
impl Program<'_> {
    /// Checks a code: the header lists it, it is not that of a caught panic, and it is this
    /// thread's last error too.
    fn status(&self, code: i32, handle: *mut tftpserver) {
        self.known(code);
        let last = tftpserver_get_last_error_code(handle);
        assert!(
            last == code || last == NO_HANDLE,
            "{code} was answered, {last} remembered"
        );
    }

    fn known(&self, code: i32) {
        assert_ne!(code, TFTPSERVER_ERROR_INTERNAL);
        assert_ne!(read(tftpserver_strerror(code)), "Unknown error.", "{code}");
    }

    fn text(&self, text: *const c_char, handle: *mut tftpserver) {
        if text.is_null() {
            return self.failed(handle);
        }
        read(text);
    }

    /// Checks after a result of NULL or -1 that there is an error with a text.
    fn failed(&self, handle: *mut tftpserver) {
        let code = tftpserver_get_last_error_code(handle);
        assert_ne!(code, 0, "it failed, and says that it did not");
        self.known(code);
        let shown = read(tftpserver_get_last_error(handle));
        assert!(
            shown.starts_with(&read(tftpserver_strerror(code))) || self.is_gone(handle),
            "{code}: {shown}"
        );
    }

    fn is_gone(&self, handle: *mut tftpserver) -> bool {
        tftpserver_get_last_error_code(handle) == NO_HANDLE
    }
}

/// Reads a text of the library, which is terminated and UTF-8.
fn read(text: *const c_char) -> String {
    assert!(!text.is_null());
    // SAFETY: the header promises terminated text, until this thread's next call with the handle.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().expect("UTF-8").to_owned()
}

/// Reads all fields of an event, and makes the next call that is meant for callbacks.
unsafe extern "C" fn callback(
    server: *mut tftpserver,
    event: *mut tftpserver_event,
    context: *mut c_void,
) -> i32 {
    // SAFETY: the context is the stage, which outlives every DoEvents; the library lends the event
    // for this call.
    let (stage, event) = unsafe { (&*context.cast::<Stage>(), &mut *event) };
    assert!(!server.is_null());
    let mut calls = [0; 24];
    let mut length = 0;
    {
        let mut inside = stage.inside.lock().unwrap();
        while length < calls.len() && !inside.is_empty() {
            calls[length] = inside.pop_front().unwrap_or_default();
            length += 1;
        }
    }
    let mut input = Input::new(&calls[..length]);
    let result = catch_unwind(AssertUnwindSafe(|| {
        look(event, &mut input);
        let mut program = Program::new(stage);
        program.is_callback = true;
        if !input.is_empty() {
            program.call(&mut input);
        }
        // Rarely: it ends the connection.
        i32::from(input.byte() == 77)
    }));
    // No panic may leave a callback: it is resumed when the stage is closed.
    result.unwrap_or_else(|panic| {
        *stage.failed.lock().unwrap() = Some(panic);
        0
    })
}

fn look(event: &mut tftpserver_event, input: &mut Input<'_>) {
    let texts = texts(event).into_iter().map(read).collect::<Vec<_>>();
    // SAFETY: the id determines which member was written; data has the length beside it.
    unsafe {
        match event.id {
            TFTPSERVER_EVENT_CONNECTED | TFTPSERVER_EVENT_DISCONNECTED => {}
            TFTPSERVER_EVENT_CONNECTION_REQUEST => {
                let request = &mut event.data.connection_request;
                assert_eq!(request.accept, 1);
                request.accept = i32::from(input.byte() != 99);
            }
            TFTPSERVER_EVENT_END_TRANSFER => {
                assert!(matches!(event.data.end_transfer.direction, 0 | 1))
            }
            TFTPSERVER_EVENT_ERROR => {
                assert_ne!(event.data.error.error_code, TFTPSERVER_ERROR_INTERNAL);
            }
            TFTPSERVER_EVENT_LOG => {
                let message = &texts[0];
                assert!(!message.chars().any(char::is_control), "one line: {message:?}");
            }
            TFTPSERVER_EVENT_START_TRANSFER => {
                assert!(matches!(event.data.start_transfer.direction, 0 | 1))
            }
            TFTPSERVER_EVENT_TRANSFER => {
                let transfer = event.data.transfer;
                assert!(!transfer.text.is_null() && (-1..=100).contains(&transfer.percent_done));
                let data = ptr::slice_from_raw_parts(transfer.text, transfer.text_length).as_ref();
                let sum = data
                    .unwrap_or_default()
                    .iter()
                    .map(|&byte| i64::from(byte))
                    .sum::<i64>();
                assert!(sum <= 255 * transfer.bytes_transferred);
            }
            TFTPSERVER_EVENT_DATA_WANTED => {
                let wanted = event.data.data_wanted;
                assert!(wanted.offset >= 0 && wanted.length > 0);
            }
            other => panic!("an event {other}"),
        }
    }
}
