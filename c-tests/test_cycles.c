/*
 * A server is opened and ended again and again while many threads use it: clients read and write,
 * two threads deliver events, callbacks dawdle and call the library, others start, stop, shut down
 * and disconnect, and close comes at any moment, sometimes from two threads at once. Afterwards
 * nothing may be left of it: no thread, no descriptor, no temporary file, no memory.
 *
 *   TFTP_CYCLES=10000 TFTP_SEED=7 test_cycles
 */
#define _XOPEN_SOURCE 700
#include <sched.h>
#include <sys/stat.h>

#include "check.h"
#include "fixture.h"
#include "guest.h"
#include "resources.h"
#include "watchdog.h"

enum { GUESTS = 3, DELIVERERS = 2, ORDERERS = 2, THREADS = GUESTS + DELIVERERS + ORDERERS };
enum { CLOSERS = THREADS, BIGGEST = 150000, USUAL = 300, HANGS_AFTER = 60 };

/* KiB that may be added after the first quarter of many cycles: pages that the heap spreads over, and small blocks that
   the C library keeps for the threads that stay, which count as given out. */
enum { SPREAD = 2048, KEPT = 384, CYCLES_FOR_MEMORY = 200 };

static char dir[] = "/tmp/tftpserver-cycles-XXXXXX";
static uint8_t *content;
static const size_t sizes[4] = {0, 1500, 40000, BIGGEST};
static long events, orders, whole, wrong;

/* One life of a server. */
struct life {
    tftpserver *server;
    uint64_t seed;
    int port;                    /* the port that it listened on last */
    int stop;                    /* the guests leave */
    int strange;                 /* results that no function may give */
    chance inside;               /* for the callbacks, which run one at a time */
    pthread_t threads[THREADS];
};

static void dawdle(chance *chance, unsigned micros)
{
    struct timespec moment = {0, 1000 * (long)chance_below(chance, micros + 1)};
    if (moment.tv_nsec < 20000) {
        sched_yield();
    } else {
        nanosleep(&moment, NULL);
    }
}

/* Counts results other than those that every call may have at any moment. */
static void expect(struct life *life, int32_t code)
{
    static const int32_t usual[] = {0, NOT_A_HANDLE, INDEX_OUT_OF_RANGE, 106, 107, 130};
    size_t i;
    for (i = 0; i < sizeof usual / sizeof *usual; i++) {
        if (code == usual[i]) {
            return;
        }
    }
    printf("TFTP_SEED of this life %llu: a call answered %d\n", (unsigned long long)life->seed, code);
    __atomic_fetch_add(&life->strange, 1, __ATOMIC_RELAXED);
}

static void start(struct life *life)
{
    int32_t code = tftpserver_do_startlistening(life->server);
    int64_t port = tftpserver_get_int(life->server, LOCAL_PORT, 0);
    expect(life, code);
    if (code == 0 && port > 0) {
        __atomic_store_n(&life->port, (int)port, __ATOMIC_RELAXED);
    }
}

static int32_t on_event(tftpserver *server, tftpserver_event *event, void *context);

/* Makes a random call of those that any thread may make at any moment, callbacks included. */
static void order(struct life *life, chance *chance)
{
    tftpserver *server = life->server;
    char text[40];
    size_t length;
    switch (chance_below(chance, 16)) {
    case 0:
        expect(life, tftpserver_do_stoplistening(server));
        break;
    case 1:
        expect(life, tftpserver_do_shutdown(server));
        break;
    case 2:
    case 3:
    case 4:
        start(life);
        break;
    case 5:
        expect(life, tftpserver_do_disconnect(server, (int32_t)chance_below(chance, 3)));
        break;
    case 6:
        expect(life, tftpserver_do_interrupt(server));
        break;
    case 7:
        expect(life, tftpserver_register_callback(server, 1 + (int32_t)chance_below(chance, 8), NULL, NULL));
        break;
    case 8:
    case 9:
        expect(life, tftpserver_register_callback(server, 1 + (int32_t)chance_below(chance, 8), on_event, life));
        break;
    case 10:
        snprintf(text, sizeof text, "MaxWindowSize=%u", 1 + chance_below(chance, 64));
        tftpserver_do_config(server, text);
        expect(life, tftpserver_get_last_error_code(server));
        break;
    case 11:
        tftpserver_do_config(server, "Statistics");
        expect(life, tftpserver_get_last_error_code(server));
        break;
    case 12:
        tftpserver_get(server, CONN_FILENAME, 0);
        expect(life, tftpserver_get_last_error_code(server));
        break;
    case 13:
        expect(life, tftpserver_set_bytes(server, CONN_FILE_DATA, 0, content, 0));
        tftpserver_get_bytes(server, CONN_FILE_DATA, 0, &length);
        break;
    case 14:
        tftpserver_get_event_fd(server);
        expect(life, tftpserver_set(server, LOCAL_DIR, 0, dir));
        break;
    default:
        expect(life, tftpserver_set_int(server, LOCAL_PORT, 0, 0));
    }
}

