/* Uploads without a file: each block goes to the Transfer callback, here into a checksum. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <tftpserver.h>

enum { MOST = 64 }; /* uploads at once */

static struct upload {
    int32_t connection_id; /* 0: free */
    uint32_t sum;
} uploads[MOST];

static struct upload *find(int32_t connection_id)
{
    int i;
    for (i = 0; i < MOST; i++)
        if (uploads[i].connection_id == connection_id)
            return &uploads[i];
    return NULL;
}

static int32_t on_start(tftpserver *server, tftpserver_event *event, void *context)
{
    struct upload *upload = find(0);
    (void)server, (void)context;
    if (upload == NULL)
        return 1; /* no room: ends the connection */
    upload->connection_id = event->data.start_transfer.connection_id;
    upload->sum = 0;
    return 0;
}

static int32_t on_transfer(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_transfer_event *e = &event->data.transfer;
    struct upload *upload = find(e->connection_id);
    size_t i;
    (void)server, (void)context;
    for (i = 0; i < e->text_length; i++)
        upload->sum = upload->sum * 31 + e->text[i];
    return 0; /* another value ends the connection, and the client gets an ERROR */
}

static int32_t on_disconnected(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_disconnected_event *e = &event->data.disconnected;
    struct upload *upload = find(e->connection_id);
    (void)server, (void)context;
    if (upload != NULL) {
        printf("%08" PRIx32 " %s\n", upload->sum, e->description);
        fflush(stdout);
        upload->connection_id = 0;
    }
    return 0;
}

int main(int argc, char **argv)
{
    tftpserver *server = tftpserver_open();
    if (tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_HOST, 0, "127.0.0.1") != 0
        || tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, argc > 1 ? atoi(argv[1]) : 6969) != 0
        || tftpserver_register_callback(server, TFTPSERVER_EVENT_START_TRANSFER, on_start, NULL) != 0
        || tftpserver_register_callback(server, TFTPSERVER_EVENT_TRANSFER, on_transfer, NULL) != 0
        || tftpserver_register_callback(server, TFTPSERVER_EVENT_DISCONNECTED, on_disconnected, NULL) != 0
        || tftpserver_do_startlistening(server) != 0)
        return fprintf(stderr, "%s\n", tftpserver_get_last_error(server)), 1;
    printf("port %s\n", tftpserver_get(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0));
    fflush(stdout);
    for (;;)
        tftpserver_do_doevents(server);
}
