#include <string.h>
#include <tftpserver.h>

static int32_t on_wanted(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_data_wanted_event *e = &event->data.data_wanted;
    const char *text = context;
    size_t rest = strlen(text) - (size_t)e->offset;
    size_t length = (int64_t)rest < e->length ? rest : (size_t)e->length;
    return tftpserver_do_supply(server, e->connection_id, text + e->offset, length, length == rest);
}

void example(tftpserver *server)
{
    static char text[] = "#!ipxe\nchain boot.efi\n";
    tftpserver_register_callback(server, TFTPSERVER_EVENT_DATA_WANTED, on_wanted, text);
}
