/* ConnectionRequest answered later than its callback returns. */
#define _XOPEN_SOURCE 700
#include <poll.h>
#include <time.h>

#include "background.h"
#include "check.h"

enum { NO, YES, PUT_OFF };

/* The answer of the hook at ConnectionRequest; a name that begins with 'f' is accepted at once. */
typedef struct plan {
    int32_t accept, result;
    int32_t inside;              /* another thread answers this before the callback returns; -1: none does */
} plan;

typedef struct answering {
    tftpserver *server;
    int32_t index, accept, result;
    int millis;
} answering;

static fixture self;

static void nap(int millis)
{
    struct timespec time = {millis / 1000, millis % 1000 * 1000000L};
    nanosleep(&time, NULL);
}

static void *answer(void *context)
{
    answering *one = context;
    nap(one->millis);
    one->result = tftpserver_do_accept(one->server, one->index, one->accept);
    return NULL;
}

static int32_t decide(recorder *events, tftpserver *server, tftpserver_event *event)
{
    plan *made = events->extra;
    if (event->id != CONNECTION_REQUEST || event->data.connection_request.filename[0] == 'f') {
        return 0;
    }
    if (made->inside >= 0) {
        answering one = {server, event->data.connection_request.connection_id, made->inside, -1, 0};
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, answer, &one) == 0);
        pthread_join(thread, NULL);
        CHECK_INT(one.result, 0);
    }
    event->data.connection_request.accept = made->accept;
    return made->result;
}

static int prepare(plan *made)
{
    static const plan put_off = {PUT_OFF, 0, -1};
    *made = put_off;
    if (!fixture_prepare(&self) || !fixture_write(&self, "f", "fast", 4) || !fixture_write(&self, "s", "slow", 4)) {
        return 0;
    }
    self.events.hook = decide;
    self.events.extra = made;
    fixture_record(&self, 0);
    return 1;
}

static int open_with(plan *made)
{
    return prepare(made) && fixture_listen(&self);
}

/*
 * Sends a request that is put off, and waits for its ConnectionRequest event; the client gets
 * nothing yet.
 */
static int ask(client *one, int opcode, const char *name)
{
    size_t before = fixture_count(&self, CONNECTION_REQUEST);
    if (!client_open(one, self.port, self.server)) {
        return 0;
    }
    client_request(one, opcode, name, "octet", NULL);
    return fixture_await(&self, CONNECTION_REQUEST, before + 1);
}

static void receives(client *one, const char *text)
{
    CHECK(client_expect(one, DATA, 1, fixture_millis()));
    CHECK_BYTES(one->packet + 4, one->length - 4, text, strlen(text));
    client_ack(one, 1);
}

static void accepted_later(void)
{
    plan made;
    client slow, fast;
    char order[100];
    transfer got;
    NEED(open_with(&made));
    NEED(ask(&slow, RRQ, "s"));
    CHECK(!client_receive(&slow, 150));
    /* Other clients do not wait, and a repeated request is not a second one. */
    NEED(client_open(&fast, self.port, self.server));
    got = client_download(&fast, "f", "octet", NULL, fixture_millis());
    CHECK_BYTES(got.data, got.length, "fast", 4);
    free(got.data);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    client_request(&slow, RRQ, "s", "octet", NULL);
    client_request(&slow, RRQ, "s", "octet", NULL);
    CHECK(!client_receive(&slow, 150));
    CHECK_INT(fixture_count(&self, CONNECTION_REQUEST), 2);
    CHECK_INT(tftpserver_get_int(self.server, CONN_COUNT, 0), 1);
    CHECK_TEXT(fixture_order(&self, FIRST_ID, order, sizeof order), "2");
    CHECK_INT(tftpserver_set_bytes(self.server, CONN_FILE_DATA, FIRST_ID, "supplied", 8), 0);
    CHECK_INT(tftpserver_do_accept(self.server, FIRST_ID, YES), 0);
    CHECK_INT(tftpserver_do_accept(self.server, FIRST_ID, YES), 130);
    CHECK_INT(tftpserver_do_accept(self.server, FIRST_ID, NO), 130);
    receives(&slow, "supplied");
    CHECK(fixture_await(&self, DISCONNECTED, 2));
    CHECK_TEXT(fixture_order(&self, FIRST_ID, order, sizeof order), "2 1 7 4 3");
    CHECK_INT(tftpserver_do_accept(self.server, FIRST_ID, YES), INDEX_OUT_OF_RANGE);
    client_close(&slow);
    client_close(&fast);
    fixture_close(&self);
}

