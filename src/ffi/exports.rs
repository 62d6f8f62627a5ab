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

/// Creates a server with every property and setting at its default. It does not listen yet.
///
/// @return The handle, the first argument of all other functions. End it with `tftpserver_close` or
///         `tftpserver_release`. NULL after an internal error.
///
/// Threads: any, also inside a callback.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_open() -> *mut tftpserver {
    unbound(ptr::null_mut(), || handles::insert(Server::open()).as_handle())
}

/// Closes the server: stops listening, ends every transfer, joins the library's threads and frees
/// the server.
///
/// Clients of running transfers get an ERROR. If DoEvents runs on another thread, it returns after
/// its current callback, and `close` waits for that. Pending events are discarded.
///
/// @param server The handle. It is invalid afterwards on every thread: every later use, including
///               another close, gives 901.
/// @return 0; 901 not a handle; 907 called inside a callback, nothing was closed (call
///         `tftpserver_release` there); 908 internal error.
///
/// Memory: all pointers returned for this handle become invalid. Threads: any, except a thread that
/// a running callback waits for, which would deadlock.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_close(server: *mut tftpserver) -> i32 {
    status(server, Call::Close, |_, key| {
        let server = handles::remove(key).ok_or_else(|| Failure::plain(errors::NOT_A_HANDLE))?;
        server.close();
        strings::forget(key);
        Ok(())
    })
}

/// Registers the callback of an event and replaces the previous one.
///
/// Events without a callback cost nothing, and nothing waits for them.
///
/// @param server   The handle.
/// @param event_id One of TFTPSERVER_EVENT_....
/// @param callback The function, or NULL to remove the callback.
/// @param context Passed to the callback unchanged; the library does not dereference it. Its target
///                 must stay valid until the server is closed, or until the callback was replaced
///                 and every tftpserver_do_doevents that was running at that moment has returned.
/// @return 0; 901 not a handle; 905 unknown event id; 908 internal error.
///
/// Threads: any, also inside a callback. A replaced callback may still be running, or be about to
/// run, on another thread: waiting for it could deadlock with a lock of the application.
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

/// Returns the error text of this thread's last call with this handle.
///
/// The text of the number (`tftpserver_strerror`) comes first, then details such as the address or
/// the name.
///
/// @param server The handle.
/// @return UTF-8 text; "" after a success; the text of 901 if `server` is not a handle. Never NULL.
///
/// Memory: owned by the library, valid until this thread's next call with this handle, other than
/// the two getters of the last error. Threads: any; each thread has its own last error for each
/// handle.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_get_last_error(server: *mut tftpserver) -> *const c_char {
    let failed = strings::static_text(errors::NOT_A_HANDLE);
    value(server, Call::GetLastError, failed, |_, key| {
        Ok(strings::last_text(key))
    })
}

/// Returns the error number of this thread's last call with this handle.
///
/// Every function with a handle sets it, except the two getters of the last error. After a function
/// that returns text, a number or bytes, it shows whether the call failed.
///
/// @param server The handle.
/// @return 0 after a success, otherwise TFTPSERVER_ERROR_...; 901 if `server` is not a handle.
///
/// Threads: any; each thread has its own last error for each handle.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_get_last_error_code(server: *mut tftpserver) -> i32 {
    value(server, Call::GetLastErrorCode, errors::NOT_A_HANDLE, |_, key| {
        Ok(strings::last_code(key))
    })
}

/// Returns a property as text, such as "True", "69" or a path.
///
/// @param server      The handle.
/// @param property_id One of TFTPSERVER_PROPERTY_....
/// @param index       For Conn properties, a connection id or a position from 0 to ConnCount - 1; ignored for others.
/// @return UTF-8 text, or NULL on failure: 901 not a handle; 902 unknown or reserved property; 903
///         no such connection; 905 ConnFileData is not text (use `tftpserver_get_bytes`); 908
///         internal error.
///
/// Memory: owned by the library, valid until this thread's next call with this handle. Threads:
/// any.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_get(
    server: *mut tftpserver,
    property_id: i32,
    index: i32,
) -> *const c_char {
    value(server, Call::Get, ptr::null(), |server, key| {
        let text = server.get(property_id, index)?.into_text()?;
        Ok(strings::keep_text(key, &text))
    })
}

