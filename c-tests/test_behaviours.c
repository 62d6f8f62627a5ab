/*
 * The behaviours that every language shows, in C: one function for each name in
 * bindings/behaviours.json.
 *
 * usage: test_behaviours [NAME]     (NAME: only this one)
 */
#define _XOPEN_SOURCE 700
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "behaviours_of_transfers.h"
#include "check.h"
#include "real_client.h"
#include "resources.h"

#ifndef BEHAVIOURS_JSON
#define BEHAVIOURS_JSON "bindings/behaviours.json"
#endif

/* ---- answers, figures, addresses ---- */

static int32_t puts_off(recorder *events, tftpserver *server, tftpserver_event *event)
{
    int32_t *asked = events->extra;
    (void)server;
    if (event->id == CONNECTION_REQUEST && strcmp(event->data.connection_request.filename, "slow") == 0) {
        *asked = event->data.connection_request.connection_id;
        event->data.connection_request.accept = 2;
    }
    return 0;
}

static void answer_given_later(void)
{
    fixture self;
    real_client slow;
    char path[512], order[100];
    int32_t asked = 0;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    self.events.hook = puts_off;
    self.events.extra = &asked;
    CHECK(fixture_write(&self, "fast", "data", 4));
    fixture_path(&self, "late", path, sizeof path);
    CHECK(real_client_start_get(&slow, self.port, "slow", path));
    CHECK(fixture_await(&self, CONNECTION_REQUEST, 1));
    CHECK_INT(real_client_get(&self, "fast", "got"), CURL_GOOD);
    CHECK(real_client_running(&slow));
    CHECK_TEXT(fixture_order(&self, asked, order, sizeof order), "2");
    CHECK_INT(tftpserver_set_bytes(self.server, CONN_FILE_DATA, asked, "at last", 7), 0);
    CHECK_INT(tftpserver_do_accept(self.server, asked, 1), 0);
    CHECK_INT(tftpserver_do_accept(self.server, asked, 1), 130);
    CHECK_INT(real_client_finish(&slow, self.server), CURL_GOOD);
    CHECK_FILE(&self, "late", "at last", 7);
    CHECK(fixture_await(&self, DISCONNECTED, 2));
    CHECK_TEXT(fixture_order(&self, asked, order, sizeof order), "2 1 7 4 3");
    CHECK_INT(tftpserver_do_accept(self.server, asked, 1), 903);
    fixture_close(&self);
}

static int32_t reads_figures(recorder *events, tftpserver *server, tftpserver_event *event)
{
    int32_t id = events->records[events->count - 1].connection_id;
    if (event->id == CONNECTION_REQUEST) {
        CHECK_INT(tftpserver_get_int(server, CONN_BLOCK_SIZE, id), 0);
        CHECK_INT(tftpserver_get_int(server, CONN_TOTAL_BYTES, id), -1);
    }
    if (event->id == DISCONNECTED) {
        CHECK_INT(tftpserver_get_int(server, CONN_OPERATION, id), 1);
        CHECK_INT(tftpserver_get_int(server, CONN_BYTES_TRANSFERRED, id), 1000000);
        CHECK_INT(tftpserver_get_int(server, CONN_TOTAL_BYTES, id), 1000000);
        CHECK_INT(tftpserver_get_int(server, CONN_BLOCK_SIZE, id), 512);
        CHECK_INT(tftpserver_get_int(server, CONN_WINDOW_SIZE, id), 1);
    }
    return 0;
}

static void figures_of_a_transfer(void)
{
    fixture self;
    uint8_t *data = fixture_bytes(1000000);
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    self.events.hook = reads_figures;
    CHECK(fixture_write(&self, "f", data, 1000000));
    CHECK_INT(real_client_get(&self, "f", "got"), CURL_GOOD);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(fixture_count(&self, CONNECTION_REQUEST), 1);
    fixture_close(&self);
    free(data);
}

static void several_addresses(void)
{
    fixture self;
    const char *other;
    NEED(fixture_prepare(&self));
    CHECK(fixture_write(&self, "f", "data", 4));
    CHECK_TEXT(tftpserver_do_config(self.server, "ListenOn=127.0.0.1:0"), "");
    NEED(fixture_listen(&self));
    CHECK_INT(real_client_get(&self, "f", "got"), CURL_GOOD);
    CHECK_FILE(&self, "got", "data", 4);
    other = strrchr(tftpserver_do_config(self.server, "ListenAddresses"), ':');
    NEED(other != NULL && atoi(other + 1) != self.port);
    self.port = atoi(other + 1);
    CHECK_INT(real_client_get(&self, "f", "again"), CURL_GOOD);
    CHECK_FILE(&self, "again", "data", 4);
    fixture_close(&self);
}

