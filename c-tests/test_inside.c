/* Calls from inside callbacks that change the server while transfers run. */
#define _XOPEN_SOURCE 700
#include "check.h"
#include "fixture.h"

enum { CLIENTS = 4, SIZE = 40000 };

static fixture self;
static uint8_t *data;
static int calls;

/* The action that the hook takes once, at the first event of this id. */
struct act {
    int event;
    int32_t (*does)(tftpserver *server, int32_t id);
    int done;
    int32_t result;
};

static int32_t acts(recorder *events, tftpserver *server, tftpserver_event *event)
{
    struct act *act = events->extra;
    calls++;
    if (event->id == act->event && !act->done) {
        act->done = 1;
        act->result = act->does(server, events->records[events->count - 1].connection_id);
    }
    return 0;
}

static int32_t stops(tftpserver *server, int32_t id)
{
    (void)id;
    return tftpserver_do_stoplistening(server);
}

static int32_t shuts_down(tftpserver *server, int32_t id)
{
    (void)id;
    return tftpserver_do_shutdown(server);
}

static int32_t resets(tftpserver *server, int32_t id)
{
    (void)id;
    return tftpserver_do_reset(server);
}

static int32_t disconnects_itself(tftpserver *server, int32_t id)
{
    return tftpserver_do_disconnect(server, id);
}

/* The neighbour in the Conn arrays, by position. */
static int32_t disconnects_another(tftpserver *server, int32_t id)
{
    int64_t i, count = tftpserver_get_int(server, CONN_COUNT, 0);
    for (i = 0; i < count; i++) {
        if (tftpserver_get_int(server, CONN_CONNECTION_ID, (int32_t)i) != id) {
            return tftpserver_do_disconnect(server, (int32_t)i);
        }
    }
    return 0;
}

static int32_t unregisters_all(tftpserver *server, int32_t id)
{
    int event;
    (void)id;
    for (event = 1; event <= 8; event++) {
        if (event != DISCONNECTED && tftpserver_register_callback(server, event, NULL, NULL) != 0) {
            return 1;
        }
    }
    return 0;
}

static int32_t registers_anew(tftpserver *server, int32_t id)
{
    (void)server;
    (void)id;
    fixture_record(&self, TRANSFER);
    return 0;
}

static int32_t sets_and_asks(tftpserver *server, int32_t id)
{
    int32_t wrong = 0;
    wrong += tftpserver_set(server, LOCAL_DIR, 0, self.dir) != 0;
    wrong += tftpserver_set_int(server, MAX_RETRANSMITS, 0, 9) != 0;
    wrong += tftpserver_set_int(server, LOCAL_PORT, 0, 1234) != 106;
    wrong += tftpserver_do_config(server, "MaxConnections=77") == NULL;
    wrong += tftpserver_do_config(server, "Statistics") == NULL;
    wrong += tftpserver_do_config(server, "ReadOnly=False") == NULL;
    wrong += tftpserver_get(server, CONN_FILENAME, id) == NULL;
    wrong += tftpserver_get_int(server, CONN_COUNT, 0) < 1;
    wrong += tftpserver_do_interrupt(server) != 0;
    return wrong;
}

static int32_t restarts(tftpserver *server, int32_t id)
{
    (void)id;
    return tftpserver_do_stoplistening(server) + tftpserver_set_int(server, LOCAL_PORT, 0, 0)
         + tftpserver_do_startlistening(server);
}

/* Drives all transfers at once, half of them uploads, until each has ended or fallen silent for good. `act` may have
   left a request unread; then no connection is left while its client still waits. */
static void turn(client *clients, const struct act *act)
{
    enum { SILENT_FOR_GOOD = 20 };
    unsigned blocks[CLIENTS] = {0};
    int64_t end = client_now() + fixture_millis();
    int i, left = CLIENTS, over[CLIENTS] = {0}, silent = 0;
    while (left > 0 && client_now() < end && fixture_count(&self, DISCONNECTED) < CLIENTS && silent < SILENT_FOR_GOOD) {
        tftpserver_do_doevents(self.server);
        silent = act->done && tftpserver_get_int(self.server, CONN_COUNT, 0) == 0 ? silent + 1 : 0;
        for (i = 0; i < CLIENTS; i++) {
            while (!over[i] && client_receive(&clients[i], 0)) {
                int opcode = client_opcode(&clients[i]);
                if (opcode == DATA && client_block(&clients[i]) == (int)blocks[i] + 1) {
                    client_ack(&clients[i], ++blocks[i]);
                } else if (opcode == ACK && client_block(&clients[i]) == (int)blocks[i] && blocks[i] <= SIZE / 512) {
                    size_t at = (size_t)blocks[i] * 512, part = SIZE - at < 512 ? SIZE - at : 512;
                    client_data(&clients[i], ++blocks[i], data + at, part);
                } else if (opcode == ERROR) {
                    over[i] = 1;
                    left--;
                }
            }
        }
    }
}

