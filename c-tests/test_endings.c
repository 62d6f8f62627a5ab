/* How connections end: one Disconnected for each Connected with 0, an Error with its number for each failure, and what
   a callback's answer other than 0 does in each of the eight. */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <sys/stat.h>

#include "check.h"
#include "fixture.h"

/*
 * Bytes of a file whose transfer is not whole yet when the Log callback, which holds no connection,
 * refuses it.
 */
enum { LONG = 100000 };

static fixture self;
static uint8_t *data;

static int begin(int also)
{
    int good = fixture_open(&self);
    if (good) {
        fixture_record(&self, also);
        good = fixture_write(&self, "f", data, 3000);
    }
    return good;
}

/*
 * Checks that every Connected with 0 is followed by exactly one Disconnected, and every other by
 * none.
 */
static void check_balance(size_t connected)
{
    size_t i, accepted = 0;
    for (i = 0; i < fixture_count(&self, CONNECTED); i++) {
        const record *entry = fixture_find(&self, CONNECTED, i);
        size_t n, ends = 0;
        for (n = 0; n < fixture_count(&self, DISCONNECTED); n++) {
            const record *end = fixture_find(&self, DISCONNECTED, n);
            ends += end->connection_id == entry->connection_id;
            CHECK(end->connection_id != entry->connection_id || end > entry);
        }
        CHECK_INT(ends, entry->code == 0);
        accepted += entry->code == 0;
    }
    CHECK_INT(accepted, connected);
    CHECK_INT(fixture_count(&self, DISCONNECTED), connected);
    CHECK_INT(tftpserver_get_int(self.server, CONN_COUNT, 0), 0);
}

/* Checks the code of the last failure in Error and in Disconnected. */
static void check_failure(int code)
{
    size_t errors, ends;
    CHECK(fixture_await_connections(&self, 0));
    errors = fixture_count(&self, ERROR_EVENT);
    ends = fixture_count(&self, DISCONNECTED);
    NEED(errors > 0 && ends > 0);
    CHECK_INT(fixture_find(&self, ERROR_EVENT, errors - 1)->code, code);
    CHECK_INT(fixture_find(&self, DISCONNECTED, ends - 1)->code, code);
    CHECK_INT(fixture_find(&self, ERROR_EVENT, errors - 1)->connection_id,
              fixture_find(&self, DISCONNECTED, ends - 1)->connection_id);
    CHECK_TEXT(fixture_find(&self, ERROR_EVENT, errors - 1)->text, fixture_find(&self, DISCONNECTED, ends - 1)->text);
    CHECK_INT(errors, ends);
}

/* Sends a request and waits for the expected answer. */
static int ask(client *one, int opcode, const char *name, int answer, int block)
{
    return client_open(one, self.port, self.server)
        && (client_request(one, opcode, name, "octet", NULL), client_expect(one, answer, block, fixture_millis()));
}

static void failures(void)
{
    int is_linux, most, wait;
    client one;
    char path[512];
    NEED(begin(0));
    CHECK(ask(&one, RRQ, "missing", ERROR, 1));
    check_failure(127);
    client_close(&one);
    CHECK(ask(&one, RRQ, "f", DATA, 1));
    client_error(&one, 3, "full");
    check_failure(124);
    client_close(&one);
    CHECK(ask(&one, WRQ, "up", ACK, 0));
    client_data(&one, 1, data, 513);
    CHECK(client_expect(&one, ERROR, 4, fixture_millis()));
    check_failure(122);
    client_close(&one);

    most = (int)tftpserver_get_int(self.server, MAX_RETRANSMITS, 0);
    wait = (int)tftpserver_get_int(self.server, RETRANSMIT_TIMEOUT, 0);
    CHECK_INT(tftpserver_set_int(self.server, MAX_RETRANSMITS, 0, 0), 0);
    CHECK_INT(tftpserver_set_int(self.server, RETRANSMIT_TIMEOUT, 0, 1), 0);
    CHECK(ask(&one, RRQ, "f", DATA, 1));
    check_failure(301);
    CHECK(!client_receive(&one, 50)); /* nothing is sent to a client that has never answered */
    client_close(&one);
    CHECK(ask(&one, RRQ, "f", DATA, 1));
    client_ack(&one, 1);
    CHECK(client_expect(&one, DATA, 2, fixture_millis()));
    CHECK(client_expect(&one, ERROR, 0, fixture_millis()));
    check_failure(301);
    client_close(&one);
    is_linux = check_is_linux("the error queue") && !check_is_emulated("the error queue");
    if (is_linux) {
        CHECK(tftpserver_set_int(self.server, MAX_RETRANSMITS, 0, 3) == 0);
        CHECK(ask(&one, RRQ, "f", DATA, 1));
        client_close(&one); /* the next packet gets ICMP port unreachable */
        check_failure(10061);
    }
    CHECK_INT(tftpserver_set_int(self.server, MAX_RETRANSMITS, 0, most), 0);
    CHECK_INT(tftpserver_set_int(self.server, RETRANSMIT_TIMEOUT, 0, wait), 0);

    fixture_path(&self, "f", path, sizeof path);
    CHECK(ask(&one, RRQ, "f", DATA, 1));
    CHECK_INT(tftpserver_do_disconnect(self.server, 0), 0);
    CHECK(client_expect(&one, ERROR, 0, fixture_millis()));
    check_failure(10053);
    client_close(&one);
    check_balance(6 + is_linux);
    fixture_close(&self);
}

