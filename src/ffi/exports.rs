//! The exported functions, in ABI order: new ones are added at the end only.
#![expect(
    clippy::not_unsafe_ptr_arg_deref,
    reason = "C knows no unsafe: the manual says what a caller owes"
)]

use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;

use super::constants::{TFTPSERVER_ACCEPT_NO, TFTPSERVER_ACCEPT_YES, TFTPSERVER_VERSION_STRING};
use super::events::CCallback;
use super::guard::{Call, status, unbound, value};
use super::handles;
use super::strings;
use super::types::{tftpserver, tftpserver_callback};
use crate::class::Server;
use crate::class::errors::{self, Failure};
use crate::class::events::Callback;
use crate::class::property::Value;

/// Makes a server with every property and setting at its default. It does not listen yet.
///
/// @return The handle, for every other function; to be ended with `tftpserver_close`. NULL after an internal
///         error.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_open() -> *mut tftpserver {
    unbound(ptr::null_mut(), || handles::insert(Server::open()).as_handle())
}

/// Stops listening, ends every transfer, waits for the library's threads and frees the server.
///
/// A DoEvents that runs on another thread returns after its present callback, and `close` waits for that. Events
/// that still wait are not delivered any more.
///
/// @param server The handle. It is invalid afterwards, on every thread: any use of it, closing included, gives 901.
/// @return 0; 901 not a handle; 907 called from inside a callback: nothing was closed (`tftpserver_release` closes there);
///         908 internal error.
///
/// Memory: every pointer that was returned for this handle ends here. Threads: any, except while a callback waits for
/// the thread that calls it.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_close(server: *mut tftpserver) -> i32 {
    status(server, Call::Close, |_, key| {
        let server = handles::remove(key).ok_or_else(|| Failure::plain(errors::NOT_A_HANDLE))?;
        server.close();
        strings::forget(key);
        Ok(())
    })
}

/// Registers the function that an event calls, in place of any before it.
///
/// An event without a callback costs nothing, and nothing waits for it.
///
/// @param server   The handle.
/// @param event_id TFTPSERVER_EVENT_...
/// @param callback The function, or NULL to register none any more.
/// @param context  Given back to the callback; never looked at. What it points to must live until the server is closed,
///                 or until the callback has been replaced and every tftpserver_do_doevents that was running at that
///                 moment has returned.
/// @return 0; 901 not a handle; 905 no such event; 908 internal error.
///
/// Threads: any, from inside a callback too. Replacing a callback does not wait for one that runs at this moment on
/// another thread, or is about to: waiting could deadlock with a lock of the application.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_register_callback(
    server: *mut tftpserver,
    event_id: i32,
    callback: tftpserver_callback,
    context: *mut c_void,
) -> i32 {
    status(server, Call::RegisterCallback, |server, key| {
        let callback = CCallback::new(key, callback, context);
        server.register(
            event_id,
            callback.map(|callback| Arc::new(callback) as Arc<dyn Callback>),
        )
    })
}

/// The text of the error of this thread's last call with this handle.
///
/// @param server The handle.
/// @return UTF-8 text, "" after a success; for what is not a handle, the text of 901. Never NULL.
///
/// Memory: the library's; valid until this thread's next call with this handle. Threads: any; each has its own last
/// error for each handle.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_get_last_error(server: *mut tftpserver) -> *const c_char {
    let failed = strings::static_text(errors::NOT_A_HANDLE);
    value(server, Call::GetLastError, failed, |_, key| {
        Ok(strings::last_text(key))
    })
}

/// The number of the error of this thread's last call with this handle.
///
/// Every function with a handle sets it but the two that read it. A function that answers with a value (text, a
/// number, bytes) tells by it whether it failed.
///
/// @param server The handle.
/// @return 0 after a success, or TFTPSERVER_ERROR_...; 901 for what is not a handle.
///
/// Threads: any; each has its own last error for each handle.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_get_last_error_code(server: *mut tftpserver) -> i32 {
    value(server, Call::GetLastErrorCode, errors::NOT_A_HANDLE, |_, key| {
        Ok(strings::last_code(key))
    })
}

/// Reads a property as text: "True", "False", "69", a path.
///
/// @param server      The handle.
/// @param property_id TFTPSERVER_PROPERTY_...
/// @param index       For the Conn properties, a connection id or a position below ConnCount; otherwise ignored.
/// @return UTF-8 text, or NULL where the call fails: 901 not a handle; 902 unknown or reserved property; 903 no such
///         connection; 905 ConnFileData holds what is not text (use `tftpserver_get_bytes`); 908 internal error.
///
/// Memory: the library's; valid until this thread's next call with this handle. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_get(server: *mut tftpserver, property_id: i32, index: i32) -> *const c_char {
    value(server, Call::Get, ptr::null(), |server, key| {
        let text = server.get(property_id, index)?.into_text()?;
        Ok(strings::keep_text(key, &text))
    })
}