static int32_t on_event(tftpserver *server, tftpserver_event *event, void *context)
{
    struct life *life = context;
    (void)server;
    __atomic_fetch_add(&events, 1, __ATOMIC_RELAXED);
    if (chance_one_in(&life->inside, 12)) {
        dawdle(&life->inside, 1500);
    }
    if (chance_one_in(&life->inside, 6)) {
        order(life, &life->inside);
    }
    if (chance_one_in(&life->inside, 40)) {
        int32_t code = tftpserver_close(server);
        expect(life, code == NOT_IN_CALLBACK ? 0 : code == 0 ? -1 : code);
    }
    if (event->id == CONNECTION_REQUEST && chance_one_in(&life->inside, 10)) {
        event->data.connection_request.accept = 0;
    }
    return chance_one_in(&life->inside, 60) ? 7 : 0;
}

/* The argument of a thread of a life: its number, which also selects its random stream. */
struct part {
    struct life *life;
    int number;
};

static void *delivers(void *context)
{
    struct part *part = context;
    int32_t code;
    watchdog_doing(part->number, "DoEvents");
    do {
        code = tftpserver_do_doevents(part->life->server);
        expect(part->life, code);
    } while (code == 0);
    watchdog_doing(part->number, NULL);
    return NULL;
}

static void *gives_orders(void *context)
{
    struct part *part = context;
    chance chance = chance_stream(part->life->seed, (uint64_t)part->number);
    watchdog_doing(part->number, "orders");
    do {
        order(part->life, &chance);
        __atomic_fetch_add(&orders, 1, __ATOMIC_RELAXED);
        dawdle(&chance, 400);
        tftpserver_get(part->life->server, LISTENING, 0);
    } while (tftpserver_get_last_error_code(part->life->server) != NOT_A_HANDLE);
    watchdog_doing(part->number, NULL);
    return NULL;
}

static void *visits(void *context)
{
    enum { SILENT_MILLIS = 30 };
    struct part *part = context;
    struct life *life = part->life;
    guest guest = {0};
    guest.chance = chance_stream(life->seed, (uint64_t)part->number);
    guest.content = content;
    memcpy(guest.sizes, sizes, sizeof sizes);
    guest.number = part->number;
    guest.abandons_one_in = 40;
    watchdog_doing(part->number, "a visit");
    while (!__atomic_load_n(&life->stop, __ATOMIC_RELAXED)) {
        guest_visit(&guest, __atomic_load_n(&life->port, __ATOMIC_RELAXED), SILENT_MILLIS * check_slowness(),
                    &life->stop);
    }
    __atomic_fetch_add(&whole, guest.whole, __ATOMIC_RELAXED);
    __atomic_fetch_add(&wrong, guest.wrong, __ATOMIC_RELAXED);
    watchdog_doing(part->number, NULL);
    return NULL;
}

static void *closes(void *server)
{
    return (void *)(intptr_t)tftpserver_close(server);
}