/*
 * Runs the transfers while `act` happens; every Connected gets its Disconnected if both are still
 * registered.
 */
static void run(struct act *act, int ended)
{
    client *clients = malloc(CLIENTS * sizeof *clients);
    int64_t end;
    size_t i, failed = 0;
    NEED(clients != NULL && fixture_open(&self));
    fixture_record(&self, TRANSFER);
    fixture_record_one(&self, LOG);
    self.events.hook = acts;
    self.events.extra = act;
    CHECK(fixture_write(&self, "f", data, SIZE));
    for (i = 0; i < CLIENTS; i++) {
        char name[8];
        NEED(client_open(&clients[i], self.port, self.server));
        snprintf(name, sizeof name, i % 2 ? "up%d" : "f", (int)i);
        client_request(&clients[i], i % 2 ? WRQ : RRQ, name, "octet", NULL);
    }
    turn(clients, act);
    end = client_now() + fixture_millis();
    while (tftpserver_get_int(self.server, CONN_COUNT, 0) != 0 && client_now() < end) {
        CHECK_INT(tftpserver_do_doevents(self.server), 0);
    }
    CHECK(act->done);
    CHECK_INT(act->result, 0);
    CHECK_INT(tftpserver_get_int(self.server, CONN_COUNT, 0), 0);
    CHECK_INT(fixture_count(&self, DISCONNECTED), fixture_count(&self, CONNECTED));
    for (i = 0; i < fixture_count(&self, DISCONNECTED); i++) {
        const record *entry = fixture_find(&self, DISCONNECTED, i);
        CHECK(entry->code == 0 || entry->code == 10053);
        failed += entry->code != 0;
    }
    if (ended >= 0) {
        CHECK_INT(failed, ended);
    }
    for (i = 0; i < CLIENTS; i++) {
        client_close(&clients[i]);
    }
    free(clients);
    fixture_close(&self);
}

static void with(int32_t (*does)(tftpserver *server, int32_t id), int event, int ended)
{
    struct act act = {0, NULL, 0, -1};
    act.event = event;
    act.does = does;
    run(&act, ended);
}

static const int events_of_all[] = {CONNECTED, CONNECTION_REQUEST, DISCONNECTED, END_TRANSFER,
                                    LOG,       START_TRANSFER,     TRANSFER};

static void each(int32_t (*does)(tftpserver *server, int32_t id), int ended)
{
    size_t i;
    for (i = 0; i < sizeof events_of_all / sizeof *events_of_all; i++) {
        with(does, events_of_all[i], ended);
    }
}

static void shutdown_inside(void)
{
    each(shuts_down, -1);
}

static void reset_inside(void)
{
    each(resets, -1);
}

static void set_inside(void)
{
    each(sets_and_asks, 0);
}

static void register_inside(void)
{
    each(registers_anew, 0);
}

static void stop_inside(void)
{
    with(stops, TRANSFER, 0);
    with(stops, DISCONNECTED, 0);
    with(restarts, TRANSFER, 0);
    with(restarts, END_TRANSFER, 0);
}

static void disconnect_inside(void)
{
    with(disconnects_itself, CONNECTED, 1);
    with(disconnects_itself, CONNECTION_REQUEST, 1);
    with(disconnects_itself, START_TRANSFER, 1);
    with(disconnects_itself, TRANSFER, 1);
    with(disconnects_another, TRANSFER, 1);
}

/*
 * The connections continue without callbacks; those that were reported before get their
 * Disconnected.
 */
static void unregister_inside(void)
{
    client reader;
    transfer got;
    struct act act = {TRANSFER, unregisters_all, 0, -1};
    NEED(fixture_open(&self));
    fixture_record(&self, TRANSFER);
    self.events.hook = acts;
    self.events.extra = &act;
    CHECK(fixture_write(&self, "f", data, SIZE));
    NEED(client_open(&reader, self.port, self.server));
    got = client_download(&reader, "f", "octet", NULL, fixture_millis());
    CHECK_BYTES(got.data, got.length, data, SIZE);
    free(got.data);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(act.result, 0);
    CHECK_INT(fixture_count(&self, TRANSFER), 1);
    CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 0);
    client_close(&reader);
    fixture_close(&self);
}

int main(void)
{
    check_begin(240);
    data = fixture_bytes(SIZE);
    RUN(shutdown_inside);
    RUN(reset_inside);
    RUN(set_inside);
    RUN(register_inside);
    RUN(stop_inside);
    RUN(disconnect_inside);
    RUN(unregister_inside);
    CHECK(calls > 0);
    free(data);
    return check_end();
}
