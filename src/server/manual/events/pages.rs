//! Made from api/events.toml by `make bless`; not to be edited.

use super::super::page;
use super::EventPage;

/// One page an event, by number. Their names are those of the C structs.
pub const PAGES: &[EventPage] = &[
    EventPage {
        id: 1,
        page: page(
            "connected",
            "",
            "After ConnectionRequest. A connection that a limit or a setting refuses fires it with its error, without a ConnectionRequest before and a Disconnected after it.",
            r#"static int32_t on_connected(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_connected_event *e = &event->data.connected;
    (void)server, (void)context;
    printf("%d: %d %s\n", (int)e->connection_id, (int)e->status_code, e->description);
    return 0;
}"#,
        ),
        units: &[("connection_id", "connection id"), ("status_code", "error number"), ("description", "UTF-8 text")],
    },
    EventPage {
        id: 2,
        page: page(
            "connection_request",
            "",
            "The first event of a connection. Refused connections fire Connected with 10013, and nothing else. With accept set to TFTPSERVER_ACCEPT_LATER nothing follows until `tftpserver_do_accept` was called, or, where the connection ends before that, Connected with the number of why: 301 after Timeout, 10053 by Shutdown.",
            r#"static int32_t on_request(tftpserver *server, tftpserver_event *event, void *context)
{
    tftpserver_connection_request_event *e = &event->data.connection_request;
    (void)server, (void)context;
    e->accept = e->operation == TFTPSERVER_OPERATION_READ && strstr(e->filename, "secret") == NULL;
    return 0;
}"#,
        ),
        units: &[("remote_host", "IP address"), ("remote_port", "UDP port"), ("filename", "UTF-8 text"), ("transfer_mode", ""), ("operation", "TFTP opcode"), ("accept", "0 or 1"), ("connection_id", "connection id"), ("local_host", "IP address")],
    },
    EventPage {
        id: 3,
        page: page(
            "disconnected",
            "",
            "The last event of a connection. With LocalDir an upload is in its place when it fires with 0.",
            r#"static int32_t on_disconnected(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_disconnected_event *e = &event->data.disconnected;
    (void)server, (void)context;
    if (e->status_code != 0)
        fprintf(stderr, "%d failed: %s\n", (int)e->connection_id, e->description);
    return 0;
}"#,
        ),
        units: &[("connection_id", "connection id"), ("status_code", "error number"), ("description", "UTF-8 text")],
    },
    EventPage {
        id: 4,
        page: page(
            "end_transfer",
            "",
            "Never fires for a transfer that failed: Disconnected tells both.",
            r#"static int32_t on_end(tftpserver *server, tftpserver_event *event, void *context)
{
    int *uploads = context;
    (void)server;
    if (event->data.end_transfer.direction == TFTPSERVER_DIRECTION_UPLOAD)
        ++*uploads;
    return 0;
}"#,
        ),
        units: &[("connection_id", "connection id"), ("direction", "")],
    },
    EventPage {
        id: 5,
        page: page(
            "error",
            "",
            "Before the Connected or Disconnected that has the same number. A connection that ConnectionRequest refused is no error, nor is a client that only asked for the size.",
            r#"static int32_t on_error(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_error_event *e = &event->data.error;
    (void)server, (void)context;
    fprintf(stderr, "[%d] %s\n", (int)e->error_code, e->description);
    return 0;
}"#,
        ),
        units: &[("error_code", "error number"), ("description", "UTF-8 text"), ("connection_id", "connection id")],
    },
    EventPage {
        id: 6,
        page: page(
            "log",
            "",
            "What peers sent stands in it escaped: a message is one line and harmless to a terminal.",
            r#"static int32_t on_log(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_log_event *e = &event->data.log;
    (void)server, (void)context;
    printf("%-8s %d %s\n", e->log_type, (int)e->connection_id, e->message);
    return 0;
}"#,
        ),
        units: &[("connection_id", "connection id"), ("log_level", "LogLevel"), ("message", "UTF-8 text"), ("log_type", "")],
    },
    EventPage {
        id: 7,
        page: page(
            "start_transfer",
            "",
            "After Connected, before the first block.",
            r#"static int32_t on_start(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_start_transfer_event *e = &event->data.start_transfer;
    (void)context;
    printf("%s %s\n", e->direction == TFTPSERVER_DIRECTION_UPLOAD ? "takes" : "sends",
           tftpserver_get(server, TFTPSERVER_PROPERTY_CONN_LOCAL_FILE, e->connection_id));
    return 0;
}"#,
        ),
        units: &[("connection_id", "connection id"), ("direction", "")],
    },
    EventPage {
        id: 8,
        page: page(
            "transfer",
            "",
            "A download fires it for what the client has acknowledged. Without LocalDir and ConnLocalFile it is where an upload goes: the client's last block is acknowledged when its callback has returned 0. An upload in netascii is translated back already, and an event has what one batch of packets brought; a download in netascii has the bytes of the wire.",
            r#"static int32_t on_transfer(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_transfer_event *e = &event->data.transfer;
    FILE *file = context;
    (void)server;
    return fwrite(e->text, 1, e->text_length, file) == e->text_length ? 0 : 1; /* 1 ends the connection */
}"#,
        ),
        units: &[("connection_id", "connection id"), ("direction", ""), ("bytes_transferred", "bytes"), ("percent_done", "percent"), ("text", "bytes"), ("text_length", "bytes")],
    },
];