static void refused_later(void)
{
    plan made;
    client one;
    char order[100];
    NEED(open_with(&made));
    NEED(ask(&one, RRQ, "s"));
    CHECK_INT(tftpserver_do_accept(self.server, 0, NO), 0);
    CHECK(client_expect(&one, ERROR, 2, fixture_millis()));
    CHECK(fixture_await_connections(&self, 0));
    CHECK_TEXT(fixture_order(&self, FIRST_ID, order, sizeof order), "2 1");
    CHECK_INT(fixture_find(&self, CONNECTED, 0)->code, 10013);
    CHECK_INT(tftpserver_do_accept(self.server, FIRST_ID, YES), INDEX_OUT_OF_RANGE);
    CHECK(strstr(tftpserver_do_config(self.server, "Statistics"), "\"refused\":1,") != NULL);
    client_close(&one);
    fixture_close(&self);
}

static void an_upload_accepted_later(void)
{
    plan made;
    client one;
    char path[512];
    NEED(open_with(&made));
    NEED(ask(&one, WRQ, "up"));
    fixture_path(&self, "elsewhere", path, sizeof path);
    CHECK_INT(tftpserver_set(self.server, CONN_LOCAL_FILE, FIRST_ID, path), 0);
    CHECK_INT(tftpserver_do_accept(self.server, FIRST_ID, YES), 0);
    CHECK(client_expect(&one, ACK, 0, fixture_millis()));
    client_data(&one, 1, "data", 4);
    CHECK(client_expect(&one, ACK, 1, fixture_millis()));
    CHECK(fixture_exists(&self, "elsewhere") && !fixture_exists(&self, "up"));
    client_close(&one);
    fixture_close(&self);
}

static void from_another_thread(void)
{
    plan made;
    client one;
    answering later = {NULL, FIRST_ID, YES, -1, 100};
    pthread_t thread;
    int64_t begin;
    struct pollfd readable = {-1, POLLIN, 0};
    NEED(open_with(&made));
    NEED(ask(&one, RRQ, "s"));
    CHECK_INT(tftpserver_do_doevents(self.server), 0);
    readable.fd = tftpserver_get_event_fd(self.server);
    CHECK_INT(poll(&readable, 1, 0), 0);
    later.server = self.server;
    /* The answer wakes a waiting DoEvents. */
    CHECK_TEXT(tftpserver_do_config(self.server, "SelectWaitMillis=60000"), "");
    CHECK(pthread_create(&thread, NULL, answer, &later) == 0);
    begin = client_now();
    CHECK_INT(tftpserver_do_doevents(self.server), 0);
    CHECK(client_now() - begin < 50000);
    CHECK_INT(fixture_count(&self, CONNECTED), 1);
    pthread_join(thread, NULL);
    CHECK_INT(later.result, 0);
    CHECK_TEXT(tftpserver_do_config(self.server, "SelectWaitMillis=5"), "");
    receives(&one, "slow");
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    client_close(&one);
    /* The answer makes the descriptor readable. */
    NEED(ask(&one, RRQ, "s"));
    tftpserver_do_doevents(self.server);
    later.index = FIRST_ID + 1;
    later.millis = 0;
    answer(&later);
    CHECK_INT(poll(&readable, 1, 0), 1);
    receives(&one, "slow");
    client_close(&one);
    fixture_close(&self);
}

static void before_the_callback_has_returned(void)
{
    static const int32_t said[] = {NO, YES, PUT_OFF};
    plan made;
    client one;
    size_t i, round;
    for (round = 0; round < 2; round++) {
        for (i = 0; i < 3; i++) {
            NEED(open_with(&made));
            made.inside = round ? YES : NO;
            made.accept = said[i];
            NEED(ask(&one, RRQ, "s"));
            if (made.inside == YES) {
                receives(&one, "slow");
                CHECK(fixture_await(&self, DISCONNECTED, 1));
                CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 0);
            } else {
                CHECK(client_expect(&one, ERROR, 2, fixture_millis()));
                CHECK_INT(fixture_find(&self, CONNECTED, 0)->code, 10013);
            }
            client_close(&one);
            fixture_close(&self);
        }
    }
}

