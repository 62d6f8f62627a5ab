/* Every method: what it does, when it does nothing, what it leaves alone. */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <sys/epoll.h>

#include "background.h"
#include "check.h"

static fixture self;

static transfer download(const char *name)
{
    background reader;
    transfer none = {0};
    if (!background_begin(&reader, &self, RRQ, name, "octet", NULL, NULL, 0)) {
        return none;
    }
    return background_end(&reader);
}

/* Config takes one setting per call: a text that looks like a list is one name with one value. */
static void config_takes_one_setting_a_call(void)
{
    NEED(fixture_prepare(&self));
    CHECK_TEXT(tftpserver_do_config(self.server, "LogLevel=2"), "");
    CHECK(tftpserver_do_config(self.server, "LogLevel=3;MaxWindowSize=8") == NULL);
    CHECK_INT(tftpserver_get_last_error_code(self.server), INVALID_VALUE);
    CHECK_TEXT(tftpserver_do_config(self.server, "LogLevel"), "2");
    CHECK_TEXT(tftpserver_do_config(self.server, "MaxWindowSize"), "64");
    CHECK(tftpserver_do_config(self.server, "LogLevel;MaxWindowSize") == NULL);
    CHECK_INT(tftpserver_get_last_error_code(self.server), UNKNOWN_SETTING);
    CHECK(tftpserver_do_config(self.server, "LogLevel=3\nMaxWindowSize=8") == NULL);
    CHECK_INT(tftpserver_get_last_error_code(self.server), INVALID_VALUE);
    CHECK_TEXT(tftpserver_do_config(self.server, "FirewallData=a;B=2=3"), "");
    CHECK_TEXT(tftpserver_do_config(self.server, "firewalldata"), "a;B=2=3");
    CHECK_TEXT(tftpserver_do_config(self.server, "FirewallData="), "");
    CHECK_TEXT(tftpserver_do_config(self.server, "FirewallData"), "");
    CHECK(tftpserver_do_config(self.server, "Nothing;LogLevel=1") == NULL);
    CHECK_INT(tftpserver_get_last_error_code(self.server), UNKNOWN_SETTING);
    CHECK(tftpserver_do_config(self.server, NULL) == NULL);
    CHECK_INT(tftpserver_get_last_error_code(self.server), INVALID_VALUE);
    fixture_close(&self);
}

static void starting_twice_is_starting_once(void)
{
    transfer got;
    int port;
    NEED(fixture_open(&self));
    port = self.port;
    CHECK_INT(tftpserver_do_startlistening(self.server), 0);
    CHECK_INT(tftpserver_get_last_error_code(self.server), 0);
    CHECK_INT(tftpserver_get_int(self.server, LOCAL_PORT, 0), port);
    CHECK(fixture_write(&self, "f", "x", 1));
    got = download("f");
    CHECK_BYTES(got.data, got.length, "x", 1);
    free(got.data);
    CHECK_INT(tftpserver_do_stoplistening(self.server), 0);
    CHECK_INT(tftpserver_do_stoplistening(self.server), 0);
    CHECK_TEXT(tftpserver_get(self.server, LISTENING, 0), "False");
    fixture_close(&self);
}

/*
 * A transfer in progress goes on, new requests get no answer, and the port is free at once, also
 * for this server.
 */
static void stopping_leaves_transfers_alone(void)
{
    uint8_t *data = fixture_bytes(2000);
    client before, after, again;
    char port[16];
    int block;
    NEED(fixture_open_fixed(&self));
    CHECK(fixture_write(&self, "f", data, 2000));
    NEED(client_open(&before, self.port, NULL));
    client_request(&before, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&before, DATA, 1, fixture_millis()));
    CHECK_INT(tftpserver_do_stoplistening(self.server), 0);
    NEED(client_open(&after, self.port, NULL));
    client_request(&after, RRQ, "f", "octet", NULL);
    CHECK(!client_receive(&after, 150));
    client_ack(&before, 1);
    CHECK(client_expect(&before, DATA, 2, fixture_millis()));
    snprintf(port, sizeof port, "%d", self.port);
    CHECK_INT(tftpserver_set(self.server, LOCAL_PORT, 0, port), 0);
    CHECK_INT(tftpserver_do_startlistening(self.server), 0);
    NEED(client_open(&again, self.port, NULL));
    client_request(&again, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&again, DATA, 1, fixture_millis()));
    for (block = 2; block <= 3; block++) {
        client_ack(&before, (unsigned)block);
        CHECK(client_expect(&before, DATA, block + 1, fixture_millis()));
    }
    CHECK_BYTES(before.packet + 4, before.length - 4, data + 3 * 512, 2000 - 3 * 512);
    client_ack(&before, 4);
    client_close(&before);
    client_close(&after);
    client_close(&again);
    fixture_close(&self);
    free(data);
}

