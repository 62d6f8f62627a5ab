#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <tftpserver.h>

/* A queue of blocks for one thread that stores them. */
struct block {
    struct block *next;
    tftpserver *server;
    int32_t connection_id;
    size_t length;
    unsigned char bytes[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t is_filled = PTHREAD_COND_INITIALIZER;
static struct block *first, **end = &first;

static int has_blocks(int32_t connection_id)
{
    const struct block *block = first;
    while (block != NULL && block->connection_id != connection_id)
        block = block->next;
    return block != NULL;
}

static void *store(void *context)
{
    for (;;) {
        struct block *block;
        int is_stored = 1;
        pthread_mutex_lock(&lock);
        while (first == NULL)
            pthread_cond_wait(&is_filled, &lock);
        block = first;
        pthread_mutex_unlock(&lock);
        /* Here `length` bytes are written, which may take time. The block stays in the queue meanwhile. */
        pthread_mutex_lock(&lock);
        first = block->next;
        if (first == NULL)
            end = &first;
        if (!is_stored)
            tftpserver_do_abort(block->server, block->connection_id, 3, "The file cannot be stored");
        else if (!has_blocks(block->connection_id))
            tftpserver_do_hold(block->server, block->connection_id, 0); /* everything delivered is stored */
        pthread_mutex_unlock(&lock);
        free(block);
    }
    return context;
}

static int32_t on_transfer(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_transfer_event *e = &event->data.transfer;
    struct block *block = NULL;
    (void)context;
    if (e->direction != TFTPSERVER_DIRECTION_UPLOAD)
        return 0;
    block = malloc(sizeof *block + e->text_length);
    if (block == NULL)
        return 1; /* ends the transfer */
    block->next = NULL;
    block->server = server;
    block->connection_id = e->connection_id;
    block->length = e->text_length;
    memcpy(block->bytes, e->text, e->text_length);
    pthread_mutex_lock(&lock); /* also around the call, so that the thread cannot end this hold too early */
    tftpserver_do_hold(server, e->connection_id, 1);
    *end = block;
    end = &block->next;
    pthread_cond_signal(&is_filled);
    pthread_mutex_unlock(&lock);
    return 0;
}

void example(tftpserver *server)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, store, NULL) == 0 && pthread_detach(thread) == 0)
        tftpserver_register_callback(server, TFTPSERVER_EVENT_TRANSFER, on_transfer, NULL);
}
