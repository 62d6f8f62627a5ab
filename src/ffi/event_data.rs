//! Made from api/events.toml by `make bless`; not to be edited.

use std::ffi::c_char;

use super::constants::TFTPSERVER_ACCEPT_YES;
use super::types::*;
use crate::class::events::Event;

/// Returns the C fields of an event; `texts` are its NUL-terminated texts.
pub(super) fn data(event: &Event<'_>, texts: [*const c_char; Event::TEXTS]) -> tftpserver_event_data {
    use tftpserver_event_data as data;
    match *event {
        Event::Connected { connection_id, status_code, .. } =>
            data { connected: tftpserver_connected_event {
                connection_id,
                status_code,
                description: texts[0],
            } },
        Event::ConnectionRequest { remote_port, operation, connection_id, .. } =>
            data { connection_request: tftpserver_connection_request_event {
                remote_host: texts[0],
                remote_port: remote_port.into(),
                filename: texts[1],
                transfer_mode: texts[2],
                operation,
                accept: TFTPSERVER_ACCEPT_YES,
                connection_id,
                local_host: texts[3],
            } },
        Event::Disconnected { connection_id, status_code, .. } =>
            data { disconnected: tftpserver_disconnected_event {
                connection_id,
                status_code,
                description: texts[0],
            } },
        Event::EndTransfer { connection_id, direction, .. } =>
            data { end_transfer: tftpserver_end_transfer_event {
                connection_id,
                direction: direction as i32,
            } },
        Event::Error { error_code, connection_id, .. } =>
            data { error: tftpserver_error_event {
                error_code,
                description: texts[0],
                connection_id,
            } },
        Event::Log { connection_id, log_level, .. } =>
            data { log: tftpserver_log_event {
                connection_id,
                log_level,
                message: texts[0],
                log_type: texts[1],
            } },
        Event::StartTransfer { connection_id, direction, .. } =>
            data { start_transfer: tftpserver_start_transfer_event {
                connection_id,
                direction: direction as i32,
            } },
        Event::Transfer { connection_id, direction, bytes_transferred, percent_done, text, .. } =>
            data { transfer: tftpserver_transfer_event {
                connection_id,
                direction: direction as i32,
                bytes_transferred,
                percent_done,
                text: text.as_ptr(),
                text_length: text.len(),
            } },
        Event::DataWanted { connection_id, offset, length, .. } =>
            data { data_wanted: tftpserver_data_wanted_event {
                connection_id,
                offset,
                length,
            } },
    }
}
