//! The functions, in ABI order: their examples. What they do stands in the header.

use super::{Page, page};

const fn call(name: &'static str, example: &'static str) -> Page {
    page(name, "", "", example)
}

/// One page a function.
pub const PAGES: &[Page] = &[
    call(
        "tftpserver_open",
        "tftpserver *another = tftpserver_open();\nif (another != NULL)\n    tftpserver_close(another);",
    ),
    call(
        "tftpserver_close",
        r#"tftpserver *another = tftpserver_open();
if (tftpserver_close(another) == 0)
    another = NULL; /* from here on it gives 901 */
(void)another;"#,
    ),
    call(
        "tftpserver_register_callback",
        r#"static int32_t on_error(tftpserver *server, tftpserver_event *event, void *context)
{
    (void)server;
    fprintf(context, "%s\n", event->data.error.description);
    return 0;
}

static void listen_to_errors(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_ERROR, on_error, stderr);
}"#,
    ),
    call(
        "tftpserver_get_last_error",
        r#"if (tftpserver_do_startlistening(server) != 0)
    fprintf(stderr, "%s\n", tftpserver_get_last_error(server));"#,
    ),
    call(
        "tftpserver_get_last_error_code",
        r#"int64_t port = tftpserver_get_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0);
if (tftpserver_get_last_error_code(server) == 0)
    printf("%d\n", (int)port);"#,
    ),
    call(
        "tftpserver_get",
        r#"printf("serving %s\n", tftpserver_get(server, TFTPSERVER_PROPERTY_LOCAL_DIR, 0));"#,
    ),
    call(
        "tftpserver_set",
        r#"if (tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_DIR, 0, ".") != 0)
    fprintf(stderr, "%s\n", tftpserver_get_last_error(server));"#,
    ),
    call(
        "tftpserver_get_int",
        r#"if (tftpserver_get_int(server, TFTPSERVER_PROPERTY_LISTENING, 0))
    puts("listening");"#,
    ),
    call(
        "tftpserver_set_int",
        "tftpserver_set_int(server, TFTPSERVER_PROPERTY_TIMEOUT, 0, 30);",
    ),
    call(
        "tftpserver_get_bytes",
        r#"size_t length = 0;
const void *text = tftpserver_get_bytes(server, TFTPSERVER_PROPERTY_LOCAL_DIR, 0, &length);
if (text != NULL)
    fwrite(text, 1, length, stdout);"#,
    ),
    call(
        "tftpserver_set_bytes",
        r#"static int32_t on_connected(tftpserver *server, tftpserver_event *event, void *context)
{
    (void)context;
    return tftpserver_set_bytes(server, TFTPSERVER_PROPERTY_CONN_FILE_DATA, event->data.connected.connection_id,
                                "\0\1\2", 3);
}"#,
    ),
    call(
        "tftpserver_do_config",
        r#"tftpserver_do_config(server, "MaxBlockSize=1428");
printf("%s\n", tftpserver_do_config(server, "MaxBlockSize"));"#,
    ),
    call(
        "tftpserver_do_doevents",
        r#"static void serve(tftpserver *server, const int *stop)
{
    while (!*stop && tftpserver_do_doevents(server) == 0)
        ;
}"#,
    ),
    call(
        "tftpserver_do_startlistening",
        r#"tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, 0);
if (tftpserver_do_startlistening(server) == 0)
    printf("port %d\n", (int)tftpserver_get_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0));"#,
    ),
    call(
        "tftpserver_do_stoplistening",
        "tftpserver_do_stoplistening(server);",
    ),
    call("tftpserver_do_shutdown", "tftpserver_do_shutdown(server);"),
    call(
        "tftpserver_do_disconnect",
        r#"static void disconnect_all(tftpserver *server)
{
    int32_t i, count = (int32_t)tftpserver_get_int(server, TFTPSERVER_PROPERTY_CONN_COUNT, 0);
    for (i = 0; i < count; i++)
        tftpserver_do_disconnect(server, i); /* positions move only inside DoEvents */
}"#,
    ),
    call("tftpserver_do_reset", "tftpserver_do_reset(server);"),
    call("tftpserver_do_interrupt", "tftpserver_do_interrupt(server);"),
    call(
        "tftpserver_get_event_fd",
        r#"int fd = tftpserver_get_event_fd(server);
if (fd >= 0)
    printf("poll(2) %d for reading, then call DoEvents\n", fd);"#,
    ),
    call("tftpserver_strerror", "puts(tftpserver_strerror(10048));"),
    call(
        "tftpserver_version",
        r#"printf("libtftpserver %s\n", tftpserver_version());"#,
    ),
    call(
        "tftpserver_do_accept",
        r#"static int32_t on_request(tftpserver *server, tftpserver_event *event, void *context)
{
    (void)server;
    *(int32_t *)context = event->data.connection_request.connection_id;
    event->data.connection_request.accept = TFTPSERVER_ACCEPT_LATER; /* a look into the database first */
    return 0;
}

static void database_answered(tftpserver *server, int32_t connection_id, int known)
{
    tftpserver_do_accept(server, connection_id, known ? TFTPSERVER_ACCEPT_YES : TFTPSERVER_ACCEPT_NO);
}

static void listen_to_requests(tftpserver *server, int32_t *asked)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTION_REQUEST, on_request, asked);
    database_answered(server, *asked, 1);
}"#,
    ),
    call(
        "tftpserver_release",
        r#"static int32_t on_disconnected(tftpserver *server, tftpserver_event *event, void *context)
{
    (void)event;
    (void)context;
    return tftpserver_release(server); /* one transfer was enough */
}

static void serve_one(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_DISCONNECTED, on_disconnected, NULL);
    while (tftpserver_do_doevents(server) == 0)
        ; /* 901 after the release */
}"#,
    ),
    call(
        "tftpserver_do_hold",
        r#"static int32_t on_transfer(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t *uploading = context; /* a queue would copy the block's bytes here */
    *uploading = event->data.transfer.connection_id;
    return tftpserver_do_hold(server, *uploading, 1);
}

static void another_thread_has_stored_it(tftpserver *server, int32_t uploading, int is_stored)
{
    if (is_stored)
        tftpserver_do_hold(server, uploading, 0);
    else
        tftpserver_do_disconnect(server, uploading);
}

static void store_elsewhere(tftpserver *server, int32_t *uploading)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_TRANSFER, on_transfer, uploading);
    another_thread_has_stored_it(server, *uploading, 1);
}"#,
    ),
];
