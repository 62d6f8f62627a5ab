//! The properties: one table that get, set, reset and the manual are made from.

use super::errors;

pub use super::value::{Kind, Value};

/// One property.
#[derive(Debug)]
pub struct Property {
    /// What it is called by.
    pub id: i32,
    /// Its name in the specification.
    pub name: &'static str,
    /// Its type and bounds.
    pub kind: Kind,
    /// Its default, as text.
    pub default: &'static str,
    /// Which value it is.
    pub field: Field,
    /// Who may change it, and when.
    pub access: Access,
    /// What it is, in a line or two.
    pub about: &'static str,
}

/// When a property or a setting may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Never: 904.
    ReadOnly,
    /// At any time; what begins afterwards goes by it.
    Always,
    /// At any time; it is looked at when listening starts.
    AtStart,
    /// Not while listening: this error.
    WhileStopped(i32),
    /// Until the transfer begins: 130 afterwards.
    BeforeTransfer,
}

/// Which value a property is.
#[expect(missing_docs, reason = "named as in the manual")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Version,
    ConnCount,
    Listening,
    /// A value that is kept as it was set.
    Kept(Key),
    /// A field of one connection's record.
    Conn(ConnField),
}

/// The fields of a connection's record.
#[expect(missing_docs, reason = "named as in the manual")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnField {
    ConnectionId,
    FileData,
    Filename,
    LocalFile,
    RemoteHost,
    RemotePort,
    TransferMode,
    Operation,
    BytesTransferred,
    TotalBytes,
    BlockSize,
    WindowSize,
    Retransmissions,
    ElapsedMillis,
    ServedName,
}

/// The properties that are kept as they were set.
#[expect(missing_docs, reason = "named as in the manual")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    LocalDir,
    LocalHost,
    LocalPort,
    MaxRetransmits,
    RetransmitTimeout,
    Timeout,
    RuntimeLicense,
}

/// Ids that the specification leaves to the streams of other editions.
pub const RESERVED: [i32; 2] = [3, 10];

const fn conn(
    id: i32,
    name: &'static str,
    kind: Kind,
    field: ConnField,
    access: Access,
    about: &'static str,
) -> Property {
    Property {
        id,
        name,
        kind,
        default: "",
        field: Field::Conn(field),
        access,
        about,
    }
}

/// A figure of the moment.
const fn figure(id: i32, name: &'static str, field: ConnField, about: &'static str) -> Property {
    Property {
        default: "0",
        ..conn(id, name, ANY, field, Access::ReadOnly, about)
    }
}

const ANY: Kind = Kind::Integer(i32::MIN as i64..=i32::MAX as i64);