static void shutdown_ends_all_of_it(void)
{
    enum { CLIENTS = 5 };
    uint8_t *data = fixture_bytes(5000);
    client clients[CLIENTS];
    int i;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    CHECK(fixture_write(&self, "f", data, 5000));
    for (i = 0; i < CLIENTS; i++) {
        NEED(client_open(&clients[i], self.port, self.server));
        client_request(&clients[i], i % 2 ? WRQ : RRQ, i % 2 ? "up" : "f", "octet", NULL);
        CHECK(client_expect(&clients[i], i % 2 ? ACK : DATA, i % 2 ? 0 : 1, fixture_millis()));
    }
    CHECK_INT(tftpserver_do_shutdown(self.server), 0);
    CHECK_INT(tftpserver_do_shutdown(self.server), 0);
    CHECK_TEXT(tftpserver_get(self.server, LISTENING, 0), "False");
    CHECK_INT(tftpserver_get_int(self.server, CONN_COUNT, 0), CLIENTS);
    for (i = 0; i < CLIENTS; i++) {
        CHECK(client_expect(&clients[i], ERROR, 0, fixture_millis()));
        client_close(&clients[i]);
    }
    CHECK(fixture_await(&self, DISCONNECTED, CLIENTS));
    CHECK_INT(tftpserver_do_doevents(self.server), 0);
    CHECK_INT(fixture_count(&self, DISCONNECTED), CLIENTS);
    for (i = 0; i < CLIENTS; i++) {
        CHECK_INT(fixture_find(&self, DISCONNECTED, (size_t)i)->code, 10053);
    }
    CHECK_INT(tftpserver_get_int(self.server, CONN_COUNT, 0), 0);
    CHECK(fixture_await_entries(&self, 1));
    CHECK(fixture_listen(&self));
    fixture_close(&self);
    free(data);
}

static void disconnect_by_position_and_by_id(void)
{
    uint8_t *data = fixture_bytes(3000);
    client clients[3];
    int i;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    CHECK(fixture_write(&self, "f", data, 3000));
    for (i = 0; i < 3; i++) {
        NEED(client_open(&clients[i], self.port, self.server));
        client_request(&clients[i], RRQ, "f", "octet", NULL);
        CHECK(client_expect(&clients[i], DATA, 1, fixture_millis()));
    }
    CHECK_INT(tftpserver_do_disconnect(self.server, 3), INDEX_OUT_OF_RANGE);
    CHECK_INT(tftpserver_do_disconnect(self.server, -1), INDEX_OUT_OF_RANGE);
    CHECK_INT(tftpserver_do_disconnect(self.server, FIRST_ID + 3), INDEX_OUT_OF_RANGE);
    CHECK_INT(tftpserver_do_disconnect(self.server, 1), 0);
    CHECK(client_expect(&clients[1], ERROR, 0, fixture_millis()));
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->connection_id, FIRST_ID + 1);
    CHECK_INT(tftpserver_do_disconnect(self.server, FIRST_ID + 2), 0);
    CHECK_INT(tftpserver_do_disconnect(self.server, FIRST_ID + 2), 0);
    CHECK(client_expect(&clients[2], ERROR, 0, fixture_millis()));
    CHECK(fixture_await(&self, DISCONNECTED, 2));
    CHECK_INT(fixture_find(&self, DISCONNECTED, 1)->connection_id, FIRST_ID + 2);
    client_ack(&clients[0], 1);
    CHECK(client_expect(&clients[0], DATA, 2, fixture_millis()));
    CHECK_INT(fixture_count(&self, DISCONNECTED), 2);
    for (i = 0; i < 3; i++) {
        client_close(&clients[i]);
    }
    fixture_close(&self);
    free(data);
}

