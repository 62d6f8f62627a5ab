/* One handle, many threads. */
#define _XOPEN_SOURCE 700
#include <poll.h>

#include "check.h"
#include "fixture.h"

enum { THREADS = 6, ROUNDS = 300 };

static void *calls_everything(void *context)
{
    tftpserver *server = context;
    intptr_t wrong = 0;
    int i;
    for (i = 0; i < ROUNDS; i++) {
        char text[32];
        const char *value;
        wrong += tftpserver_set_int(server, TIMEOUT, 0, 1 + i) != 0;
        value = tftpserver_get(server, LOCAL_HOST, 0);
        wrong += value == NULL || strcmp(value, "127.0.0.1") != 0;
        snprintf(text, sizeof text, "MaxWindowSize=%d", 1 + i % 64);
        wrong += tftpserver_do_config(server, text) == NULL;
        wrong += tftpserver_get(server, 10, 0) != NULL;
        wrong += tftpserver_get_last_error_code(server) != UNKNOWN_PROPERTY;
        wrong += tftpserver_get_int(server, CONN_COUNT, 0) != 0;
        wrong += tftpserver_do_interrupt(server) != 0;
    }
    return (void *)wrong;
}

static void calls_from_many_threads(void)
{
    fixture self;
    pthread_t threads[THREADS];
    int i;
    NEED(fixture_open(&self));
    for (i = 0; i < THREADS; i++) {
        CHECK_INT(pthread_create(&threads[i], NULL, calls_everything, self.server), 0);
    }
    for (i = 0; i < 20; i++) {
        CHECK_INT(tftpserver_do_doevents(self.server), 0);
    }
    for (i = 0; i < THREADS; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        CHECK_INT((intptr_t)wrong, 0);
    }
    fixture_close(&self);
}

/* A thread inside a DoEvents that waits long. The lock guards `entered`, `left` and `result`. */
struct waiter {
    tftpserver *server;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int entered, left, result;
    pthread_t thread;
};

static void *waits(void *context)
{
    struct waiter *self = context;
    int result;
    pthread_mutex_lock(&self->lock);
    self->entered = 1;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
    result = tftpserver_do_doevents(self->server);
    pthread_mutex_lock(&self->lock);
    self->left = 1;
    self->result = result;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

static void waiter_begin(struct waiter *self, tftpserver *server)
{
    memset(self, 0, sizeof *self);
    self->server = server;
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->changed, NULL);
    CHECK(tftpserver_do_config(server, "SelectWaitMillis=60000") != NULL);
    CHECK_INT(pthread_create(&self->thread, NULL, waits, self), 0);
    pthread_mutex_lock(&self->lock);
    while (!self->entered) {
        pthread_cond_wait(&self->changed, &self->lock);
    }
    pthread_mutex_unlock(&self->lock);
}

static int waiter_end(struct waiter *self)
{
    pthread_join(self->thread, NULL);
    pthread_mutex_destroy(&self->lock);
    pthread_cond_destroy(&self->changed);
    CHECK(self->left);
    return self->result;
}

static void interrupt_wakes_doevents(void)
{
    fixture self;
    struct waiter waiter;
    int i;
    NEED(fixture_open(&self));
    for (i = 0; i < 20; i++) {
        waiter_begin(&waiter, self.server);
        CHECK_INT(tftpserver_do_interrupt(self.server), 0);
        CHECK_INT(waiter_end(&waiter), 0);
    }
    fixture_close(&self);
}

static void an_interrupt_before_is_not_lost(void)
{
    fixture self;
    int64_t begin;
    NEED(fixture_open(&self));
    CHECK(tftpserver_do_config(self.server, "SelectWaitMillis=60000") != NULL);
    CHECK_INT(tftpserver_do_interrupt(self.server), 0);
    begin = client_now();
    CHECK_INT(tftpserver_do_doevents(self.server), 0);
    CHECK(client_now() - begin < fixture_millis());
    fixture_close(&self);
}

static void close_while_doevents_waits_elsewhere(void)
{
    int i;
    for (i = 0; i < 20; i++) {
        fixture self;
        struct waiter waiter;
        int result;
        NEED(fixture_open(&self));
        waiter_begin(&waiter, self.server);
        CHECK_INT(tftpserver_close(self.server), 0);
        self.server = NULL;
        result = waiter_end(&waiter);
        CHECK(result == 0 || result == NOT_A_HANDLE);
        fixture_close(&self);
    }
}

static void *closes(void *server)
{
    return (void *)(intptr_t)tftpserver_close(server);
}

