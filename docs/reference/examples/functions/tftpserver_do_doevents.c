#include <tftpserver.h>

static void serve(tftpserver *server, const int *stop)
{
    while (!*stop && tftpserver_do_doevents(server) == 0)
        ;
}

void example(tftpserver *server)
{
    int stop = 1;
    serve(server, &stop);
}
