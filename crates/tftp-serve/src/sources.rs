//! The sources that an application supplies in place of the requested file.

use std::path::PathBuf;
use std::sync::Arc;

use tftp_files::Fed;
use tftp_udp::Bytes;

/// The source or target of the bytes of one connection. By default it is the root directory.
///
/// The first that is set and fits the operation is used: `to_application`, `data`, `fed`,
/// `local_file`, the root directory with `served_name` or the client's name. If there is none of
/// these, an upload goes only to the sink, as
/// [`EngineEvent::Data`](crate::inline::EngineEvent::Data), if the sink has interest in
/// [data](crate::inline::Interests::DATA).
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Data to send instead of a file (downloads).
    pub data: Option<Bytes>,
    /// Any path, for both directions; it is not confined to the root directory.
    pub local_file: Option<PathBuf>,
    /// A name that is looked up in the root directory instead of the client's name, under the same
    /// rules.
    pub served_name: Option<String>,
    /// A feed whose bytes the application supplies while the download runs.
    pub fed: Option<Arc<Fed>>,
    /// True if the data of an upload goes only to the application. It needs interest in
    /// [data](crate::inline::Interests::DATA).
    pub to_application: bool,
}
