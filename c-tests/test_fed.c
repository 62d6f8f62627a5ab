/*
 * Downloads that the program feeds: ConnDataSize, ConnDataKey, DataWanted, do_supply; and do_abort.
 */
#define _XOPEN_SOURCE 700
#include <time.h>

#include "background.h"
#include "check.h"

enum { SIZE = 300000, CLIENTS = 12 };

static const char *const sized[] = {"tsize", "0", "blksize", "1428", NULL};

/* A source, and the range that was requested from it. */
typedef struct source {
    const uint8_t *bytes;
    int64_t size, told;          /* its length, and ConnDataSize */
    const char *key;             /* or NULL */
    size_t piece;                /* bytes a call of do_supply */
    int64_t asked, most_ahead, passes;
    int32_t wanted_id, ends_early, is_lazy;
} source;

static int32_t on_request(tftpserver *server, tftpserver_event *event, void *context)
{
    source *self = context;
    int32_t id = event->data.connection_request.connection_id;
    size_t length = 1;
    CHECK_TEXT(tftpserver_get(server, CONN_DATA_SIZE, id), "");
    CHECK_INT(tftpserver_get_int(server, CONN_DATA_SIZE, id), 0);
    CHECK_INT(tftpserver_get_last_error_code(server), 0);
    CHECK_INT(tftpserver_set_int(server, CONN_DATA_SIZE, id, -2), INVALID_VALUE);
    CHECK_INT(tftpserver_set_int(server, CONN_DATA_SIZE, id, self->told), 0);
    CHECK_INT(tftpserver_get_int(server, CONN_DATA_SIZE, id), self->told);
    CHECK(tftpserver_get_bytes(server, CONN_DATA_KEY, id, &length) != NULL);
    CHECK_INT(length, 0);
    if (self->key) {
        CHECK_INT(tftpserver_set(server, CONN_DATA_KEY, id, self->key), 0);
    }
    CHECK_INT(tftpserver_do_supply(server, id, "x", 1, 0), INVALID_VALUE); /* nothing was requested */
    CHECK_INT(tftpserver_do_supply(server, id, NULL, 1, 0), INVALID_VALUE);
    CHECK_INT(tftpserver_do_supply(server, id, "x", SIZE_MAX, 0), INVALID_VALUE);
    CHECK_INT(tftpserver_do_supply(server, -1, NULL, 0, 0), INDEX_OUT_OF_RANGE);
    return 0;
}

static void supply(source *self, tftpserver *server, int32_t id, int64_t from, int64_t to)
{
    int64_t end = to < self->size ? to : self->size;
    while (from < end) {
        int64_t length = end - from < (int64_t)self->piece ? end - from : (int64_t)self->piece;
        int is_last = from + length == self->size && (self->told < 0 || self->ends_early);
        CHECK_INT(tftpserver_do_supply(server, id, self->bytes + from, (size_t)length, is_last), 0);
        from += length;
    }
}

static int32_t on_wanted(tftpserver *server, tftpserver_event *event, void *context)
{
    source *self = context;
    const tftpserver_data_wanted_event *e = &event->data.data_wanted;
    int64_t moved = tftpserver_get_int(server, CONN_BYTES_TRANSFERRED, e->connection_id);
    CHECK(e->length > 0);
    self->passes += e->offset == 0;
    self->asked += e->length;
    self->wanted_id = e->connection_id;
    if (e->offset + e->length - moved > self->most_ahead) {
        self->most_ahead = e->offset + e->length - moved;
    }
    if (!self->key && !self->is_lazy) {
        CHECK_INT(e->offset + e->length, self->asked); /* in order, and nothing twice */
    }
    CHECK_INT(tftpserver_do_supply(server, e->connection_id, self->bytes, (size_t)e->length + 1, 0), INVALID_VALUE);
    CHECK_INT(tftpserver_do_supply(server, e->connection_id, NULL, 0, 0), 0);
    if (!self->is_lazy) {
        supply(self, server, e->connection_id, e->offset, e->offset + e->length);
    }
    return 0;
}

