/*
 * A callback may call every function except close and doevents. From inside one, release ends a
 * server.
 */
#define _XOPEN_SOURCE 700
#include "background.h"
#include "check.h"
#include "fixture.h"
#include "resources.h"

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
        events->extra = other; /* must not be closed in here */
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

/* A callback ends the whole service; the resulting events are delivered afterwards. */
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

/* ---- release ---- */

static int released;

static int release_once(tftpserver *server)
{
    CHECK_INT(tftpserver_release(server), 0);
    CHECK_INT(tftpserver_release(server), NOT_A_HANDLE);
    CHECK_INT(tftpserver_close(server), NOT_A_HANDLE);
    CHECK(tftpserver_get(server, LOCAL_PORT, 0) == NULL);
    released++;
    return 0;
}

static int32_t releases(recorder *events, tftpserver *server, tftpserver_event *event)
{
    (void)events;
    return event->id == START_TRANSFER ? release_once(server) : 0;
}

/* Like runtimes that run everything on a thread of their own. */
static void *relayed(void *server)
{
    release_once(server);
    return NULL;
}

static int32_t releases_elsewhere(recorder *events, tftpserver *server, tftpserver_event *event)
{
    pthread_t thread;
    (void)events;
    if (event->id != START_TRANSFER) {
        return 0;
    }
    CHECK(pthread_create(&thread, NULL, relayed, server) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    return 0;
}

/* The port can be bound again, without SO_REUSEADDR. */
static int is_free(int port)
{
    tftpserver *other = tftpserver_open();
    int code;
    tftpserver_set(other, LOCAL_HOST, 0, "127.0.0.1");
    tftpserver_set_int(other, LOCAL_PORT, 0, port);
    code = tftpserver_do_startlistening(other);
    CHECK_INT(tftpserver_release(other), 0);
    return code == 0;
}

static void released_inside_a_callback(recorder_hook hook)
{
    background one;
    transfer got;
    resources before = resources_now();
    int code, rounds = 0;
    NEED(fixture_open_fixed(&self));
    fixture_record(&self, 0);
    self.events.hook = hook;
    released = 0;
    CHECK(fixture_write(&self, "f", "x", 1));
    NEED(background_begin(&one, &self, RRQ, "f", "octet", NULL, NULL, 0));
    do {
        code = tftpserver_do_doevents(self.server);
    } while (code == 0 && ++rounds < 100000);
    CHECK_INT(code, NOT_A_HANDLE);
    CHECK_INT(released, 1);
    got = background_end(&one);
    CHECK(!got.complete && got.error_code >= 0); /* an ERROR, not silence */
    free(got.data);
    CHECK_INT(fixture_count(&self, DISCONNECTED), 0);
    CHECK(is_free(self.port));
    CHECK(resources_are_back(&before)); /* its threads and descriptors too */
    self.server = NULL;
    fixture_close(&self);
}

static void a_callback_may_release_its_server(void)
{
    released_inside_a_callback(releases);
}

static void a_relayed_callback_may_release_its_server(void)
{
    released_inside_a_callback(releases_elsewhere);
}

static tftpserver *idle;

static int32_t releases_the_idle_one(recorder *events, tftpserver *server, tftpserver_event *event)
{
    (void)server;
    (void)event;
    if (idle != NULL) {
        int port = (int)tftpserver_get_int(idle, LOCAL_PORT, 0);
        CHECK(port > 0);
        release_once(idle);
        idle = NULL;
        CHECK(is_free(port)); /* no DoEvents of it runs: it is gone already */
    }
    events->hook = NULL;
    return 0;
}

static void a_callback_may_release_another_server(void)
{
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    self.events.hook = releases_the_idle_one;
    released = 0;
    idle = tftpserver_open();
    CHECK_INT(tftpserver_set(idle, LOCAL_HOST, 0, "127.0.0.1"), 0);
    CHECK_INT(tftpserver_set_int(idle, LOCAL_PORT, 0, fixture_fixed_port()), 0);
    CHECK_INT(tftpserver_do_startlistening(idle), 0);
    CHECK(fixture_write(&self, "f", "x", 1));
    one_download("x", 1); /* the callback's own server goes on */
    CHECK_INT(released, 1);
    fixture_close(&self);
}

static void release_outside_callbacks_is_close(void)
{
    resources before = resources_now();
    tftpserver *server = tftpserver_open();
    CHECK_INT(tftpserver_set(server, LOCAL_HOST, 0, "127.0.0.1"), 0);
    CHECK_INT(tftpserver_set_int(server, LOCAL_PORT, 0, 0), 0);
    CHECK_INT(tftpserver_do_startlistening(server), 0);
    CHECK(tftpserver_get_event_fd(server) >= 0);
    release_once(server);
    CHECK(resources_are_back(&before));
    CHECK_INT(tftpserver_release(NULL), NOT_A_HANDLE);
}

int main(void)
{
    check_begin(120);
    RUN(close_and_doevents_are_refused);
    RUN(everything_else_is_allowed);
    RUN(a_callback_may_end_it);
    RUN(a_callback_may_unregister_itself);
    RUN(a_callback_may_release_its_server);
    RUN(a_relayed_callback_may_release_its_server);
    RUN(a_callback_may_release_another_server);
    RUN(release_outside_callbacks_is_close);
    return check_end();
}
