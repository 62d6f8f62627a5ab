#include <stdio.h>
#include <tftpserver.h>

void example(tftpserver *server)
{
    tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, 0);
    if (tftpserver_do_startlistening(server) == 0)
        printf("port %d\n", (int)tftpserver_get_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0));
}