static int open_source(fixture *self, source *of, const uint8_t *bytes, int64_t size, int64_t told)
{
    static const source empty;
    *of = empty;
    of->bytes = bytes;
    of->size = size;
    of->told = told;
    of->piece = 5000;
    if (!fixture_open(self)) {
        return 0;
    }
    fixture_record_one(self, CONNECTED);
    fixture_record_one(self, DISCONNECTED);
    CHECK_INT(tftpserver_register_callback(self->server, CONNECTION_REQUEST, on_request, of), 0);
    CHECK_INT(tftpserver_register_callback(self->server, DATA_WANTED, on_wanted, of), 0);
    return 1;
}

static transfer fetch(fixture *self, const char *mode, const char *const *options)
{
    client one;
    transfer got;
    static const transfer none;
    if (!client_open(&one, self->port, self->server)) {
        CHECK(0);
        return none;
    }
    got = client_download(&one, "no/such/file", mode, options, fixture_millis());
    CHECK(fixture_await(self, DISCONNECTED, 1));
    client_close(&one);
    return got;
}

static void what_is_supplied_arrives_whole_in_any_split(void)
{
    static const int64_t pieces[] = {1, 511, 1428, 5000, 100000};
    uint8_t *data = fixture_bytes(SIZE);
    size_t i;
    for (i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        int64_t size = pieces[i] == 1 ? 20000 : SIZE;
        int is_known;
        for (is_known = 0; is_known < 2; is_known++) {
            fixture self;
            source of;
            transfer got;
            NEED(open_source(&self, &of, data, size, is_known ? size : -1));
            of.piece = (size_t)pieces[i];
            got = fetch(&self, "octet", sized);
            CHECK(got.complete);
            CHECK_BYTES(got.data, got.length, data, (size_t)size);
            CHECK_INT(got.tsize, is_known ? size : -1);
            CHECK(of.most_ahead <= 32768 + 1428);
            CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 0);
            free(got.data);
            fixture_close(&self);
        }
    }
    free(data);
}

static void an_empty_source_and_one_in_netascii(void)
{
    fixture self;
    source of;
    transfer got;
    NEED(open_source(&self, &of, (const uint8_t *)"", 0, 0));
    got = fetch(&self, "octet", sized);
    CHECK(got.complete);
    CHECK_INT(got.length, 0);
    CHECK_INT(of.asked, 0);
    free(got.data);
    fixture_close(&self);
    NEED(open_source(&self, &of, (const uint8_t *)"a\nb\r", 4, 4));
    got = fetch(&self, "netascii", sized);
    CHECK(got.complete);
    CHECK_BYTES(got.data, got.length, "a\r\nb\r\0", 6);
    CHECK_INT(got.tsize, -1);
    free(got.data);
    fixture_close(&self);
}

static void a_source_that_ends_early_fails_with_129(void)
{
    fixture self;
    source of;
    transfer got;
    uint8_t *data = fixture_bytes(SIZE);
    NEED(open_source(&self, &of, data, 50000, SIZE));
    of.ends_early = 1;
    got = fetch(&self, "octet", NULL);
    CHECK(!got.complete);
    CHECK_INT(got.error_code, 0);
    CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 129);
    CHECK_INT(tftpserver_do_supply(self.server, fixture_find(&self, DISCONNECTED, 0)->connection_id, "x", 1, 0),
              INDEX_OUT_OF_RANGE);
    free(got.data);
    fixture_close(&self);
    free(data);
}

static void without_a_callback_the_client_is_told_at_once(void)
{
    fixture self;
    source of;
    transfer got;
    NEED(open_source(&self, &of, (const uint8_t *)"x", 1, 1));
    CHECK_INT(tftpserver_register_callback(self.server, DATA_WANTED, NULL, NULL), 0);
    CHECK(fixture_write(&self, "no", "y", 1));
    got = fetch(&self, "octet", NULL);
    CHECK_INT(got.error_code, 1);
    CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 126);
    free(got.data);
    fixture_close(&self);
}

