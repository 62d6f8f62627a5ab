#include <stdio.h>
#include <tftpserver.h>

static int32_t on_start(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t id = event->data.start_transfer.connection_id;
    (void)context;
    puts(tftpserver_get(server, TFTPSERVER_PROPERTY_CONN_FILENAME, id));
    return 0;
}

void example(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_START_TRANSFER, on_start, NULL);
}
