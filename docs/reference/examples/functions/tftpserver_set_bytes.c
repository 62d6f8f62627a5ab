#include <tftpserver.h>

static int32_t on_connected(tftpserver *server, tftpserver_event *event, void *context)
{
    (void)context;
    return tftpserver_set_bytes(server, TFTPSERVER_PROPERTY_CONN_FILE_DATA, event->data.connected.connection_id,
                                "\0\1\2", 3);
}

void example(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTED, on_connected, NULL);
}