/// Sets a property from text. Booleans take True, False, 1, 0, Yes and No in any case.
///
/// @param server      The handle.
/// @param property_id TFTPSERVER_PROPERTY_...
/// @param index       For the Conn properties, a connection id or a position below ConnCount; otherwise ignored.
/// @param value       UTF-8 text, copied.
/// @return 0; 901 not a handle; 902 unknown or reserved property; 903 no such connection; 904 read-only; 905 invalid
///         value, NULL, or not UTF-8; 106, 107 not while listening; 130 the transfer has begun; for LocalDir 10013,
///         10062, 10063 and what else the system says; for Listening every error of `tftpserver_do_startlistening`; 908
///         internal error. Where it fails, the old value stays.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_set(
    server: *mut tftpserver,
    property_id: i32,
    index: i32,
    value: *const c_char,
) -> i32 {
    status(server, Call::Set, |server, _| {
        // SAFETY: the manual asks for a terminated string that stays as it is during the call.
        let text = unsafe { strings::from_c(value) }?;
        server.set(property_id, index, Value::Text(text.to_owned()))
    })
}

/// Reads a property as a number. Booleans are 0 and 1; text is read where it is a decimal number.
///
/// @param server      The handle.
/// @param property_id TFTPSERVER_PROPERTY_...
/// @param index       For the Conn properties, a connection id or a position below ConnCount; otherwise ignored.
/// @return The number, or 0 where the call fails (`tftpserver_get_last_error_code` tells): 901 not a handle; 902
///         unknown or reserved property; 903 no such connection; 905 the property is not a number; 908 internal error.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_get_int(server: *mut tftpserver, property_id: i32, index: i32) -> i64 {
    value(server, Call::GetInt, 0, |server, _| {
        server.get(property_id, index)?.to_integer()
    })
}

/// Sets a property from a number. Booleans take 0 and 1.
///
/// @param server      The handle.
/// @param property_id TFTPSERVER_PROPERTY_...
/// @param index       For the Conn properties, a connection id or a position below ConnCount; otherwise ignored.
/// @param value       The number.
/// @return As `tftpserver_set`.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_set_int(
    server: *mut tftpserver,
    property_id: i32,
    index: i32,
    value: i64,
) -> i32 {
    status(server, Call::SetInt, |server, _| {
        server.set(property_id, index, Value::Integer(value))
    })
}

/// Reads a property as bytes: ConnFileData as it is, any other as its text.
///
/// @param server      The handle.
/// @param property_id TFTPSERVER_PROPERTY_...
/// @param index       For the Conn properties, a connection id or a position below ConnCount; otherwise ignored.
/// @param length      Out: how many bytes; untouched where the call fails. NULL if it is not wanted: a NUL that does
///                    not count always follows the bytes.
/// @return The bytes, not NULL even for none; NULL where the call fails: 901 not a handle; 902 unknown or reserved
///         property; 903 no such connection; 908 internal error.
///
/// Memory: the library's; valid until this thread's next call with this handle. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_get_bytes(
    server: *mut tftpserver,
    property_id: i32,
    index: i32,
    length: *mut usize,
) -> *const c_void {
    value(server, Call::GetBytes, ptr::null(), |server, key| {
        let bytes = server.get(property_id, index)?.into_bytes();
        let pointer = strings::keep_bytes(key, &bytes);
        // SAFETY: the manual asks for NULL or a place for the length.
        if let Some(length) = unsafe { length.as_mut() } {
            *length = bytes.len();
        }
        Ok(pointer.cast())
    })
}

/// Sets a property from bytes: ConnFileData as they are, any other as UTF-8 text.
///
/// @param server      The handle.
/// @param property_id TFTPSERVER_PROPERTY_...
/// @param index       For the Conn properties, a connection id or a position below ConnCount; otherwise ignored.
/// @param data        The bytes, copied. NULL is allowed with length 0.
/// @param length      How many.
/// @return As `tftpserver_set`.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_set_bytes(
    server: *mut tftpserver,
    property_id: i32,
    index: i32,
    data: *const c_void,
    length: usize,
) -> i32 {
    status(server, Call::SetBytes, |server, _| {
        // SAFETY: the manual asks for `length` readable bytes that stay as they are during the call.
        let bytes = unsafe { strings::bytes_from_c(data.cast(), length) }?;
        server.set(property_id, index, Value::Binary(Arc::new(bytes.to_vec())))
    })
}

