#include <stdio.h>
#include <tftpserver.h>

void example(tftpserver *server)
{
    if (tftpserver_get_int(server, TFTPSERVER_PROPERTY_LISTENING, 0))
        puts("listening");
}
