/* A server comes and goes: what it leaves behind, and what it takes with it. */
#define _XOPEN_SOURCE 700

#include "check.h"
#include "fixture.h"
#include "resources.h"

static void opens_and_closes(void)
{
    tftpserver *server = tftpserver_open();
    NEED(server != NULL);
    CHECK_INT(tftpserver_get_last_error_code(server), 0);
    CHECK_TEXT(tftpserver_get_last_error(server), "");
    CHECK_INT(tftpserver_close(server), 0);
}

static void version_property(void)
{
    tftpserver *server = tftpserver_open();
    NEED(server != NULL);
    CHECK_TEXT(tftpserver_version(), TFTPSERVER_VERSION_STRING);
    CHECK_TEXT(tftpserver_get(server, TFTPSERVER_PROPERTY_VERSION, 0), TFTPSERVER_VERSION_STRING);
    CHECK_INT(tftpserver_close(server), 0);
}

static void many_at_once_are_different(void)
{
    enum { MANY = 40 };
    tftpserver *servers[MANY];
    int i;
    for (i = 0; i < MANY; i++) {
        servers[i] = tftpserver_open();
        NEED(servers[i] != NULL);
        CHECK_INT(tftpserver_set_int(servers[i], MAX_RETRANSMITS, 0, i + 1), 0);
    }
    for (i = 0; i < MANY; i++) {
        CHECK_INT(tftpserver_get_int(servers[i], MAX_RETRANSMITS, 0), i + 1);
        CHECK_INT(tftpserver_close(servers[i]), 0);
    }
}

static void close_frees_the_port(void)
{
    fixture first, second;
    NEED(fixture_open_fixed(&first));
    NEED(fixture_prepare(&second));
    CHECK_INT(tftpserver_set_int(second.server, LOCAL_PORT, 0, first.port), 0);
    CHECK_INT(tftpserver_do_startlistening(second.server), 10048);
    CHECK_TEXT(tftpserver_get(second.server, LISTENING, 0), "False");
    CHECK_INT(tftpserver_close(first.server), 0);
    first.server = NULL;
    CHECK_INT(tftpserver_do_startlistening(second.server), 0);
    CHECK_INT(tftpserver_get_int(second.server, LOCAL_PORT, 0), first.port);
    fixture_close(&second);
    fixture_close(&first);
}

static void leaves_no_thread_and_no_descriptor(void)
{
    fixture warm;
    resources before;
    int i;
    NEED(fixture_open(&warm));
    fixture_close(&warm);
    before = resources_now();
    for (i = 0; i < 10; i++) {
        fixture round;
        client reader;
        transfer got;
        NEED(fixture_open(&round));
        CHECK(fixture_write(&round, "a", "abc", 3));
        NEED(client_open(&reader, round.port, NULL));
        got = client_download(&reader, "a", "octet", NULL, fixture_millis());
        CHECK_BYTES(got.data, got.length, "abc", 3);
        free(got.data);
        client_close(&reader);
        CHECK(tftpserver_get_event_fd(round.server) >= 0);
        fixture_close(&round);
    }
    CHECK(resources_are_back(&before));
}

static void close_ends_what_is_under_way(void)
{
    fixture busy;
    client reader;
    size_t before;
    uint8_t *data = fixture_bytes(5000);
    NEED(fixture_open(&busy));
    fixture_record(&busy, 0);
    CHECK(fixture_write(&busy, "big", data, 5000));
    NEED(client_open(&reader, busy.port, busy.server));
    client_request(&reader, RRQ, "big", "octet", NULL);
    CHECK(client_expect(&reader, DATA, 1, fixture_millis()));
    before = busy.events.count;
    CHECK_INT(tftpserver_close(busy.server), 0);
    CHECK_INT(busy.events.count, before);
    busy.server = reader.pump = NULL;
    CHECK(client_expect(&reader, ERROR, -1, fixture_millis()));
    client_close(&reader);
    fixture_close(&busy);
    free(data);
}

static void stop_and_start_again(void)
{
    fixture self;
    int i;
    NEED(fixture_open(&self));
    CHECK(fixture_write(&self, "a", "abc", 3));
    for (i = 0; i < 5; i++) {
        client reader;
        transfer got;
        CHECK_TEXT(tftpserver_get(self.server, LISTENING, 0), "True");
        NEED(client_open(&reader, (int)tftpserver_get_int(self.server, LOCAL_PORT, 0), NULL));
        got = client_download(&reader, "a", "octet", NULL, fixture_millis());
        CHECK_BYTES(got.data, got.length, "abc", 3);
        free(got.data);
        client_close(&reader);
        CHECK_INT(tftpserver_do_stoplistening(self.server), 0);
        CHECK_TEXT(tftpserver_get(self.server, LISTENING, 0), "False");
        CHECK_INT(tftpserver_do_startlistening(self.server), 0);
    }
    fixture_close(&self);
}

static void stop_keeps_transfers_shutdown_ends_them(void)
{
    fixture self;
    client reader, other;
    uint8_t *data = fixture_bytes(1500);
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    CHECK(fixture_write(&self, "big", data, 1500));
    NEED(client_open(&reader, self.port, self.server));
    NEED(client_open(&other, self.port, self.server));
    client_request(&reader, RRQ, "big", "octet", NULL);
    client_request(&other, RRQ, "big", "octet", NULL);
    CHECK(client_expect(&reader, DATA, 1, fixture_millis()));
    CHECK(client_expect(&other, DATA, 1, fixture_millis()));
    CHECK_INT(tftpserver_do_stoplistening(self.server), 0);
    client_ack(&reader, 1);
    CHECK(client_expect(&reader, DATA, 2, fixture_millis()));
    client_ack(&reader, 2);
    CHECK(client_expect(&reader, DATA, 3, fixture_millis()));
    client_ack(&reader, 3);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 0);
    CHECK_INT(tftpserver_do_shutdown(self.server), 0);
    CHECK(client_expect(&other, ERROR, -1, fixture_millis()));
    CHECK(fixture_await(&self, DISCONNECTED, 2));
    CHECK_INT(fixture_find(&self, DISCONNECTED, 1)->code, 10053);
    CHECK(fixture_await_connections(&self, 0));
    client_close(&reader);
    client_close(&other);
    fixture_close(&self);
    free(data);
}

int main(void)
{
    check_begin(120);
    RUN(opens_and_closes);
    RUN(version_property);
    RUN(many_at_once_are_different);
    RUN(close_frees_the_port);
    RUN(leaves_no_thread_and_no_descriptor);
    RUN(close_ends_what_is_under_way);
    RUN(stop_and_start_again);
    RUN(stop_keeps_transfers_shutdown_ends_them);
    return check_end();
}