/* A file shrinks while it is sent, and a directory vanishes while a file is received. */
static void failures_of_files(void)
{
    enum { SIZE = 400000 };
    uint8_t *much = fixture_bytes(SIZE);
    char path[512];
    client one;
    unsigned block;
    NEED(begin(0));
    CHECK(fixture_write(&self, "big", much, SIZE));
    CHECK(ask(&one, RRQ, "big", DATA, 1));
    fixture_path(&self, "big", path, sizeof path);
    CHECK_INT(truncate(path, 1000), 0);
    for (block = 1; client_opcode(&one) == DATA && block < SIZE / 512; block++) {
        client_ack(&one, block);
        while (client_receive(&one, fixture_millis()) && client_opcode(&one) == DATA
               && client_block(&one) != (int)block + 1) {
        }
    }
    CHECK_INT(client_opcode(&one), ERROR);
    CHECK_INT(client_block(&one), 0);
    check_failure(129);
    client_close(&one);

    fixture_path(&self, "sub", path, sizeof path);
    CHECK_INT(mkdir(path, 0755), 0);
    CHECK(ask(&one, WRQ, "sub/up", ACK, 0));
    client_data(&one, 1, much, 512);
    CHECK(client_expect(&one, ACK, 1, fixture_millis()));
    fixture_path(&self, "elsewhere", path, sizeof path);
    {
        char from[512], to[600];
        fixture_path(&self, "sub", from, sizeof from);
        snprintf(to, sizeof to, "rm -rf '%s'", from);
        CHECK_INT(system(to), 0);
    }
    client_data(&one, 2, much, 10);
    CHECK(client_expect(&one, ERROR, -1, fixture_millis()));
    check_failure(128);
    client_close(&one);
    check_balance(2);
    fixture_close(&self);
    free(much);
}

/* A refused request has an Error, a Connected with the error code, and no Disconnected. */
static void refusals(void)
{
    client one, two;
    NEED(begin(0));
    CHECK(tftpserver_do_config(self.server, "ReadOnly=True") != NULL);
    CHECK(ask(&one, WRQ, "up", ERROR, 2));
    CHECK(fixture_await(&self, CONNECTED, 1));
    CHECK_INT(fixture_find(&self, CONNECTED, 0)->code, 10013);
    CHECK_INT(fixture_find(&self, ERROR_EVENT, 0)->code, 10013);
    client_close(&one);
    CHECK(tftpserver_do_config(self.server, "MaxConnections=1") != NULL);
    CHECK(ask(&one, RRQ, "f", DATA, 1));
    CHECK(ask(&two, RRQ, "f", ERROR, 0));
    CHECK(fixture_await(&self, CONNECTED, 3));
    CHECK_INT(fixture_find(&self, CONNECTED, 2)->code, 10068);
    CHECK_INT(fixture_find(&self, ERROR_EVENT, 1)->code, 10068);
    client_error(&one, 0, "enough");
    client_close(&two);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    client_close(&one);
    /* UTF-7 with an invalid shift sequence. */
    CHECK(tftpserver_do_config(self.server, "CodePage=65000") != NULL);
    CHECK(ask(&one, RRQ, "+!", ERROR, 0));
    CHECK(fixture_await(&self, CONNECTED, 4));
    CHECK_INT(fixture_find(&self, CONNECTED, 3)->code, 434);
    CHECK_INT(fixture_find(&self, ERROR_EVENT, 3)->code, 434);
    client_close(&one);
    check_balance(1);
    fixture_close(&self);
}

/* A tsize probe is neither a failure nor a success. */
static void a_probe_ends_quietly(void)
{
    static const char *const size[] = {"tsize", "0", NULL};
    client one;
    NEED(begin(0));
    NEED(client_open(&one, self.port, self.server));
    client_request(&one, RRQ, "f", "octet", size);
    CHECK(client_expect(&one, OACK, -1, fixture_millis()));
    client_error(&one, 8, "only asking");
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 124);
    CHECK_INT(fixture_count(&self, ERROR_EVENT), 0);
    CHECK_INT(fixture_count(&self, END_TRANSFER), 0);
    check_balance(1);
    client_close(&one);
    fixture_close(&self);
}

