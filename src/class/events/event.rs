//! Made from api/events.toml by `make bless`; not to be edited.

use super::{Accept, Direction};

/// One event, as it is while its callback runs.
#[derive(Debug, PartialEq)]
pub enum Event<'a> {
    /// 1: A connection was accepted (status 0), or failed (its error number).
    Connected {
        /// The connection.
        connection_id: i32,
        /// 0, or the error number: 10013 refused by ConnectionRequest, 10068 too many connections.
        status_code: i32,
        /// "OK", or what went wrong.
        description: &'a str,
    },
    /// 2: A client asks for a file: accept or refuse.
    ConnectionRequest {
        /// The client's IP address.
        remote_host: &'a str,
        /// The client's port.
        remote_port: u16,
        /// The file name as the client sent it, in UTF-8. Trust it with nothing. A byte from 0x80 on that means nothing in the
        /// CodePage is the character U+EF00 plus the byte: 0xFF is U+EFFF, "\xEE\xBF\xBF" in C.
        filename: &'a str,
        /// "0" octet, "1" netascii.
        transfer_mode: &'a str,
        /// TFTPSERVER_OPERATION_READ (1) or TFTPSERVER_OPERATION_WRITE (2).
        operation: i32,
        /// In and out: TFTPSERVER_ACCEPT_YES (1) on entry; set it to TFTPSERVER_ACCEPT_NO (0) to refuse, to
        /// TFTPSERVER_ACCEPT_LATER (2) to answer by `tftpserver_do_accept`.
        accept: Accept,
        /// The connection's id; its record in the Conn arrays is there already.
        connection_id: i32,
        /// The server's address that was asked; "" where the system does not tell.
        local_host: &'a str,
    },
    /// 3: A connection ended.
    Disconnected {
        /// The connection; its record leaves the Conn arrays when the callback has returned.
        connection_id: i32,
        /// 0, or the error number.
        status_code: i32,
        /// "OK", or what went wrong.
        description: &'a str,
    },
    /// 4: A file was transferred whole.
    EndTransfer {
        /// The connection.
        connection_id: i32,
        /// TFTPSERVER_DIRECTION_UPLOAD (0) or TFTPSERVER_DIRECTION_DOWNLOAD (1).
        direction: Direction,
    },
    /// 5: Something failed.
    Error {
        /// The error number.
        error_code: i32,
        /// What went wrong.
        description: &'a str,
        /// The connection, or 0 where none is meant.
        connection_id: i32,
    },
    /// 6: A log message.
    Log {
        /// The connection, or 0 where none is meant.
        connection_id: i32,
        /// 1 Info, 2 Verbose, 3 Debug.
        log_level: i32,
        /// The message, one line.
        message: &'a str,
        /// "Info", "Error", "Verbose", "Debug" or "PITrail".
        log_type: &'a str,
    },
    /// 7: A transfer begins.
    StartTransfer {
        /// The connection.
        connection_id: i32,
        /// TFTPSERVER_DIRECTION_UPLOAD (0) or TFTPSERVER_DIRECTION_DOWNLOAD (1).
        direction: Direction,
    },
    /// 8: A block was transferred.
    Transfer {
        /// The connection.
        connection_id: i32,
        /// TFTPSERVER_DIRECTION_UPLOAD (0) or TFTPSERVER_DIRECTION_DOWNLOAD (1).
        direction: Direction,
        /// Bytes transferred so far, this block included.
        bytes_transferred: i64,
        /// 0 to 100, of the file's size or of the tsize that the client announced; -1 where neither is known: uploads
        /// without tsize, netascii (but for downloads from ConnFileData).
        percent_done: i32,
        /// This block's data: binary, not terminated. Never NULL.
        text: &'a [u8],
    },
    /// 9: A download that the program feeds has room for more data.
    DataWanted {
        /// The connection, or one of those that share the source (ConnDataKey).
        connection_id: i32,
        /// Bytes of the source before what is wanted: everything up to here was asked for already.
        offset: i64,
        /// How many bytes may be supplied.
        length: i64,
    },
}

/// The numbers under which callbacks are registered.
pub mod id {
    /// A connection was accepted (status 0), or failed (its error number).
    pub const CONNECTED: i32 = 1;
    /// A client asks for a file: accept or refuse.
    pub const CONNECTION_REQUEST: i32 = 2;
    /// A connection ended.
    pub const DISCONNECTED: i32 = 3;
    /// A file was transferred whole.
    pub const END_TRANSFER: i32 = 4;
    /// Something failed.
    pub const ERROR: i32 = 5;
    /// A log message.
    pub const LOG: i32 = 6;
    /// A transfer begins.
    pub const START_TRANSFER: i32 = 7;
    /// A block was transferred.
    pub const TRANSFER: i32 = 8;
    /// A download that the program feeds has room for more data.
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
