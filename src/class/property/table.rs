//! Made from api/properties.toml by `make bless`; not to be edited.

use super::{Access, Kind, Property};
use crate::class::errors;

/// The value that a property stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The version of the library.
    Version,
    /// The number of records in the Conn arrays.
    ConnCount,
    /// True while the server listens; setting it calls StartListening or StopListening.
    Listening,
    /// A value that is kept as it was set.
    Kept(Key),
    /// A field of one connection's record.
    Conn(ConnField),
}

/// The fields of a connection's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnField {
    /// The connection's id, as decimal text.
    ConnectionId,
    /// Data that is sent in place of a file; empty: none.
    FileData,
    /// The file name in the client's request.
    Filename,
    /// The local file that is read or written: any path that the program chooses.
    LocalFile,
    /// The client's IP address.
    RemoteHost,
    /// The client's UDP port.
    RemotePort,
    /// "0" octet, "1" netascii.
    TransferMode,
    /// 1 read (RRQ), 2 write (WRQ).
    Operation,
    /// Bytes that the client has acknowledged (read) or the server has accepted (write).
    BytesTransferred,
    /// Bytes of the whole transfer; -1: unknown.
    TotalBytes,
    /// Negotiated bytes per block (RFC 2348); 0 before the negotiation.
    BlockSize,
    /// Negotiated blocks per window (RFC 7440); 0 before the negotiation.
    WindowSize,
    /// Packets that the server has retransmitted.
    Retransmissions,
    /// Milliseconds since the request; final when the transfer has ended.
    ElapsedMillis,
    /// The name to look up in LocalDir in place of ConnFilename; "": ConnFilename.
    ServedName,
    /// Makes the program the source of this download and gives its length in bytes; -1: unknown.
    DataSize,
    /// Downloads with the same key and ConnDataSize share the supplied data; "": not shared.
    DataKey,
}

/// The properties that are kept as they were set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The directory that is served; must exist. "": none, callbacks supply everything.
    LocalDir,
    /// The address or host name to listen on; "": every address. While listening, the bound address.
    LocalHost,
    /// The UDP port to listen on; 0: the system chooses one. While listening, the bound port.
    LocalPort,
    /// How many times a packet is retransmitted before the transfer fails (301).
    MaxRetransmits,
    /// Seconds until a packet is retransmitted, at most.
    RetransmitTimeout,
    /// Seconds without progress after which a transfer fails (301); 0: no limit.
    Timeout,
    /// No effect: stored for programs written for IPWorks.
    RuntimeLicense,
}

impl Key {
    /// Every one.
    pub const ALL: &[Key] = &[Key::LocalDir, Key::LocalHost, Key::LocalPort, Key::MaxRetransmits, Key::RetransmitTimeout, Key::Timeout, Key::RuntimeLicense];
}