/* Closes the server from one thread or from two at once; exactly one of them succeeds. */
static void end(struct life *life, chance *chance)
{
    pthread_t other;
    void *second = (void *)(intptr_t)NOT_A_HANDLE;
    int both = chance_one_in(chance, 4) && pthread_create(&other, NULL, closes, life->server) == 0;
    int32_t first;
    watchdog_doing(CLOSERS, "close");
    first = tftpserver_close(life->server);
    if (both) {
        pthread_join(other, &second);
    }
    watchdog_doing(CLOSERS, "waits for the others");
    CHECK(first == 0 ? (intptr_t)second == NOT_A_HANDLE : first == NOT_A_HANDLE && (intptr_t)second == 0);
}

static int prepare(struct life *life, chance *chance)
{
    static const char *const settings[] = {
        "SinglePort=True",    "IoThreads=2", "IoThreads=3",      "BusyPollMicros=200",
        "UseConnection=True", "LogLevel=3",  "SyncUploads=True", "TransferPorts=41000-41007"};
    int event, i;
    life->server = tftpserver_open();
    life->inside = chance_stream(life->seed, 99);
    if (!life->server || tftpserver_set(life->server, LOCAL_DIR, 0, dir) != 0
        || tftpserver_set(life->server, LOCAL_HOST, 0, "127.0.0.1") != 0
        || tftpserver_set_int(life->server, LOCAL_PORT, 0, 0) != 0) {
        return 0;
    }
    for (i = 0; i < 2; i++) {
        unsigned which = chance_below(chance, 12);
        if (which < sizeof settings / sizeof *settings) {
            CHECK(tftpserver_do_config(life->server, settings[which]) != NULL);
        }
    }
    CHECK(
        tftpserver_do_config(life->server, chance_one_in(chance, 3) ? "SelectWaitMillis=0" : "SelectWaitMillis=60000"));
    for (event = 1; event <= 8; event++) {
        if (chance_one_in(chance, 2)) {
            CHECK_INT(tftpserver_register_callback(life->server, event, on_event, life), 0);
        }
    }
    start(life);
    return life->port > 0;
}

static void live(uint64_t seed)
{
    static void *(*const does[THREADS])(void *) = {visits,   visits,       visits,      delivers,
                                                   delivers, gives_orders, gives_orders};
    struct life life = {0};
    struct part parts[THREADS];
    chance chance = chance_stream(seed, 1000);
    int i, running;
    life.seed = seed;
    watchdog_doing(CLOSERS, "opens");
    NEED(prepare(&life, &chance));
    for (running = 0; running < THREADS; running++) {
        parts[running].life = &life;
        parts[running].number = running;
        if (pthread_create(&life.threads[running], NULL, does[running], &parts[running]) != 0) {
            break;
        }
    }
    CHECK_INT(running, THREADS);
    dawdle(&chance, (chance_one_in(&chance, 10) ? 30000u : 6000u) * (unsigned)check_slowness());
    end(&life, &chance);
    __atomic_store_n(&life.stop, 1, __ATOMIC_RELAXED);
    for (i = 0; i < running; i++) {
        pthread_join(life.threads[i], NULL);
    }
    CHECK_INT(life.strange, 0);
    CHECK_INT(tftpserver_close(life.server), NOT_A_HANDLE);
    CHECK_INT(resources_temporary(dir), 0);
}

/* Checks that every file under a final name is a whole file of a guest. */
static void uploads_are_whole(void)
{
    int number, k, present = 0;
    fixture self = {0};
    snprintf(self.dir, sizeof self.dir, "%s", dir);
    for (number = 0; number <= GUESTS; number++) {
        char name[16];
        size_t length;
        uint8_t *data;
        int known = 0;
        snprintf(name, sizeof name, "up%d", number);
        data = fixture_read(&self, name, &length);
        for (k = 0; data && k < 4; k++) {
            known |= length == sizes[k] && memcmp(data, content, length) == 0;
        }
        CHECK(data == NULL || known);
        present += data != NULL;
        free(data);
    }
    CHECK(present > 0);
}

/* With few cycles, and a tool that slows them down, every upload may have been broken off. A last, undisturbed life
   takes one to its end. */