static int32_t refuses_to_be_fed(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t id = event->data.connection_request.connection_id;
    (void)context;
    CHECK_INT(tftpserver_set_int(server, CONN_DATA_SIZE, id, 1), 130);
    CHECK_INT(tftpserver_set(server, CONN_DATA_KEY, id, "k"), 130);
    CHECK_INT(tftpserver_do_supply(server, id, "x", 1, 0), 130);
    return 0;
}

static void uploads_are_not_fed(void)
{
    fixture self;
    client one;
    NEED(fixture_open(&self));
    CHECK_INT(tftpserver_register_callback(self.server, CONNECTION_REQUEST, refuses_to_be_fed, NULL), 0);
    NEED(client_open(&one, self.port, self.server));
    CHECK(client_upload(&one, "up", "octet", NULL, "abc", 3, fixture_millis()).complete);
    client_close(&one);
    fixture_close(&self);
}

static void many_with_one_key_cause_one_pass(void)
{
    fixture self;
    source of;
    background clients[CLIENTS];
    uint8_t *data = fixture_bytes(SIZE);
    int i;
    NEED(open_source(&self, &of, data, SIZE, SIZE));
    of.key = "image";
    for (i = 0; i < CLIENTS; i++) {
        NEED(background_begin(&clients[i], &self, RRQ, "image", "octet", sized, NULL, 0));
    }
    CHECK(fixture_await(&self, DISCONNECTED, CLIENTS));
    for (i = 0; i < CLIENTS; i++) {
        transfer got = background_end(&clients[i]);
        CHECK(got.complete);
        CHECK_BYTES(got.data, got.length, data, SIZE);
        free(got.data);
    }
    CHECK_INT(of.passes, 1);
    CHECK_INT(of.asked, SIZE);
    fixture_close(&self);
    free(data);
}

/*
 * A client stops in the middle of a shared source: after a moment the others go on without it, and
 * it goes on later.
 */
static void one_that_stalls_does_not_hold_the_others_back(void)
{
    fixture self;
    source of;
    client stalled;
    background clients[3];
    uint8_t *data = fixture_bytes(SIZE);
    int i;
    NEED(open_source(&self, &of, data, SIZE, SIZE));
    of.key = "image";
    NEED(client_open(&stalled, self.port, self.server));
    client_request(&stalled, RRQ, "image", "octet", NULL);
    CHECK(client_expect(&stalled, DATA, 1, fixture_millis()));
    for (i = 0; i < 3; i++) {
        NEED(background_begin(&clients[i], &self, RRQ, "image", "octet", sized, NULL, 0));
    }
    CHECK(fixture_await(&self, DISCONNECTED, 3));
    for (i = 0; i < 3; i++) {
        transfer got = background_end(&clients[i]);
        CHECK(got.complete);
        CHECK_BYTES(got.data, got.length, data, SIZE);
        free(got.data);
    }
    CHECK_INT(of.passes, 1);
    CHECK_INT(tftpserver_get_int(self.server, CONN_COUNT, 0), 1);
    for (i = 1; i <= 80; i++) { /* beyond the bytes that were kept for it */
        client_ack(&stalled, (unsigned)i);
        CHECK(client_expect(&stalled, DATA, i + 1, fixture_millis()));
        CHECK_BYTES(stalled.packet + 4, stalled.length - 4, data + 512 * i, 512);
    }
    client_close(&stalled);
    fixture_close(&self);
    free(data);
}

/* Ends the download of the first DataWanted event, in the way that `how` names. */
typedef struct quitter {
    source of;
    int how, serves_all;
    int32_t ended_id, requests;
    int64_t next; /* the offset of the next request */
} quitter;

enum { BY_RETURNING, BY_ABORT, BY_DISCONNECT };

