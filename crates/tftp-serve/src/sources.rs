//! What an application serves in place of the file that was asked for.

use std::path::PathBuf;
use std::sync::Arc;

use tftp_files::Fed;
use tftp_udp::Bytes;

/// What the application supplies for one connection.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Data to send instead of a file (downloads).
    pub data: Option<Bytes>,
    /// Any path, for both directions.
    pub local_file: Option<PathBuf>,
    /// Looked up in LocalDir instead of the client's name, with all that holds for that one.
    pub served_name: Option<String>,
    /// What the application supplies while the download runs, after `data` and before every other place.
    pub fed: Option<Arc<Fed>>,
    /// The data of an upload goes to the application alone, before every other place. It needs
    /// [`Wants::TRANSFER`](crate::notice::Wants::TRANSFER).
    pub to_application: bool,
}
