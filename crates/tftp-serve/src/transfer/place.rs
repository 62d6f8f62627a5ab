//! Where a transfer's file is looked for.

use std::path::PathBuf;
use std::sync::Arc;

use tftp_proto::wire::Operation;

use crate::descriptors::Ticket;
use crate::inbox::Found;
use crate::jail::{self, Jail, Refusal};
use crate::notice::Connection;
use crate::upload::UploadOptions;

/// The descriptors of an upload: its directory and its file; where it is synced, the directory once more.
const UPLOAD: usize = 2;
const SYNCED_UPLOAD: usize = 3;

/// Where a look-up takes place.
#[derive(Clone)]
pub(super) enum Place {
    /// The application's own choice: any path.
    Path(PathBuf),
    /// A name inside LocalDir: the client's, or the application's in its place.
    Root(Arc<Jail>, Option<String>),
}

impl Place {
    /// May block.
    pub(super) fn look_up(
        &self,
        connection: &Connection,
        options: &UploadOptions,
        is_half_open: bool,
    ) -> Result<Found, Refusal> {
        let count = match connection.operation {
            Operation::Read => 1,
            Operation::Write if options.sync => SYNCED_UPLOAD,
            Operation::Write => UPLOAD,
        };
        // Before it is opened, on the thread that opens it: what waits for the disk holds nothing.
        let ticket = Ticket::take(count, is_half_open).ok_or(Refusal::TooManyFiles)?;
        let found = match (self, connection.operation) {
            (Place::Path(path), Operation::Read) => Found::File(jail::open_path(path)?, ticket),
            (Place::Path(path), Operation::Write) => Found::Target(jail::create_path(path, options)?, ticket),
            (Place::Root(root, served), Operation::Read) => {
                Found::File(root.open(name(served, connection))?, ticket)
            }
            (Place::Root(root, served), Operation::Write) => {
                Found::Target(root.create(name(served, connection), options)?, ticket)
            }
        };
        Ok(found)
    }
}

fn name<'a>(served: &'a Option<String>, connection: &'a Connection) -> &'a str {
    served.as_deref().unwrap_or(&connection.filename)
}