static void one_of_many_closes_wins(void)
{
    fixture self;
    pthread_t threads[THREADS];
    int i, closed = 0;
    NEED(fixture_open(&self));
    for (i = 0; i < THREADS; i++) {
        CHECK_INT(pthread_create(&threads[i], NULL, closes, self.server), 0);
    }
    for (i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        CHECK((intptr_t)result == 0 || (intptr_t)result == NOT_A_HANDLE);
        closed += (intptr_t)result == 0;
    }
    CHECK_INT(closed, 1);
    self.server = NULL;
    fixture_close(&self);
}

/* An event loop of the application: poll reports the descriptor when DoEvents has work. */
static void the_event_descriptor(void)
{
    fixture self;
    client reader;
    struct pollfd ready;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    CHECK(tftpserver_do_config(self.server, "SelectWaitMillis=0") != NULL);
    CHECK(fixture_write(&self, "f", "x", 1));
    ready.fd = tftpserver_get_event_fd(self.server);
    ready.events = POLLIN;
    NEED(ready.fd >= 0);
    CHECK(tftpserver_get_event_handle(self.server) == NULL); /* for Windows only */
    CHECK_INT(tftpserver_get_last_error_code(self.server), NOT_AVAILABLE);
    CHECK_INT(tftpserver_get_event_fd(self.server), ready.fd);
    CHECK_INT(poll(&ready, 1, 0), 0);
    NEED(client_open(&reader, self.port, NULL));
    client_request(&reader, RRQ, "f", "octet", NULL);
    while (fixture_count(&self, START_TRANSFER) == 0) {
        NEED(poll(&ready, 1, fixture_millis()) == 1);
        CHECK_INT(tftpserver_do_doevents(self.server), 0);
    }
    CHECK(client_expect(&reader, DATA, 1, fixture_millis()));
    CHECK_INT(poll(&ready, 1, 0), 0);
    client_ack(&reader, 1);
    while (fixture_count(&self, DISCONNECTED) == 0) {
        NEED(poll(&ready, 1, fixture_millis()) == 1);
        CHECK_INT(tftpserver_do_doevents(self.server), 0);
    }
    CHECK_INT(poll(&ready, 1, 0), 0);
    client_close(&reader);
    fixture_close(&self);
}

/* Clients in threads of their own while the main thread delivers. */
struct reader {
    int port;
    pthread_t thread;
    const uint8_t *wanted;
    size_t length;
};

static void *reads(void *context)
{
    struct reader *self = context;
    intptr_t wrong = 0;
    int i;
    for (i = 0; i < 10; i++) {
        client *one = malloc(sizeof *one);
        transfer got = {0};
        if (!one || !client_open(one, self->port, NULL)) {
            free(one);
            return (void *)1000;
        }
        got = client_download(one, "f", "octet", NULL, fixture_millis());
        wrong += !got.complete || got.length != self->length || memcmp(got.data, self->wanted, got.length) != 0;
        free(got.data);
        client_close(one);
        free(one);
    }
    return (void *)wrong;
}

static void many_clients_one_thread_of_events(void)
{
    fixture self;
    struct reader readers[THREADS];
    uint8_t *data = fixture_bytes(2000);
    size_t n;
    int i;
    NEED(fixture_open(&self));
    fixture_record(&self, TRANSFER);
    CHECK(fixture_write(&self, "f", data, 2000));
    for (i = 0; i < THREADS; i++) {
        readers[i].port = self.port;
        readers[i].wanted = data;
        readers[i].length = 2000;
        CHECK_INT(pthread_create(&readers[i].thread, NULL, reads, &readers[i]), 0);
    }
    CHECK(fixture_await(&self, DISCONNECTED, THREADS * 10));
    for (i = 0; i < THREADS; i++) {
        void *wrong;
        pthread_join(readers[i].thread, &wrong);
        CHECK_INT((intptr_t)wrong, 0);
    }
    for (i = 0; i < THREADS * 10; i++) {
        char order[200];
        CHECK_TEXT(fixture_order(&self, FIRST_ID + i, order, sizeof order), "2 1 7 8 8 8 8 4 3");
    }
    for (n = 0; n < self.events.count; n++) {
        CHECK(pthread_equal(self.events.records[n].thread, pthread_self()));
    }
    fixture_close(&self);
    free(data);
}

int main(void)
{
    check_begin(180);
    RUN(calls_from_many_threads);
    RUN(interrupt_wakes_doevents);
    RUN(an_interrupt_before_is_not_lost);
    RUN(close_while_doevents_waits_elsewhere);
    RUN(one_of_many_closes_wins);
    RUN(the_event_descriptor);
    RUN(many_clients_one_thread_of_events);
    return check_end();
}
