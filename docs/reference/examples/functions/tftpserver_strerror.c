#include <stdio.h>
#include <tftpserver.h>

void example(tftpserver *server)
{
    puts(tftpserver_strerror(10048));
    (void)server;
}
