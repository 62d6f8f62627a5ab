/* Downloads and uploads of one file, under any name: the Connected callback sets ConnLocalFile. */
#include <stdio.h>
#include <stdlib.h>
#include <tftpserver.h>

static int32_t on_connected(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_connected_event *e = &event->data.connected;
    if (e->status_code != 0)
        return 0; /* refused: no data is needed */
    return tftpserver_set(server, TFTPSERVER_PROPERTY_CONN_LOCAL_FILE, e->connection_id, context);
}

static int32_t on_disconnected(tftpserver *server, tftpserver_event *event, void *context)
{
    (void)server, (void)context;
    printf("%s\n", event->data.disconnected.description); /* "OK" if the transfer is complete */
    fflush(stdout);
    return 0;
}

int main(int argc, char **argv)
{
    tftpserver *server = tftpserver_open();
    char *path = argc > 2 ? argv[2] : "configuration.txt";
    if (tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_HOST, 0, "127.0.0.1") != 0
        || tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, argc > 1 ? atoi(argv[1]) : 6969) != 0
        || tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTED, on_connected, path) != 0
        || tftpserver_register_callback(server, TFTPSERVER_EVENT_DISCONNECTED, on_disconnected, NULL) != 0
        || tftpserver_do_startlistening(server) != 0)
        return fprintf(stderr, "%s\n", tftpserver_get_last_error(server)), 1;
    printf("port %s\n", tftpserver_get(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0));
    fflush(stdout);
    for (;;)
        tftpserver_do_doevents(server);
}
