#include <stdio.h>
#include <tftpserver.h>

void example(tftpserver *server)
{
    printf("serving %s\n", tftpserver_get(server, TFTPSERVER_PROPERTY_LOCAL_DIR, 0));
}