static void a_quiet_life_takes_an_upload(uint64_t seed)
{
    enum { SILENT_MILLIS = 1000 };
    struct life life = {0};
    guest guest = {0};
    char path[sizeof dir + 16];
    life.server = tftpserver_open();
    NEED(life.server);
    CHECK_INT(tftpserver_set(life.server, LOCAL_DIR, 0, dir), 0);
    CHECK_INT(tftpserver_set(life.server, LOCAL_HOST, 0, "127.0.0.1"), 0);
    CHECK_INT(tftpserver_set_int(life.server, LOCAL_PORT, 0, 0), 0);
    start(&life);
    NEED(life.port > 0);
    guest.chance = chance_stream(seed, 2000);
    guest.content = content;
    memcpy(guest.sizes, sizes, sizeof sizes);
    guest.number = GUESTS;
    snprintf(path, sizeof path, "%s/up%d", dir, guest.number);
    watchdog_doing(0, "a visit that nobody disturbs");
    while (guest.whole == 0 || access(path, F_OK) != 0) {
        guest_visit(&guest, life.port, SILENT_MILLIS * check_slowness(), NULL);
    }
    watchdog_doing(0, NULL);
    CHECK_INT(life.strange, 0);
    CHECK_INT(tftpserver_close(life.server), 0);
    whole += guest.whole;
    wrong += guest.wrong;
}

static void say(long cycle, const resources *now)
{
    printf("%ld cycles: %d descriptors, %d threads, %ld KiB, %ld of them given out; %ld events, %ld orders, %ld whole "
           "files\n",
           cycle, now->descriptors, now->threads, now->rss, now->heap, __atomic_load_n(&events, __ATOMIC_RELAXED),
           __atomic_load_n(&orders, __ATOMIC_RELAXED), __atomic_load_n(&whole, __ATOMIC_RELAXED));
}

static void nothing_is_left_of_any_life(void)
{
    uint64_t seed = chance_seed();
    long cycles = chance_length("TFTP_CYCLES", USUAL), cycle;
    resources before, now = {0, 0, 0, 0};
    long rss = 0, heap = 0;
    live(seed);
    before = resources_now();
    for (cycle = 1; cycle <= cycles && check_failed == 0; cycle++) {
        live(seed + (uint64_t)cycle);
        CHECK(resources_are_back(&before));
        watchdog_alive(cycle);
        now = resources_now();
        if (cycle == (cycles + 3) / 4) {
            rss = now.rss;
            heap = now.heap;
        }
        if (cycle % ((cycles + 9) / 10) == 0 || check_failed) {
            say(cycle, &now);
        }
    }
    if (check_failed) {
        printf("stopped in cycle %ld: again with TFTP_CYCLES=1 TFTP_SEED=%llu\n", cycle - 1,
               (unsigned long long)(seed + (uint64_t)cycle - 2));
    }
    printf("figure: %ld cycles under load: %d descriptors and %d threads before, %d and %d after; %ld KiB after a "
           "quarter, "
           "%ld at the end, of which given out %ld and %ld; %ld events, %ld orders, %ld whole files, %ld wrong\n",
           cycle - 1, before.descriptors, before.threads, now.descriptors, now.threads, rss, now.rss, heap, now.heap,
           events, orders, whole, wrong);
    /* Under valgrind and sanitizers, which do their own accounting, memory is not compared. */
    if (cycles >= CYCLES_FOR_MEMORY && check_slowness() == 1) {
        CHECK(now.rss <= rss + SPREAD);
        CHECK(now.heap <= heap + KEPT);
    }
    a_quiet_life_takes_an_upload(seed);
    CHECK(events > 0 && orders > 0 && whole > 0);
    CHECK_INT(wrong, 0);
    uploads_are_whole();
}

int main(void)
{
    fixture files = {0};
    size_t i;
    resources_begin();
    check_begin((int)(300 + chance_length("TFTP_CYCLES", USUAL) / 5));
    content = fixture_bytes(BIGGEST);
    CHECK(content && mkdtemp(dir));
    snprintf(files.dir, sizeof files.dir, "%s", dir);
    for (i = 0; i < 4; i++) {
        char name[8];
        snprintf(name, sizeof name, "f%d", (int)i);
        CHECK(fixture_write(&files, name, content, sizes[i]));
    }
    watchdog_begin(HANGS_AFTER);
    RUN(nothing_is_left_of_any_life);
    watchdog_end();
    fixture_close(&files);
    free(content);
    return check_end();
}
