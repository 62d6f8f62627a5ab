/*
 * A process that serves while it forks, while it ends, while its threads end, and under a rain of
 * signals.
 */
#define _GNU_SOURCE
#include <sys/wait.h>

#include "check.h"
#include "fixture.h"
#include "guest.h"
#include "resources.h"
#include "watchdog.h"

enum { SIZE = 60000, GUESTS = 2, SILENT_MILLIS = 2000, STORM_MICROS = 100 };

static const char *program;
static uint8_t *content;
static const size_t sizes[4] = {0, 1500, 20000, SIZE};

/* A busy server: guests run transfers, a thread delivers its events. */
struct busy {
    fixture files;
    guest guests[GUESTS];
    pthread_t threads[GUESTS + 1];
    int stop, strange;
};

static int32_t on_event(tftpserver *server, tftpserver_event *event, void *context)
{
    (void)server;
    (void)event;
    __atomic_fetch_add((long *)context, 1, __ATOMIC_RELAXED);
    return 0;
}

static void *visits(void *context)
{
    struct busy *self = ((void **)context)[0];
    guest *guest = ((void **)context)[1];
    free(context);
    while (!__atomic_load_n(&self->stop, __ATOMIC_RELAXED)) {
        guest_visit(guest, self->files.port, SILENT_MILLIS, &self->stop);
    }
    return NULL;
}

static void *delivers(void *context)
{
    struct busy *self = context;
    while (!__atomic_load_n(&self->stop, __ATOMIC_RELAXED)) {
        self->strange += tftpserver_do_doevents(self->files.server) != 0;
    }
    return NULL;
}

static int busy_begin(struct busy *self, long *fired)
{
    int i, event;
    memset(self, 0, sizeof *self);
    if (!fixture_open(&self->files)) {
        return 0;
    }
    for (i = 0; i < 4; i++) {
        char name[8];
        snprintf(name, sizeof name, "f%d", i);
        CHECK(fixture_write(&self->files, name, content, sizes[i]));
    }
    for (event = 1; event <= 8; event++) {
        CHECK_INT(tftpserver_register_callback(self->files.server, event, on_event, fired), 0);
    }
    for (i = 0; i < GUESTS; i++) {
        void **both = malloc(2 * sizeof *both);
        guest *guest = &self->guests[i];
        if (!both) {
            return 0;
        }
        guest->chance = chance_stream(5, (uint64_t)i);
        guest->content = content;
        memcpy(guest->sizes, sizes, sizeof sizes);
        guest->number = i;
        both[0] = self;
        both[1] = guest;
        CHECK_INT(pthread_create(&self->threads[i], NULL, visits, both), 0);
    }
    return pthread_create(&self->threads[GUESTS], NULL, delivers, self) == 0;
}

static void busy_end(struct busy *self)
{
    int i;
    __atomic_store_n(&self->stop, 1, __ATOMIC_RELAXED);
    for (i = 0; i <= GUESTS; i++) {
        pthread_join(self->threads[i], NULL);
    }
    CHECK_INT(self->strange, 0);
    for (i = 0; i < GUESTS; i++) {
        CHECK(self->guests[i].whole > 0);
        CHECK_INT(self->guests[i].wrong, 0);
    }
    fixture_close(&self->files);
}

/* ---- fork ---- */

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define KNOWS_NO_FORK
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define KNOWS_NO_FORK
#endif
#endif

/*
 * In a child, the parent's handle is invalid, and a server of its own works. Returns 0 if both
 * hold.
 */
static int child_serves(tftpserver *parents)
{
    fixture own;
    client reader;
    transfer got;
    int wrong = tftpserver_do_doevents(parents) != NOT_A_HANDLE;
    wrong += tftpserver_close(parents) != NOT_A_HANDLE;
    if (!fixture_open(&own)) {
        return 100;
    }
    fixture_record(&own, 0);
    wrong += !fixture_write(&own, "f", "child", 5) || !client_open(&reader, own.port, own.server);
    got = client_download(&reader, "f", "octet", NULL, fixture_millis());
    wrong += !got.complete || got.length != 5 || memcmp(got.data, "child", 5) != 0;
    wrong += !fixture_await(&own, DISCONNECTED, 1);
    free(got.data);
    client_close(&reader);
    fixture_close(&own);
    return wrong;
}

