/* Every property: its default, its forms, what it refuses, and that a refusal changes nothing. */
#define _XOPEN_SOURCE 700
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "check.h"
#include "fixture.h"

static tftpserver *server;

static const int integers[] = {
    /* api: begin integers */
    LOCAL_PORT,
    MAX_RETRANSMITS,
    RETRANSMIT_TIMEOUT,
    TIMEOUT,
    /* api: end integers */
};

static void defaults(void)
{
    CHECK_TEXT(tftpserver_get(server, CONN_COUNT, 0), "0");
    CHECK_TEXT(tftpserver_get(server, LISTENING, 0), "False");
    CHECK_TEXT(tftpserver_get(server, LOCAL_DIR, 0), "");
    CHECK_TEXT(tftpserver_get(server, LOCAL_HOST, 0), "");
    CHECK_TEXT(tftpserver_get(server, LOCAL_PORT, 0), "69");
    CHECK_TEXT(tftpserver_get(server, MAX_RETRANSMITS, 0), "3");
    CHECK_TEXT(tftpserver_get(server, RETRANSMIT_TIMEOUT, 0), "5");
    CHECK_TEXT(tftpserver_get(server, TIMEOUT, 0), "60");
    CHECK_INT(tftpserver_get_int(server, LOCAL_PORT, 0), 69);
    CHECK_INT(tftpserver_get_int(server, LISTENING, 0), 0);
    CHECK_INT(tftpserver_get_last_error_code(server), 0);
}

static void integers_as_text_and_as_numbers(void)
{
    size_t i;
    for (i = 0; i < sizeof integers / sizeof *integers; i++) {
        CHECK_INT(tftpserver_set(server, integers[i], 0, "17"), 0);
        CHECK_INT(tftpserver_get_int(server, integers[i], 0), 17);
        CHECK_INT(tftpserver_set_int(server, integers[i], 0, 42), 0);
        CHECK_TEXT(tftpserver_get(server, integers[i], 0), "42");
    }
}

static void integers_refuse(void)
{
    static const char *const bad[] = {"", "x", "12x", "1.5", "0x10", "-1", "99999999999999999999", "--1", "\xff"};
    size_t i, j;
    for (i = 0; i < sizeof integers / sizeof *integers; i++) {
        int64_t before = tftpserver_get_int(server, integers[i], 0);
        for (j = 0; j < sizeof bad / sizeof *bad; j++) {
            CHECK_INT(tftpserver_set(server, integers[i], 0, bad[j]), INVALID_VALUE);
            CHECK_INT(tftpserver_get_last_error_code(server), INVALID_VALUE);
            CHECK(tftpserver_get_last_error(server)[0] != '\0');
            CHECK_INT(tftpserver_get_int(server, integers[i], 0), before);
        }
        CHECK_INT(tftpserver_set_int(server, integers[i], 0, -1), INVALID_VALUE);
        CHECK_INT(tftpserver_set_int(server, integers[i], 0, INT64_MIN), INVALID_VALUE);
        CHECK_INT(tftpserver_set_int(server, integers[i], 0, INT64_MAX), INVALID_VALUE);
        CHECK_INT(tftpserver_get_int(server, integers[i], 0), before);
    }
    CHECK_INT(tftpserver_set_int(server, LOCAL_PORT, 0, 65536), INVALID_VALUE);
    CHECK_INT(tftpserver_set_int(server, LOCAL_PORT, 0, 65535), 0);
    CHECK_INT(tftpserver_set_int(server, LOCAL_PORT, 0, 0), 0);
}

static void unknown_and_reserved(void)
{
    static const int ids[] = {3, 10, 100, 2010, 2012, -1, INT_MIN, INT_MAX};
    size_t i, length = 7;
    for (i = 0; i < sizeof ids / sizeof *ids; i++) {
        CHECK(tftpserver_get(server, ids[i], 0) == NULL);
        CHECK_INT(tftpserver_get_last_error_code(server), UNKNOWN_PROPERTY);
        CHECK_INT(tftpserver_set(server, ids[i], 0, "1"), UNKNOWN_PROPERTY);
        CHECK_INT(tftpserver_set_int(server, ids[i], 0, 1), UNKNOWN_PROPERTY);
        CHECK_INT(tftpserver_set_bytes(server, ids[i], 0, "1", 1), UNKNOWN_PROPERTY);
        tftpserver_get_int(server, ids[i], 0);
        CHECK_INT(tftpserver_get_last_error_code(server), UNKNOWN_PROPERTY);
        CHECK(tftpserver_get_bytes(server, ids[i], 0, &length) == NULL);
        CHECK_INT(tftpserver_get_last_error_code(server), UNKNOWN_PROPERTY);
    }
}

static void read_only(void)
{
    CHECK_INT(tftpserver_set(server, VERSION, 0, "2"), READ_ONLY);
    CHECK_INT(tftpserver_set(server, CONN_COUNT, 0, "2"), READ_ONLY);
    CHECK_INT(tftpserver_set_int(server, CONN_COUNT, 0, 2), READ_ONLY);
    CHECK_TEXT(tftpserver_get(server, CONN_COUNT, 0), "0");
}

