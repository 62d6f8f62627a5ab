//! Made from api/events.toml by `make bless`; not to be edited.

use super::{Accept, Direction};

/// One event, as it is while its callback runs.
#[derive(Debug, PartialEq)]
pub enum Event<'a> {
    /// 1: A connection was accepted (status 0), or refused (error number).
    Connected {
        /// The connection's id.
        connection_id: i32,
        /// 0, or an error number, such as 10013 (refused by ConnectionRequest) or 10068 (too many
        /// connections).
        status_code: i32,
        /// "OK", or the error text.
        description: &'a str,
    },
    /// 2: A client requests a transfer: accept or refuse it.
    ConnectionRequest {
        /// The client's IP address.
        remote_host: &'a str,
        /// The client's UDP port.
        remote_port: u16,
        /// The file name as the client sent it, converted from CodePage to UTF-8. Untrusted input.
        /// A byte from 0x80 on that is invalid in the CodePage becomes the character U+EF00 plus
        /// the byte: 0xFF is U+EFFF, "\xEE\xBF\xBF" in C.
        filename: &'a str,
        /// "0" octet, "1" netascii.
        transfer_mode: &'a str,
        /// TFTPSERVER_OPERATION_READ (1) or TFTPSERVER_OPERATION_WRITE (2).
        operation: i32,
        /// In and out: TFTPSERVER_ACCEPT_YES (1) on entry. Set it to TFTPSERVER_ACCEPT_NO (0) to
        /// refuse, or to TFTPSERVER_ACCEPT_LATER (2) to answer with `tftpserver_do_accept`. Other
        /// values accept.
        accept: Accept,
        /// The connection's id. Its record is already in the Conn arrays.
        connection_id: i32,
        /// The local address that the client sent to; "" if the system does not report it.
        local_host: &'a str,
    },
    /// 3: A connection ended.
    Disconnected {
        /// The connection's id. Its record is removed from the Conn arrays when the callback has
        /// returned.
        connection_id: i32,
        /// 0 if the transfer is complete, otherwise the error number.
        status_code: i32,
        /// "OK", or the error text.
        description: &'a str,
    },
    /// 4: A transfer is complete.
    EndTransfer {
        /// The connection's id.
        connection_id: i32,
        /// TFTPSERVER_DIRECTION_UPLOAD (0) or TFTPSERVER_DIRECTION_DOWNLOAD (1).
        direction: Direction,
    },
    /// 5: A transfer or request failed.
    Error {
        /// The error number.
        error_code: i32,
        /// The error text.
        description: &'a str,
        /// The connection's id, or 0 if the event belongs to no connection.
        connection_id: i32,
    },
    /// 6: A log message.
    Log {
        /// The connection's id, or 0 if the event belongs to no connection.
        connection_id: i32,
        /// 1 Info, 2 Verbose, 3 Debug.
        log_level: i32,
        /// The message: one line, in which control characters are escaped.
        message: &'a str,
        /// "Info", "Error", "Verbose", "Debug" or "PITrail".
        log_type: &'a str,
    },
    /// 7: A transfer begins.
    StartTransfer {
        /// The connection's id.
        connection_id: i32,
        /// TFTPSERVER_DIRECTION_UPLOAD (0) or TFTPSERVER_DIRECTION_DOWNLOAD (1).
        direction: Direction,
    },
    /// 8: A block was transferred.
    Transfer {
        /// The connection's id.
        connection_id: i32,
        /// TFTPSERVER_DIRECTION_UPLOAD (0) or TFTPSERVER_DIRECTION_DOWNLOAD (1).
        direction: Direction,
        /// Bytes transferred so far, including this block.
        bytes_transferred: i64,
        /// 0 to 100, relative to the file's size or the tsize that the client announced. -1 if
        /// neither is known: uploads without tsize, and netascii except downloads from
        /// ConnFileData.
        percent_done: i32,
        /// The data of this block: binary, not NUL-terminated, never NULL.
        text: &'a [u8],
    },
    /// 9: A download that the program supplies needs more data.
    DataWanted {
        /// The connection's id, or the id of one of those that share the source (ConnDataKey).
        connection_id: i32,
        /// The position in the source of the first requested byte. Earlier bytes were requested
        /// before.
        offset: i64,
        /// The largest number of bytes to supply now.
        length: i64,
    },
}