/// Sets a property from text. Booleans accept True, False, 1, 0, Yes and No in any case.
///
/// @param server      The handle.
/// @param property_id One of TFTPSERVER_PROPERTY_....
/// @param index       For Conn properties, a connection id or a position from 0 to ConnCount - 1; ignored for others.
/// @param value       UTF-8 text, copied.
/// @return 0; 901 not a handle; 902 unknown or reserved property; 903 no such connection; 904
///         read-only; 905 invalid value, NULL, or not UTF-8; 106, 107 not allowed while listening;
///         130 the transfer has begun; for LocalDir 10013, 10062, 10063 and other system errors;
///         for Listening every error of `tftpserver_do_startlistening`; 908 internal error. On
///         failure the old value stays.
///
/// Threads: any, also inside a callback.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_set(
    server: *mut tftpserver,
    property_id: i32,
    index: i32,
    value: *const c_char,
) -> i32 {
    status(server, Call::Set, |server, _| {
        // SAFETY: the manual requires a terminated string that stays as it is during the call.
        let text = unsafe { strings::from_c(value) }?;
        server.set(property_id, index, Value::Text(text.to_owned()))
    })
}

/// Returns a property as a number. Booleans are 0 and 1; text is converted if it is a decimal
/// number.
///
/// @param server      The handle.
/// @param property_id One of TFTPSERVER_PROPERTY_....
/// @param index       For Conn properties, a connection id or a position from 0 to ConnCount - 1; ignored for others.
/// @return The number, or 0 on failure (see `tftpserver_get_last_error_code`): 901 not a handle;
///         902 unknown or reserved property; 903 no such connection; 905 the value is not a number;
///         908 internal error.
///
/// Threads: any, also inside a callback.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_get_int(server: *mut tftpserver, property_id: i32, index: i32) -> i64 {
    value(server, Call::GetInt, 0, |server, _| {
        server.get(property_id, index)?.to_integer()
    })
}

/// Sets a property from a number. Booleans accept 0 and 1; text becomes the decimal number.
///
/// @param server      The handle.
/// @param property_id One of TFTPSERVER_PROPERTY_....
/// @param index       For Conn properties, a connection id or a position from 0 to ConnCount - 1; ignored for others.
/// @param value       The number.
/// @return As `tftpserver_set`.
///
/// Threads: any, also inside a callback.
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

/// Returns a property as bytes: ConnFileData unchanged, every other property as its text.
///
/// @param server      The handle.
/// @param property_id One of TFTPSERVER_PROPERTY_....
/// @param index       For Conn properties, a connection id or a position from 0 to ConnCount - 1; ignored for others.
/// @param length      Out: the number of bytes, without the NUL that always follows them. May be NULL. Unchanged on
///                    failure.
/// @return The bytes, not NULL even if there are none; NULL on failure: 901 not a handle; 902
///         unknown or reserved property; 903 no such connection; 908 internal error.
///
/// Memory: owned by the library, valid until this thread's next call with this handle. Threads:
/// any.
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
        // SAFETY: the manual requires NULL or a place for the length.
        if let Some(length) = unsafe { length.as_mut() } {
            *length = bytes.len();
        }
        Ok(pointer.cast())
    })
}

/// Sets a property from bytes: ConnFileData unchanged, every other property as UTF-8 text.
///
/// @param server      The handle.
/// @param property_id One of TFTPSERVER_PROPERTY_....
/// @param index       For Conn properties, a connection id or a position from 0 to ConnCount - 1; ignored for others.
/// @param data        The bytes, copied. May be NULL if `length` is 0.
/// @param length      The number of bytes.
/// @return As `tftpserver_set`.
///
/// Threads: any, also inside a callback.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_set_bytes(
    server: *mut tftpserver,
    property_id: i32,
    index: i32,
    data: *const c_void,
    length: usize,
) -> i32 {
    status(server, Call::SetBytes, |server, _| {
        // SAFETY: the manual requires `length` readable bytes that stay as they are during the
        // call.
        let bytes = unsafe { strings::bytes_from_c(data.cast(), length) }?;
        server.set(property_id, index, Value::Binary(Arc::new(bytes.to_vec())))
    })
}

/// Sets a setting ("NAME=VALUE") or returns its value ("NAME"). Names are case-insensitive.
///
/// @param server               The handle.
/// @param configuration_string UTF-8 text.
/// @return The value, or "" if one was set; NULL on failure: 901 not a handle; 904 read-only; 905
///         invalid value, NULL, or not UTF-8; 906 unknown setting; 909 not available on this
///         platform; 106, 107, 112, 113, 117 not allowed while listening; 434 the code page is not
///         available; 908 internal error. On failure the old value stays.
///
/// Memory: owned by the library, valid until this thread's next call with this handle. Threads:
/// any.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_do_config(
    server: *mut tftpserver,
    configuration_string: *const c_char,
) -> *const c_char {
    value(server, Call::DoConfig, ptr::null(), |server, key| {
        // SAFETY: the manual requires a terminated string that stays as it is during the call.
        let text = unsafe { strings::from_c(configuration_string) }?;
        Ok(strings::keep_text(key, &server.config(text)?))
    })
}

