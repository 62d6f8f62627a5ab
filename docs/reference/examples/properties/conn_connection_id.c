#include <stdio.h>
#include <tftpserver.h>

static int32_t on_connected(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t id = event->data.connected.connection_id;
    (void)context;
    puts(tftpserver_get(server, TFTPSERVER_PROPERTY_CONN_CONNECTION_ID, id)); /* the same, as text */
    return 0;
}

void example(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTED, on_connected, NULL);
}