/* ---- errors and settings ---- */

static void error_number_and_text(void)
{
    fixture self, other;
    NEED(fixture_open(&self) && fixture_prepare(&other));
    CHECK_INT(tftpserver_set_int(other.server, LOCAL_PORT, 0, self.port), 0);
    CHECK_INT(tftpserver_do_startlistening(other.server), 10048);
    CHECK_INT(tftpserver_get_last_error_code(other.server), 10048);
    CHECK(strstr(tftpserver_get_last_error(other.server), "[10048] Address already in use.") != NULL);
    CHECK_TEXT(tftpserver_strerror(10048), "[10048] Address already in use.");
    CHECK_INT(tftpserver_set_int(self.server, LOCAL_PORT, 0, 1), 106);
    CHECK_INT(tftpserver_get_last_error_code(self.server), 106);
    CHECK(strstr(tftpserver_get_last_error(self.server), tftpserver_strerror(106)) != NULL);
    CHECK_INT(tftpserver_get_int(self.server, LOCAL_PORT, 0), self.port);
    fixture_close(&other);
    fixture_close(&self);
}

static void config(void)
{
    tftpserver *server = tftpserver_open();
    NEED(server != NULL);
    CHECK_TEXT(tftpserver_do_config(server, "MaxBlockSize=1000"), "");
    CHECK_TEXT(tftpserver_do_config(server, "maxblocksize"), "1000");
    CHECK_TEXT(tftpserver_do_config(server, "MAXBLOCKSIZE=1100"), "");
    CHECK_TEXT(tftpserver_do_config(server, "MaxBlockSize"), "1100");
    CHECK_INT(tftpserver_get_last_error_code(server), 0);
    CHECK_TEXT(tftpserver_do_config(server, "Nonsense"), NULL);
    CHECK_INT(tftpserver_get_last_error_code(server), 906);
    CHECK_TEXT(tftpserver_do_config(server, "Nonsense=1"), NULL);
    CHECK_INT(tftpserver_get_last_error_code(server), 906);
    CHECK_TEXT(tftpserver_do_config(server, "MaxBlockSize=many"), NULL);
    CHECK_INT(tftpserver_get_last_error_code(server), 905);
    CHECK_TEXT(tftpserver_do_config(server, "MaxBlockSize"), "1100");
    CHECK_INT(tftpserver_close(server), 0);
}

/* ---- begin and end ---- */

static void stop_listening(void)
{
    fixture self;
    int held;
    const char *words[] = {"curl", "--silent", "--max-time", "2", "--output", NULL, NULL, NULL};
    char path[512], url[64];
    real_client one;
    NEED(fixture_open_fixed(&self));
    fixture_record(&self, 0);
    CHECK(fixture_write(&self, "f", "data", 4));
    CHECK_INT(tftpserver_do_stoplistening(self.server), 0);
    CHECK_TEXT(tftpserver_get(self.server, LISTENING, 0), "False");
    /* This socket never answers. Without it curl would get an ICMP error, as from any closed port. */
    held = fixture_hold_port(self.port);
    CHECK(held >= 0);
    fixture_path(&self, "got", path, sizeof path);
    snprintf(url, sizeof url, "tftp://127.0.0.1:%d/f", self.port);
    words[5] = path;
    words[6] = url;
    CHECK(real_client_start(&one, words));
    CHECK_INT(real_client_finish(&one, self.server), CURL_TIMED_OUT);
    CHECK_INT(self.events.count, 0);

    CHECK_INT(close(held), 0);
    CHECK_INT(tftpserver_set_int(self.server, LOCAL_PORT, 0, self.port), 0);
    CHECK_INT(tftpserver_do_startlistening(self.server), 0);
    CHECK_INT(real_client_get(&self, "f", "got"), CURL_GOOD);
    CHECK_FILE(&self, "got", "data", 4);
    fixture_close(&self);
}

