#include <stdio.h>
#include <tftpserver.h>

static int32_t on_connected(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_connected_event *e = &event->data.connected;
    (void)server, (void)context;
    printf("%d: %d %s\n", (int)e->connection_id, (int)e->status_code, e->description);
    return 0;
}

void example(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTED, on_connected, NULL);
}