/// Sets a setting ("NAME=VALUE") or reads it ("NAME"). Names match without regard to case.
///
/// @param server               The handle.
/// @param configuration_string UTF-8 text.
/// @return The value where it was read, "" where it was set; NULL where the call fails: 901 not a handle; 904
///         read-only; 905 invalid value, NULL, or not UTF-8; 906 unknown setting; 909 not available here; 106, 107,
///         112, 113, 117 not while listening; 434 a code page that is not available; 908 internal error. Where it
///         fails, the old value stays.
///
/// Memory: the library's; valid until this thread's next call with this handle. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_do_config(
    server: *mut tftpserver,
    configuration_string: *const c_char,
) -> *const c_char {
    value(server, Call::DoConfig, ptr::null(), |server, key| {
        // SAFETY: the manual asks for a terminated string that stays as it is during the call.
        let text = unsafe { strings::from_c(configuration_string) }?;
        Ok(strings::keep_text(key, &server.config(text)?))
    })
}

/// Delivers the events that wait, by calling the registered callbacks one after the other on this thread.
///
/// If none waits, it waits up to SelectWaitMillis (default 20, 0: not at all) for the first. Events that come while
/// it delivers are left to the next call. A call from a second thread waits until the first has returned.
///
/// @param server The handle.
/// @return 0, whether or not an event was delivered; 901 not a handle; 907 called from inside a callback; 908
///         internal error.
///
/// Threads: any; callbacks run on the one that calls.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_do_doevents(server: *mut tftpserver) -> i32 {
    status(server, Call::DoDoevents, |server, _| server.do_events())
}

/// Starts to listen on LocalHost and LocalPort, and on every address of ListenOn. While listening already, it does nothing and succeeds.
///
/// @param server The handle.
/// @return 0; 901 not a handle; 905 LocalDir is no directory any more; 909 SourceMacAddress is set and IPv6 is listened
///         on; 10013 not allowed (ports below 1024 need a privilege on most systems); 10047 LocalHost is an address of
///         the family that UseIPv6 excludes; 10048 the port is in use; 10049 LocalHost is not an address of this machine;
///         11001 LocalHost is not found; 11004 it has no address of the family that UseIPv6 asks for; for ListenOn 10048
///         and 10049; for ListenDescriptors 10009 no descriptor, 10038 no socket, 10022 not UDP, not bound, or connected,
///         10048 named twice; another TCP/IP error; 908 internal error. Where it fails, it listens nowhere, and the
///         text names the address.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_do_startlistening(server: *mut tftpserver) -> i32 {
    status(server, Call::DoStartlistening, |server, _| {
        server.start_listening()
    })
}

/// Stops to listen: new requests are not answered any more, and the port is free when it returns (with SinglePort when
/// the last transfer has ended). Transfers in progress go on to their end.
///
/// @param server The handle.
/// @return 0, also where it did not listen; 901 not a handle; 908 internal error.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_do_stoplistening(server: *mut tftpserver) -> i32 {
    status(server, Call::DoStoplistening, |server, _| {
        server.stop_listening();
        Ok(())
    })
}

/// Stops to listen and ends every transfer: the clients get an ERROR, Disconnected fires with 10053.
///
/// @param server The handle.
/// @return 0; 901 not a handle; 908 internal error.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_do_shutdown(server: *mut tftpserver) -> i32 {
    status(server, Call::DoShutdown, |server, _| {
        server.shutdown();
        Ok(())
    })
}

/// Ends one transfer: its client gets an ERROR, Disconnected fires with 10053.
///
/// @param server The handle.
/// @param index  A connection id, or a position below ConnCount.
/// @return 0; 901 not a handle; 903 no such connection; 908 internal error.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_do_disconnect(server: *mut tftpserver, index: i32) -> i32 {
    status(server, Call::DoDisconnect, |server, _| server.disconnect(index))
}

/// Shutdown, and then every property and setting has its default again. Callbacks stay registered, the event
/// descriptor stays the same, and events that wait are still delivered.
///
/// @param server The handle.
/// @return 0; 901 not a handle; 908 internal error.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_do_reset(server: *mut tftpserver) -> i32 {
    status(server, Call::DoReset, |server, _| {
        server.reset();
        Ok(())
    })
}

/// Makes a waiting DoEvents return, and one that delivers return after its present callback. If none runs, the next
/// returns at once. No event is lost by it: what was not delivered waits for the next DoEvents.
///
/// @param server The handle.
/// @return 0; 901 not a handle; 908 internal error.
///
/// Threads: any. Not for signal handlers: set a flag there.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_do_interrupt(server: *mut tftpserver) -> i32 {
    status(server, Call::DoInterrupt, |server, _| {
        server.interrupt();
        Ok(())
    })
}

