/* What a callback may call: everything but close and doevents. */
#define _XOPEN_SOURCE 700
#include "check.h"
#include "fixture.h"

static fixture self;
static int seen;

static int32_t calls_what_is_refused(recorder *events, tftpserver *server, tftpserver_event *event)
{
    (void)events;
    (void)event;
    seen++;
    CHECK(server == self.server);
    CHECK_INT(tftpserver_close(server), NOT_IN_CALLBACK);
    CHECK_INT(tftpserver_get_last_error_code(server), NOT_IN_CALLBACK);
    CHECK_INT(tftpserver_do_doevents(server), NOT_IN_CALLBACK);
    CHECK_INT(tftpserver_get_last_error_code(server), NOT_IN_CALLBACK);
    CHECK(tftpserver_get_last_error(server)[0] != '\0');
    return 0;
}

static int32_t calls_what_is_allowed(recorder *events, tftpserver *server, tftpserver_event *event)
{
    size_t length;
    tftpserver *other;
    (void)events;
    seen++;
    CHECK(tftpserver_get(server, LOCAL_PORT, 0) != NULL);
    CHECK_INT(tftpserver_set(server, TIMEOUT, 0, "30"), 0);
    CHECK_INT(tftpserver_set_int(server, RETRANSMIT_TIMEOUT, 0, 4), 0);
    CHECK_INT(tftpserver_get_int(server, TIMEOUT, 0), 30);
    CHECK(tftpserver_get_bytes(server, LOCAL_DIR, 0, &length) != NULL);
    CHECK(tftpserver_do_config(server, "MaxWindowSize=32") != NULL);
    CHECK_TEXT(tftpserver_do_config(server, "MaxWindowSize"), "32");
    CHECK_INT(tftpserver_register_callback(server, ERROR_EVENT, NULL, NULL), 0);
    CHECK(tftpserver_get_event_fd(server) >= 0);
    CHECK_INT(tftpserver_do_interrupt(server), 0);
    CHECK_INT(tftpserver_do_startlistening(server), 0);
    CHECK_INT(tftpserver_get_last_error_code(server), 0);
    if (event->id == START_TRANSFER) {
        other = tftpserver_open();
        CHECK(other != NULL);
        CHECK_INT(tftpserver_set_int(other, LOCAL_PORT, 0, 0), 0);
        events->extra = other; /* not to be closed in here */
    }
    return 0;
}

static void one_download(const void *wanted, size_t length)
{
    client reader;
    transfer got;
    NEED(client_open(&reader, self.port, self.server));
    got = client_download(&reader, "f", "octet", NULL, fixture_millis());
    CHECK_BYTES(got.data, got.length, wanted, length);
    free(got.data);
    client_close(&reader);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
}

static void close_and_doevents_are_refused(void)
{
    NEED(fixture_open(&self));
    fixture_record(&self, TRANSFER);
    self.events.hook = calls_what_is_refused;
    seen = 0;
    CHECK(fixture_write(&self, "f", "x", 1));
    one_download("x", 1);
    CHECK_INT(seen, 6);
    CHECK_INT(tftpserver_do_doevents(self.server), 0);
    fixture_close(&self);
}

static void everything_else_is_allowed(void)
{
    NEED(fixture_open(&self));
    fixture_record(&self, TRANSFER);
    self.events.hook = calls_what_is_allowed;
    seen = 0;
    CHECK(fixture_write(&self, "f", "x", 1));
    one_download("x", 1);
    CHECK_INT(seen, 6);
    CHECK_INT(tftpserver_close(self.events.extra), 0);
    fixture_close(&self);
}

/* A callback ends the whole service; what it caused is delivered afterwards. */
static int32_t stops(recorder *events, tftpserver *server, tftpserver_event *event)
{
    const char *how = events->extra;
    if (event->id == START_TRANSFER) {
        if (strcmp(how, "stop") == 0) {
            CHECK_INT(tftpserver_do_stoplistening(server), 0);
        } else if (strcmp(how, "shutdown") == 0) {
            CHECK_INT(tftpserver_do_shutdown(server), 0);
        } else if (strcmp(how, "disconnect") == 0) {
            CHECK_INT(tftpserver_do_disconnect(server, event->data.start_transfer.connection_id), 0);
        } else {
            CHECK_INT(tftpserver_do_reset(server), 0);
        }
    }
    return 0;
}

static void a_callback_may_end_it(void)
{
    static char *const hows[] = {"stop", "shutdown", "disconnect", "reset"};
    uint8_t *data = fixture_bytes(3000);
    size_t i;
    for (i = 0; i < sizeof hows / sizeof *hows; i++) {
        client reader;
        transfer got;
        NEED(fixture_open(&self));
        fixture_record(&self, 0);
        self.events.hook = stops;
        self.events.extra = hows[i];
        CHECK(fixture_write(&self, "f", data, 3000));
        NEED(client_open(&reader, self.port, self.server));
        got = client_download(&reader, "f", "octet", NULL, fixture_millis());
        CHECK_INT(got.complete, i == 0);
        CHECK(fixture_await(&self, DISCONNECTED, 1));
        CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, i == 0 ? 0 : 10053);
        CHECK_TEXT(tftpserver_get(self.server, LISTENING, 0), i == 2 ? "True" : "False");
        free(got.data);
        client_close(&reader);
        fixture_close(&self);
    }
    free(data);
}

/* A callback may replace itself, even by nothing, while it runs. */
static int32_t goes_away(recorder *events, tftpserver *server, tftpserver_event *event)
{
    (void)events;
    CHECK_INT(tftpserver_register_callback(server, event->id, NULL, NULL), 0);
    return 0;
}

static void a_callback_may_unregister_itself(void)
{
    client reader;
    transfer got;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    self.events.hook = goes_away;
    CHECK(fixture_write(&self, "f", "x", 1));
    one_download("x", 1);
    NEED(client_open(&reader, self.port, self.server));
    got = client_download(&reader, "f", "octet", NULL, fixture_millis());
    CHECK(got.complete);
    free(got.data);
    client_close(&reader);
    CHECK_INT(fixture_count(&self, CONNECTED), 1);
    fixture_close(&self);
}

int main(void)
{
    check_begin(120);
    RUN(close_and_doevents_are_refused);
    RUN(everything_else_is_allowed);
    RUN(a_callback_may_end_it);
    RUN(a_callback_may_unregister_itself);
    return check_end();
}
