//! The types of the interface, as C sees them.
#![allow(non_camel_case_types)]

use std::ffi::{c_char, c_void};

/// The handle of a server. Opaque: a key that the library looks up and never dereferences.
pub struct tftpserver {
    _private: [u8; 0],
}

// api: begin events

/// Fires when a connection was accepted, or refused. An accepted connection waits until the
/// callback has returned. Set ConnFileData, ConnDataSize, ConnLocalFile or ConnServedName here, or
/// in ConnectionRequest.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tftpserver_connected_event {
    /// The connection's id.
    pub connection_id: i32,
    /// 0, or an error number, such as 10013 (refused by ConnectionRequest) or 10068 (too many
    /// connections).
    pub status_code: i32,
    /// "OK", or the error text.
    pub description: *const c_char,
}

/// Fires when a client requests a transfer (RRQ or WRQ). The connection waits until the callback
/// has returned, or until `tftpserver_do_accept` if the answer is deferred.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tftpserver_connection_request_event {
    /// The client's IP address.
    pub remote_host: *const c_char,
    /// The client's UDP port.
    pub remote_port: i32,
    /// The file name as the client sent it, converted from CodePage to UTF-8. Untrusted input. A
    /// byte from 0x80 on that is invalid in the CodePage becomes the character U+EF00 plus the
    /// byte: 0xFF is U+EFFF, "\xEE\xBF\xBF" in C.
    pub filename: *const c_char,
    /// "0" octet, "1" netascii.
    pub transfer_mode: *const c_char,
    /// TFTPSERVER_OPERATION_READ (1) or TFTPSERVER_OPERATION_WRITE (2).
    pub operation: i32,
    /// In and out: TFTPSERVER_ACCEPT_YES (1) on entry. Set it to TFTPSERVER_ACCEPT_NO (0) to
    /// refuse, or to TFTPSERVER_ACCEPT_LATER (2) to answer with `tftpserver_do_accept`. Other
    /// values accept.
    pub accept: i32,
    /// The connection's id. Its record is already in the Conn arrays.
    pub connection_id: i32,
    /// The local address that the client sent to; "" if the system does not report it.
    pub local_host: *const c_char,
}

/// Fires at the end of a connection, exactly once for each Connected with status 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tftpserver_disconnected_event {
    /// The connection's id. Its record is removed from the Conn arrays when the callback has
    /// returned.
    pub connection_id: i32,
    /// 0 if the transfer is complete, otherwise the error number.
    pub status_code: i32,
    /// "OK", or the error text.
    pub description: *const c_char,
}

/// Fires when a transfer is complete. An uploaded file has its final name by then.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tftpserver_end_transfer_event {
    /// The connection's id.
    pub connection_id: i32,
    /// TFTPSERVER_DIRECTION_UPLOAD (0) or TFTPSERVER_DIRECTION_DOWNLOAD (1).
    pub direction: i32,
}

/// Fires when a transfer or a request fails, before the Connected or Disconnected with the same
/// number. It does not fire for requests that ConnectionRequest refused, nor for clients that only
/// queried the size.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tftpserver_error_event {
    /// The error number.
    pub error_code: i32,
    /// The error text.
    pub description: *const c_char,
    /// The connection's id, or 0 if the event belongs to no connection.
    pub connection_id: i32,
}

/// Fires once for each log message whose level is enabled by LogLevel. Level 1 has Info and Error.
/// Level 2 adds PITrail (each RRQ, WRQ, OACK and ERROR) and Verbose (negotiated options and
/// results). Level 3 adds Debug (each DATA and ACK). The only event that may be dropped if too many
/// are pending; a later message reports how many.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tftpserver_log_event {
    /// The connection's id, or 0 if the event belongs to no connection.
    pub connection_id: i32,
    /// 1 Info, 2 Verbose, 3 Debug.
    pub log_level: i32,
    /// The message: one line, in which control characters are escaped.
    pub message: *const c_char,
    /// "Info", "Error", "Verbose", "Debug" or "PITrail".
    pub log_type: *const c_char,
}