/// A descriptor that is readable while an event waits: for poll, epoll, kqueue, asyncio, libuv, GLib.
///
/// When it is readable, call `tftpserver_do_doevents`. Do nothing else with it: not read, not write, not close.
///
/// @param server The handle.
/// @return The descriptor, the same at every call, closed by `tftpserver_close`; -1 where the call fails: 901 not a
///         handle; 909 not available on this platform, which is Windows, where `tftpserver_get_event_handle` serves;
///         10024 too many open files; 908 internal error.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_get_event_fd(server: *mut tftpserver) -> c_int {
    value(server, Call::GetEventFd, -1, |server, _| server.event_fd())
}

/// The text that belongs to an error number, without the particulars that `tftpserver_get_last_error` adds.
///
/// @param code TFTPSERVER_ERROR_..., or 0.
/// @return UTF-8 text: "OK" for 0, "Unknown error." for what is no error number. Never NULL.
///
/// Memory: static. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_strerror(code: i32) -> *const c_char {
    unbound(c"Internal error.".as_ptr(), || strings::static_text(code))
}

/// The version of the library that runs; the header's own is TFTPSERVER_VERSION_STRING.
///
/// @return Text such as "0.1.0". Never NULL.
///
/// Memory: static. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_version() -> *const c_char {
    TERMINATED_VERSION.as_ptr().cast()
}

/// Answers a request for which ConnectionRequest's callback set `accept` to TFTPSERVER_ACCEPT_LATER.
///
/// Until then the connection waits, and no other does: its record stays in the Conn arrays, ConnFileData and
/// ConnLocalFile may be set, the client's repetitions bring no second request. What follows, Connected first, is delivered
/// by DoEvents. An answer that comes before the callback has returned counts as well, and before what the callback says.
/// A request that is not answered ends after Timeout, counted from its last repetition: Connected tells 301, as it tells why
/// where the connection ended otherwise meanwhile. With Timeout 0 it waits without end.
///
/// @param server The handle.
/// @param index  A connection id, or a position below ConnCount.
/// @param accept TFTPSERVER_ACCEPT_YES or TFTPSERVER_ACCEPT_NO.
/// @return 0; 901 not a handle; 903 no such connection, or not any more; 130 it was answered before, or was not put off;
///         905 neither of the two; 908 internal error.
///
/// Threads: any, from inside a callback too.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_do_accept(server: *mut tftpserver, index: i32, accept: i32) -> i32 {
    status(server, Call::DoAccept, |server, _| match accept {
        TFTPSERVER_ACCEPT_NO => server.accept(index, false),
        TFTPSERVER_ACCEPT_YES => server.accept(index, true),
        _ => Err(Failure::new(
            errors::INVALID_VALUE,
            "TFTPSERVER_ACCEPT_YES or TFTPSERVER_ACCEPT_NO is expected.",
        )),
    })
}

/// Closes the server without waiting for a callback: what `tftpserver_close` does, for where that is refused or would
/// wait for ever.
///
/// The server stops listening and ends every transfer before this returns. If a DoEvents of this handle runs, on whichever
/// thread, it returns after its present callback and frees the server then; otherwise the server is freed at once.
///
/// Use it inside a callback, and in a runtime that runs callbacks on another thread than the one that called DoEvents:
/// there a close inside the callback would wait for the callback, and the callback for it.
///
/// @param server The handle. It is invalid afterwards, on every thread: any use of it, closing included, gives 901.
/// @return 0; 901 not a handle; 908 internal error.
///
/// Memory: every pointer that was returned for this handle ends here. A callback's `context` must live until a DoEvents
/// that runs at this moment has returned. Threads: any, from inside a callback too, of this handle or another.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_release(server: *mut tftpserver) -> i32 {
    status(server, Call::Release, |_, key| {
        let server = handles::remove(key).ok_or_else(|| Failure::plain(errors::NOT_A_HANDLE))?;
        server.release();
        strings::forget(key);
        Ok(())
    })
}