/// The numbers under which callbacks are registered.
pub mod id {
    /// A connection was accepted (status 0), or refused (error number).
    pub const CONNECTED: i32 = 1;
    /// A client requests a transfer: accept or refuse it.
    pub const CONNECTION_REQUEST: i32 = 2;
    /// A connection ended.
    pub const DISCONNECTED: i32 = 3;
    /// A transfer is complete.
    pub const END_TRANSFER: i32 = 4;
    /// A transfer or request failed.
    pub const ERROR: i32 = 5;
    /// A log message.
    pub const LOG: i32 = 6;
    /// A transfer begins.
    pub const START_TRANSFER: i32 = 7;
    /// A block was transferred.
    pub const TRANSFER: i32 = 8;
    /// A download that the program supplies needs more data.
    pub const DATA_WANTED: i32 = 9;
}

/// The least number of an event.
pub const FIRST: i32 = 1;
/// The greatest number of an event.
pub const LAST: i32 = 9;

impl Event<'_> {
    /// How many texts an event has at most.
    pub const TEXTS: usize = 4;

    /// The number under which a callback is registered.
    pub fn id(&self) -> i32 {
        match self {
            Event::Connected { .. } => 1,
            Event::ConnectionRequest { .. } => 2,
            Event::Disconnected { .. } => 3,
            Event::EndTransfer { .. } => 4,
            Event::Error { .. } => 5,
            Event::Log { .. } => 6,
            Event::StartTransfer { .. } => 7,
            Event::Transfer { .. } => 8,
            Event::DataWanted { .. } => 9,
        }
    }

    /// The texts, in the order of the fields, "" in place of those that an event has not.
    pub fn texts(&self) -> [&str; Event::TEXTS] {
        match self {
            Event::Connected { description, .. } => [description, "", "", ""],
            Event::ConnectionRequest { remote_host, filename, transfer_mode, local_host, .. } => [remote_host, filename, transfer_mode, local_host],
            Event::Disconnected { description, .. } => [description, "", "", ""],
            Event::EndTransfer { .. } => ["", "", "", ""],
            Event::Error { description, .. } => [description, "", "", ""],
            Event::Log { message, log_type, .. } => [message, log_type, "", ""],
            Event::StartTransfer { .. } => ["", "", "", ""],
            Event::Transfer { .. } => ["", "", "", ""],
            Event::DataWanted { .. } => ["", "", "", ""],
        }
    }
}

#[cfg(test)]
impl Event<'_> {
    /// The event of this number with nothing in its fields.
    pub fn blank(id: i32) -> Event<'static> {
        match id {
            1 => Event::Connected { connection_id: 0, status_code: 0, description: "" },
            2 => Event::ConnectionRequest { remote_host: "", remote_port: 0, filename: "", transfer_mode: "", operation: 0, accept: Accept::Yes, connection_id: 0, local_host: "" },
            3 => Event::Disconnected { connection_id: 0, status_code: 0, description: "" },
            4 => Event::EndTransfer { connection_id: 0, direction: Direction::Upload },
            5 => Event::Error { error_code: 0, description: "", connection_id: 0 },
            6 => Event::Log { connection_id: 0, log_level: 0, message: "", log_type: "" },
            7 => Event::StartTransfer { connection_id: 0, direction: Direction::Upload },
            8 => Event::Transfer { connection_id: 0, direction: Direction::Upload, bytes_transferred: 0, percent_done: 0, text: &[] },
            9 => Event::DataWanted { connection_id: 0, offset: 0, length: 0 },
            _ => panic!("{id} is no event"),
        }
    }
}
