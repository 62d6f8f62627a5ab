#include <stdio.h>
#include <tftpserver.h>

void example(tftpserver *server)
{
    if (tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_DIR, 0, ".") != 0)
        fprintf(stderr, "%s\n", tftpserver_get_last_error(server));
}
