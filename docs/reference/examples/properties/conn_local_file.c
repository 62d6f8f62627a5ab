#include <tftpserver.h>

static int32_t on_connected(tftpserver *server, tftpserver_event *event, void *context)
{
    (void)context;
    return tftpserver_set(server, TFTPSERVER_PROPERTY_CONN_LOCAL_FILE, event->data.connected.connection_id,
                          "images/latest.img");
}

void example(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTED, on_connected, NULL);
}