static int32_t on_wanted_quit(tftpserver *server, tftpserver_event *event, void *context)
{
    quitter *self = context;
    const tftpserver_data_wanted_event *e = &event->data.data_wanted;
    int32_t other = e->connection_id == FIRST_ID ? FIRST_ID + 1 : FIRST_ID;
    int64_t end = client_now() + fixture_millis();
    self->requests++;
    if (self->requests > 1) {
        CHECK(e->connection_id != self->ended_id);
        CHECK_INT(e->offset, self->next); /* nothing twice */
        self->next += e->length;
        supply(&self->of, server, e->connection_id, e->offset, e->offset + e->length);
        return 0;
    }
    while (tftpserver_do_supply(server, other, NULL, 0, 0) != 0 && client_now() < end) {
        /* It does not share the source yet. */
    }
    self->ended_id = e->connection_id;
    self->next = self->serves_all ? e->length : 5000;
    if (!self->serves_all) {
        supply(&self->of, server, e->connection_id, 0, self->next);
    }
    if (self->how == BY_ABORT) {
        CHECK_INT(tftpserver_do_abort(server, e->connection_id, 0, "quits"), 0);
    } else if (self->how == BY_DISCONNECT) {
        CHECK_INT(tftpserver_do_disconnect(server, e->connection_id), 0);
    }
    if (self->serves_all) {
        supply(&self->of, server, e->connection_id, 0, self->next);
    }
    /* The other one goes on meanwhile, and requests more. */
    while (self->serves_all && client_now() < end
           && tftpserver_get_int(server, CONN_BYTES_TRANSFERRED, other) + 2 * 1428 < e->length) {
    }
    CHECK(client_now() < end);
    return self->how == BY_RETURNING;
}

/*
 * The program ends the download that a request names, after it has supplied some of it or before it
 * supplies all of it: the rest of the request comes again, with another id, and nothing comes twice.
 */
static void what_an_ended_download_was_to_get_is_requested_for_another(void)
{
    uint8_t *data = fixture_bytes(SIZE);
    int turn;
    for (turn = 0; turn < 6; turn++) {
        fixture self;
        quitter quits;
        static const quitter none;
        background clients[2];
        int64_t end = client_now() + fixture_millis();
        int i, complete = 0;
        quits = none;
        quits.how = turn / 2;
        quits.serves_all = turn % 2;
        NEED(open_source(&self, &quits.of, data, SIZE, SIZE));
        quits.of.key = "image";
        CHECK_INT(tftpserver_register_callback(self.server, DATA_WANTED, on_wanted_quit, &quits), 0);
        for (i = 0; i < 2; i++) {
            NEED(background_begin(&clients[i], &self, RRQ, "image", "octet", sized, NULL, 0));
        }
        while (!strstr(tftpserver_do_config(self.server, "Statistics"), "\"active\":2") && client_now() < end) {
        }
        CHECK(fixture_await(&self, DISCONNECTED, 2));
        for (i = 0; i < 2; i++) {
            transfer got = background_end(&clients[i]);
            complete += got.complete;
            if (got.complete) {
                CHECK_BYTES(got.data, got.length, data, SIZE);
            }
            free(got.data);
        }
        CHECK_INT(complete, 1);
        CHECK_INT(quits.next, SIZE);
        fixture_close(&self);
    }
    free(data);
}

typedef struct later {
    tftpserver *server;
    source *of;
    int32_t id;
    int64_t to;
} later;

static void *supply_later(void *context)
{
    later *self = context;
    struct timespec pause = {0, 200000000};
    nanosleep(&pause, NULL);
    supply(self->of, self->server, self->id, 0, self->to);
    return NULL;
}