static void forks_while_it_serves(void)
{
    long rounds = chance_length("TFTP_FORKS", 40), round, fired = 0;
    struct busy self;
    chance chance = chance_stream(chance_seed(), 1);
#ifdef KNOWS_NO_FORK
    printf("NOT RUN: fork, for the sanitizers' own locks may be held by a thread that the child has not\n");
    return;
#endif
    NEED(busy_begin(&self, &fired));
    for (round = 0; round < rounds; round++) {
        struct timespec moment = {0, (long)chance_below(&chance, 3000000)};
        int status = -1;
        pid_t child;
        nanosleep(&moment, NULL);
        child = fork();
        if (child == 0) {
            /* Every third child ends by exit, which runs the exit handlers of the library and the C library. A leak
               checker would count the memory of the parent's threads. */
            int wrong;
            alarm((unsigned)(60 * check_slowness()));
            wrong = child_serves(self.files.server);
            if (round % 3 == 0 && check_slowness() == 1) {
                exit(wrong);
            }
            _exit(wrong);
        }
        NEED(child > 0);
        CHECK_INT(waitpid(child, &status, 0), child);
        CHECK_INT(status, 0);
        watchdog_alive(round);
    }
    busy_end(&self);
    CHECK(fired > 0);
}

/* ---- the end of the process ---- */

static int32_t exits(tftpserver *server, tftpserver_event *event, void *context)
{
    (void)server;
    (void)event;
    (void)context;
    exit(3);
}

static void *exits_elsewhere(void *context)
{
    (void)context;
    exit(3);
}

static tftpserver *closed_late;

/* By then the thread's own storage is gone. The functions work nevertheless. */
static void closes(void)
{
    const char *host = tftpserver_get(closed_late, LOCAL_HOST, 0);
    int is_right = host && strcmp(host, "127.0.0.1") == 0 && tftpserver_set_int(closed_late, 9999, 0, 0) == 902
                && tftpserver_get_last_error_code(closed_late) == 902;
    _exit(tftpserver_close(closed_late) == 0 && is_right ? 3 : 4);
}

/* Serves in a separate process, which ends in this way, with code 3, while it serves. */
static int end_while_serving(const char *how)
{
    static struct busy self;
    static long fired;
    struct timespec moment = {0, 20000000};
    pthread_t thread;
    check_begin(60);
    content = fixture_bytes(SIZE);
    if (!content || !busy_begin(&self, &fired)) {
        return 100;
    }
    printf("%s\n", self.files.dir);
    fflush(stdout);
    nanosleep(&moment, NULL);
    if (strcmp(how, "thread") == 0) {
        pthread_create(&thread, NULL, exits_elsewhere, NULL);
        pthread_join(thread, NULL);
    } else if (strcmp(how, "callback") == 0) {
        tftpserver_register_callback(self.files.server, CONNECTED, exits, NULL);
        for (;;) {
            nanosleep(&moment, NULL);
        }
    } else if (strcmp(how, "atexit") == 0) {
        closed_late = self.files.server;
        atexit(closes);
        exit(5);
    } else if (strcmp(how, "exit") == 0) {
        exit(3);
    }
    return 3;
}

/*
 * A server that is not closed has threads that are never joined. ThreadSanitizer would report them
 * as leaks.
 */
static void leave_threads_uncounted(void)
{
    char options[1000];
    const char *before = getenv("TSAN_OPTIONS");
    snprintf(options, sizeof options, "%s:report_thread_leaks=0", before ? before : "");
    setenv("TSAN_OPTIONS", options, 1);
}

static void ends_in(const char *how)
{
    fixture left = {0};
    char line[64] = "";
    int ends[2], status = -1;
    FILE *said;
    pid_t child;
    NEED(pipe(ends) == 0);
    child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        leave_threads_uncounted();
        execl(program, program, "ends", how, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    said = fdopen(ends[0], "r");
    NEED(child > 0 && said);
    CHECK(fgets(line, sizeof line, said) != NULL);
    while (fgetc(said) != EOF) {
    }
    fclose(said);
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 3);
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "/tmp/tftpserver-test-", 21) == 0) {
        snprintf(left.dir, sizeof left.dir, "%s", line);
        fixture_close(&left);
    }
}

static void ends_while_it_serves(void)
{
    static const char *const hows[] = {"exit", "return", "thread", "callback", "atexit"};
    size_t i;
    int round;
    for (round = 0; round < 3; round++) {
        for (i = 0; i < sizeof hows / sizeof *hows; i++) {
            ends_in(hows[i]);
            watchdog_alive(round);
        }
    }
}

/* ---- threads that end ---- */

static void *opens_and_ends(void *context)
{
    tftpserver *server = tftpserver_open();
    (void)context;
    if (server) {
        tftpserver_set(server, LOCAL_HOST, 0, "127.0.0.1");
        tftpserver_set_int(server, LOCAL_PORT, 0, 0);
        tftpserver_get(server, LOCAL_HOST, 0);
        tftpserver_set_int(server, 9999, 0, 0); /* an error of this thread's own */
        if (tftpserver_do_startlistening(server) != 0) {
            tftpserver_close(server);
            server = NULL;
        }
    }
    return server;
}

