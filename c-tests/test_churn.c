/*
 * Clients come and go without pause: thousands of short reads and writes, some given up, some by
 * processes that are killed, on a server with every callback and on one with none. What the process
 * holds is looked at each second and may not grow once it has warmed up.
 *
 *   TFTP_CHURN_SECONDS=3600 TFTP_SEED=7 test_churn
 */
#define _XOPEN_SOURCE 700
#include <sys/wait.h>

#include "check.h"
#include "fixture.h"
#include "guest.h"
#include "resources.h"
#include "watchdog.h"

enum { GUESTS = 4, BIGGEST = 200000, USUAL_SECONDS = 10, HANGS_AFTER = 120, SILENT_MILLIS = 3000 };

/*
 * KiB by which the last third of a run may exceed the middle one: uploads and chunks under way at
 * one moment.
 */
enum { SPREAD = 4096 };

/* Descriptors that may stay open for later transfers. */
enum { FEW = 40 };

static fixture with_callbacks, without;
static uint8_t *content;
static const size_t sizes[4] = {0, 700, 20000, BIGGEST};
static int stop;
static long fired;

/* The highest values in a part of the run. */
struct peak {
    resources most;
    long looks;
};

static int32_t on_event(tftpserver *server, tftpserver_event *event, void *context)
{
    (void)server;
    (void)event;
    (void)context;
    fired++;
    return 0;
}

static guest new_guest(uint64_t seed, int number)
{
    guest self = {0};
    self.chance = chance_stream(seed, (uint64_t)number);
    self.content = content;
    memcpy(self.sizes, sizes, sizeof sizes);
    self.number = number;
    self.abandons_one_in = 100;
    return self;
}

static int port_of_either(guest *self)
{
    return chance_one_in(&self->chance, 2) ? with_callbacks.port : without.port;
}

static void *visits(void *context)
{
    guest *self = context;
    watchdog_doing(self->number, "a visit");
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        guest_visit(self, port_of_either(self), SILENT_MILLIS, &stop);
    }
    watchdog_doing(self->number, NULL);
    return NULL;
}

/* A client process that is killed in the middle of its work. */
static void one_is_killed(uint64_t seed, chance *chance)
{
    struct timespec moment = {0, 1000000 + (long)chance_below(chance, 20000000)};
    pid_t child = fork();
    if (child == 0) {
        guest self = new_guest(seed, GUESTS);
        for (;;) {
            guest_visit(&self, port_of_either(&self), SILENT_MILLIS, NULL);
        }
    }
    CHECK(child > 0);
    nanosleep(&moment, NULL);
    if (child > 0) {
        CHECK_INT(kill(child, SIGKILL), 0);
        CHECK_INT(waitpid(child, NULL, 0), child);
    }
}

static int serve(fixture *self, int callbacks)
{
    int event;
    size_t i;
    if (!fixture_prepare(self) || tftpserver_set_int(self->server, RETRANSMIT_TIMEOUT, 0, 1) != 0
        || tftpserver_set_int(self->server, MAX_RETRANSMITS, 0, 1) != 0
        || !tftpserver_do_config(self->server, callbacks ? "IoThreads=2" : "SinglePort=True")) {
        return 0;
    }
    for (event = 1; callbacks && event <= 8; event++) {
        if (tftpserver_register_callback(self->server, event, on_event, NULL) != 0) {
            return 0;
        }
    }
    for (i = 0; i < 4; i++) {
        char name[8];
        snprintf(name, sizeof name, "f%d", (int)i);
        if (!fixture_write(self, name, content, sizes[i])) {
            return 0;
        }
    }
    return fixture_listen(self);
}

static void look(struct peak *peak, const resources *now)
{
    peak->looks++;
    peak->most.rss = now->rss > peak->most.rss ? now->rss : peak->most.rss;
    peak->most.threads = now->threads > peak->most.threads ? now->threads : peak->most.threads;
    peak->most.descriptors = now->descriptors > peak->most.descriptors ? now->descriptors : peak->most.descriptors;
}

static void say(const char *when, const resources *now)
{
    printf("%-12s %6ld KiB, %d descriptors, %d threads\n", when, now->rss, now->descriptors, now->threads);
}

/* Looks at each third that has begun for the first time. */
static void look_at_new_ones(struct peak thirds[3], int last)
{
    int i;
    for (i = 0; i <= last; i++) {
        if (thirds[i].looks == 0) {
            resources held = resources_now();
            look(&thirds[i], &held);
        }
    }
}

