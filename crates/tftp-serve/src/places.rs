//! Chooses where the bytes of a transfer come from or go to. The C interface prescribes the order
//! ConnFileData, ConnLocalFile, LocalDir, the Transfer event. An upload that only the application
//! is to get is checked for before all of these.

use std::sync::Arc;

use tftp_files::Place;
use tftp_proto::wire::Operation;

use super::config::Policy;
use super::connection_info::ConnectionInfo;
use super::sources::Sources;

/// Returns the place of a transfer, if there is one. `takes_data`: the application takes the data
/// of uploads.
pub(crate) fn find(
    connection: &ConnectionInfo,
    policy: &Policy,
    sources: Sources,
    takes_data: bool,
) -> Option<Place> {
    let operation = connection.operation;
    let takes_data = takes_data && operation == Operation::Write;
    if takes_data && sources.to_application {
        return Some(Place::Application);
    }
    if let (Some(data), Operation::Read) = (sources.data, operation) {
        return Some(Place::Memory(data));
    }
    if let (Some(fed), Operation::Read) = (sources.fed, operation) {
        return Some(Place::Fed(fed));
    }
    if let Some(path) = sources.local_file {
        return Some(Place::Path(path.into()));
    }
    if let Some(root) = &policy.root {
        let name = sources.served_name.as_deref().unwrap_or(&connection.filename);
        return Some(Place::Below(Arc::clone(root), name.into()));
    }
    takes_data.then_some(Place::Application)
}