static int32_t closes(recorder *events, tftpserver *server, tftpserver_event *event)
{
    int *refused = events->extra;
    if (event->id == CONNECTED) {
        CHECK_INT(tftpserver_close(server), 907);
        CHECK_INT(tftpserver_get_last_error_code(server), 907);
        ++*refused;
    }
    return 0;
}

static void close_inside_a_handler(void)
{
    fixture self;
    int refused = 0;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    self.events.hook = closes;
    self.events.extra = &refused;
    CHECK(fixture_write(&self, "f", "data", 4));
    CHECK_INT(real_client_get(&self, "f", "got"), CURL_GOOD);
    CHECK_FILE(&self, "got", "data", 4);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(refused, 1);
    CHECK_INT(tftpserver_close(self.server), 0);
    self.server = NULL;
    fixture_close(&self);
}

/* Every kind of function, and every kind of answer: number, text, bytes, descriptor. */
static int is_no_handle(tftpserver *server)
{
    return tftpserver_do_doevents(server) == 901 && tftpserver_do_startlistening(server) == 901
        && tftpserver_do_stoplistening(server) == 901 && tftpserver_do_shutdown(server) == 901
        && tftpserver_do_reset(server) == 901 && tftpserver_do_interrupt(server) == 901
        && tftpserver_do_disconnect(server, FIRST_ID) == 901 && tftpserver_do_config(server, "LogLevel") == NULL
        && tftpserver_get(server, LOCAL_DIR, 0) == NULL && tftpserver_get_int(server, LOCAL_PORT, 0) == 0
        && tftpserver_get_bytes(server, CONN_FILE_DATA, 0, NULL) == NULL
        && tftpserver_set(server, LOCAL_DIR, 0, "/tmp") == 901 && tftpserver_set_int(server, LOCAL_PORT, 0, 1) == 901
        && tftpserver_set_bytes(server, CONN_FILE_DATA, 0, "x", 1) == 901
        && tftpserver_register_callback(server, LOG, NULL, NULL) == 901 && tftpserver_get_event_fd(server) == -1
        && tftpserver_get_last_error_code(server) == 901 && tftpserver_close(server) == 901;
}

static void use_after_close(void)
{
    fixture self;
    tftpserver *closed;
    NEED(fixture_open(&self));
    closed = self.server;
    CHECK_INT(tftpserver_close(closed), 0);
    self.server = NULL;
    CHECK(is_no_handle(closed));
    CHECK_TEXT(tftpserver_get_last_error(closed), tftpserver_strerror(901));
    fixture_close(&self);
}

/* Returns NULL if it worked, because only the test's thread may make checks. */
static void *interrupts(void *server)
{
    poll(NULL, 0, 100);
    return tftpserver_do_interrupt(server) == 0 ? NULL : server;
}

static void interrupt(void)
{
    fixture self;
    pthread_t other;
    void *failed = NULL;
    int64_t begin, took;
    NEED(fixture_open(&self));
    CHECK_TEXT(tftpserver_do_config(self.server, "SelectWaitMillis=60000"), "");
    begin = client_now();
    NEED(pthread_create(&other, NULL, interrupts, self.server) == 0);
    CHECK_INT(tftpserver_do_doevents(self.server), 0);
    took = client_now() - begin;
    pthread_join(other, &failed);
    CHECK(failed == NULL);
    CHECK(took >= 99 && took < 30000);
    fixture_close(&self);
}

static void several_servers(void)
{
    fixture one, other;
    real_client first, second;
    char path[512];
    int64_t end = client_now() + fixture_millis();
    int running = 1;
    NEED(fixture_open(&one) && fixture_open(&other));
    CHECK(fixture_write(&one, "f", "one", 3) && fixture_write(&other, "f", "other", 5));
    fixture_path(&one, "got", path, sizeof path);
    CHECK(real_client_start_get(&first, one.port, "f", path));
    fixture_path(&other, "got", path, sizeof path);
    CHECK(real_client_start_get(&second, other.port, "f", path));
    while (running && client_now() < end) {
        CHECK(tftpserver_do_doevents(one.server) == 0 && tftpserver_do_doevents(other.server) == 0);
        running = real_client_running(&first) + real_client_running(&second);
    }
    CHECK_INT(real_client_finish(&first, NULL), CURL_GOOD);
    CHECK_INT(real_client_finish(&second, NULL), CURL_GOOD);
    CHECK_FILE(&one, "got", "one", 3);
    CHECK_FILE(&other, "got", "other", 5);
    fixture_close(&other);
    fixture_close(&one);
}

