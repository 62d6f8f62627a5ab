#include <pthread.h>
#include <stdlib.h>
#include <tftpserver.h>

struct question {
    tftpserver *server;
    int32_t connection_id;
};

static void *ask_database(void *context)
{
    struct question *question = context;
    int is_known = 1; /* the result of a query, which may take time */
    tftpserver_do_accept(question->server, question->connection_id,
                         is_known ? TFTPSERVER_ACCEPT_YES : TFTPSERVER_ACCEPT_NO);
    free(question);
    return NULL;
}

static int32_t on_request(tftpserver *server, tftpserver_event *event, void *context)
{
    pthread_t thread;
    struct question *question = malloc(sizeof *question);
    (void)context;
    event->data.connection_request.accept = TFTPSERVER_ACCEPT_NO;
    if (question == NULL)
        return 0;
    question->server = server;
    question->connection_id = event->data.connection_request.connection_id;
    if (pthread_create(&thread, NULL, ask_database, question) != 0)
        return free(question), 0;
    pthread_detach(thread);
    event->data.connection_request.accept = TFTPSERVER_ACCEPT_LATER;
    return 0;
}

void example(tftpserver *server)
{
    tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTION_REQUEST, on_request, NULL);
}
