#include <tftpserver.h>

static void disconnect_all(tftpserver *server)
{
    int32_t i, count = (int32_t)tftpserver_get_int(server, TFTPSERVER_PROPERTY_CONN_COUNT, 0);
    for (i = 0; i < count; i++)
        tftpserver_do_disconnect(server, i); /* positions move only inside DoEvents */
}

void example(tftpserver *server)
{
    disconnect_all(server);
}
