#include <stdio.h>
#include <tftpserver.h>

void example(tftpserver *server)
{
    tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, 0);
    if (tftpserver_set(server, TFTPSERVER_PROPERTY_LISTENING, 0, "True") != 0)
        fprintf(stderr, "%s\n", tftpserver_get_last_error(server));
}