/// Delivers the pending events: calls the registered callbacks one after another on this thread.
///
/// If no event is pending, it waits for the first one, at most for SelectWaitMillis (default 20 ms;
/// 0: no wait). Events that arrive during the delivery are left to the next call. A call on a
/// second thread waits until the first call has returned.
///
/// @param server The handle.
/// @return 0, whether or not an event was delivered; 901 not a handle, or closed meanwhile; 907
///         called inside a callback; 908 internal error.
///
/// Threads: any; callbacks run on the calling thread.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_do_doevents(server: *mut tftpserver) -> i32 {
    status(server, Call::DoDoevents, |server, _| server.do_events())
}

/// Starts listening on LocalHost and LocalPort, and on every address of ListenOn. Does nothing and
/// succeeds if the server already listens.
///
/// @param server The handle.
/// @return 0; 901 not a handle; 905 LocalDir is no longer a directory; 909 SourceMacAddress is set
///         and the server would listen on IPv6; 10013 permission denied (ports below 1024 need a
///         privilege on most systems); 10047 LocalHost is an address of the family that UseIPv6
///         excludes; 10048 the port is in use, or ListenDescriptors contains a socket twice; 10049
///         an address of LocalHost or ListenOn does not belong to this machine; 11001 the name in
///         LocalHost was not found; 11004 the name has no address of the family that UseIPv6
///         selects; 10009 ListenDescriptors contains a number that is not a descriptor; 10038 a
///         descriptor there is not a socket; 10022 a socket there is not UDP, not bound, or
///         connected; another TCP/IP error number from the system; 908 internal error. On failure
///         the server listens nowhere, and the text names the address.
///
/// Threads: any, also inside a callback.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_do_startlistening(server: *mut tftpserver) -> i32 {
    status(server, Call::DoStartlistening, |server, _| {
        server.start_listening()
    })
}

/// Stops listening: new requests are not answered any more, and running transfers continue to their
/// end.
///
/// The port is free when this returns; with SinglePort, when the last transfer has ended.
///
/// @param server The handle.
/// @return 0, also if the server did not listen; 901 not a handle; 908 internal error.
///
/// Threads: any, also inside a callback.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_do_stoplistening(server: *mut tftpserver) -> i32 {
    status(server, Call::DoStoplistening, |server, _| {
        server.stop_listening();
        Ok(())
    })
}

/// Stops listening and ends every transfer: the clients get an ERROR, and Disconnected fires with 10053.
///
/// @param server The handle.
/// @return 0; 901 not a handle; 908 internal error.
///
/// Threads: any, also inside a callback.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_do_shutdown(server: *mut tftpserver) -> i32 {
    status(server, Call::DoShutdown, |server, _| {
        server.shutdown();
        Ok(())
    })
}

/// Ends one transfer: its client gets an ERROR, and Disconnected fires with 10053.
///
/// @param server The handle.
/// @param index  A connection id, or a position from 0 to ConnCount - 1.
/// @return 0; 901 not a handle; 903 no such connection; 908 internal error.
///
/// Threads: any, also inside a callback.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_do_disconnect(server: *mut tftpserver, index: i32) -> i32 {
    status(server, Call::DoDisconnect, |server, _| server.disconnect(index))
}

/// Shuts the server down and sets every property and setting to its default.
///
/// Callbacks stay registered, the event descriptor stays the same, and pending events are still
/// delivered.
///
/// @param server The handle.
/// @return 0; 901 not a handle; 908 internal error.
///
/// Threads: any, also inside a callback.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_do_reset(server: *mut tftpserver) -> i32 {
    status(server, Call::DoReset, |server, _| {
        server.reset();
        Ok(())
    })
}

/// Interrupts DoEvents: one that waits returns at once, one that delivers returns after its current
/// callback and those that belong to it: Connected after ConnectionRequest, the other blocks of the
/// same window after Transfer, Disconnected after EndTransfer.
///
/// If none is running, the next one returns at once. No event is lost: undelivered events stay
/// pending for the next DoEvents.
///
/// @param server The handle.
/// @return 0; 901 not a handle; 908 internal error.
///
/// Threads: any, also inside a callback. Not for signal handlers: set a flag there.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_do_interrupt(server: *mut tftpserver) -> i32 {
    status(server, Call::DoInterrupt, |server, _| {
        server.interrupt();
        Ok(())
    })
}

