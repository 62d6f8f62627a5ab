#include <stdio.h>
#include <tftpserver.h>

void example(tftpserver *server)
{
    tftpserver_do_config(server, "MaxBlockSize=1428");
    printf("%s\n", tftpserver_do_config(server, "MaxBlockSize"));
}