/// Fires when a transfer begins. The connection waits until the callback has returned. If no source
/// or destination was found yet, this is the last chance to set ConnFileData, ConnDataSize or
/// ConnLocalFile.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tftpserver_start_transfer_event {
    /// The connection's id.
    pub connection_id: i32,
    /// TFTPSERVER_DIRECTION_UPLOAD (0) or TFTPSERVER_DIRECTION_DOWNLOAD (1).
    pub direction: i32,
}

/// Fires for each block of data, in order; in a download, when the client has acknowledged it. A
/// slow callback slows only its own connection.
///
/// In a netascii download, `text` has the bytes of the packets. In a netascii upload, it has the
/// translated bytes of the file, and one event may have those of several packets.
/// `bytes_transferred` counts the same bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tftpserver_transfer_event {
    /// The connection's id.
    pub connection_id: i32,
    /// TFTPSERVER_DIRECTION_UPLOAD (0) or TFTPSERVER_DIRECTION_DOWNLOAD (1).
    pub direction: i32,
    /// Bytes transferred so far, including this block.
    pub bytes_transferred: i64,
    /// 0 to 100, relative to the file's size or the tsize that the client announced. -1 if neither
    /// is known: uploads without tsize, and netascii except downloads from ConnFileData.
    pub percent_done: i32,
    /// The data of this block: binary, not NUL-terminated, never NULL.
    pub text: *const u8,
    /// The number of bytes in `text`; 0 for an empty last block.
    pub text_length: usize,
}

/// Fires when a download whose ConnDataSize is set needs `length` more bytes from `offset` on:
/// first with offset 0, and again when less than half of the requested data is still to come. Call
/// `tftpserver_do_supply` in the callback, later, or from another thread.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tftpserver_data_wanted_event {
    /// The connection's id, or the id of one of those that share the source (ConnDataKey).
    pub connection_id: i32,
    /// The position in the source of the first requested byte. Earlier bytes were requested before.
    pub offset: i64,
    /// The largest number of bytes to supply now.
    pub length: i64,
}

/// The fields of an event. Its id selects the member.
#[repr(C)]
#[derive(Clone, Copy)]
pub union tftpserver_event_data {
    /// TFTPSERVER_EVENT_CONNECTED
    pub connected: tftpserver_connected_event,
    /// TFTPSERVER_EVENT_CONNECTION_REQUEST
    pub connection_request: tftpserver_connection_request_event,
    /// TFTPSERVER_EVENT_DISCONNECTED
    pub disconnected: tftpserver_disconnected_event,
    /// TFTPSERVER_EVENT_END_TRANSFER
    pub end_transfer: tftpserver_end_transfer_event,
    /// TFTPSERVER_EVENT_ERROR
    pub error: tftpserver_error_event,
    /// TFTPSERVER_EVENT_LOG
    pub log: tftpserver_log_event,
    /// TFTPSERVER_EVENT_START_TRANSFER
    pub start_transfer: tftpserver_start_transfer_event,
    /// TFTPSERVER_EVENT_TRANSFER
    pub transfer: tftpserver_transfer_event,
    /// TFTPSERVER_EVENT_DATA_WANTED
    pub data_wanted: tftpserver_data_wanted_event,
}

// api: end events

/// An event. It and everything it points to are valid until the callback returns. In later versions
/// its structs may grow at their end and do not change otherwise.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tftpserver_event {
    /// One of TFTPSERVER_EVENT_..., which selects the member of `data`.
    pub id: i32,
    /// The fields of the event.
    pub data: tftpserver_event_data,
}

/// A function that an event calls, inside `tftpserver_do_doevents` and on its thread. The library
/// holds no lock meanwhile.
///
/// `context` is the pointer that was passed to `tftpserver_register_callback`. Return 0 to
/// continue. Any other value ends the connection of the event: its client gets a TFTP ERROR, and
/// Disconnected fires with 10053 and the value in its description. If the client already has the
/// whole file (EndTransfer, the last Transfer of a download), it gets no ERROR. In Error and
/// Disconnected the value has no effect on a connection that has already ended. C++ exceptions,
/// longjmp and Rust panics must not leave the callback.
pub type tftpserver_callback = Option<
    unsafe extern "C" fn(
        server: *mut tftpserver,
        event: *mut tftpserver_event,
        context: *mut c_void,
    ) -> i32,
>;
