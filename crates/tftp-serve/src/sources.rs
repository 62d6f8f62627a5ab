//! What an application serves in place of the file that was asked for.

use std::path::PathBuf;
use std::sync::Arc;

use tftp_files::Fed;
use tftp_udp::Bytes;

/// Where the bytes of one connection come from or go to. By default from the root directory, or to it.
///
/// The first that is set and fits the operation counts: `to_application`, `data`, `fed`, `local_file`, the root directory
/// with `served_name` or the client's name. Where there is none of these, an upload goes to the sink alone, as
/// [`EngineEvent::Data`](crate::inline::EngineEvent::Data), if it has interest in [data](crate::inline::Interests::DATA).
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Data to send instead of a file (downloads).
    pub data: Option<Bytes>,
    /// Any path, for both directions; it is not confined to the root directory.
    pub local_file: Option<PathBuf>,
    /// A name that is looked up in the root directory instead of the client's, with all that holds for that one.
    pub served_name: Option<String>,
    /// The application supplies the bytes while the download runs.
    pub fed: Option<Arc<Fed>>,
    /// The data of an upload goes to the application alone. It needs interest in [data](crate::inline::Interests::DATA).
    pub to_application: bool,
}
