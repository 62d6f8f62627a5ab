#include <tftpserver.h>

void example(tftpserver *server)
{
    tftpserver *another = tftpserver_open();
    if (tftpserver_close(another) == 0)
        another = NULL; /* from here on it gives 901 */
    (void)another;
    (void)server;
}
