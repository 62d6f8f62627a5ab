/* Downloads that are read while they run, many at once: ConnDataSize, DataWanted and tftpserver_do_supply. */
#include <stdio.h>
#include <stdlib.h>
#include <tftpserver.h>

enum { MOST = 64 }; /* downloads at once */

static struct source {
    int32_t connection_id; /* 0: free */
    FILE *file;
} sources[MOST];

static struct source *find(int32_t connection_id)
{
    int i;
    for (i = 0; i < MOST; i++)
        if (sources[i].connection_id == connection_id)
            return &sources[i];
    return NULL;
}

static int32_t on_request(tftpserver *server, tftpserver_event *event, void *context)
{
    tftpserver_connection_request_event *e = &event->data.connection_request;
    struct source *source = find(0);
    FILE *file;
    if (e->operation != TFTPSERVER_OPERATION_READ || source == NULL) {
        e->accept = TFTPSERVER_ACCEPT_NO;
        return 0;
    }
    file = fopen(context, "rb"); /* the program's choice: never a path made from the client's name */
    if (file == NULL)
        return tftpserver_do_abort(server, e->connection_id, 1, "The source cannot be opened");
    source->connection_id = e->connection_id;
    source->file = file;
    return tftpserver_set_int(server, TFTPSERVER_PROPERTY_CONN_DATA_SIZE, e->connection_id, -1); /* length unknown */
}

static int32_t on_wanted(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_data_wanted_event *e = &event->data.data_wanted;
    struct source *source = find(e->connection_id);
    char bytes[8192];
    int64_t left = e->length;
    int32_t code = 0;
    (void)context;
    while (code == 0 && left > 0 && source != NULL && !feof(source->file)) {
        size_t most = left < (int64_t)sizeof bytes ? (size_t)left : sizeof bytes;
        size_t length = fread(bytes, 1, most, source->file);
        if (ferror(source->file))
            return tftpserver_do_abort(server, e->connection_id, 0, "The source cannot be read");
        code = tftpserver_do_supply(server, e->connection_id, bytes, length, feof(source->file));
        left -= (int64_t)length;
    }
    return code;
}

static void release(int32_t connection_id)
{
    struct source *source = find(connection_id);
    if (source == NULL)
        return;
    fclose(source->file);
    source->connection_id = 0;
}

static int32_t on_connected(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_connected_event *e = &event->data.connected;
    (void)server, (void)context;
    if (e->status_code != 0)
        release(e->connection_id); /* no Disconnected follows */
    return 0;
}

static int32_t on_disconnected(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_disconnected_event *e = &event->data.disconnected;
    (void)server, (void)context;
    printf("%s\n", e->description);
    fflush(stdout);
    release(e->connection_id);
    return 0;
}

int main(int argc, char **argv)
{
    tftpserver *server = tftpserver_open();
    char *path = argc > 2 ? argv[2] : "boot.img";
    if (tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_HOST, 0, "127.0.0.1") != 0
        || tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, argc > 1 ? atoi(argv[1]) : 6969) != 0
        || tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTION_REQUEST, on_request, path) != 0
        || tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTED, on_connected, NULL) != 0
        || tftpserver_register_callback(server, TFTPSERVER_EVENT_DATA_WANTED, on_wanted, NULL) != 0
        || tftpserver_register_callback(server, TFTPSERVER_EVENT_DISCONNECTED, on_disconnected, NULL) != 0
        || tftpserver_do_startlistening(server) != 0)
        return fprintf(stderr, "%s\n", tftpserver_get_last_error(server)), 1;
    printf("port %s\n", tftpserver_get(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0));
    fflush(stdout);
    for (;;)
        tftpserver_do_doevents(server);
}