/// Returns a descriptor that is readable while an event is pending, for poll, epoll, kqueue,
/// asyncio, libuv and GLib.
///
/// When it is readable, call `tftpserver_do_doevents`. Do not read, write or close it.
///
/// @param server The handle.
/// @return The descriptor, the same at every call, closed by `tftpserver_close`; -1 on failure: 901
///         not a handle; 909 not available on Windows (use `tftpserver_get_event_handle`); 10024
///         too many open files; 908 internal error.
///
/// Threads: any, also inside a callback.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_get_event_fd(server: *mut tftpserver) -> c_int {
    value(server, Call::GetEventFd, -1, |server, _| server.event_fd())
}

/// Returns the text of an error number, without the details that `tftpserver_get_last_error` adds.
///
/// @param code TFTPSERVER_ERROR_..., or 0.
/// @return UTF-8 text; "OK" for 0; "Unknown error." for an unknown number. Never NULL.
///
/// Memory: static. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_strerror(code: i32) -> *const c_char {
    unbound(c"Internal error.".as_ptr(), || strings::static_text(code))
}

/// Returns the version of the loaded library. TFTPSERVER_VERSION_STRING is the version of the
/// header.
///
/// @return Text such as "0.1.0". Never NULL.
///
/// Memory: static. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_version() -> *const c_char {
    TERMINATED_VERSION.as_ptr().cast()
}

/// Answers a request for which the ConnectionRequest callback set `accept` to
/// TFTPSERVER_ACCEPT_LATER.
///
/// Until then only this connection waits. Its record stays in the Conn arrays, its sources
/// (ConnFileData, ConnLocalFile, ConnServedName, ConnDataSize, ConnDataKey) may be set, and
/// retransmitted requests of its client cause no second event. DoEvents delivers the events that
/// follow, Connected first. An answer that is given before the callback has returned overrides the
/// callback's own.
///
/// A request that is not answered ends after Timeout, counted from its last retransmission, and
/// Connected fires with
/// 301. If the connection ends otherwise before the answer, Connected fires with that error. With
///      Timeout 0 the wait is
/// unlimited.
///
/// @param server The handle.
/// @param index  A connection id, or a position from 0 to ConnCount - 1.
/// @param accept TFTPSERVER_ACCEPT_YES or TFTPSERVER_ACCEPT_NO.
/// @return 0; 901 not a handle; 903 no such connection, or it has ended; 130 already answered, or
///         not deferred; 905 `accept` is neither of the two; 908 internal error.
///
/// Threads: any, also inside a callback.
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

/// Closes the server without waiting for a callback. For places where `tftpserver_close` fails or
/// would deadlock.
///
/// The server has stopped listening and has ended every transfer when this returns. If DoEvents
/// runs with this handle on any thread, it returns after its current callback and then frees the
/// server. Otherwise the server is freed at once.
///
/// Call it inside a callback, and in a runtime that runs callbacks on another thread than the one
/// in DoEvents: a close inside such a callback would wait for the callback, and the callback for
/// the close.
///
/// @param server The handle. It is invalid afterwards on every thread: every later use, including a
/// close, gives 901.
/// @return 0; 901 not a handle; 908 internal error.
///
/// Memory: all pointers returned for this handle become invalid. A callback's `context` must stay
/// valid until a running DoEvents has returned. Threads: any, also inside a callback of this or
/// another handle.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_release(server: *mut tftpserver) -> i32 {
    status(server, Call::Release, |_, key| {
        let server = handles::remove(key).ok_or_else(|| Failure::plain(errors::NOT_A_HANDLE))?;
        server.release();
        strings::forget(key);
        Ok(())
    })
}

/// Holds a transfer while the program stores the data of its Transfer events elsewhere, on another
/// thread or in a task of an event loop.
///
/// Data that Transfer delivers between a call with `hold` 1 and the next call with `hold` 0 does
/// not count as consumed. When 256 kB are delivered and not consumed, the server stops
/// acknowledging an upload and stops sending a download. The last block of an upload is
/// acknowledged when all data is consumed. If the program cannot store the data, it calls
/// `tftpserver_do_disconnect` or `tftpserver_do_abort`: the client then gets an ERROR instead of
/// that acknowledgement. The hold ends with the connection. While the last block of an upload is
/// held, neither Timeout nor AbsoluteTimeout ends it: a program that never calls with `hold` 0 keeps
/// the connection.
///
/// @param server The handle.
/// @param index  A connection id, or a position from 0 to ConnCount - 1.
/// @param hold   1: data delivered from now on is not consumed. 0: all data delivered so far is consumed.
/// @return 0, also if nothing changes; 901 not a handle; 903 no such connection, or it has ended;
///         905 neither 0 nor 1; 908 internal error.
///
/// Threads: any, also inside a callback.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_do_hold(server: *mut tftpserver, index: i32, hold: i32) -> i32 {
    status(server, Call::DoHold, |server, _| match hold {
        0 => server.hold(index, false),
        1 => server.hold(index, true),
        _ => Err(Failure::new(errors::INVALID_VALUE, "0 or 1 is expected.")),
    })
}

