/*
 * The events of a connection: all of them, once, in order, on the thread of DoEvents, with the
 * right fields.
 */
#define _XOPEN_SOURCE 700
#include "check.h"
#include "fixture.h"

static void a_download(void)
{
    fixture self;
    client reader;
    transfer got;
    char order[200];
    uint8_t *data = fixture_bytes(1200);
    const record *entry;
    NEED(fixture_open(&self));
    fixture_record(&self, TRANSFER);
    CHECK(fixture_write(&self, "file.bin", data, 1200));
    NEED(client_open(&reader, self.port, self.server));
    got = client_download(&reader, "file.bin", "octet", NULL, fixture_millis());
    CHECK_BYTES(got.data, got.length, data, 1200);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_TEXT(fixture_order(&self, 0, order, sizeof order), "2 1 7 8 8 8 4 3");

    entry = fixture_find(&self, CONNECTION_REQUEST, 0);
    NEED(entry != NULL);
    CHECK_TEXT(entry->host, "127.0.0.1");
    CHECK_TEXT(entry->local_host, "127.0.0.1");
    CHECK_INT(entry->port, client_port(&reader));
    CHECK_TEXT(entry->text, "file.bin");
    CHECK_TEXT(entry->mode, "0");
    CHECK_INT(entry->operation, 1);
    CHECK_INT(entry->code, 1);
    CHECK_INT(entry->connection_id, FIRST_ID);
    entry = fixture_find(&self, CONNECTED, 0);
    CHECK_INT(entry->code, 0);
    CHECK_TEXT(entry->text, "OK");
    CHECK_INT(entry->connection_id, FIRST_ID);
    CHECK_INT(fixture_find(&self, START_TRANSFER, 0)->direction, DOWNLOAD);
    CHECK_INT(fixture_find(&self, START_TRANSFER, 0)->connection_id, FIRST_ID);
    CHECK_INT(fixture_find(&self, END_TRANSFER, 0)->direction, DOWNLOAD);
    CHECK_INT(fixture_find(&self, END_TRANSFER, 0)->connection_id, FIRST_ID);
    entry = fixture_find(&self, DISCONNECTED, 0);
    CHECK_INT(entry->code, 0);
    CHECK_TEXT(entry->text, "OK");
    CHECK_INT(entry->connection_id, FIRST_ID);

    entry = fixture_find(&self, TRANSFER, 0);
    CHECK_INT(entry->bytes, 512);
    CHECK_INT(entry->length, 512);
    CHECK_INT(entry->percent, 512 * 100 / 1200);
    CHECK_INT(entry->direction, DOWNLOAD);
    entry = fixture_find(&self, TRANSFER, 2);
    CHECK_INT(entry->bytes, 1200);
    CHECK_INT(entry->length, 176);
    CHECK_INT(entry->percent, 100);
    free(got.data);
    free(data);
    client_close(&reader);
    fixture_close(&self);
}

