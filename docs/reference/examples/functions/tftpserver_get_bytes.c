#include <stdio.h>
#include <tftpserver.h>

void example(tftpserver *server)
{
    size_t length = 0;
    const void *text = tftpserver_get_bytes(server, TFTPSERVER_PROPERTY_LOCAL_DIR, 0, &length);
    if (text != NULL)
        fwrite(text, 1, length, stdout);
}
