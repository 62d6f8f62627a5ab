/* Downloads from memory: the Connected callback sets ConnFileData. Uploads have no destination and are refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tftpserver.h>

static int32_t on_connected(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_connected_event *e = &event->data.connected;
    char text[300];
    (void)context;
    if (e->status_code != 0)
        return 0; /* refused: no data is needed */
    snprintf(text, sizeof text, "You asked for %s\n",
             tftpserver_get(server, TFTPSERVER_PROPERTY_CONN_FILENAME, e->connection_id));
    return tftpserver_set_bytes(server, TFTPSERVER_PROPERTY_CONN_FILE_DATA, e->connection_id, text, strlen(text));
}

int main(int argc, char **argv)
{
    tftpserver *server = tftpserver_open();
    if (tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_HOST, 0, "127.0.0.1") != 0
        || tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, argc > 1 ? atoi(argv[1]) : 6969) != 0
        || tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTED, on_connected, NULL) != 0
        || tftpserver_do_startlistening(server) != 0)
        return fprintf(stderr, "%s\n", tftpserver_get_last_error(server)), 1;
    printf("port %s\n", tftpserver_get(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0));
    fflush(stdout);
    for (;;)
        tftpserver_do_doevents(server);
}
