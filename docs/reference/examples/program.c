#include <stdio.h>
#include <tftpserver.h>

int main(void)
{
    tftpserver *server = tftpserver_open();
    tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_DIR, 0, ".");
    tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, 0); /* the system chooses */
    if (tftpserver_do_startlistening(server) != 0) {
        fprintf(stderr, "%s\n", tftpserver_get_last_error(server));
        return 1;
    }
    printf("serving on port %s\n", tftpserver_get(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0));
    /* A server continues here: getchar(), or tftpserver_do_doevents in a loop. */
    return tftpserver_close(server);
}
