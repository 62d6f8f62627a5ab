#include <stdio.h>
#include <tftpserver.h>

int main(void)
{
    tftpserver *server = tftpserver_open();
    if (tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_DIR, 0, "/srv/tftp") != 0
        || tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, 6969) != 0
        || tftpserver_do_startlistening(server) != 0) {
        fprintf(stderr, "%s\n", tftpserver_get_last_error(server));
        return 1;
    }
    getchar();
    return tftpserver_close(server);
}
