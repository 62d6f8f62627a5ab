#include <string.h>
#include <tftpserver.h>

static int32_t on_request(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t id = event->data.connection_request.connection_id;
    (void)context;
    if (strcmp(event->data.connection_request.filename, "boot.img") != 0)
        return 0;
    return tftpserver_set(server, TFTPSERVER_PROPERTY_CONN_SERVED_NAME, id, "images/2026-01/boot.img");
}

void example(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTION_REQUEST, on_request, NULL);
}
