#include <tftpserver.h>

void example(tftpserver *server)
{
    tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, 6969);
}
