#include <tftpserver.h>

void example(tftpserver *server)
{
    tftpserver_do_interrupt(server);
}