/// Supplies the next bytes of a download whose ConnDataSize is set, as its DataWanted events
/// request them: in order, in one or many pieces, inside the callback, later, or from another
/// thread.
///
/// The source ends after ConnDataSize bytes, or with `is_last`. If `is_last` comes before
/// ConnDataSize bytes, the client gets ERROR 0, and Disconnected fires with 129. If the program
/// supplies nothing for Timeout, the download ends with 301.
///
/// @param server  The handle.
/// @param index   A connection id, or a position from 0 to ConnCount - 1. For downloads that share a source
///                (ConnDataKey), any of their ids is accepted, as long as one of them runs: also one of the last 1024
///                that have ended, and always the id in the event.
/// @param data    The bytes, copied. May be NULL if `length` is 0.
/// @param length  The number of bytes.
/// @param is_last Not 0: the source ends after these bytes.
/// @return 0; 901 not a handle; 903 no such connection; 905 more bytes than requested, or past
///         ConnDataSize, nothing was taken; 130 the program is not its source, or the source has
///         ended; 908 internal error.
///
/// Threads: any, also inside a callback; one call at a time for each download.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_do_supply(
    server: *mut tftpserver,
    index: i32,
    data: *const c_void,
    length: usize,
    is_last: i32,
) -> i32 {
    status(server, Call::DoSupply, |server, _| {
        // SAFETY: the manual requires `length` readable bytes that stay as they are during the
        // call.
        let bytes = unsafe { strings::bytes_from_c(data.cast(), length) }?;
        server.supply(index, bytes, is_last != 0)
    })
}

/// Ends a transfer of any kind with a TFTP error code and text, at any time from its
/// ConnectionRequest on.
///
/// The client gets an ERROR with both. Disconnected, or Connected if it has not fired yet, fires
/// with 10053 and the text. Other downloads with the same ConnDataKey continue; what DataWanted
/// events have requested under this id must still be supplied for them, except the request of an
/// event in whose callback the program aborts. When the program has ended all of them, nothing more
/// is due: a download that begins later has DataWanted events of its own, from offset 0.
///
/// @param server    The handle.
/// @param index     A connection id, or a position from 0 to ConnCount - 1.
/// @param tftp_code The error code of RFC 1350 and RFC 2347, 0 to 8, such as 0 (not defined, see
///                  the text) or 1 (file not found).
/// @param message   UTF-8 text, of which at most 256 bytes are sent. NULL: "Aborted".
/// @return 0; 901 not a handle; 903 no such connection; 905 a code outside 0 to 8, or text that is
///         not UTF-8; 908 internal error.
///
/// Threads: any, also inside a callback.
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
            // SAFETY: the manual requires a terminated string that stays as it is during the call.
            false => Some(unsafe { strings::from_c(message) }?),
        };
        server.abort(index, tftp_code, text)
    })
}

/// Returns a Windows HANDLE that is signalled while an event is pending, for
/// WaitForMultipleObjects, MsgWaitForMultipleObjects and RegisterWaitForSingleObject.
///
/// When it is signalled, call `tftpserver_do_doevents`. It is a manual-reset event: it stays
/// signalled until no event is pending. Only the library sets and resets it. Do not set, reset or
/// close it.
///
/// @param server The handle.
/// @return The HANDLE, the same at every call, closed by `tftpserver_close`; NULL on failure: 901
///         not a handle; 909 not available on systems other than Windows (use
///         `tftpserver_get_event_fd`); 10024 too many open files; 908 internal error.
///
/// Threads: any, also inside a callback.
#[unsafe(no_mangle)]
pub extern "C" fn tftpserver_get_event_handle(server: *mut tftpserver) -> *mut c_void {
    value(server, Call::GetEventHandle, ptr::null_mut(), |server, _| {
        server.event_handle().map(ptr::with_exposed_provenance_mut)
    })
}

static TERMINATED_VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");

// The header and the library have the same version.
const _: () = assert!(TFTPSERVER_VERSION_STRING.len() + 1 == TERMINATED_VERSION.len());
