#include <stdio.h>
#include <tftpserver.h>

void example(tftpserver *server)
{
    if (tftpserver_do_startlistening(server) != 0)
        fprintf(stderr, "%s\n", tftpserver_get_last_error(server));
}
