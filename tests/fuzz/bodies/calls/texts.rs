//! Made from api/events.toml by `make bless`; not to be edited.

use std::ffi::c_char;

use ::tftpserver::ffi::*;

/// Every text of an event whose callback runs.
pub fn texts(event: &tftpserver_event) -> Vec<*const c_char> {
    // SAFETY: the id selects the member that was written.
    unsafe {
        match event.id {
            TFTPSERVER_EVENT_CONNECTED => vec![
                event.data.connected.description,
            ],
            TFTPSERVER_EVENT_CONNECTION_REQUEST => vec![
                event.data.connection_request.remote_host,
                event.data.connection_request.filename,
                event.data.connection_request.transfer_mode,
                event.data.connection_request.local_host,
            ],
            TFTPSERVER_EVENT_DISCONNECTED => vec![
                event.data.disconnected.description,
            ],
            TFTPSERVER_EVENT_ERROR => vec![
                event.data.error.description,
            ],
            TFTPSERVER_EVENT_LOG => vec![
                event.data.log.message,
                event.data.log.log_type,
            ],
            _ => Vec::new(),
        }
    }
}