/// The numbers by name.
pub mod id {
    /// The version of the library.
    pub const VERSION: i32 = 0;
    /// The number of records in the Conn arrays.
    pub const CONN_COUNT: i32 = 1;
    /// The connection's id, as decimal text.
    pub const CONN_CONNECTION_ID: i32 = 2;
    /// Data that is sent in place of a file; empty: none.
    pub const CONN_FILE_DATA: i32 = 4;
    /// The file name in the client's request.
    pub const CONN_FILENAME: i32 = 5;
    /// The local file that is read or written: any path that the program chooses.
    pub const CONN_LOCAL_FILE: i32 = 6;
    /// The client's IP address.
    pub const CONN_REMOTE_HOST: i32 = 7;
    /// The client's UDP port.
    pub const CONN_REMOTE_PORT: i32 = 8;
    /// "0" octet, "1" netascii.
    pub const CONN_TRANSFER_MODE: i32 = 9;
    /// True while the server listens; setting it calls StartListening or StopListening.
    pub const LISTENING: i32 = 11;
    /// The directory that is served; must exist. "": none, callbacks supply everything.
    pub const LOCAL_DIR: i32 = 12;
    /// The address or host name to listen on; "": every address. While listening, the bound
    /// address.
    pub const LOCAL_HOST: i32 = 13;
    /// The UDP port to listen on; 0: the system chooses one. While listening, the bound port.
    pub const LOCAL_PORT: i32 = 14;
    /// How many times a packet is retransmitted before the transfer fails (301).
    pub const MAX_RETRANSMITS: i32 = 15;
    /// Seconds until a packet is retransmitted, at most.
    pub const RETRANSMIT_TIMEOUT: i32 = 16;
    /// Seconds without progress after which a transfer fails (301); 0: no limit.
    pub const TIMEOUT: i32 = 17;
    /// 1 read (RRQ), 2 write (WRQ).
    pub const CONN_OPERATION: i32 = 18;
    /// Bytes that the client has acknowledged (read) or the server has accepted (write).
    pub const CONN_BYTES_TRANSFERRED: i32 = 19;
    /// Bytes of the whole transfer; -1: unknown.
    pub const CONN_TOTAL_BYTES: i32 = 20;
    /// Negotiated bytes per block (RFC 2348); 0 before the negotiation.
    pub const CONN_BLOCK_SIZE: i32 = 21;
    /// Negotiated blocks per window (RFC 7440); 0 before the negotiation.
    pub const CONN_WINDOW_SIZE: i32 = 22;
    /// Packets that the server has retransmitted.
    pub const CONN_RETRANSMISSIONS: i32 = 23;
    /// Milliseconds since the request; final when the transfer has ended.
    pub const CONN_ELAPSED_MILLIS: i32 = 24;
    /// The name to look up in LocalDir in place of ConnFilename; "": ConnFilename.
    pub const CONN_SERVED_NAME: i32 = 25;
    /// Makes the program the source of this download and gives its length in bytes; -1: unknown.
    pub const CONN_DATA_SIZE: i32 = 26;
    /// Downloads with the same key and ConnDataSize share the supplied data; "": not shared.
    pub const CONN_DATA_KEY: i32 = 27;
    /// No effect: stored for programs written for IPWorks.
    pub const RUNTIME_LICENSE: i32 = 2011;
}