/* A sparse file of this size takes no disk space, and no client reaches its end during a test. */
static int write_endless(const fixture *self, const char *name)
{
    char path[512];
    fixture_path(self, name, path, sizeof path);
    return fixture_write(self, name, "", 0) && truncate(path, 1000000000) == 0;
}

/* Returns whether Transfer events came in both directions. */
static int both_move(fixture *self)
{
    int moving[2] = {0, 0};
    int64_t end = client_now() + fixture_millis();
    size_t i;
    while (!(moving[UPLOAD] && moving[DOWNLOAD]) && client_now() < end) {
        tftpserver_do_doevents(self->server);
        for (i = 0; i < self->events.count; i++) {
            if (self->events.records[i].id == TRANSFER) {
                moving[self->events.records[i].direction] = 1;
            }
        }
    }
    return moving[UPLOAD] && moving[DOWNLOAD];
}

/* C has no garbage collection, so the server is closed instead. */
static void collected_during_a_transfer(void)
{
    fixture self, other;
    real_client reader, writer;
    resources before;
    char path[512];
    NEED(fixture_open(&other)); /* allocates now what a process keeps after its first server */
    CHECK_INT(tftpserver_close(other.server), 0);
    other.server = NULL;
    before = resources_now();
    NEED(fixture_open(&self));
    fixture_record(&self, TRANSFER);
    CHECK(write_endless(&self, "f") && write_endless(&other, "from"));
    fixture_path(&other, "got", path, sizeof path);
    CHECK(real_client_start_get(&reader, self.port, "f", path));
    fixture_path(&other, "from", path, sizeof path);
    CHECK(real_client_start_put(&writer, self.port, "new", path));
    CHECK(both_move(&self));
    CHECK(real_client_running(&reader) && real_client_running(&writer));
    CHECK_INT(fixture_entries(&self), 2); /* f, and the upload under its temporary name */

    CHECK_INT(tftpserver_close(self.server), 0);
    self.server = NULL;
    CHECK(resources_are_back(&before));
    CHECK_INT(fixture_entries(&self), 1);
    CHECK(real_client_finish(&reader, NULL) > CURL_GOOD && reader.code != CURL_TIMED_OUT);
    CHECK(real_client_finish(&writer, NULL) > CURL_GOOD && writer.code != CURL_TIMED_OUT);
    fixture_close(&self);
    fixture_close(&other);
}

static int child_code; /* 0: this is no child */

/*
 * The last action of a child at exit. Memcheck and LeakSanitizer would report the memory of its
 * parent's threads, so under one of them the child executes another program, which exits with the
 * child's code.
 */
static void leave_as_another(void)
{
    char command[16];
    if (child_code && check_slowness() > 1) {
        snprintf(command, sizeof command, "exit %d", child_code);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    }
}

static void fork_after_open(void)
{
    fixture self;
    pid_t child;
    int status = -1;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    CHECK(fixture_write(&self, "f", "data", 4));
    fflush(NULL);
    child = fork();
    if (child == 0) {
        child_code = is_no_handle(self.server) ? 7 : 8; /* the check closed it */
        exit(child_code);                                /* with all exit handlers */
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 7);
    CHECK_INT(real_client_get(&self, "f", "got"), CURL_GOOD);
    CHECK_FILE(&self, "got", "data", 4);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(tftpserver_close(self.server), 0);
    self.server = NULL;
    fixture_close(&self);
}

/*
 * Returns a version such as "2.13.4" in the form of TFTPSERVER_VERSION_NUMBER; 0 if the text is no
 * version.
 */
static long version_number(const char *text)
{
    int major, minor, patch;
    return sscanf(text, "%d.%d.%d", &major, &minor, &patch) == 3 ? major * 1000000L + minor * 1000L + patch : 0;
}

/*
 * The version check of a C program: returns 1 if a library of this version is compatible with the
 * header.
 */
static int fits(long library)
{
    long series = TFTPSERVER_VERSION_NUMBER < 1000000 ? 1000 : 1000000; /* 0.x: every minor version */
    return library >= TFTPSERVER_VERSION_NUMBER && library / series == TFTPSERVER_VERSION_NUMBER / series;
}

