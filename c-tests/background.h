/*
 * Runs a whole transfer by a client in a separate thread, while the test's thread delivers events,
 * or does not.
 */
#ifndef BACKGROUND_H
#define BACKGROUND_H

#include <pthread.h>
#include <stdlib.h>

#include "fixture.h"

typedef struct background {
    int port, opcode;
    const char *name, *mode;
    const char *const *options;
    const void *data;            /* uploads */
    size_t length;
    transfer result;             /* after background_end; `data` is to be freed */
    pthread_t thread;
} background;

static inline void *background_run(void *context)
{
    background *self = context;
    client *one = malloc(sizeof *one);
    if (one && client_open(one, self->port, NULL)) {
        self->result =
            self->opcode == RRQ
                ? client_download(one, self->name, self->mode, self->options, fixture_millis())
                : client_upload(one, self->name, self->mode, self->options, self->data, self->length, fixture_millis());
        client_close(one);
    }
    free(one);
    return NULL;
}

/* Starts the transfer. Returns 1 if the thread runs. */
static inline int background_begin(background *self, const fixture *where, int opcode, const char *name,
                                   const char *mode, const char *const *options, const void *data, size_t length)
{
    static const background empty;
    *self = empty;
    self->port = where->port;
    self->opcode = opcode;
    self->name = name;
    self->mode = mode;
    self->options = options;
    self->data = data;
    self->length = length;
    return pthread_create(&self->thread, NULL, background_run, self) == 0;
}

static inline transfer background_end(background *self)
{
    pthread_join(self->thread, NULL);
    return self->result;
}

#endif
