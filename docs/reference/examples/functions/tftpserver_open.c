#include <tftpserver.h>

void example(tftpserver *server)
{
    tftpserver *another = tftpserver_open();
    if (another != NULL)
        tftpserver_close(another);
    (void)server;
}
