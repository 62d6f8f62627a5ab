#include <tftpserver.h>

void example(tftpserver *server)
{
    tftpserver_set_int(server, TFTPSERVER_PROPERTY_TIMEOUT, 0, 30);
}
