#include <stdio.h>
#include <tftpserver.h>

static int32_t on_log(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_log_event *e = &event->data.log;
    (void)server, (void)context;
    printf("%-8s %d %s\n", e->log_type, (int)e->connection_id, e->message);
    return 0;
}

void example(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_LOG, on_log, NULL);
}
