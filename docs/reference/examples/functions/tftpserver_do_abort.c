#include <string.h>
#include <tftpserver.h>

static int32_t on_request(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_connection_request_event *e = &event->data.connection_request;
    (void)context;
    if (strncmp(e->filename, "retired/", 8) == 0)
        return tftpserver_do_abort(server, e->connection_id, 1, "This image is not served any more");
    return 0;
}

void example(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTION_REQUEST, on_request, NULL);
}
