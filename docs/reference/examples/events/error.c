#include <stdio.h>
#include <tftpserver.h>

static int32_t on_error(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_error_event *e = &event->data.error;
    (void)server, (void)context;
    fprintf(stderr, "[%d] %s\n", (int)e->error_code, e->description);
    return 0;
}

void example(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_ERROR, on_error, NULL);
}
