#include <stdio.h>
#include <tftpserver.h>

void example(tftpserver *server)
{
    printf("libtftpserver %s\n", tftpserver_get(server, TFTPSERVER_PROPERTY_VERSION, 0));
}
