#include <stdio.h>
#include <tftpserver.h>

void example(tftpserver *server)
{
    int64_t port = tftpserver_get_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0);
    if (tftpserver_get_last_error_code(server) == 0)
        printf("%d\n", (int)port);
}
