#include <stdio.h>
#include <tftpserver.h>

void example(tftpserver *server)
{
    void *handle = tftpserver_get_event_handle(server);
    if (handle != NULL)
        printf("WaitForSingleObject(%p, INFINITE), then call DoEvents\n", handle);
    else if (tftpserver_get_last_error_code(server) == TFTPSERVER_ERROR_NOT_AVAILABLE)
        printf("not Windows: poll tftpserver_get_event_fd\n");
}
