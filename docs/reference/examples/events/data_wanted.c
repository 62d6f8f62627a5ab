#include <stdio.h>
#include <tftpserver.h>

static int32_t on_wanted(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_data_wanted_event *e = &event->data.data_wanted;
    char bytes[8192];
    int64_t left = e->length;
    int32_t code = 0;
    while (left > 0 && code == 0 && !feof((FILE *)context)) {
        size_t most = left < (int64_t)sizeof bytes ? (size_t)left : sizeof bytes;
        size_t length = fread(bytes, 1, most, context);
        if (ferror((FILE *)context))
            return tftpserver_do_abort(server, e->connection_id, 0, "The source cannot be read");
        code = tftpserver_do_supply(server, e->connection_id, bytes, length, feof((FILE *)context));
        left -= (int64_t)length;
    }
    return code;
}

void example(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_DATA_WANTED, on_wanted, stdin);
}
