//! Made from api/properties.toml by `make bless`; not to be edited.

use super::{Page, page};

/// One page a property, in the order of their table.
pub const PAGES: &[Page] = &[
    page("VERSION", "",
        "The same text as `tftpserver_version()`.",
        r#"printf("libtftpserver %s\n", tftpserver_get(server, TFTPSERVER_PROPERTY_VERSION, 0));"#),
    page("ConnCount", "connections",
        "Their positions in the arrays are 0 to ConnCount - 1. It changes only inside DoEvents: a record comes before its ConnectionRequest or Connected callback and goes after its Disconnected callback.",
        r#"int32_t i, count = (int32_t)tftpserver_get_int(server, TFTPSERVER_PROPERTY_CONN_COUNT, 0);
for (i = 0; i < count; i++)
    printf("%s\n", tftpserver_get(server, TFTPSERVER_PROPERTY_CONN_REMOTE_HOST, i));"#),
    page("ConnConnectionId", "",
        "The id in decimal: 1000001 for the first connection of a server object, one more for each that follows. The index may be the id itself, as events carry it, or a position.",
        r#"static int32_t on_connected(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t id = event->data.connected.connection_id;
    (void)context;
    puts(tftpserver_get(server, TFTPSERVER_PROPERTY_CONN_CONNECTION_ID, id)); /* the same, as text */
    return 0;
}"#),
    page("ConnFileData", "bytes",
        "Set it in ConnectionRequest, Connected or, where nothing else was found, StartTransfer. It goes before ConnLocalFile and LocalDir. The bytes are copied; in a netascii transfer they are translated as a file would be. Read it with `tftpserver_get_bytes`: `tftpserver_get` answers 905 where the bytes are not text.",
        r#"static int32_t on_connected(tftpserver *server, tftpserver_event *event, void *context)
{
    static const unsigned char image[] = {0x7f, 'E', 'L', 'F', 0, 1};
    (void)context;
    tftpserver_set_bytes(server, TFTPSERVER_PROPERTY_CONN_FILE_DATA, event->data.connected.connection_id,
                         image, sizeof image);
    return 0;
}"#).raising(&[905]),
    page("ConnFilename", "",
        "As the client sent it, converted from CodePage to UTF-8, otherwise unchanged. Trust it with nothing: it may hold `../`, and it is not a path on this machine.",
        r#"static int32_t on_start(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t id = event->data.start_transfer.connection_id;
    (void)context;
    puts(tftpserver_get(server, TFTPSERVER_PROPERTY_CONN_FILENAME, id));
    return 0;
}"#),
    page("ConnLocalFile", "path",
        "Read for a download, written by an upload. It goes before LocalDir and is not confined to it. Once the transfer has begun it names the file that was found, also where LocalDir had it.",
        r#"static int32_t on_connected(tftpserver *server, tftpserver_event *event, void *context)
{
    (void)context;
    return tftpserver_set(server, TFTPSERVER_PROPERTY_CONN_LOCAL_FILE, event->data.connected.connection_id,
                          "/var/lib/images/latest.img");
}"#),
    page("ConnRemoteHost", "",
        "In numbers: `192.0.2.7`, `2001:db8::7`. An IPv4 client of a socket for both families has its IPv4 address.",
        r#"static int32_t on_connected(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t id = event->data.connected.connection_id;
    const char *host = tftpserver_get(server, TFTPSERVER_PROPERTY_CONN_REMOTE_HOST, id);
    (void)context;
    printf("%s:", host); /* valid until the next call */
    printf("%d\n", (int)tftpserver_get_int(server, TFTPSERVER_PROPERTY_CONN_REMOTE_PORT, id));
    return 0;
}"#),
    page("ConnRemotePort", "UDP port",
        "The port that the client sends from: its TID in the words of RFC 1350.",
        r#"static int32_t on_disconnected(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t id = event->data.disconnected.connection_id;
    (void)context;
    printf("%d\n", (int)tftpserver_get_int(server, TFTPSERVER_PROPERTY_CONN_REMOTE_PORT, id));
    return 0;
}"#),
    page("ConnTransferMode", "",
        "Text, as the specification has it: `\"0\"` or `\"1\"`.",
        r#"static int32_t on_connected(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t id = event->data.connected.connection_id;
    const char *mode = tftpserver_get(server, TFTPSERVER_PROPERTY_CONN_TRANSFER_MODE, id);
    (void)context;
    puts(mode[0] == '1' ? "netascii" : "octet");
    return 0;
}"#),
    page("Listening", "",
        "Setting it to what it is already does nothing and succeeds.",
        r#"tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, 0);
if (tftpserver_set(server, TFTPSERVER_PROPERTY_LISTENING, 0, "True") != 0)
    fprintf(stderr, "%s\n", tftpserver_get_last_error(server));"#).raising(&[901, 905, 909, 10009, 10013, 10022, 10024, 10035, 10038, 10047, 10048, 10049, 10055, 11001, 11004]),
    page("LocalDir", "path",
        "A relative path is taken from the working directory of the moment it is set. Nothing outside the directory can be reached by a client's file name, whatever it holds; FollowSymlinks says what becomes of links inside it. Nothing is kept open: a directory that is exchanged is seen by the next request. While listening, a change is what requests from then on go by. An upload under way is a file `.tftpserver-<16 hexadecimal digits>.part` beside its final name, and no client can name it. What a program that was killed left of these is removed when StartListening is called (with ReadOnly it is not): files of that name that no program has locked, in LocalDir and in directories below it on the same file system (16 levels and 200,000 entries at most), but not where only ConnLocalFile leads.",
        r#"if (tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_DIR, 0, ".") != 0)
    fprintf(stderr, "%s\n", tftpserver_get_last_error(server));"#).raising(&[10013, 10024, 10062, 10063, 10070]),
    page("LocalHost", "",
        "An address in numbers, or a name that is looked up when listening starts. It must be, or have, an address of the family that UseIPv6 says: otherwise StartListening answers 10047 (an address) or 11004 (a name). With `\"\"` answers leave from the address that the client asked.",
        r#"tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_HOST, 0, "127.0.0.1");"#),
    page("LocalPort", "UDP port",
        "Ports below 1024, 69 among them, need a privilege on most systems (10013). With 0, read it once the server listens. After StopListening it is again what was set.",
        r#"tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, 6969);"#),
    page("MaxRetransmits", "repetitions",
        "Only waits of the full RetransmitTimeout count; the shorter, measured ones of AdaptiveRetransmit do not. After the last one the connection ends with 301.",
        r#"tftpserver_set_int(server, TFTPSERVER_PROPERTY_MAX_RETRANSMITS, 0, 5);"#),
    page("RetransmitTimeout", "seconds",
        "A client that negotiates the option timeout (RFC 2349) has its own wait instead.",
        r#"tftpserver_set_int(server, TFTPSERVER_PROPERTY_RETRANSMIT_TIMEOUT, 0, 2);"#),
    page("Timeout", "seconds",
        "Each packet that brings the transfer forward starts it anew; with AbsoluteTimeout it counts from the beginning. The connection then ends with 301. With 0 only MaxRetransmits ends a silent one.",
        r#"tftpserver_set_int(server, TFTPSERVER_PROPERTY_TIMEOUT, 0, 30);"#),
    page("ConnOperation", "",
        "The opcode of the request.",
        r#"static int32_t on_disconnected(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t id = event->data.disconnected.connection_id;
    (void)context;
    if (tftpserver_get_int(server, TFTPSERVER_PROPERTY_CONN_OPERATION, id) == TFTPSERVER_OPERATION_WRITE)
        puts("an upload");
    return 0;
}"#),
    page("ConnBytesTransferred", "bytes",
        "Of the stream as it goes over the wire: in netascii after the translation. It moves while the transfer runs, also between two DoEvents, and holds its last value in Disconnected.",
        r#"static int32_t on_disconnected(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t id = event->data.disconnected.connection_id;
    (void)context;
    printf("%lld bytes\n", (long long)tftpserver_get_int(server, TFTPSERVER_PROPERTY_CONN_BYTES_TRANSFERRED, id));
    return 0;
}"#),
    page("ConnTotalBytes", "bytes",
        "Of a read the size of what is sent, of a write the tsize that the client announced. Known once the transfer has begun; never in netascii (but for reads from ConnFileData) nor for a write without tsize.",
        r#"static int32_t on_disconnected(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t id = event->data.disconnected.connection_id;
    (void)context;
    printf("of %lld bytes\n", (long long)tftpserver_get_int(server, TFTPSERVER_PROPERTY_CONN_TOTAL_BYTES, id));
    return 0;
}"#),
    page("ConnBlockSize", "bytes",
        "512, or what was negotiated by blksize (RFC 2348). In ConnectionRequest, Connected and StartTransfer it is 0 yet.",
        r#"static int32_t on_disconnected(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t id = event->data.disconnected.connection_id;
    (void)context;
    printf("blocks of %lld bytes\n", (long long)tftpserver_get_int(server, TFTPSERVER_PROPERTY_CONN_BLOCK_SIZE, id));
    return 0;
}"#),
    page("ConnWindowSize", "blocks",
        "1, or what was negotiated by windowsize (RFC 7440). In ConnectionRequest, Connected and StartTransfer it is 0 yet.",
        r#"static int32_t on_disconnected(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t id = event->data.disconnected.connection_id;
    (void)context;
    printf("windows of %lld blocks\n", (long long)tftpserver_get_int(server, TFTPSERVER_PROPERTY_CONN_WINDOW_SIZE, id));
    return 0;
}"#),
    page("ConnRetransmissions", "packets",
        "DATA and OACK of a read, OACK and ACK of a write. Many of them mean a network that loses packets, or a client that is slow.",
        r#"static int32_t on_disconnected(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t id = event->data.disconnected.connection_id;
    (void)context;
    printf("%lld packets sent again\n", (long long)tftpserver_get_int(server, TFTPSERVER_PROPERTY_CONN_RETRANSMISSIONS, id));
    return 0;
}"#),
    page("ConnElapsedMillis", "milliseconds",
        "What the transfer took, once it has ended: the time that the application needed to answer counts, the time until DoEvents is called does not.",
        r#"static int32_t on_disconnected(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t id = event->data.disconnected.connection_id;
    (void)context;
    printf("%lld ms\n", (long long)tftpserver_get_int(server, TFTPSERVER_PROPERTY_CONN_ELAPSED_MILLIS, id));
    return 0;
}"#),
    page("ConnServedName", "",
        "For names that mean something else on this machine: it is looked up as the client's own name would be, and leads out of LocalDir no more than that one does, whatever it holds. ConnFileData and ConnLocalFile go before it. A character from U+EF80 to U+EFFF stands for a byte that is not UTF-8 ([codepages.md](codepages.md)).",
        r#"static int32_t on_request(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t id = event->data.connection_request.connection_id;
    (void)context;
    if (strcmp(event->data.connection_request.filename, "boot.img") != 0)
        return 0;
    return tftpserver_set(server, TFTPSERVER_PROPERTY_CONN_SERVED_NAME, id, "images/2026-01/boot.img");
}"#).raising(&[130, 905]),
    page("RuntimeLicense", "",
        "Programs written for IPWorks set it. The library needs no license: the text is kept, returned, and forgotten by Reset.",
        r#"tftpserver_set(server, TFTPSERVER_PROPERTY_RUNTIME_LICENSE, 0, "any text");"#),
];