/// Every property, by id.
pub const TABLE: &[Property] = &[
    Property { id: 0, name: "VERSION", kind: Kind::Text, default: env!("CARGO_PKG_VERSION"), field: Field::Version,
        access: Access::ReadOnly, about: "The version of the library." },
    Property { id: 1, name: "ConnCount", kind: Kind::Integer(i32::MIN as i64..=i32::MAX as i64), default: "0", field: Field::ConnCount,
        access: Access::ReadOnly, about: "The number of records in the Conn arrays." },
    Property { id: 2, name: "ConnConnectionId", kind: Kind::Text, default: "", field: Field::Conn(ConnField::ConnectionId),
        access: Access::ReadOnly, about: "The connection's id, as decimal text." },
    Property { id: 4, name: "ConnFileData", kind: Kind::Binary, default: "", field: Field::Conn(ConnField::FileData),
        access: Access::BeforeTransfer, about: "Data that is sent in place of a file; empty: none." },
    Property { id: 5, name: "ConnFilename", kind: Kind::Text, default: "", field: Field::Conn(ConnField::Filename),
        access: Access::ReadOnly, about: "The file name in the client's request." },
    Property { id: 6, name: "ConnLocalFile", kind: Kind::Text, default: "", field: Field::Conn(ConnField::LocalFile),
        access: Access::BeforeTransfer, about: "The local file that is read or written: any path that the program chooses." },
    Property { id: 7, name: "ConnRemoteHost", kind: Kind::Text, default: "", field: Field::Conn(ConnField::RemoteHost),
        access: Access::ReadOnly, about: "The client's IP address." },
    Property { id: 8, name: "ConnRemotePort", kind: Kind::Integer(i32::MIN as i64..=i32::MAX as i64), default: "0", field: Field::Conn(ConnField::RemotePort),
        access: Access::ReadOnly, about: "The client's UDP port." },
    Property { id: 9, name: "ConnTransferMode", kind: Kind::Text, default: "", field: Field::Conn(ConnField::TransferMode),
        access: Access::ReadOnly, about: "\"0\" octet, \"1\" netascii." },
    Property { id: 11, name: "Listening", kind: Kind::Boolean, default: "False", field: Field::Listening,
        access: Access::Always, about: "True while the server listens; setting it calls StartListening or StopListening." },
    Property { id: 12, name: "LocalDir", kind: Kind::Text, default: "", field: Field::Kept(Key::LocalDir),
        access: Access::Always, about: "The directory that is served; must exist. \"\": none, callbacks supply everything." },
    Property { id: 13, name: "LocalHost", kind: Kind::Text, default: "", field: Field::Kept(Key::LocalHost),
        access: Access::WhileStopped(errors::LOCAL_HOST_LOCKED), about: "The address or host name to listen on; \"\": every address. While listening, the bound address." },
    Property { id: 14, name: "LocalPort", kind: Kind::Integer(0..=65535), default: "69", field: Field::Kept(Key::LocalPort),
        access: Access::WhileStopped(errors::LOCAL_PORT_LOCKED), about: "The UDP port to listen on; 0: the system chooses one. While listening, the bound port." },
    Property { id: 15, name: "MaxRetransmits", kind: Kind::Integer(0..=1000), default: "3", field: Field::Kept(Key::MaxRetransmits),
        access: Access::Always, about: "How many times a packet is retransmitted before the transfer fails (301)." },
    Property { id: 16, name: "RetransmitTimeout", kind: Kind::Integer(1..=3600), default: "5", field: Field::Kept(Key::RetransmitTimeout),
        access: Access::Always, about: "Seconds until a packet is retransmitted, at most." },
    Property { id: 17, name: "Timeout", kind: Kind::Integer(0..=2147483), default: "60", field: Field::Kept(Key::Timeout),
        access: Access::Always, about: "Seconds without progress after which a transfer fails (301); 0: no limit." },
    Property { id: 18, name: "ConnOperation", kind: Kind::Integer(i32::MIN as i64..=i32::MAX as i64), default: "0", field: Field::Conn(ConnField::Operation),
        access: Access::ReadOnly, about: "1 read (RRQ), 2 write (WRQ)." },
    Property { id: 19, name: "ConnBytesTransferred", kind: Kind::Integer(i32::MIN as i64..=i32::MAX as i64), default: "0", field: Field::Conn(ConnField::BytesTransferred),
        access: Access::ReadOnly, about: "Bytes that the client has acknowledged (read) or the server has accepted (write)." },
    Property { id: 20, name: "ConnTotalBytes", kind: Kind::Integer(i32::MIN as i64..=i32::MAX as i64), default: "0", field: Field::Conn(ConnField::TotalBytes),
        access: Access::ReadOnly, about: "Bytes of the whole transfer; -1: unknown." },
    Property { id: 21, name: "ConnBlockSize", kind: Kind::Integer(i32::MIN as i64..=i32::MAX as i64), default: "0", field: Field::Conn(ConnField::BlockSize),
        access: Access::ReadOnly, about: "Negotiated bytes per block (RFC 2348); 0 before the negotiation." },
    Property { id: 22, name: "ConnWindowSize", kind: Kind::Integer(i32::MIN as i64..=i32::MAX as i64), default: "0", field: Field::Conn(ConnField::WindowSize),
        access: Access::ReadOnly, about: "Negotiated blocks per window (RFC 7440); 0 before the negotiation." },
    Property { id: 23, name: "ConnRetransmissions", kind: Kind::Integer(i32::MIN as i64..=i32::MAX as i64), default: "0", field: Field::Conn(ConnField::Retransmissions),
        access: Access::ReadOnly, about: "Packets that the server has retransmitted." },
    Property { id: 24, name: "ConnElapsedMillis", kind: Kind::Integer(i32::MIN as i64..=i32::MAX as i64), default: "0", field: Field::Conn(ConnField::ElapsedMillis),
        access: Access::ReadOnly, about: "Milliseconds since the request; final when the transfer has ended." },
    Property { id: 25, name: "ConnServedName", kind: Kind::Text, default: "", field: Field::Conn(ConnField::ServedName),
        access: Access::BeforeTransfer, about: "The name to look up in LocalDir in place of ConnFilename; \"\": ConnFilename." },
    Property { id: 26, name: "ConnDataSize", kind: Kind::Integer(-1..=9223372036854775807), default: "0", field: Field::Conn(ConnField::DataSize),
        access: Access::BeforeTransfer, about: "Makes the program the source of this download and gives its length in bytes; -1: unknown." },
    Property { id: 27, name: "ConnDataKey", kind: Kind::Text, default: "", field: Field::Conn(ConnField::DataKey),
        access: Access::BeforeTransfer, about: "Downloads with the same key and ConnDataSize share the supplied data; \"\": not shared." },
    Property { id: 2011, name: "RuntimeLicense", kind: Kind::Text, default: "", field: Field::Kept(Key::RuntimeLicense),
        access: Access::Always, about: "No effect: stored for programs written for IPWorks." },
];
