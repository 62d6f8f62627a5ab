#include <tftpserver.h>

void example(tftpserver *server)
{
    tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_HOST, 0, "127.0.0.1");
}
