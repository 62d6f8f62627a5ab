#include <stdio.h>
#include <tftpserver.h>

static int32_t on_transfer(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_transfer_event *e = &event->data.transfer;
    FILE *file = context;
    (void)server;
    return fwrite(e->text, 1, e->text_length, file) == e->text_length ? 0 : 1; /* 1 ends the connection */
}

void example(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_TRANSFER, on_transfer, stdout);
}
