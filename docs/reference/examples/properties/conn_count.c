#include <stdio.h>
#include <tftpserver.h>

void example(tftpserver *server)
{
    int32_t i, count = (int32_t)tftpserver_get_int(server, TFTPSERVER_PROPERTY_CONN_COUNT, 0);
    for (i = 0; i < count; i++)
        printf("%s\n", tftpserver_get(server, TFTPSERVER_PROPERTY_CONN_REMOTE_HOST, i));
}
