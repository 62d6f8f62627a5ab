/* The figures of each transfer: right, live while it runs, and there in Disconnected. */
#define _XOPEN_SOURCE 700
#include <time.h>

#include "background.h"
#include "check.h"

enum { SIZE = 1300, FIGURES = 7 };

/* The figures in the order of their properties. */
typedef struct figures {
    int64_t of[FIGURES];
} figures;

enum { AT_REQUEST, AT_CONNECTED, AT_START, AT_END, PLACES };

typedef struct seen {
    figures at[PLACES];
    int64_t again;               /* ConnElapsedMillis read again, a while after the end */
} seen;

static fixture self;

static figures look(int32_t index)
{
    figures now;
    int i;
    for (i = 0; i < FIGURES; i++) {
        now.of[i] = tftpserver_get_int(self.server, CONN_OPERATION + i, index);
        CHECK_INT(tftpserver_get_last_error_code(self.server), 0);
    }
    return now;
}

static void nap(int millis)
{
    struct timespec time = {millis / 1000, millis % 1000 * 1000000L};
    nanosleep(&time, NULL);
}

static int32_t note(recorder *events, tftpserver *server, tftpserver_event *event)
{
    seen *all = events->extra;
    int32_t id = events->records[events->count - 1].connection_id;
    (void)server;
    switch (event->id) {
    case CONNECTION_REQUEST:
        all->at[AT_REQUEST] = look(id);
        break;
    case CONNECTED:
        all->at[AT_CONNECTED] = look(id);
        break;
    case START_TRANSFER:
        all->at[AT_START] = look(id);
        break;
    case DISCONNECTED:
        all->at[AT_END] = look(id);
        nap(30);
        all->again = tftpserver_get_int(server, CONN_ELAPSED_MILLIS, id);
        break;
    default:
        break;
    }
    return 0;
}

static int open_with(seen *all, const void *data, size_t length)
{
    static const seen nothing;
    *all = nothing;
    if (!fixture_open(&self) || !fixture_write(&self, "f", data, length)) {
        return 0;
    }
    self.events.hook = note;
    self.events.extra = all;
    fixture_record(&self, 0);
    return 1;
}

/* Checks all figures except the time. */
static void expect(const figures *got, int64_t operation, int64_t bytes, int64_t total, int64_t block, int64_t window,
                   int64_t repeated)
{
    CHECK_INT(got->of[0], operation);
    CHECK_INT(got->of[1], bytes);
    CHECK_INT(got->of[2], total);
    CHECK_INT(got->of[3], block);
    CHECK_INT(got->of[4], window);
    CHECK_INT(got->of[5], repeated);
    CHECK(got->of[6] >= 0 && got->of[6] < 600000);
}

/*
 * Reads the figures from outside once `bytes` are transferred: between two packets only the time
 * changes.
 */
static figures await_bytes(int64_t bytes)
{
    int64_t end = client_now() + fixture_millis();
    while (tftpserver_get_int(self.server, CONN_BYTES_TRANSFERRED, 0) != bytes && client_now() < end) {
        tftpserver_do_doevents(self.server);
    }
    return look(0);
}

static void a_read_from_request_to_end(void)
{
    static const char *const options[] = {"blksize", "600", "windowsize", "2", NULL};
    uint8_t *data = fixture_bytes(SIZE);
    client reader;
    seen all;
    figures now, later;
    NEED(open_with(&all, data, SIZE));
    /* Unacknowledged packets are not retransmitted during this test. */
    CHECK_TEXT(tftpserver_do_config(self.server, "AdaptiveRetransmit=False"), "");
    CHECK_INT(tftpserver_set_int(self.server, RETRANSMIT_TIMEOUT, 0, 600), 0);
    NEED(client_open(&reader, self.port, self.server));
    client_request(&reader, RRQ, "f", "octet", options);
    CHECK(client_expect(&reader, OACK, -1, fixture_millis()));
    expect(&all.at[AT_REQUEST], 1, 0, -1, 0, 0, 0);
    expect(&all.at[AT_CONNECTED], 1, 0, -1, 0, 0, 0);
    expect(&all.at[AT_START], 1, 0, -1, 0, 0, 0);
    client_ack(&reader, 0);
    CHECK(client_expect(&reader, DATA, 2, fixture_millis()));
    now = look(0);
    expect(&now, 1, 0, SIZE, 600, 2, 0);
    nap(20);
    client_ack(&reader, 2);
    later = await_bytes(1200);
    expect(&later, 1, 1200, SIZE, 600, 2, 0);
    CHECK(later.of[6] >= now.of[6] + 20);
    CHECK_INT(tftpserver_set_int(self.server, CONN_BYTES_TRANSFERRED, 0, 1), READ_ONLY);
    CHECK_TEXT(tftpserver_get(self.server, CONN_TOTAL_BYTES, FIRST_ID), "1300");
    CHECK(client_expect(&reader, DATA, 3, fixture_millis()));
    client_ack(&reader, 3);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    expect(&all.at[AT_END], 1, SIZE, SIZE, 600, 2, 0);
    CHECK(all.at[AT_END].of[6] >= later.of[6]);
    CHECK_INT(all.again, all.at[AT_END].of[6]);
    CHECK_INT(tftpserver_get_int(self.server, CONN_BYTES_TRANSFERRED, FIRST_ID), 0);
    CHECK_INT(tftpserver_get_last_error_code(self.server), INDEX_OUT_OF_RANGE);
    client_close(&reader);
    fixture_close(&self);
    free(data);
}