static void never_answered(void)
{
    static const char *const timeouts[] = {"AbsoluteTimeout=False", "AbsoluteTimeout=True"};
    plan made;
    client one;
    char order[100];
    size_t i;
    for (i = 0; i < 2; i++) {
        NEED(prepare(&made));
        CHECK_INT(tftpserver_set_int(self.server, TIMEOUT, 0, 1), 0);
        CHECK_TEXT(tftpserver_do_config(self.server, timeouts[i]), "");
        NEED(fixture_listen(&self));
        NEED(ask(&one, RRQ, "s"));
        CHECK(client_expect(&one, ERROR, 0, fixture_millis()));
        CHECK(fixture_await_connections(&self, 0));
        CHECK_TEXT(fixture_order(&self, FIRST_ID, order, sizeof order), "2 5 1");
        CHECK_INT(fixture_find(&self, CONNECTED, 0)->code, 301);
        CHECK_INT(fixture_find(&self, ERROR_EVENT, 0)->code, 301);
        CHECK_INT(tftpserver_do_accept(self.server, FIRST_ID, YES), INDEX_OUT_OF_RANGE);
        client_close(&one);
        fixture_close(&self);
    }
}

static void the_client_is_gone_meanwhile(void)
{
    plan made;
    client one;
    int code;
    NEED(open_with(&made));
    /*
     * If the system sends no ICMP error for the closed port, the retransmission timeout ends the
     * transfer.
     */
    CHECK_INT(tftpserver_set_int(self.server, RETRANSMIT_TIMEOUT, 0, 1), 0);
    CHECK_INT(tftpserver_set_int(self.server, MAX_RETRANSMITS, 0, 1), 0);
    NEED(ask(&one, RRQ, "s"));
    client_close(&one);
    CHECK_INT(tftpserver_do_accept(self.server, FIRST_ID, YES), 0);
    NEED(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(fixture_find(&self, CONNECTED, 0)->code, 0);
    code = fixture_find(&self, DISCONNECTED, 0)->code;
    CHECK(code == 10061 || code == 301);
    fixture_close(&self);
    /* With a single port the client knows where to send an ERROR. */
    NEED(prepare(&made));
    CHECK_TEXT(tftpserver_do_config(self.server, "SinglePort=True"), "");
    NEED(fixture_listen(&self));
    NEED(ask(&one, RRQ, "s"));
    client_error(&one, 0, "never mind");
    CHECK(fixture_await(&self, CONNECTED, 1));
    CHECK_INT(fixture_find(&self, CONNECTED, 0)->code, 124);
    CHECK_INT(fixture_count(&self, DISCONNECTED), 0);
    CHECK(fixture_await_connections(&self, 0));
    client_close(&one);
    fixture_close(&self);
}

static void the_server_stops_meanwhile(void)
{
    plan made;
    client one;
    NEED(open_with(&made));
    NEED(ask(&one, RRQ, "s"));
    CHECK_INT(tftpserver_do_stoplistening(self.server), 0);
    CHECK_INT(tftpserver_do_accept(self.server, FIRST_ID, YES), 0);
    receives(&one, "slow");
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 0);
    client_close(&one);
    /* Shutdown comes before the answer. */
    NEED(fixture_listen(&self));
    NEED(ask(&one, RRQ, "s"));
    CHECK_INT(tftpserver_do_shutdown(self.server), 0);
    CHECK(client_expect(&one, ERROR, 0, fixture_millis()));
    CHECK_INT(fixture_count(&self, CONNECTED), 2);
    CHECK_INT(fixture_find(&self, CONNECTED, 1)->code, 10053);
    CHECK_INT(fixture_count(&self, DISCONNECTED), 1);
    CHECK(fixture_await_connections(&self, 0));
    client_close(&one);
    /* The answer comes after Shutdown, but before DoEvents has delivered the end. */
    NEED(fixture_listen(&self));
    NEED(ask(&one, RRQ, "s"));
    CHECK_INT(tftpserver_do_shutdown(self.server), 0);
    CHECK_INT(tftpserver_do_accept(self.server, FIRST_ID + 2, YES), 0);
    CHECK(fixture_await_connections(&self, 0));
    CHECK_INT(fixture_count(&self, CONNECTED), 3);
    CHECK_INT(fixture_find(&self, CONNECTED, 2)->code, 10053);
    CHECK_INT(fixture_count(&self, DISCONNECTED), 1);
    client_close(&one);
    NEED(fixture_listen(&self));
    NEED(ask(&one, RRQ, "s"));
    CHECK_INT(tftpserver_do_disconnect(self.server, FIRST_ID + 3), 0);
    CHECK(fixture_await_connections(&self, 0));
    CHECK_INT(fixture_find(&self, CONNECTED, 3)->code, 10053);
    client_close(&one);
    NEED(ask(&one, RRQ, "s"));
    one.pump = NULL;
    fixture_close(&self);
    CHECK(client_expect(&one, ERROR, 0, fixture_millis()));
    client_close(&one);
}

