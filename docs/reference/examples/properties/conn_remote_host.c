#include <stdio.h>
#include <tftpserver.h>

static int32_t on_connected(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t id = event->data.connected.connection_id;
    const char *host = tftpserver_get(server, TFTPSERVER_PROPERTY_CONN_REMOTE_HOST, id);
    (void)context;
    printf("%s:", host); /* valid until the next call */
    printf("%d\n", (int)tftpserver_get_int(server, TFTPSERVER_PROPERTY_CONN_REMOTE_PORT, id));
    return 0;
}

void example(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTED, on_connected, NULL);
}
