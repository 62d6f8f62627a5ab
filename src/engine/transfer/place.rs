//! Where a transfer's file is looked for.

use std::path::PathBuf;
use std::sync::Arc;

use tftp_proto::wire::Operation;

use crate::engine::inbox::Found;
use crate::engine::jail::{self, Jail, Refusal};
use crate::engine::notice::Connection;
use crate::engine::upload::UploadOptions;

/// Where a look-up takes place.
pub(super) enum Place {
    /// The application's own choice: any path.
    Path(PathBuf),
    /// A name inside LocalDir: the client's, or the application's in its place.
    Root(Arc<Jail>, Option<String>),
}

impl Place {
    /// May block.
    pub(super) fn look_up(&self, connection: &Connection, options: &UploadOptions) -> Result<Found, Refusal> {
        match (self, connection.operation) {
            (Place::Path(path), Operation::Read) => jail::open_path(path).map(Found::File),
            (Place::Path(path), Operation::Write) => jail::create_path(path, options).map(Found::Target),
            (Place::Root(root, served), Operation::Read) => {
                root.open(name(served, connection)).map(Found::File)
            }
            (Place::Root(root, served), Operation::Write) => {
                root.create(name(served, connection), options).map(Found::Target)
            }
        }
    }
}

fn name<'a>(served: &'a Option<String>, connection: &'a Connection) -> &'a str {
    served.as_deref().unwrap_or(&connection.filename)
}
