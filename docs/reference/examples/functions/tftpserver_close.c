#include <tftpserver.h>

void example(tftpserver *server)
{
    tftpserver *another = tftpserver_open();
    if (tftpserver_close(another) == 0)
        another = NULL; /* the old handle gives 901 now */
    (void)another;
    (void)server;
}