static void version_is_checked(void)
{
    tftpserver *server = tftpserver_open();
    char numbers[40];
    NEED(server != NULL);
    snprintf(numbers, sizeof numbers, "%d.%d.%d", TFTPSERVER_VERSION_MAJOR, TFTPSERVER_VERSION_MINOR,
             TFTPSERVER_VERSION_PATCH);
    CHECK_TEXT(tftpserver_version(), numbers);
    CHECK_TEXT(tftpserver_version(), TFTPSERVER_VERSION_STRING);
    CHECK_TEXT(tftpserver_get(server, VERSION, 0), tftpserver_version());
    CHECK_INT(version_number(tftpserver_version()), TFTPSERVER_VERSION_NUMBER);
    CHECK(fits(version_number(tftpserver_version())) && fits(TFTPSERVER_VERSION_NUMBER + 1));
    CHECK(!fits(TFTPSERVER_VERSION_NUMBER - 1) && !fits(TFTPSERVER_VERSION_NUMBER + 1000000));
    CHECK(!fits(version_number("")));
    CHECK_INT(tftpserver_close(server), 0);
}

/* ---- the table ---- */

#define BEHAVIOUR(name) {#name, name}
static const struct behaviour {
    const char *name;
    void (*show)(void);
} behaviours[] = {
    BEHAVIOUR(download_from_local_dir),
    BEHAVIOUR(upload_to_local_dir),
    BEHAVIOUR(download_with_a_window),
    BEHAVIOUR(missing_file),
    BEHAVIOUR(refuse_a_request),
    BEHAVIOUR(data_from_the_application),
    BEHAVIOUR(file_chosen_by_the_application),
    BEHAVIOUR(name_chosen_by_the_application),
    BEHAVIOUR(upload_through_transfer_alone),
    BEHAVIOUR(nobody_answers),
    BEHAVIOUR(order_of_events),
    BEHAVIOUR(fields_of_events),
    BEHAVIOUR(conn_arrays),
    BEHAVIOUR(answer_given_later),
    BEHAVIOUR(figures_of_a_transfer),
    BEHAVIOUR(several_addresses),
    BEHAVIOUR(exception_in_a_handler),
    BEHAVIOUR(error_number_and_text),
    BEHAVIOUR(config),
    BEHAVIOUR(stop_listening),
    BEHAVIOUR(close_inside_a_handler),
    BEHAVIOUR(use_after_close),
    BEHAVIOUR(interrupt),
    BEHAVIOUR(several_servers),
    BEHAVIOUR(collected_during_a_transfer),
    BEHAVIOUR(fork_after_open),
    BEHAVIOUR(version_is_checked),
};

enum { MANY = sizeof behaviours / sizeof *behaviours };

/* Every name in the common table has one function here, and every function one name there. */
static void the_table_is_complete(void)
{
    static const char before[] = "\"name\": \"";
    static char text[20000];
    const char *at = text;
    int named[MANY] = {0}, i;
    FILE *file = fopen(BEHAVIOURS_JSON, "r");
    NEED(file != NULL);
    CHECK(fread(text, 1, sizeof text - 1, file) < sizeof text - 1);
    fclose(file);
    while ((at = strstr(at, before)) != NULL) {
        size_t length;
        at += sizeof before - 1;
        length = strcspn(at, "\"");
        for (i = 0; i < MANY; i++) {
            if (strlen(behaviours[i].name) == length && memcmp(behaviours[i].name, at, length) == 0) {
                break;
            }
        }
        if (i == MANY) {
            printf("no function shows %.*s\n", (int)length, at);
        }
        CHECK(i < MANY);
        named[i < MANY ? i : 0] += i < MANY;
    }
    for (i = 0; i < MANY; i++) {
        check_note_int(named[i], 1, __FILE__, __LINE__, behaviours[i].name);
    }
}

int main(int argc, char **argv)
{
    int i, shown = 0;
    check_begin(200);
    atexit(leave_as_another);
    RUN(the_table_is_complete);
    if (!have("curl")) {
        return check_failed ? 1 : SKIPPED;
    }
    for (i = 0; i < MANY; i++) {
        int failed = check_failed;
        if (argc > 1 && strcmp(argv[1], behaviours[i].name) != 0) {
            continue;
        }
        check_test = behaviours[i].name;
        skipped = 0;
        behaviours[i].show();
        shown++;
        if (check_failed == failed) {
            printf("%s: %s\n", skipped ? "skipped" : "ok", behaviours[i].name);
        }
    }
    check_test = "usage";
    CHECK(shown > 0);
    return check_end();
}