/* Every setting has its default again; callbacks, the event descriptor and queued events stay. */
static void reset(void)
{
    uint8_t *data = fixture_bytes(3000);
    client reader;
    int descriptor;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    descriptor = tftpserver_get_event_fd(self.server);
    CHECK(fixture_write(&self, "f", data, 3000));
    CHECK_INT(tftpserver_set_int(self.server, TIMEOUT, 0, 7), 0);
    CHECK(tftpserver_do_config(self.server, "LogLevel=3") != NULL);
    CHECK(tftpserver_do_config(self.server, "TransferPorts=40000-40100") != NULL);
    NEED(client_open(&reader, self.port, self.server));
    client_request(&reader, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&reader, DATA, 1, fixture_millis()));
    CHECK_INT(tftpserver_do_reset(self.server), 0);
    CHECK_TEXT(tftpserver_get(self.server, LISTENING, 0), "False");
    CHECK_TEXT(tftpserver_get(self.server, LOCAL_DIR, 0), "");
    CHECK_TEXT(tftpserver_get(self.server, LOCAL_HOST, 0), "");
    CHECK_INT(tftpserver_get_int(self.server, LOCAL_PORT, 0), 69);
    CHECK_INT(tftpserver_get_int(self.server, TIMEOUT, 0), 60);
    CHECK_TEXT(tftpserver_do_config(self.server, "LogLevel"), "1");
    CHECK_TEXT(tftpserver_do_config(self.server, "TransferPorts"), "");
    CHECK_TEXT(tftpserver_do_config(self.server, "SelectWaitMillis"), "20");
    CHECK_INT(tftpserver_get_event_fd(self.server), descriptor);
    CHECK(client_expect(&reader, ERROR, 0, fixture_millis()));
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 10053);
    client_close(&reader);
    CHECK_INT(tftpserver_set_int(self.server, LOCAL_PORT, 0, 0), 0);
    CHECK_INT(tftpserver_set(self.server, LOCAL_DIR, 0, self.dir), 0);
    CHECK(fixture_listen(&self));
    NEED(client_open(&reader, self.port, self.server));
    client_request(&reader, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&reader, DATA, 1, fixture_millis()));
    CHECK_INT(fixture_count(&self, CONNECTED), 2);
    client_close(&reader);
    fixture_close(&self);
    free(data);
}

/* ---- Interrupt ---- */

static void *waits_for_a_signal(void *context)
{
    sigset_t wanted;
    int number = 0;
    (void)context;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGUSR1);
    sigwait(&wanted, &number);
    return (void *)(intptr_t)tftpserver_do_interrupt(self.server);
}

static volatile sig_atomic_t caught;

static void catches(int number)
{
    (void)number;
    caught = 1;
}

static void *sends_a_signal(void *context)
{
    struct timespec moment = {0, 50 * 1000 * 1000};
    nanosleep(&moment, NULL);
    pthread_kill(*(pthread_t *)context, SIGUSR2);
    return NULL;
}

/* A program that ends on SIGTERM: a thread takes the signal and interrupts. The library's threads take no signals,
   though they existed before the signal was blocked. After a handler on the waiting thread itself, DoEvents goes on
   waiting. */
static void signals(void)
{
    pthread_t thread, here = pthread_self();
    struct sigaction action = {0};
    sigset_t blocked;
    int64_t begin;
    void *result;
    NEED(fixture_open(&self));
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &blocked, NULL);
    CHECK(tftpserver_do_config(self.server, "SelectWaitMillis=60000") != NULL);
    NEED(pthread_create(&thread, NULL, waits_for_a_signal, NULL) == 0);
    begin = client_now();
    CHECK_INT(kill(getpid(), SIGUSR1), 0);
    CHECK_INT(tftpserver_do_doevents(self.server), 0);
    CHECK(client_now() - begin < fixture_millis());
    pthread_join(thread, &result);
    CHECK_INT((intptr_t)result, 0);
    action.sa_handler = catches;
    sigaction(SIGUSR2, &action, NULL);
    CHECK(tftpserver_do_config(self.server, "SelectWaitMillis=300") != NULL);
    NEED(pthread_create(&thread, NULL, sends_a_signal, &here) == 0);
    begin = client_now();
    CHECK_INT(tftpserver_do_doevents(self.server), 0);
    CHECK(client_now() - begin >= 295);
    pthread_join(thread, NULL);
    CHECK(caught);
    fixture_close(&self);
}

