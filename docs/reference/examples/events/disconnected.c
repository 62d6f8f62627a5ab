#include <stdio.h>
#include <tftpserver.h>

static int32_t on_disconnected(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_disconnected_event *e = &event->data.disconnected;
    (void)server, (void)context;
    if (e->status_code != 0)
        fprintf(stderr, "%d failed: %s\n", (int)e->connection_id, e->description);
    return 0;
}

void example(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_DISCONNECTED, on_disconnected, NULL);
}