static void an_upload(void)
{
    static const char *const with_size[] = {"tsize", "1024", NULL};
    fixture self;
    client writer;
    transfer sent;
    char order[200];
    uint8_t *data = fixture_bytes(1024);
    NEED(fixture_open(&self));
    fixture_record(&self, TRANSFER);
    NEED(client_open(&writer, self.port, self.server));
    sent = client_upload(&writer, "new", "octet", NULL, data, 1024, fixture_millis());
    CHECK(sent.complete);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_TEXT(fixture_order(&self, FIRST_ID, order, sizeof order), "2 1 7 8 8 8 4 3");
    CHECK_INT(fixture_find(&self, CONNECTION_REQUEST, 0)->operation, 2);
    CHECK_INT(fixture_find(&self, START_TRANSFER, 0)->direction, UPLOAD);
    CHECK_INT(fixture_find(&self, TRANSFER, 0)->direction, UPLOAD);
    CHECK_INT(fixture_find(&self, TRANSFER, 0)->percent, -1);
    CHECK_INT(fixture_find(&self, TRANSFER, 1)->bytes, 1024);
    CHECK_INT(fixture_find(&self, TRANSFER, 2)->bytes, 1024);
    CHECK_INT(fixture_find(&self, TRANSFER, 2)->length, 0);
    CHECK_INT(fixture_find(&self, END_TRANSFER, 0)->direction, UPLOAD);
    client_close(&writer);

    NEED(client_open(&writer, self.port, self.server));
    sent = client_upload(&writer, "sized", "octet", with_size, data, 1024, fixture_millis());
    CHECK(sent.complete);
    CHECK(fixture_await(&self, DISCONNECTED, 2));
    CHECK_INT(fixture_find(&self, TRANSFER, 3)->connection_id, FIRST_ID + 1);
    CHECK_INT(fixture_find(&self, TRANSFER, 3)->percent, 50);
    client_close(&writer);

    NEED(client_open(&writer, self.port, self.server));
    sent = client_upload(&writer, "text", "NetASCII", NULL, "one\r\n", 5, fixture_millis());
    CHECK(sent.complete);
    CHECK(fixture_await(&self, DISCONNECTED, 3));
    CHECK_TEXT(fixture_find(&self, CONNECTION_REQUEST, 2)->mode, "1");
    client_close(&writer);
    fixture_close(&self);
    free(data);
}

/* The texts of the Transfer events, concatenated, are the file. */
struct sum {
    uint8_t *bytes;
    size_t length;
    int64_t told;
};

static int32_t add_up(recorder *self, tftpserver *server, tftpserver_event *event)
{
    struct sum *sum = self->extra;
    (void)server;
    if (event->id == TRANSFER) {
        memcpy(sum->bytes + sum->length, event->data.transfer.text, event->data.transfer.text_length);
        sum->length += event->data.transfer.text_length;
        CHECK_INT(event->data.transfer.bytes_transferred, sum->length);
        CHECK(event->data.transfer.bytes_transferred >= sum->told);
        sum->told = event->data.transfer.bytes_transferred;
    }
    return 0;
}

static void the_data(void)
{
    static const char *const windowed[] = {"blksize", "1000", "windowsize", "8", NULL};
    enum { SIZE = 200001 };
    fixture self;
    client peer;
    transfer moved;
    uint8_t *data = fixture_bytes(SIZE);
    struct sum sum = {malloc(SIZE), 0, 0};
    NEED(fixture_open(&self));
    fixture_record(&self, TRANSFER);
    self.events.hook = add_up;
    self.events.extra = &sum;
    CHECK(fixture_write(&self, "file", data, SIZE));
    NEED(client_open(&peer, self.port, self.server));
    moved = client_download(&peer, "file", "octet", windowed, fixture_millis());
    CHECK_BYTES(moved.data, moved.length, data, SIZE);
    free(moved.data);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_BYTES(sum.bytes, sum.length, data, SIZE);
    client_close(&peer);

    sum.length = 0;
    sum.told = 0;
    NEED(client_open(&peer, self.port, self.server));
    moved = client_upload(&peer, "back", "octet", windowed, data, SIZE, fixture_millis());
    CHECK(moved.complete);
    CHECK(fixture_await(&self, DISCONNECTED, 2));
    CHECK_BYTES(sum.bytes, sum.length, data, SIZE);
    client_close(&peer);
    fixture_close(&self);
    free(sum.bytes);
    free(data);
}

static void an_empty_file(void)
{
    fixture self;
    client reader;
    transfer got;
    char order[200];
    NEED(fixture_open(&self));
    fixture_record(&self, TRANSFER);
    CHECK(fixture_write(&self, "empty", "", 0));
    NEED(client_open(&reader, self.port, self.server));
    got = client_download(&reader, "empty", "octet", NULL, fixture_millis());
    CHECK(got.complete);
    CHECK_INT(got.length, 0);
    free(got.data);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_TEXT(fixture_order(&self, 0, order, sizeof order), "2 1 7 8 4 3");
    CHECK_INT(fixture_find(&self, TRANSFER, 0)->length, 0);
    client_close(&reader);
    fixture_close(&self);
}

