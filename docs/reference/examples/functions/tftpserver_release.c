#include <tftpserver.h>

static int32_t on_disconnected(tftpserver *server, tftpserver_event *event, void *context)
{
    (void)event;
    (void)context;
    return tftpserver_release(server); /* after one transfer */
}

static void serve_one(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_DISCONNECTED, on_disconnected, NULL);
    while (tftpserver_do_doevents(server) == 0)
        ; /* 901 after the release */
}

void example(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_DISCONNECTED, on_disconnected, NULL);
    (void)serve_one;
}