/// Holds a transfer back while the program takes the data of its Transfer events elsewhere: on another thread, in a task of
/// an event loop.
///
/// From the call with `hold` 1 until the call with `hold` 0, what Transfer delivers does not count as taken. When 256 kB
/// are delivered and not taken, the client of an upload is not acknowledged any further and a download is not fed any
/// further. The last block of an upload is acknowledged when everything has been taken. A program whose storage fails
/// meanwhile calls `tftpserver_do_disconnect`: the client then gets an ERROR instead of that acknowledgement. The hold
/// ends with the connection.
///
/// @param server The handle.
/// @param index  A connection id, or a position below ConnCount.
/// @param hold   1: what is delivered from now on is not taken. 0: everything that was delivered is taken.
/// @return 0, also where nothing changes; 901 not a handle; 903 no such connection, or not any more; 905 neither 0
///         nor 1; 908 internal error.
///
/// Threads: any, from inside a callback too.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_do_hold(server: *mut tftpserver, index: i32, hold: i32) -> i32 {
    status(server, Call::DoHold, |server, _| match hold {
        0 => server.hold(index, false),
        1 => server.hold(index, true),
        _ => Err(Failure::new(errors::INVALID_VALUE, "0 or 1 is expected.")),
    })
}

/// Supplies the next bytes of a download whose ConnDataSize was set: what its DataWanted events asked for, in order, in one
/// piece or many, inside the callback, later, or from another thread.
///
/// The source ends with ConnDataSize bytes, or with `is_last`. `is_last` before ConnDataSize bytes have come ends the
/// download: the client gets ERROR 0, Disconnected says 129. A download for which nothing comes ends after Timeout with 301.
///
/// @param server  The handle.
/// @param index   A connection id, or a position below ConnCount. Of downloads that share a source (ConnDataKey) any one
///                does, also one that has ended, as long as another runs; the one that the event named is certain.
/// @param data    The bytes, copied. NULL is allowed with length 0.
/// @param length  How many.
/// @param is_last Not 0: nothing follows.
/// @return 0; 901 not a handle; 903 no such connection; 905 more than was asked for, or past ConnDataSize: nothing was
///         taken; 130 the program is not its source, or it is over; 908 internal error.
///
/// Threads: any, from inside a callback too; one at a time for each download.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_do_supply(
    server: *mut tftpserver,
    index: i32,
    data: *const c_void,
    length: usize,
    is_last: i32,
) -> i32 {
    status(server, Call::DoSupply, |server, _| {
        // SAFETY: the manual asks for `length` readable bytes that stay as they are during the call.
        let bytes = unsafe { strings::bytes_from_c(data.cast(), length) }?;
        server.supply(index, bytes, is_last != 0)
    })
}

/// Ends a transfer of any kind with an error code and a text of your own, at any time from its ConnectionRequest on.
///
/// The client gets an ERROR with both. Disconnected, or Connected where that has not fired yet, says 10053 and the text.
/// Other downloads with the same ConnDataKey go on.
///
/// @param server    The handle.
/// @param index     A connection id, or a position below ConnCount.
/// @param tftp_code The code of the ERROR, 0 to 8; 0 where no other fits, 1 for a file that is not there.
/// @param message   UTF-8 text, of which the client gets 256 bytes at most; NULL: "Aborted".
/// @return 0; 901 not a handle; 903 no such connection; 905 a code outside 0 to 8, or text that is not UTF-8; 908 internal
///         error.
///
/// Threads: any, from inside a callback too.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_do_abort(
    server: *mut tftpserver,
    index: i32,
    tftp_code: i32,
    message: *const c_char,
) -> i32 {
    status(server, Call::DoAbort, |server, _| {
        let text = match message.is_null() {
            true => None,
            // SAFETY: the manual asks for a terminated string that stays as it is during the call.
            false => Some(unsafe { strings::from_c(message) }?),
        };
        server.abort(index, tftp_code, text)
    })
}

/// A Windows HANDLE that is signalled while an event waits: for WaitForMultipleObjects, MsgWaitForMultipleObjects,
/// RegisterWaitForSingleObject.
///
/// When it is signalled, call `tftpserver_do_doevents`. It is a manual-reset event: it stays signalled until no event
/// waits, and the library alone sets and resets it. Do nothing else with it: not set, not reset, not close.
///
/// @param server The handle.
/// @return The HANDLE, the same at every call, closed by `tftpserver_close`; NULL where the call fails: 901 not a
///         handle; 909 not available on this platform, which is every one but Windows, where `tftpserver_get_event_fd`
///         serves; 10024 too many open files; 908 internal error.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_get_event_handle(server: *mut tftpserver) -> *mut c_void {
    value(server, Call::GetEventHandle, ptr::null_mut(), |server, _| {
        server.event_handle().map(ptr::with_exposed_provenance_mut)
    })
}

static TERMINATED_VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");

// The header's version is this library's.
const _: () = assert!(TFTPSERVER_VERSION_STRING.len() + 1 == TERMINATED_VERSION.len());
