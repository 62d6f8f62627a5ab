#include <stdio.h>
#include <tftpserver.h>

void example(tftpserver *server)
{
    int fd = tftpserver_get_event_fd(server);
    if (fd >= 0)
        printf("poll(2) %d for reading, then call DoEvents\n", fd);
}