static void a_client_that_gives_up(void)
{
    fixture self;
    client reader;
    char order[200];
    uint8_t *data = fixture_bytes(5000);
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    CHECK(fixture_write(&self, "big", data, 5000));
    NEED(client_open(&reader, self.port, self.server));
    client_request(&reader, RRQ, "big", "octet", NULL);
    CHECK(client_expect(&reader, DATA, 1, fixture_millis()));
    client_error(&reader, 3, "my disk is full");
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 124);
    CHECK(strstr(fixture_find(&self, DISCONNECTED, 0)->text, "my disk is full") != NULL);
    CHECK_INT(fixture_count(&self, END_TRANSFER), 0);
    CHECK_INT(fixture_count(&self, DISCONNECTED), 1);
    fixture_order(&self, 0, order, sizeof order);
    CHECK(strncmp(order, "2 1 7", 5) == 0 && order[strlen(order) - 1] == '3');
    client_close(&reader);
    fixture_close(&self);
    free(data);
}

static void many_connections_each_in_order(void)
{
    enum { MANY = 12 };
    fixture self;
    client readers[MANY];
    uint8_t *data = fixture_bytes(900);
    int i;
    size_t n;
    NEED(fixture_open(&self));
    fixture_record(&self, TRANSFER);
    CHECK(fixture_write(&self, "f", data, 900));
    for (i = 0; i < MANY; i++) {
        NEED(client_open(&readers[i], self.port, self.server));
        client_request(&readers[i], RRQ, "f", "octet", NULL);
    }
    for (i = 0; i < MANY; i++) {
        CHECK(client_expect(&readers[i], DATA, 1, fixture_millis()));
        client_ack(&readers[i], 1);
    }
    for (i = MANY - 1; i >= 0; i--) {
        CHECK(client_expect(&readers[i], DATA, 2, fixture_millis()));
        client_ack(&readers[i], 2);
    }
    CHECK(fixture_await(&self, DISCONNECTED, MANY));
    for (i = 0; i < MANY; i++) {
        char order[200];
        CHECK_TEXT(fixture_order(&self, FIRST_ID + i, order, sizeof order), "2 1 7 8 8 4 3");
        client_close(&readers[i]);
    }
    for (n = 0; n < self.events.count; n++) {
        CHECK(pthread_equal(self.events.records[n].thread, pthread_self()));
    }
    fixture_close(&self);
    free(data);
}

static void nothing_outside_doevents(void)
{
    fixture self;
    client reader;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    CHECK(fixture_write(&self, "f", "x", 1));
    NEED(client_open(&reader, self.port, NULL));
    client_request(&reader, RRQ, "f", "octet", NULL);
    CHECK(!client_receive(&reader, 200));
    CHECK_INT(self.events.count, 0);
    reader.pump = self.server;
    CHECK(client_expect(&reader, DATA, 1, fixture_millis()));
    client_ack(&reader, 1);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    client_close(&reader);
    fixture_close(&self);
}

static void without_callbacks_no_connection_waits(void)
{
    fixture self;
    client reader;
    int i;
    NEED(fixture_open(&self));
    CHECK(fixture_write(&self, "f", "x", 1));
    for (i = 0; i < 20; i++) {
        transfer got;
        NEED(client_open(&reader, self.port, NULL));
        got = client_download(&reader, "f", "octet", NULL, fixture_millis());
        CHECK_BYTES(got.data, got.length, "x", 1);
        free(got.data);
        client_close(&reader);
    }
    CHECK_INT(tftpserver_get_int(self.server, CONN_COUNT, 0), 0);
    fixture_close(&self);
}