/* Many at once, ended in every way. */
static void many_at_once(void)
{
    enum { MANY = 60 };
    client *clients = malloc(MANY * sizeof *clients);
    int i;
    NEED(clients != NULL && begin(TRANSFER));
    for (i = 0; i < MANY; i++) {
        NEED(ask(&clients[i], i % 3 == 2 ? WRQ : RRQ, i % 3 == 2 ? "up" : "f", i % 3 == 2 ? ACK : DATA, i % 3 != 2));
    }
    for (i = 0; i < MANY; i += 2) {
        client_error(&clients[i], 0, "gone");
    }
    CHECK(fixture_await(&self, DISCONNECTED, MANY / 2));
    for (i = 1; i < MANY; i += 6) {
        CHECK_INT(tftpserver_do_disconnect(self.server, FIRST_ID + i), 0);
    }
    CHECK_INT(tftpserver_do_shutdown(self.server), 0);
    CHECK(fixture_await(&self, DISCONNECTED, MANY));
    CHECK_INT(tftpserver_do_doevents(self.server), 0);
    check_balance(MANY);
    for (i = 0; i < MANY; i++) {
        client_close(&clients[i]);
    }
    free(clients);
    fixture_close(&self);
}

/* ---- answers other than 0 ---- */

static int32_t says_no(recorder *events, tftpserver *server, tftpserver_event *event)
{
    (void)server;
    return event->id == *(int *)events->extra ? 77 : 0;
}

/* While data is still to come, an ERROR reaches the client from each of these. */
static void a_no_in_each_callback(void)
{
    static int events[] = {CONNECTION_REQUEST, CONNECTED, START_TRANSFER, TRANSFER, LOG};
    size_t i;
    for (i = 0; i < sizeof events / sizeof *events; i++) {
        int upload;
        for (upload = 0; upload < 2; upload++) {
            client one;
            transfer moved;
            NEED(begin(TRANSFER) && fixture_write(&self, "f", data, LONG));
            fixture_record_one(&self, LOG);
            self.events.hook = says_no;
            self.events.extra = &events[i];
            NEED(client_open(&one, self.port, self.server));
            moved = upload ? client_upload(&one, "up", "octet", NULL, data, LONG, fixture_millis())
                           : client_download(&one, "f", "octet", NULL, fixture_millis());
            CHECK_INT(moved.error_code, 0);
            CHECK(!moved.complete);
            free(moved.data);
            CHECK(fixture_await_connections(&self, 0));
            if (events[i] == CONNECTION_REQUEST) {
                CHECK_INT(fixture_find(&self, CONNECTED, 0)->code, 10053);
                CHECK_INT(fixture_count(&self, DISCONNECTED), 0);
            } else {
                CHECK(fixture_await(&self, DISCONNECTED, 1));
                CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 10053);
                CHECK(strstr(fixture_find(&self, DISCONNECTED, 0)->text, "77") != NULL);
                check_balance(1);
            }
            CHECK_INT(fixture_count(&self, END_TRANSFER), 0);
            NEED(fixture_await(&self, ERROR_EVENT, 1));
            CHECK_INT(fixture_find(&self, ERROR_EVENT, 0)->code, 10053);
            CHECK(fixture_await_entries(&self, 1));
            client_close(&one);
            fixture_close(&self);
        }
    }
}

/* If the client has the whole file, a refusal is not sent to it; it is only in Disconnected. */
static void a_no_when_it_is_whole(void)
{
    static int events[] = {END_TRANSFER, TRANSFER};
    size_t i;
    for (i = 0; i < 2; i++) {
        client one;
        transfer got;
        NEED(begin(TRANSFER));
        CHECK(fixture_write(&self, "small", "x", 1));
        self.events.hook = says_no;
        self.events.extra = &events[i];
        NEED(client_open(&one, self.port, self.server));
        got = client_download(&one, "small", "octet", NULL, fixture_millis());
        CHECK(got.complete);
        free(got.data);
        CHECK(fixture_await(&self, DISCONNECTED, 1));
        CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 10053);
        CHECK_INT(fixture_count(&self, END_TRANSFER), i == 0);
        check_balance(1);
        client_close(&one);
        fixture_close(&self);
    }
}

/*
 * Error and Disconnected report a connection that has already ended, so their result changes
 * nothing.
 */
static void a_no_at_the_end(void)
{
    static int events[] = {ERROR_EVENT, DISCONNECTED};
    size_t i;
    for (i = 0; i < 2; i++) {
        client one;
        NEED(begin(0));
        self.events.hook = says_no;
        self.events.extra = &events[i];
        CHECK(ask(&one, RRQ, "missing", ERROR, 1));
        check_failure(127);
        client_close(&one);
        CHECK(ask(&one, RRQ, "f", DATA, 1));
        client_error(&one, 2, "no");
        check_failure(124);
        check_balance(2);
        client_close(&one);
        fixture_close(&self);
    }
}

int main(void)
{
    check_begin(180);
    data = fixture_bytes(LONG);
    RUN(failures);
    RUN(failures_of_files);
    RUN(refusals);
    RUN(a_probe_ends_quietly);
    RUN(many_at_once);
    RUN(a_no_in_each_callback);
    RUN(a_no_when_it_is_whole);
    RUN(a_no_at_the_end);
    free(data);
    return check_end();
}