/* A download is fed late, from another thread, while one of a file is served. */
static void a_late_source_delays_nobody_else(void)
{
    fixture self;
    source of;
    background slow;
    transfer got;
    later job;
    pthread_t thread;
    int64_t end = client_now() + fixture_millis();
    uint8_t *data = fixture_bytes(SIZE);
    NEED(open_source(&self, &of, data, 20000, 20000));
    of.is_lazy = 1;
    NEED(background_begin(&slow, &self, RRQ, "fed", "octet", NULL, NULL, 0));
    while (of.asked == 0 && client_now() < end) {
        CHECK_INT(tftpserver_do_doevents(self.server), 0);
    }
    CHECK_INT(of.asked, 20000);
    CHECK(fixture_write(&self, "file", data, SIZE));
    CHECK_INT(tftpserver_register_callback(self.server, CONNECTION_REQUEST, NULL, NULL), 0);
    {
        client one;
        NEED(client_open(&one, self.port, self.server));
        got = client_download(&one, "file", "octet", sized, fixture_millis());
        CHECK(got.complete);
        CHECK_BYTES(got.data, got.length, data, SIZE);
        free(got.data);
        client_close(&one);
    }
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    job.server = self.server;
    job.of = &of;
    job.id = of.wanted_id;
    job.to = of.asked;
    NEED(pthread_create(&thread, NULL, supply_later, &job) == 0);
    CHECK(fixture_await(&self, DISCONNECTED, 2));
    pthread_join(thread, NULL);
    got = background_end(&slow);
    CHECK(got.complete);
    CHECK_BYTES(got.data, got.length, data, 20000);
    free(got.data);
    fixture_close(&self);
    free(data);
}

static void a_source_that_is_forgotten_ends_after_timeout(void)
{
    fixture self;
    source of;
    client one;
    NEED(open_source(&self, &of, NULL, SIZE, SIZE));
    CHECK_INT(tftpserver_set_int(self.server, TIMEOUT, 0, 2), 0);
    of.is_lazy = 1;
    NEED(client_open(&one, self.port, self.server));
    client_request(&one, RRQ, "f", "octet", NULL);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(of.passes, 1);
    CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 301);
    client_close(&one);
    fixture_close(&self);
}

/* The event at which on_abort aborts: the request, its beginning, or a block. */
static int32_t abort_when, abort_answer;
static char abort_text[400];

static int32_t on_abort(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t id = event->id == CONNECTION_REQUEST ? event->data.connection_request.connection_id
               : event->id == CONNECTED          ? event->data.connected.connection_id
                                                 : event->data.transfer.connection_id;
    (void)context;
    if (event->id == abort_when) {
        CHECK_INT(tftpserver_do_abort(server, id, 9, "x"), INVALID_VALUE);
        CHECK_INT(tftpserver_do_abort(server, id, -1, "x"), INVALID_VALUE);
        CHECK_INT(tftpserver_do_abort(server, id, 3, "\xff"), INVALID_VALUE);
        CHECK_INT(tftpserver_do_abort(server, 7, 3, "x"), INDEX_OUT_OF_RANGE);
        CHECK_INT(tftpserver_do_abort(server, id, 3, *abort_text ? abort_text : NULL), 0);
    }
    if (event->id == CONNECTION_REQUEST) {
        event->data.connection_request.accept = abort_answer;
    }
    return 0;
}