/*
 * Events that were not delivered because of an interrupt stay queued, and the descriptor stays
 * readable.
 */
static int32_t interrupts(recorder *events, tftpserver *server, tftpserver_event *event)
{
    (void)events;
    return event->id == CONNECTION_REQUEST ? tftpserver_do_interrupt(server) : 0;
}

static int is_readable(int epoll, int millis)
{
    struct epoll_event ready;
    return epoll_wait(epoll, &ready, 1, millis);
}

static void the_descriptor_under_epoll(void)
{
    struct epoll_event wanted = {EPOLLIN, {0}};
    client reader;
    int epoll = epoll_create1(0), descriptor, i;
    NEED(fixture_open(&self));
    fixture_record(&self, TRANSFER);
    CHECK(tftpserver_do_config(self.server, "SelectWaitMillis=0") != NULL);
    CHECK(fixture_write(&self, "f", "content", 7));
    descriptor = tftpserver_get_event_fd(self.server);
    NEED(epoll >= 0 && descriptor >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &wanted) == 0);
    CHECK_INT(is_readable(epoll, 0), 0);
    NEED(client_open(&reader, self.port, NULL));
    client_request(&reader, RRQ, "f", "octet", NULL);
    for (i = 0; i < 3; i++) {
        CHECK_INT(is_readable(epoll, i == 0 ? fixture_millis() : 0), 1); /* level: again and again */
    }
    while (fixture_count(&self, START_TRANSFER) == 0 && is_readable(epoll, fixture_millis()) == 1) {
        CHECK_INT(tftpserver_do_doevents(self.server), 0);
    }
    CHECK(client_expect(&reader, DATA, 1, fixture_millis()));
    CHECK_INT(is_readable(epoll, 50), 0);
    client_ack(&reader, 1);
    while (fixture_count(&self, DISCONNECTED) == 0 && is_readable(epoll, fixture_millis()) == 1) {
        CHECK_INT(tftpserver_do_doevents(self.server), 0);
    }
    CHECK_INT(fixture_count(&self, TRANSFER), 1);
    CHECK_INT(fixture_count(&self, DISCONNECTED), 1);
    CHECK_INT(is_readable(epoll, 50), 0);
    client_close(&reader);

    self.events.hook = interrupts;
    CHECK_INT(tftpserver_do_interrupt(self.server), 0);
    CHECK_INT(is_readable(epoll, 0), 0);
    CHECK_INT(tftpserver_do_doevents(self.server), 0);
    for (i = 0; i < 2; i++) {
        NEED(client_open(&reader, self.port, NULL));
        client_request(&reader, RRQ, "f", "octet", NULL);
        client_close(&reader);
    }
    while (fixture_count(&self, CONNECTION_REQUEST) < 3 && is_readable(epoll, fixture_millis()) == 1) {
        size_t before = fixture_count(&self, CONNECTION_REQUEST);
        CHECK_INT(tftpserver_do_doevents(self.server), 0);
        CHECK(fixture_count(&self, CONNECTION_REQUEST) <= before + 1);
    }
    CHECK_INT(fixture_count(&self, CONNECTION_REQUEST), 3);
    close(epoll);
    fixture_close(&self);
}

int main(void)
{
    check_begin(120);
    RUN(config_takes_one_setting_a_call);
    RUN(starting_twice_is_starting_once);
    RUN(stopping_leaves_transfers_alone);
    RUN(shutdown_ends_all_of_it);
    RUN(disconnect_by_position_and_by_id);
    RUN(reset);
    RUN(signals);
    RUN(the_descriptor_under_epoll);
    return check_end();
}
