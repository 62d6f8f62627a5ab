#include <stdio.h>
#include <tftpserver.h>

static int32_t on_connected(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t id = event->data.connected.connection_id;
    const char *mode = tftpserver_get(server, TFTPSERVER_PROPERTY_CONN_TRANSFER_MODE, id);
    (void)context;
    puts(mode[0] == '1' ? "netascii" : "octet");
    return 0;
}

void example(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTED, on_connected, NULL);
}