static void a_write_from_request_to_end(void)
{
    static const char *const options[] = {"tsize", "1300", NULL};
    uint8_t *data = fixture_bytes(SIZE);
    client writer;
    seen all;
    figures now;
    NEED(open_with(&all, "", 0));
    NEED(client_open(&writer, self.port, self.server));
    client_request(&writer, WRQ, "up", "octet", options);
    CHECK(client_expect(&writer, OACK, -1, fixture_millis()));
    client_data(&writer, 1, data, 512);
    now = await_bytes(512);
    CHECK_INT(now.of[0], 2);
    CHECK_INT(now.of[1], 512);
    CHECK_INT(now.of[2], SIZE);
    CHECK_INT(now.of[3], 512);
    CHECK_INT(now.of[4], 1);
    CHECK(client_expect(&writer, ACK, 1, fixture_millis()));
    client_data(&writer, 2, data + 512, 512);
    CHECK(client_expect(&writer, ACK, 2, fixture_millis()));
    client_data(&writer, 3, data + 1024, SIZE - 1024);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(all.at[AT_END].of[1], SIZE);
    CHECK_INT(all.at[AT_END].of[2], SIZE);
    CHECK_INT(all.again, all.at[AT_END].of[6]);
    client_close(&writer);
    fixture_close(&self);
    free(data);
}

/* `bytes` are those on the wire. */
static void whole(int opcode, const char *mode, const char *const *options, const char *data, int64_t bytes,
                  int64_t total)
{
    background other;
    transfer done;
    seen all;
    NEED(open_with(&all, data, strlen(data)));
    NEED(background_begin(&other, &self, opcode, opcode == RRQ ? "f" : "up", mode, options, data, strlen(data)));
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    done = background_end(&other);
    CHECK(done.complete);
    free(done.data);
    CHECK_INT(all.at[AT_END].of[0], opcode);
    CHECK_INT(all.at[AT_END].of[1], bytes);
    CHECK_INT(all.at[AT_END].of[2], total);
    CHECK_INT(all.at[AT_END].of[3], 512);
    CHECK_INT(all.at[AT_END].of[4], 1);
    fixture_close(&self);
}

static void text_and_nothing(void)
{
    static const char *const announced[] = {"tsize", "6", NULL};
    whole(RRQ, "octet", NULL, "a\nb\n", 4, 4);
    whole(RRQ, "netascii", NULL, "a\nb\n", 6, -1);
    whole(WRQ, "octet", NULL, "a\nb\n", 4, -1);
    whole(WRQ, "netascii", announced, "a\r\nb\r\n", 6, -1);
    whole(RRQ, "octet", NULL, "", 0, 0);
    whole(WRQ, "octet", NULL, "", 0, -1);
}

static void what_is_lost_is_counted(void)
{
    uint8_t *data = fixture_bytes(SIZE);
    client reader;
    seen all;
    int64_t end = client_now() + fixture_millis();
    NEED(open_with(&all, data, SIZE));
    NEED(client_open(&reader, self.port, self.server));
    client_request(&reader, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&reader, DATA, 1, fixture_millis()));
    client_ack(&reader, 1);
    CHECK(client_expect(&reader, DATA, 2, fixture_millis()));
    CHECK(client_expect(&reader, DATA, 2, fixture_millis()));
    while (tftpserver_get_int(self.server, CONN_RETRANSMISSIONS, 0) == 0 && client_now() < end) {
        tftpserver_do_doevents(self.server);
    }
    CHECK(tftpserver_get_int(self.server, CONN_RETRANSMISSIONS, 0) >= 1);
    client_ack(&reader, 2);
    CHECK(client_expect(&reader, DATA, 3, fixture_millis()));
    client_ack(&reader, 3);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK(all.at[AT_END].of[5] >= 1);
    CHECK_INT(all.at[AT_END].of[1], SIZE);
    client_close(&reader);
    fixture_close(&self);
    free(data);
}

static void of_what_was_refused(void)
{
    client writer;
    seen all;
    NEED(open_with(&all, "x", 1));
    CHECK_TEXT(tftpserver_do_config(self.server, "ReadOnly=True"), "");
    NEED(client_open(&writer, self.port, self.server));
    client_request(&writer, WRQ, "up", "octet", NULL);
    CHECK(client_expect(&writer, ERROR, 2, fixture_millis()));
    CHECK(fixture_await(&self, CONNECTED, 1));
    expect(&all.at[AT_CONNECTED], 2, 0, -1, 0, 0, 0);
    CHECK_INT(all.at[AT_CONNECTED].of[6], 0);
    client_close(&writer);
    fixture_close(&self);
}

/* A program that has no callbacks and only reads the figures. */
static void without_callbacks(void)
{
    uint8_t *data = fixture_bytes(SIZE);
    client reader;
    figures now;
    NEED(fixture_open(&self));
    CHECK(fixture_write(&self, "f", data, SIZE));
    CHECK_INT(tftpserver_do_doevents(self.server), 0);
    NEED(client_open(&reader, self.port, NULL));
    client_request(&reader, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&reader, DATA, 1, fixture_millis()));
    client_ack(&reader, 1);
    CHECK(client_expect(&reader, DATA, 2, fixture_millis()));
    CHECK(fixture_await_connections(&self, 1));
    now = await_bytes(512);
    CHECK_INT(now.of[0], 1);
    CHECK_INT(now.of[1], 512);
    CHECK_INT(now.of[2], SIZE);
    client_close(&reader);
    fixture_close(&self);
    free(data);
}

int main(void)
{
    check_begin(180);
    RUN(a_read_from_request_to_end);
    RUN(a_write_from_request_to_end);
    RUN(text_and_nothing);
    RUN(what_is_lost_is_counted);
    RUN(of_what_was_refused);
    RUN(without_callbacks);
    return check_end();
}