static void no_connection_no_index(void)
{
    static const int ids[] = {
        /* clang-format off */
        /* api: begin of connections */
        CONN_CONNECTION_ID,
        CONN_FILE_DATA,
        CONN_FILENAME,
        CONN_LOCAL_FILE,
        CONN_REMOTE_HOST,
        CONN_REMOTE_PORT,
        CONN_TRANSFER_MODE,
        CONN_OPERATION,
        CONN_BYTES_TRANSFERRED,
        CONN_TOTAL_BYTES,
        CONN_BLOCK_SIZE,
        CONN_WINDOW_SIZE,
        CONN_RETRANSMISSIONS,
        CONN_ELAPSED_MILLIS,
        CONN_SERVED_NAME,
        CONN_DATA_SIZE,
        CONN_DATA_KEY,
        /* api: end of connections */
        /* clang-format on */
    };
    static const int indices[] = {0, 1, -1, INT_MIN, INT_MAX, FIRST_ID};
    size_t i, j;
    for (i = 0; i < sizeof ids / sizeof *ids; i++) {
        for (j = 0; j < sizeof indices / sizeof *indices; j++) {
            CHECK(tftpserver_get(server, ids[i], indices[j]) == NULL);
            CHECK_INT(tftpserver_get_last_error_code(server), INDEX_OUT_OF_RANGE);
        }
    }
}

/* Programs written for IPWorks set it, while listening too. */
static void a_runtime_license_is_kept(void)
{
    tftpserver *own = tftpserver_open();
    CHECK_TEXT(tftpserver_get(own, RUNTIME_LICENSE, 0), "");
    CHECK_INT(tftpserver_set(own, RUNTIME_LICENSE, 0, "4242-\xc3\xa9"), 0);
    CHECK_TEXT(tftpserver_get(own, RUNTIME_LICENSE, 0), "4242-\xc3\xa9");
    CHECK_INT(tftpserver_set(own, LOCAL_PORT, 0, "0"), 0);
    CHECK_INT(tftpserver_do_startlistening(own), 0);
    CHECK_INT(tftpserver_set(own, RUNTIME_LICENSE, 0, ""), 0);
    CHECK_TEXT(tftpserver_get(own, RUNTIME_LICENSE, 0), "");
    CHECK_INT(tftpserver_set(own, RUNTIME_LICENSE, 0, NULL), INVALID_VALUE);
    CHECK_INT(tftpserver_set_int(own, RUNTIME_LICENSE, 0, 42), 0);
    CHECK_TEXT(tftpserver_get(own, RUNTIME_LICENSE, 7), "42"); /* the index is ignored */
    CHECK_INT(tftpserver_do_reset(own), 0);
    CHECK_TEXT(tftpserver_get(own, RUNTIME_LICENSE, 0), "");
    CHECK_INT(tftpserver_close(own), 0);
}

static void local_dir(void)
{
    fixture self;
    char path[512];
    size_t length = 0;
    const void *bytes;
    NEED(fixture_prepare(&self));
    CHECK_TEXT(tftpserver_get(self.server, LOCAL_DIR, 0), self.dir);
    bytes = tftpserver_get_bytes(self.server, LOCAL_DIR, 0, &length);
    CHECK_BYTES(bytes, length, self.dir, strlen(self.dir));
    CHECK(fixture_write(&self, "plain", "x", 1));
    fixture_path(&self, "plain", path, sizeof path);
    CHECK(tftpserver_set(self.server, LOCAL_DIR, 0, path) != 0);
    CHECK(tftpserver_get_last_error(self.server)[0] != '\0');
    CHECK_TEXT(tftpserver_get(self.server, LOCAL_DIR, 0), self.dir);
    fixture_path(&self, "missing", path, sizeof path);
    CHECK(tftpserver_set(self.server, LOCAL_DIR, 0, path) != 0);
    CHECK_TEXT(tftpserver_get(self.server, LOCAL_DIR, 0), self.dir);
    CHECK_INT(tftpserver_set(self.server, LOCAL_DIR, 0, "/tmp/\xff"), INVALID_VALUE);
    CHECK_INT(tftpserver_set(self.server, LOCAL_DIR, 0, NULL), INVALID_VALUE);
    CHECK_INT(tftpserver_set_bytes(self.server, LOCAL_DIR, 0, "/tmp\0/x", 7), INVALID_VALUE);
    CHECK_TEXT(tftpserver_get(self.server, LOCAL_DIR, 0), self.dir);
    CHECK_INT(tftpserver_set_bytes(self.server, LOCAL_DIR, 0, self.dir, strlen(self.dir)), 0);
    CHECK_INT(tftpserver_set(self.server, LOCAL_DIR, 0, ""), 0);
    CHECK_TEXT(tftpserver_get(self.server, LOCAL_DIR, 0), "");
    fixture_close(&self);
}