static int abort_once(int when, int opcode, const char *text, const char *shown)
{
    fixture self;
    client one;
    transfer got;
    char wanted[400];
    uint8_t *data = fixture_bytes(SIZE);
    const record *end;
    abort_when = when;
    abort_answer = TFTPSERVER_ACCEPT_YES;
    snprintf(abort_text, sizeof abort_text, "%s", text);
    if (!fixture_open(&self) || !client_open(&one, self.port, self.server)) {
        return 0;
    }
    CHECK(fixture_write(&self, "file", data, SIZE));
    fixture_record_one(&self, DISCONNECTED);
    if (when == CONNECTION_REQUEST) {
        fixture_record_one(&self, CONNECTED);
    }
    CHECK_INT(tftpserver_register_callback(self.server, when, on_abort, NULL), 0);
    got = opcode == RRQ ? client_download(&one, "file", "octet", NULL, fixture_millis())
                        : client_upload(&one, "up", "octet", NULL, data, SIZE, fixture_millis());
    CHECK(!got.complete);
    CHECK_INT(got.error_code, 3);
    CHECK_TEXT(got.error_text, shown);
    CHECK(fixture_await(&self, when == CONNECTION_REQUEST ? CONNECTED : DISCONNECTED, 1));
    end = fixture_find(&self, when == CONNECTION_REQUEST ? CONNECTED : DISCONNECTED, 0);
    CHECK(end != NULL);
    if (end) {
        CHECK_INT(end->code, 10053);
        snprintf(wanted, sizeof wanted, "[10053] Software caused connection abort. %s", shown);
        wanted[sizeof end->text - 1] = '\0';
        CHECK_TEXT(end->text, wanted);
    }
    CHECK_INT(fixture_count(&self, DISCONNECTED), when == CONNECTION_REQUEST ? 0 : 1);
    if (opcode == WRQ) {
        CHECK(fixture_await_entries(&self, 1)); /* nothing of the upload */
    }
    free(opcode == RRQ ? got.data : NULL);
    client_close(&one);
    fixture_close(&self);
    free(data);
    return 1;
}

static void a_transfer_of_any_kind_can_be_aborted(void)
{
    static const int moments[] = {CONNECTION_REQUEST, CONNECTED, TRANSFER};
    size_t i;
    for (i = 0; i < 3; i++) {
        NEED(abort_once(moments[i], RRQ, "no such luck", "no such luck"));
        NEED(abort_once(moments[i], WRQ, "no place", "no place"));
    }
    NEED(abort_once(CONNECTED, RRQ, "", "Aborted"));
}

/*
 * The answer was put off, so Connected reports the abort. The text is cut between two characters.
 */
static void a_request_that_waits_for_its_answer_can_be_aborted(void)
{
    fixture self;
    client one;
    const record *end;
    char text[400] = "", cut[300];
    int i;
    for (i = 0; i < 126; i++) {
        strcat(text, "\xc3\xa4");
    }
    strcat(text, "abc");
    strcpy(cut, text);
    strcat(text, "\xc3\xa4 and more");
    NEED(fixture_open(&self));
    fixture_record_one(&self, CONNECTED);
    abort_when = 0;
    abort_answer = TFTPSERVER_ACCEPT_LATER;
    CHECK_INT(tftpserver_register_callback(self.server, CONNECTION_REQUEST, on_abort, NULL), 0);
    NEED(client_open(&one, self.port, self.server));
    client_request(&one, RRQ, "file", "octet", NULL);
    CHECK(fixture_await_connections(&self, 1));
    CHECK_INT(tftpserver_do_abort(self.server, FIRST_ID, 2, text), 0);
    CHECK(client_expect(&one, ERROR, 2, fixture_millis()));
    CHECK_BYTES(one.packet + 4, one.length - 4, cut, strlen(cut) + 1);
    CHECK(fixture_await(&self, CONNECTED, 1));
    end = fixture_find(&self, CONNECTED, 0);
    CHECK_INT(end->code, 10053);
    CHECK(strstr(end->text, "abort. \xc3\xa4") != NULL);
    client_close(&one);
    fixture_close(&self);
}

int main(void)
{
    check_begin(300);
    RUN(what_is_supplied_arrives_whole_in_any_split);
    RUN(an_empty_source_and_one_in_netascii);
    RUN(a_source_that_ends_early_fails_with_129);
    RUN(without_a_callback_the_client_is_told_at_once);
    RUN(uploads_are_not_fed);
    RUN(many_with_one_key_cause_one_pass);
    RUN(one_that_stalls_does_not_hold_the_others_back);
    RUN(what_an_ended_download_was_to_get_is_requested_for_another);
    RUN(a_late_source_delays_nobody_else);
    RUN(a_source_that_is_forgotten_ends_after_timeout);
    RUN(a_transfer_of_any_kind_can_be_aborted);
    RUN(a_request_that_waits_for_its_answer_can_be_aborted);
    return check_end();
}
