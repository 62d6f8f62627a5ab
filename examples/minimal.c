#include <stdio.h>
#include <tftpserver.h>

static int32_t on_disconnected(tftpserver *server, tftpserver_event *event, void *context)
{
    printf("%d: %s\n", (int)event->data.disconnected.connection_id, event->data.disconnected.description);
    return 0;
}

int main(void)
{
    tftpserver *server = tftpserver_open();
    if (tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_DIR, 0, "examples/files") != 0
        || tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, 6969) != 0
        || tftpserver_register_callback(server, TFTPSERVER_EVENT_DISCONNECTED, on_disconnected, NULL) != 0
        || tftpserver_do_startlistening(server) != 0)
        return fprintf(stderr, "%s\n", tftpserver_get_last_error(server)), 1;
    while (tftpserver_do_doevents(server) == 0)
        ;
    return 1;
}
