#include <tftpserver.h>

void example(tftpserver *server)
{
    tftpserver_set_int(server, TFTPSERVER_PROPERTY_MAX_RETRANSMITS, 0, 5);
}
