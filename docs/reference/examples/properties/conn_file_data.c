#include <tftpserver.h>

static int32_t on_connected(tftpserver *server, tftpserver_event *event, void *context)
{
    static const unsigned char image[] = {0x7f, 'E', 'L', 'F', 0, 1};
    (void)context;
    tftpserver_set_bytes(server, TFTPSERVER_PROPERTY_CONN_FILE_DATA, event->data.connected.connection_id, image,
                         sizeof image);
    return 0;
}

void example(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTED, on_connected, NULL);
}