static void listening_is_a_boolean(void)
{
    static const char *const yes[] = {"True", "true", "1", "YES"};
    static const char *const no[] = {"False", "FALSE", "0", "no"};
    fixture self;
    size_t i;
    NEED(fixture_prepare(&self));
    for (i = 0; i < 4; i++) {
        CHECK_INT(tftpserver_set(self.server, LISTENING, 0, yes[i]), 0);
        CHECK_TEXT(tftpserver_get(self.server, LISTENING, 0), "True");
        CHECK_INT(tftpserver_get_int(self.server, LISTENING, 0), 1);
        CHECK_INT(tftpserver_set(self.server, LISTENING, 0, no[i]), 0);
        CHECK_TEXT(tftpserver_get(self.server, LISTENING, 0), "False");
    }
    CHECK_INT(tftpserver_set(self.server, LISTENING, 0, "maybe"), INVALID_VALUE);
    CHECK_TEXT(tftpserver_get(self.server, LISTENING, 0), "False");
    fixture_close(&self);
}

static void fixed_while_listening(void)
{
    fixture self;
    NEED(fixture_open(&self));
    CHECK_INT(tftpserver_set_int(self.server, LOCAL_PORT, 0, 6969), 106);
    CHECK_INT(tftpserver_get_int(self.server, LOCAL_PORT, 0), self.port);
    CHECK_INT(tftpserver_set(self.server, LOCAL_HOST, 0, "127.0.0.2"), 107);
    CHECK_TEXT(tftpserver_get(self.server, LOCAL_HOST, 0), "127.0.0.1");
    CHECK_INT(tftpserver_set_int(self.server, MAX_RETRANSMITS, 0, 9), 0);
    CHECK_INT(tftpserver_set_int(self.server, TIMEOUT, 0, 9), 0);
    CHECK_INT(tftpserver_do_stoplistening(self.server), 0);
    CHECK_INT(tftpserver_set_int(self.server, LOCAL_PORT, 0, 0), 0);
    CHECK_INT(tftpserver_set(self.server, LOCAL_HOST, 0, "127.0.0.2"), 0);
    fixture_close(&self);
}

static void an_address_of_somebody_else(void)
{
    fixture self;
    NEED(fixture_prepare(&self));
    CHECK_INT(tftpserver_set(self.server, LOCAL_HOST, 0, "192.0.2.1"), 0);
    CHECK_INT(tftpserver_do_startlistening(self.server), 10049);
    CHECK_INT(tftpserver_get_last_error_code(self.server), 10049);
    CHECK(strstr(tftpserver_get_last_error(self.server), "10049") != NULL);
    CHECK_TEXT(tftpserver_get(self.server, LISTENING, 0), "False");
    fixture_close(&self);
}

/*
 * Checks the error of an ordinary user at port 69. Runs first, in a separate process that gives up
 * its rights.
 */
static int listen_without_rights(void)
{
    tftpserver *own;
    int32_t code;
    if (geteuid() == 0 && setuid(65534) != 0) {
        return 3;
    }
    own = tftpserver_open();
    if (!own || tftpserver_set(own, LOCAL_HOST, 0, "127.0.0.1") != 0) {
        return 4;
    }
    code = tftpserver_do_startlistening(own);
    tftpserver_close(own);
    return code == 10013 ? 0 : 5;
}

static void a_port_that_is_not_allowed(void)
{
    FILE *file = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "r");
    int start = 1024, status = -1;
    pid_t child;
    if (file) {
        if (fscanf(file, "%d", &start) != 1) {
            start = 1024;
        }
        fclose(file);
    }
    if (start <= 69) {
        printf("note: every user may bind port 69 here, so nothing can be refused\n");
        return;
    }
    child = fork();
    if (child == 0) {
        _exit(listen_without_rights());
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_INT(status, 0);
}

static void reset_brings_the_defaults_back(void)
{
    fixture self;
    NEED(fixture_open(&self));
    CHECK_INT(tftpserver_set_int(self.server, MAX_RETRANSMITS, 0, 9), 0);
    CHECK_INT(tftpserver_do_reset(self.server), 0);
    CHECK_TEXT(tftpserver_get(self.server, LISTENING, 0), "False");
    CHECK_TEXT(tftpserver_get(self.server, LOCAL_PORT, 0), "69");
    CHECK_TEXT(tftpserver_get(self.server, LOCAL_DIR, 0), "");
    CHECK_TEXT(tftpserver_get(self.server, MAX_RETRANSMITS, 0), "3");
    CHECK_TEXT(tftpserver_do_config(self.server, "SelectWaitMillis"), "20");
    fixture_close(&self);
}

int main(void)
{
    check_begin(60);
    RUN(a_port_that_is_not_allowed);
    server = tftpserver_open();
    RUN(defaults);
    RUN(integers_as_text_and_as_numbers);
    RUN(integers_refuse);
    RUN(unknown_and_reserved);
    RUN(read_only);
    RUN(no_connection_no_index);
    RUN(a_runtime_license_is_kept);
    tftpserver_close(server);
    RUN(local_dir);
    RUN(listening_is_a_boolean);
    RUN(fixed_while_listening);
    RUN(an_address_of_somebody_else);
    RUN(reset_brings_the_defaults_back);
    return check_end();
}
