#include <string.h>
#include <tftpserver.h>

static int32_t on_request(tftpserver *server, tftpserver_event *event, void *context)
{
    tftpserver_connection_request_event *e = &event->data.connection_request;
    (void)server, (void)context;
    e->accept = e->operation == TFTPSERVER_OPERATION_READ && strstr(e->filename, "secret") == NULL;
    return 0;
}

void example(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTION_REQUEST, on_request, NULL);
}
