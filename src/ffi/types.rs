//! The types of the interface, as C sees them.
#![allow(non_camel_case_types)]

use std::ffi::{c_char, c_void};

/// A server. Opaque: a key that the library looks up, never a place in memory.
pub struct tftpserver {
    _private: [u8; 0],
}

// api: begin events

/// Fires when a connection was accepted, or failed. Where it is registered, the connection waits until the
/// callback has returned: the moment to set ConnFileData or ConnLocalFile.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tftpserver_connected_event {
    /// The connection.
    pub connection_id: i32,
    /// 0, or the error number: 10013 refused by ConnectionRequest, 10068 too many connections.
    pub status_code: i32,
    /// "OK", or what went wrong.
    pub description: *const c_char,
}

/// Fires when a client asks for a file. The connection waits until the callback has returned, or longer where its
/// answer is put off.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tftpserver_connection_request_event {
    /// The client's IP address.
    pub remote_host: *const c_char,
    /// The client's port.
    pub remote_port: i32,
    /// The file name as the client sent it, in UTF-8. Trust it with nothing. A byte from 0x80 on that means nothing in the
    /// CodePage is the character U+EF00 plus the byte: 0xFF is U+EFFF, "\xEE\xBF\xBF" in C.
    pub filename: *const c_char,
    /// "0" octet, "1" netascii.
    pub transfer_mode: *const c_char,
    /// TFTPSERVER_OPERATION_READ (1) or TFTPSERVER_OPERATION_WRITE (2).
    pub operation: i32,
    /// In and out: TFTPSERVER_ACCEPT_YES (1) on entry; set it to TFTPSERVER_ACCEPT_NO (0) to refuse, to
    /// TFTPSERVER_ACCEPT_LATER (2) to answer by `tftpserver_do_accept`.
    pub accept: i32,
    /// The connection's id; its record in the Conn arrays is there already.
    pub connection_id: i32,
    /// The server's address that was asked; "" where the system does not tell.
    pub local_host: *const c_char,
}

/// Fires once at the end of every connection whose Connected had status 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tftpserver_disconnected_event {
    /// The connection; its record leaves the Conn arrays when the callback has returned.
    pub connection_id: i32,
    /// 0, or the error number.
    pub status_code: i32,
    /// "OK", or what went wrong.
    pub description: *const c_char,
}

/// Fires when a file was transferred whole: an upload is in its place under its final name.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tftpserver_end_transfer_event {
    /// The connection.
    pub connection_id: i32,
    /// TFTPSERVER_DIRECTION_UPLOAD (0) or TFTPSERVER_DIRECTION_DOWNLOAD (1).
    pub direction: i32,
}

/// Fires when something failed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tftpserver_error_event {
    /// The error number.
    pub error_code: i32,
    /// What went wrong.
    pub description: *const c_char,
    /// The connection, or 0 where none is meant.
    pub connection_id: i32,
}

/// Fires once for each log message, as far as LogLevel asks for it: Info and Error (1), PITrail, which is the dialogue
/// of RRQ, WRQ, OACK and ERROR, and Verbose, which tells what was agreed and how it went (2), Debug, which tells of
/// every DATA and ACK (3). The only event that may be dropped when too
/// many wait; a message then says how many.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tftpserver_log_event {
    /// The connection, or 0 where none is meant.
    pub connection_id: i32,
    /// 1 Info, 2 Verbose, 3 Debug.
    pub log_level: i32,
    /// The message, one line.
    pub message: *const c_char,
    /// "Info", "Error", "Verbose", "Debug" or "PITrail".
    pub log_type: *const c_char,
}

/// Fires when a transfer begins. The connection waits until the callback has returned; where neither LocalDir nor
/// the application has a file for it yet, this is the last moment to set ConnFileData or ConnLocalFile.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tftpserver_start_transfer_event {
    /// The connection.
    pub connection_id: i32,
    /// TFTPSERVER_DIRECTION_UPLOAD (0) or TFTPSERVER_DIRECTION_DOWNLOAD (1).
    pub direction: i32,
}

/// Fires for each block of data, in order: of a download when the client has acknowledged it. A slow callback slows
/// this connection and none else.
///
/// In netascii, `text` of a download is what goes over the wire, and of an upload what the file gets, translated, as
/// much an event as came at once; `bytes_transferred` counts the same.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tftpserver_transfer_event {
    /// The connection.
    pub connection_id: i32,
    /// TFTPSERVER_DIRECTION_UPLOAD (0) or TFTPSERVER_DIRECTION_DOWNLOAD (1).
    pub direction: i32,
    /// Bytes transferred so far, this block included.
    pub bytes_transferred: i64,
    /// 0 to 100, of the file's size or of the tsize that the client announced; -1 where neither is known: uploads
    /// without tsize, netascii (but for downloads from ConnFileData).
    pub percent_done: i32,
    /// This block's data: binary, not terminated. Never NULL.
    pub text: *const u8,
    /// Bytes in `text`; 0 for the empty last block.
    pub text_length: usize,
}

/// Fires when a download whose ConnDataSize was set has room for `length` more bytes from `offset` on: first with
/// offset 0, and again when less than half of what was asked for is left to come. Answer it by `tftpserver_do_supply`, at
/// once, later, or from another thread.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tftpserver_data_wanted_event {
    /// The connection, or one of those that share the source (ConnDataKey).
    pub connection_id: i32,
    /// Bytes of the source before what is wanted: everything up to here was asked for already.
    pub offset: i64,
    /// How many bytes may be supplied.
    pub length: i64,
}

/// What happened: the member of `data` that belongs to an event's id.
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

/// An event. It and everything it points to lives until the callback returns. Its structs may grow at their end in
/// later versions, never otherwise.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tftpserver_event {
    /// One of TFTPSERVER_EVENT_...: tells which member of `data` is meant.
    pub id: i32,
    /// What happened.
    pub data: tftpserver_event_data,
}

/// Called inside `tftpserver_do_doevents`, on the thread that called it, with no lock of the library held.
///
/// `context` is what was given to `tftpserver_register_callback`. Return 0 to go on; any other value ends the
/// connection that the event belongs to: its client gets a TFTP ERROR, and Disconnected fires with 10053 and the
/// value in its description. Where the client has everything already (EndTransfer, the last Transfer of a download),
/// only Disconnected tells of it; Error and Disconnected themselves are about what has ended. A C++ exception, a longjmp or a Rust panic must not leave the callback.
pub type tftpserver_callback = Option<
    unsafe extern "C" fn(server: *mut tftpserver, event: *mut tftpserver_event, context: *mut c_void) -> i32,
>;
