#include <stdio.h>
#include <tftpserver.h>

static int32_t on_start(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_start_transfer_event *e = &event->data.start_transfer;
    (void)context;
    printf("%s %s\n", e->direction == TFTPSERVER_DIRECTION_UPLOAD ? "takes" : "sends",
           tftpserver_get(server, TFTPSERVER_PROPERTY_CONN_LOCAL_FILE, e->connection_id));
    return 0;
}

void example(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_START_TRANSFER, on_start, NULL);
}
