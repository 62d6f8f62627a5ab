/* No callback answers: downloads end with 127, uploads with 126, and the clients get ERROR 1. */
#include <stdio.h>
#include <stdlib.h>
#include <tftpserver.h>

static int32_t on_error(tftpserver *server, tftpserver_event *event, void *context)
{
    (void)server, (void)context;
    printf("%d %s\n", (int)event->data.error.error_code, event->data.error.description);
    fflush(stdout);
    return 0;
}

int main(int argc, char **argv)
{
    tftpserver *server = tftpserver_open();
    if (tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_HOST, 0, "127.0.0.1") != 0
        || tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, argc > 1 ? atoi(argv[1]) : 6969) != 0
        || tftpserver_register_callback(server, TFTPSERVER_EVENT_ERROR, on_error, NULL) != 0
        || tftpserver_do_startlistening(server) != 0)
        return fprintf(stderr, "%s\n", tftpserver_get_last_error(server)), 1;
    printf("port %s\n", tftpserver_get(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0));
    fflush(stdout);
    for (;;)
        tftpserver_do_doevents(server);
}
