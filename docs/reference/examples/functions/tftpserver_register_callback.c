#include <stdio.h>
#include <tftpserver.h>

static int32_t on_error(tftpserver *server, tftpserver_event *event, void *context)
{
    (void)server;
    fprintf(context, "%s\n", event->data.error.description);
    return 0;
}

static void listen_to_errors(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_ERROR, on_error, stderr);
}

void example(tftpserver *server)
{
    listen_to_errors(server);
}
