#include <stdio.h>
#include <tftpserver.h>

static int32_t on_disconnected(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t id = event->data.disconnected.connection_id;
    (void)context;
    printf("%lld packets sent again\n",
           (long long)tftpserver_get_int(server, TFTPSERVER_PROPERTY_CONN_RETRANSMISSIONS, id));
    return 0;
}

void example(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_DISCONNECTED, on_disconnected, NULL);
}