/* Delivers events, kills clients, and measures once per second, in thirds of the run. */
static void run(uint64_t seed, long seconds, struct peak thirds[3])
{
    chance chance = chance_stream(seed, 1000);
    int64_t begin = client_now(), next_look = begin, next_kill = begin;
    int64_t end = begin + seconds * 1000, now;
    while ((now = client_now()) < end) {
        CHECK_INT(tftpserver_do_doevents(with_callbacks.server), 0);
        look_at_new_ones(thirds, (int)((now - begin) * 3 / (seconds * 1000)));
        if (now >= next_kill) {
            next_kill = now + 250;
            one_is_killed(seed + (uint64_t)now, &chance);
        }
        if (now >= next_look) {
            resources held = resources_now();
            long second = (long)((now - begin) / 1000), every = (seconds + 59) / 60;
            next_look += 1000;
            look(&thirds[(now - begin) * 3 / (seconds * 1000)], &held);
            watchdog_alive(second);
            if (second % every == 0) {
                char when[32];
                snprintf(when, sizeof when, "%ld s", second);
                say(when, &held);
            }
        }
    }
    look_at_new_ones(thirds, 2);
}

/* Checks that every connection ends and that the records are gone with the last one. */
static void await_the_end(fixture *self)
{
    int64_t end = client_now() + fixture_millis();
    const char *figures;
    do {
        CHECK_INT(tftpserver_do_doevents(self->server), 0);
        figures = tftpserver_do_config(self->server, "Statistics");
    } while (figures && !strstr(figures, "\"active\":0,") && client_now() < end);
    printf("%s\n", figures ? figures : "(no figures)");
    CHECK(figures && strstr(figures, "\"active\":0,"));
    CHECK(fixture_await_connections(self, 0));
    /* The file of an ended upload is removed in the background. */
    while (resources_temporary(self->dir) > 0 && client_now() < end) {
        CHECK_INT(tftpserver_do_doevents(self->server), 0);
    }
    CHECK_INT(resources_temporary(self->dir), 0);
}

/* Waits until no more descriptors are open: an upload keeps its socket for a while, to repeat its last ACK. Returns the
   number. */
static int descriptors_down_to(int wanted)
{
    int64_t end = client_now() + fixture_millis();
    int held;
    while ((held = resources_now().descriptors) > wanted && client_now() < end) {
        CHECK_INT(tftpserver_do_doevents(with_callbacks.server), 0);
    }
    return held;
}

static void nothing_grows(void)
{
    uint64_t seed = chance_seed();
    long seconds = chance_length("TFTP_CHURN_SECONDS", USUAL_SECONDS), reads = 0, writes = 0, whole = 0, over;
    resources before = resources_now(), serving;
    struct peak thirds[3] = {{{0, 0, 0, 0}, 0}};
    pthread_t threads[GUESTS];
    guest guests[GUESTS];
    int i, descriptors;
    NEED(serve(&with_callbacks, 1) && serve(&without, 0));
    serving = resources_now();
    for (i = 0; i < GUESTS; i++) {
        guests[i] = new_guest(seed, i);
        CHECK_INT(pthread_create(&threads[i], NULL, visits, &guests[i]), 0);
    }
    run(seed, seconds, thirds);
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (i = 0; i < GUESTS; i++) {
        pthread_join(threads[i], NULL);
        CHECK_INT(guests[i].wrong, 0);
        reads += guests[i].reads;
        writes += guests[i].writes;
        whole += guests[i].whole;
    }
    await_the_end(&with_callbacks);
    await_the_end(&without);
    printf("figure: %ld s of churn: %ld reads, %ld writes, %ld whole; %ld events\n", seconds, reads, writes, whole,
           fired);
    for (i = 0; i < 3; i++) {
        printf("figure: third %d: at most %ld KiB, %d descriptors, %d threads\n", i + 1, thirds[i].most.rss,
               thirds[i].most.descriptors, thirds[i].most.threads);
    }
    descriptors = descriptors_down_to(serving.descriptors + FEW);
    printf("figure: %d descriptors before, %d after\n", serving.descriptors, descriptors);
    CHECK(descriptors <= serving.descriptors + FEW);
    /* The last visit of each guest was cut off. Of few visits chance may give up more than half. */
    over = reads + writes - GUESTS;
    CHECK(reads > 0 && writes > 0 && fired > 0);
    CHECK(whole > (over < 200 ? over / 4 : over / 2));
    if (check_slowness() == 1) {
        CHECK(thirds[2].most.rss <= thirds[1].most.rss + SPREAD);
    }
    /* The pool of file threads may grow within its bound at any moment. The number of descriptors follows the running
       transfers and the uploads that wait to repeat their last ACK, each of which has its own socket. */
    CHECK(thirds[2].most.threads <= before.threads + GUESTS + 3 + 64);
    if (seconds >= 60) {
        CHECK(thirds[2].most.descriptors <= thirds[1].most.descriptors * 5 / 4 + 100);
    }
    fixture_close(&with_callbacks);
    fixture_close(&without);
    CHECK(resources_are_back(&before));
}

int main(void)
{
    resources_begin();
    check_begin((int)(240 + 2 * chance_length("TFTP_CHURN_SECONDS", USUAL_SECONDS)));
    content = fixture_bytes(BIGGEST);
    CHECK(content != NULL);
    watchdog_begin(HANGS_AFTER);
    RUN(nothing_grows);
    watchdog_end();
    free(content);
    return check_end();
}
