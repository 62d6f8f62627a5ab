#include <stdio.h>
#include <tftpserver.h>

void example(tftpserver *server)
{
    printf("libtftpserver %s\n", tftpserver_version());
    (void)server;
}