/// Every property, by id.
pub const TABLE: &[Property] = &[
    Property {
        id: 0,
        name: "VERSION",
        kind: Kind::Text,
        default: env!("CARGO_PKG_VERSION"),
        field: Field::Version,
        access: Access::ReadOnly,
        about: "The version of the library.",
    },
    Property {
        id: 1,
        name: "ConnCount",
        kind: ANY,
        default: "0",
        field: Field::ConnCount,
        access: Access::ReadOnly,
        about: "The number of records in the Conn arrays.",
    },
    conn(
        2,
        "ConnConnectionId",
        Kind::Text,
        ConnField::ConnectionId,
        Access::ReadOnly,
        "The connection's id.",
    ),
    conn(
        4,
        "ConnFileData",
        Kind::Binary,
        ConnField::FileData,
        Access::BeforeTransfer,
        "Data to send instead of a file; empty: none.",
    ),
    conn(
        5,
        "ConnFilename",
        Kind::Text,
        ConnField::Filename,
        Access::ReadOnly,
        "The name that the client asked for.",
    ),
    conn(
        6,
        "ConnLocalFile",
        Kind::Text,
        ConnField::LocalFile,
        Access::BeforeTransfer,
        "The file on the server; any path, the application's own choice.",
    ),
    conn(
        7,
        "ConnRemoteHost",
        Kind::Text,
        ConnField::RemoteHost,
        Access::ReadOnly,
        "The client's IP address.",
    ),
    Property {
        default: "0",
        ..conn(
            8,
            "ConnRemotePort",
            ANY,
            ConnField::RemotePort,
            Access::ReadOnly,
            "The client's port.",
        )
    },
    conn(
        9,
        "ConnTransferMode",
        Kind::Text,
        ConnField::TransferMode,
        Access::ReadOnly,
        "0 octet, 1 netascii.",
    ),
    Property {
        id: 11,
        name: "Listening",
        kind: Kind::Boolean,
        default: "False",
        field: Field::Listening,
        access: Access::Always,
        about: "Whether the server listens; setting it calls StartListening or StopListening.",
    },
    Property {
        id: 12,
        name: "LocalDir",
        kind: Kind::Text,
        default: "",
        field: Field::Kept(Key::LocalDir),
        access: Access::Always,
        about: "The directory that is served; must exist. \"\": only what the application supplies.",
    },
    Property {
        id: 13,
        name: "LocalHost",
        kind: Kind::Text,
        default: "",
        field: Field::Kept(Key::LocalHost),
        access: Access::WhileStopped(errors::LOCAL_HOST_LOCKED),
        about: "The address or name to listen on, \"\": every address. While listening, its address.",
    },
    Property {
        id: 14,
        name: "LocalPort",
        kind: Kind::Integer(0..=65535),
        default: "69",
        field: Field::Kept(Key::LocalPort),
        access: Access::WhileStopped(errors::LOCAL_PORT_LOCKED),
        about: "The port to listen on; 0: the system chooses. While listening, the real one.",
    },
    Property {
        id: 15,
        name: "MaxRetransmits",
        kind: Kind::Integer(0..=1000),
        default: "3",
        field: Field::Kept(Key::MaxRetransmits),
        access: Access::Always,
        about: "How often a packet is sent again before the transfer fails.",
    },
    Property {
        id: 16,
        name: "RetransmitTimeout",
        kind: Kind::Integer(1..=3600),
        default: "5",
        field: Field::Kept(Key::RetransmitTimeout),
        access: Access::Always,
        about: "Seconds to wait at most before a packet is sent again.",
    },
    Property {
        id: 17,
        name: "Timeout",
        kind: Kind::Integer(0..=2_147_483),
        default: "60",
        field: Field::Kept(Key::Timeout),
        access: Access::Always,
        about: "Seconds of silence after which a transfer fails; 0: none.",
    },
    figure(
        18,
        "ConnOperation",
        ConnField::Operation,
        "1 read (RRQ), 2 write (WRQ).",
    ),
    figure(
        19,
        "ConnBytesTransferred",
        ConnField::BytesTransferred,
        "Bytes that the client has acknowledged (read) or the server has taken (write).",
    ),
    figure(
        20,
        "ConnTotalBytes",
        ConnField::TotalBytes,
        "Bytes of the whole transfer; -1: not known.",
    ),
    figure(
        21,
        "ConnBlockSize",
        ConnField::BlockSize,
        "Bytes of a block as negotiated; 0 before that.",
    ),
    figure(
        22,
        "ConnWindowSize",
        ConnField::WindowSize,
        "Blocks of a window as negotiated; 0 before that.",
    ),
    figure(
        23,
        "ConnRetransmissions",
        ConnField::Retransmissions,
        "Packets that were sent more than once.",
    ),
    figure(
        24,
        "ConnElapsedMillis",
        ConnField::ElapsedMillis,
        "Milliseconds since the request; stands still at the end.",
    ),
    conn(
        25,
        "ConnServedName",
        Kind::Text,
        ConnField::ServedName,
        Access::BeforeTransfer,
        "The name that is looked up in LocalDir; \"\": ConnFilename.",
    ),
    Property {
        id: 2011,
        name: "RuntimeLicense",
        kind: Kind::Text,
        default: "",
        field: Field::Kept(Key::RuntimeLicense),
        access: Access::Always,
        about: "Kept for programs written for IPWorks; no license is needed.",
    },
];

/// The property with this id; 902 for one that there is not.
pub fn find(id: i32) -> Result<&'static Property, errors::Failure> {
    if RESERVED.contains(&id) {
        return Err(errors::Failure::new(
            errors::UNKNOWN_PROPERTY,
            &format!("{id} is reserved."),
        ));
    }
    let found = TABLE.iter().find(|property| property.id == id);
    found
        .ok_or_else(|| errors::Failure::new(errors::UNKNOWN_PROPERTY, &format!("There is no property {id}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_complete() {
        let ids: Vec<i32> = TABLE.iter().map(|property| property.id).collect();
        let without_reserved = (0..=25).filter(|id| !RESERVED.contains(id));
        let expected: Vec<i32> = without_reserved.chain([2011]).collect();
        assert_eq!(ids, expected);
    }

    #[test]
    fn every_default_is_a_value_of_its_type() {
        for property in TABLE {
            assert!(property.kind.parse(property.default).is_ok(), "{}", property.name);
        }
    }

    #[test]
    fn unknown_and_reserved() {
        for id in [-1, 3, 10, 26, 2010, 2012, 1_000_001, i32::MIN, i32::MAX] {
            assert_eq!(find(id).unwrap_err().code, 902);
        }
        assert!(find(3).unwrap_err().text.contains("reserved"));
        assert!(find(10).unwrap_err().text.contains("reserved"));
        assert_eq!(find(14).unwrap().name, "LocalPort");
    }
}
