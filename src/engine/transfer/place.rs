//! Where a transfer's file is looked for.

use std::path::PathBuf;
use std::sync::Arc;

use tftp_proto::wire::Operation;

use crate::engine::inbox::Found;
use crate::engine::jail::{self, Jail, Refusal};
use crate::engine::notice::Connection;
use crate::engine::pool::Lane;
use crate::engine::upload::UploadOptions;

/// Where a look-up takes place.
pub(super) enum Place {
    /// The application's own choice: any path.
    Path(PathBuf),
    /// The client's name inside LocalDir.
    Root(Arc<Jail>),
}

impl Place {
    /// Where the look-up waits, and what is read or written later.
    pub(super) fn lane(&self, name: &str) -> Lane {
        match self {
            Place::Path(path) => Lane::of(path),
            Place::Root(root) => Lane::below(root.root(), name),
        }
    }

    /// May block.
    pub(super) fn look_up(&self, connection: &Connection, options: &UploadOptions) -> Result<Found, Refusal> {
        let name = &connection.filename;
        match (self, connection.operation) {
            (Place::Path(path), Operation::Read) => jail::open_path(path).map(Found::File),
            (Place::Path(path), Operation::Write) => jail::create_path(path, options).map(Found::Target),
            (Place::Root(root), Operation::Read) => root.open(name).map(Found::File),
            (Place::Root(root), Operation::Write) => root.create(name, options).map(Found::Target),
        }
    }
}
