#include <tftpserver.h>

void example(tftpserver *server)
{
    tftpserver_set(server, TFTPSERVER_PROPERTY_RUNTIME_LICENSE, 0, "any text");
}
