#include <tftpserver.h>

static int32_t on_end(tftpserver *server, tftpserver_event *event, void *context)
{
    int *uploads = context;
    (void)server;
    if (event->data.end_transfer.direction == TFTPSERVER_DIRECTION_UPLOAD)
        ++*uploads;
    return 0;
}

void example(tftpserver *server)
{
    static int uploads;
    tftpserver_register_callback(server, TFTPSERVER_EVENT_END_TRANSFER, on_end, &uploads);
}