static void one_event_alone(void)
{
    static const int events[] = {CONNECTED, CONNECTION_REQUEST, DISCONNECTED, END_TRANSFER, START_TRANSFER, TRANSFER};
    size_t i;
    for (i = 0; i < sizeof events / sizeof *events; i++) {
        fixture self;
        client reader;
        transfer got;
        NEED(fixture_open(&self));
        fixture_record_one(&self, events[i]);
        CHECK(fixture_write(&self, "f", "x", 1));
        NEED(client_open(&reader, self.port, self.server));
        got = client_download(&reader, "f", "octet", NULL, fixture_millis());
        CHECK_BYTES(got.data, got.length, "x", 1);
        free(got.data);
        CHECK(fixture_await(&self, events[i], 1));
        CHECK_INT(self.events.count, 1);
        client_close(&reader);
        fixture_close(&self);
    }
}

static void unregistered_is_silent(void)
{
    fixture self;
    client reader;
    transfer got;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    CHECK_INT(tftpserver_register_callback(self.server, CONNECTED, NULL, NULL), 0);
    CHECK(fixture_write(&self, "f", "x", 1));
    NEED(client_open(&reader, self.port, self.server));
    got = client_download(&reader, "f", "octet", NULL, fixture_millis());
    CHECK(got.complete);
    free(got.data);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(fixture_count(&self, CONNECTED), 0);
    client_close(&reader);
    fixture_close(&self);
}

static void the_log(void)
{
    fixture self;
    client reader;
    transfer got;
    size_t n;
    NEED(fixture_open(&self));
    fixture_record(&self, LOG);
    CHECK(tftpserver_do_config(self.server, "LogLevel=3") != NULL);
    CHECK(fixture_write(&self, "f", "x", 1));
    NEED(client_open(&reader, self.port, self.server));
    got = client_download(&reader, "f", "octet", NULL, fixture_millis());
    CHECK(got.complete);
    free(got.data);
    got = client_download(&reader, "no\x1b[31m\nsuch", "octet", NULL, fixture_millis());
    CHECK_INT(got.error_code, 1);
    free(got.data);
    CHECK(fixture_await(&self, DISCONNECTED, 2));
    CHECK(fixture_count(&self, LOG) > 0);
    for (n = 0; n < fixture_count(&self, LOG); n++) {
        static const char *const types[] = {"Info", "Error", "Verbose", "Debug", "PITrail"};
        const record *entry = fixture_find(&self, LOG, n);
        int known = 0;
        size_t i;
        for (i = 0; i < 5; i++) {
            known |= strcmp(entry->mode, types[i]) == 0;
        }
        CHECK(known);
        CHECK(entry->level >= 1 && entry->level <= 3);
        CHECK(strpbrk(entry->text, "\x1b\n\r") == NULL);
    }
    client_close(&reader);
    fixture_close(&self);
}

static void doevents_waits_as_long_as_told(void)
{
    fixture self;
    int64_t begin;
    int i;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    CHECK(tftpserver_do_config(self.server, "SelectWaitMillis=150") != NULL);
    begin = client_now();
    CHECK_INT(tftpserver_do_doevents(self.server), 0);
    CHECK(client_now() - begin >= 145);
    /* Without waiting, many calls take less time than as many of the shortest waits. */
    CHECK(tftpserver_do_config(self.server, "SelectWaitMillis=0") != NULL);
    begin = client_now();
    for (i = 0; i < 1000 * check_slowness(); i++) {
        CHECK_INT(tftpserver_do_doevents(self.server), 0);
    }
    CHECK(client_now() - begin < 10000 * check_slowness());
    fixture_close(&self);
}

int main(void)
{
    check_begin(120);
    RUN(a_download);
    RUN(an_upload);
    RUN(the_data);
    RUN(an_empty_file);
    RUN(a_client_that_gives_up);
    RUN(many_connections_each_in_order);
    RUN(nothing_outside_doevents);
    RUN(without_callbacks_no_connection_waits);
    RUN(one_event_alone);
    RUN(unregistered_is_silent);
    RUN(the_log);
    RUN(doevents_waits_as_long_as_told);
    return check_end();
}
