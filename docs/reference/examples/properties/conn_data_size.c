#include <tftpserver.h>

static int32_t on_request(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t id = event->data.connection_request.connection_id;
    (void)context;
    return tftpserver_set_int(server, TFTPSERVER_PROPERTY_CONN_DATA_SIZE, id, 64 * 1024 * 1024);
}

void example(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTION_REQUEST, on_request, NULL);
}