static void a_thread_ends_and_its_handle_stays_open(void)
{
    resources before = resources_now();
    int round;
    for (round = 0; round < 20; round++) {
        pthread_t thread;
        void *opened = NULL;
        if (round == 1) {
            before = resources_now();
        }
        CHECK_INT(pthread_create(&thread, NULL, opens_and_ends, NULL), 0);
        pthread_join(thread, &opened);
        NEED(opened != NULL);
        CHECK_INT(tftpserver_get_last_error_code(opened), 0);
        CHECK_TEXT(tftpserver_get(opened, LISTENING, 0), "True");
        CHECK_TEXT(tftpserver_get(opened, LOCAL_HOST, 0), "127.0.0.1");
        CHECK_INT(tftpserver_close(opened), 0);
    }
    CHECK(resources_are_back(&before));
}

/* ---- signals ---- */

static __thread int may_be_interrupted;
static long came, astray;

static void on_signal(int number)
{
    (void)number;
    __atomic_fetch_add(may_be_interrupted ? &came : &astray, 1, __ATOMIC_RELAXED);
}

struct storm {
    pthread_t on, thread;
    int stop;
};

/*
 * Sends signals to the process and to one thread in turn, so often that most system calls are
 * interrupted.
 */
static void *storms(void *context)
{
    struct storm *self = context;
    may_be_interrupted = 1;
    while (!__atomic_load_n(&self->stop, __ATOMIC_RELAXED)) {
        struct timespec moment = {0, STORM_MICROS * 1000L * check_slowness()};
        kill(getpid(), SIGUSR1);
        pthread_kill(self->on, SIGUSR1);
        nanosleep(&moment, NULL);
    }
    return NULL;
}

static void storm_begin(struct storm *self)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal; /* no SA_RESTART: waiting calls get EINTR */
    sigaction(SIGUSR1, &action, NULL);
    may_be_interrupted = 1;
    self->on = pthread_self();
    self->stop = 0;
    CHECK_INT(pthread_create(&self->thread, NULL, storms, self), 0);
}

static void storm_end(struct storm *self)
{
    __atomic_store_n(&self->stop, 1, __ATOMIC_RELAXED);
    pthread_join(self->thread, NULL);
}

static void serve_in_the_rain(void)
{
    static const char *const options[] = {"blksize", "1400", "windowsize", "4", NULL};
    fixture self;
    client guest;
    transfer got;
    uint8_t *back;
    size_t length;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    CHECK(fixture_write(&self, "f", content, SIZE));
    CHECK(tftpserver_do_config(self.server, "SyncUploads=True") != NULL);
    NEED(client_open(&guest, self.port, self.server));
    got = client_download(&guest, "f", "octet", options, fixture_millis());
    CHECK_BYTES(got.data, got.length, content, SIZE);
    free(got.data);
    client_close(&guest);
    NEED(client_open(&guest, self.port, self.server));
    got = client_upload(&guest, "up", "octet", options, content, SIZE, fixture_millis());
    CHECK(got.complete);
    back = fixture_read(&self, "up", &length);
    CHECK_BYTES(back, length, content, SIZE);
    free(back);
    client_close(&guest);
    CHECK(fixture_await(&self, DISCONNECTED, 2));
    CHECK_INT(tftpserver_do_stoplistening(self.server), 0);
    CHECK_INT(tftpserver_do_startlistening(self.server), 0);
    CHECK_INT(tftpserver_set(self.server, LOCAL_DIR, 0, self.dir), 0);
    CHECK_INT(tftpserver_do_shutdown(self.server), 0);
    fixture_close(&self);
}

static void doevents_waits_on(tftpserver *server)
{
    int64_t begin = client_now();
    CHECK(tftpserver_do_config(server, "SelectWaitMillis=200") != NULL);
    CHECK_INT(tftpserver_do_doevents(server), 0);
    CHECK(client_now() - begin >= 199);
}

static void signals_rain_on_it(void)
{
    struct storm storm;
    fixture idle;
    int round;
    storm_begin(&storm);
    for (round = 0; round < 5; round++) {
        serve_in_the_rain();
        watchdog_alive(round);
    }
    NEED(fixture_open(&idle));
    doevents_waits_on(idle.server);
    fixture_close(&idle);
    storm_end(&storm);
    CHECK(came > 100);
    CHECK_INT(astray, 0);
}

int main(int count, char **arguments)
{
    program = "/proc/self/exe";
    if (count == 3 && strcmp(arguments[1], "ends") == 0) {
        return end_while_serving(arguments[2]);
    }
    check_begin((int)(240 + chance_length("TFTP_FORKS", 40)));
    content = fixture_bytes(SIZE);
    CHECK(content != NULL);
    watchdog_begin(100);
    RUN(forks_while_it_serves);
    RUN(ends_while_it_serves);
    RUN(a_thread_ends_and_its_handle_stays_open);
    RUN(signals_rain_on_it);
    watchdog_end();
    free(content);
    return check_end();
}
