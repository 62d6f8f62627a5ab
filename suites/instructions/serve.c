/* A server without a callback: serves a directory on 127.0.0.1, tells its port, ends with the end of its input.
 *
 *     serve DIR
 */
#include <stdio.h>
#include <tftpserver.h>

int main(int argc, char **argv)
{
    tftpserver *server = tftpserver_open();
    if (argc != 2 || tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_DIR, 0, argv[1]) != 0
        || tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_HOST, 0, "127.0.0.1") != 0
        || tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, 0) != 0
        || tftpserver_do_startlistening(server) != 0)
        return fprintf(stderr, "%s\n", tftpserver_get_last_error(server)), 1;
    printf("%s\n", tftpserver_get(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0));
    fflush(stdout);
    while (getchar() != EOF)
        ;
    return tftpserver_close(server) != 0;
}