static void what_is_no_answer(void)
{
    plan made;
    client one;
    NEED(open_with(&made));
    CHECK_INT(tftpserver_do_accept(NULL, FIRST_ID, YES), NOT_A_HANDLE);
    CHECK_INT(tftpserver_do_accept(self.server, FIRST_ID, YES), INDEX_OUT_OF_RANGE);
    CHECK_INT(tftpserver_do_accept(self.server, -1, YES), INDEX_OUT_OF_RANGE);
    NEED(ask(&one, RRQ, "f"));
    CHECK(client_expect(&one, DATA, 1, fixture_millis()));
    CHECK_INT(tftpserver_do_accept(self.server, FIRST_ID, YES), 130);
    CHECK(strstr(tftpserver_get_last_error(self.server), "not deferred") != NULL);
    client_close(&one);
    NEED(ask(&one, RRQ, "s"));
    CHECK_INT(tftpserver_do_accept(self.server, FIRST_ID + 1, PUT_OFF), INVALID_VALUE);
    CHECK_INT(tftpserver_do_accept(self.server, FIRST_ID + 1, -1), INVALID_VALUE);
    CHECK_INT(tftpserver_do_accept(self.server, FIRST_ID + 1, YES), 0);
    receives(&one, "slow");
    client_close(&one);
    /* A callback's result other than 0 ends the connection, whatever the accept field is. */
    made.result = 7;
    NEED(ask(&one, RRQ, "s"));
    CHECK(client_expect(&one, ERROR, 0, fixture_millis()));
    CHECK_INT(tftpserver_do_accept(self.server, FIRST_ID + 2, YES), INDEX_OUT_OF_RANGE);
    client_close(&one);
    fixture_close(&self);
}

static void hundreds_at_once(void)
{
    enum { CLIENTS = 300 };
    plan made;
    client *clients = calloc(CLIENTS, sizeof *clients);
    int i, odd = 0;
    NEED(clients && open_with(&made));
    for (i = 0; i < CLIENTS; i++) {
        NEED(client_open(&clients[i], self.port, self.server));
        client_request(&clients[i], RRQ, "s", "octet", NULL);
    }
    CHECK(fixture_await(&self, CONNECTION_REQUEST, CLIENTS));
    CHECK_INT(tftpserver_get_int(self.server, CONN_COUNT, 0), CLIENTS);
    CHECK_INT(fixture_count(&self, CONNECTED), 0);
    for (i = CLIENTS - 1; i >= 0; i--) {
        CHECK_INT(tftpserver_do_accept(self.server, FIRST_ID + i, i % 2), 0);
    }
    for (i = 0; i < CLIENTS; i++) {
        NEED(client_receive(&clients[i], fixture_millis()));
        if (client_opcode(&clients[i]) == DATA) {
            odd++;
            client_ack(&clients[i], 1);
        }
    }
    CHECK_INT(odd, CLIENTS / 2);
    CHECK(fixture_await(&self, DISCONNECTED, CLIENTS / 2));
    CHECK(fixture_await_connections(&self, 0));
    CHECK_INT(fixture_count(&self, CONNECTED), CLIENTS);
    CHECK_INT(fixture_count(&self, CONNECTION_REQUEST), CLIENTS);
    for (i = 0; i < CLIENTS; i++) {
        client_close(&clients[i]);
    }
    free(clients);
    fixture_close(&self);
}

int main(void)
{
    check_begin(180);
    RUN(accepted_later);
    RUN(refused_later);
    RUN(an_upload_accepted_later);
    RUN(from_another_thread);
    RUN(before_the_callback_has_returned);
    RUN(never_answered);
    RUN(the_client_is_gone_meanwhile);
    RUN(the_server_stops_meanwhile);
    RUN(what_is_no_answer);
    RUN(hundreds_at_once);
    return check_end();
}
