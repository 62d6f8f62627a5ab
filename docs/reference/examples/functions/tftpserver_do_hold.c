#include <pthread.h>
#include <tftpserver.h>

struct upload {
    tftpserver *server;
    int32_t connection_id;
};

static void *store(void *context)
{
    struct upload *upload = context;
    int is_stored = 1; /* a write, which takes its time */
    if (is_stored)
        tftpserver_do_hold(upload->server, upload->connection_id, 0);
    else
        tftpserver_do_disconnect(upload->server, upload->connection_id);
    return NULL;
}

static int32_t on_transfer(tftpserver *server, tftpserver_event *event, void *context)
{
    struct upload *upload = context; /* a queue would copy the block's bytes, too */
    pthread_t thread;
    upload->server = server;
    upload->connection_id = event->data.transfer.connection_id;
    tftpserver_do_hold(server, upload->connection_id, 1);
    if (pthread_create(&thread, NULL, store, upload) != 0)
        return 1; /* ends the transfer */
    return pthread_detach(thread);
}

void example(tftpserver *server)
{
    static struct upload upload;
    tftpserver_register_callback(server, TFTPSERVER_EVENT_TRANSFER, on_transfer, &upload);
}
