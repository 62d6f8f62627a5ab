/* Errors as numbers and as text. */
#define _XOPEN_SOURCE 700
#include <limits.h>

#include "check.h"
#include "fixture.h"

static void texts(void)
{
    static const struct {
        int code;
        const char *text;
    } known[] = {
        {104, "UDP is already Active."},
        {106, "You cannot change the LocalPort while the class is Active."},
        {122, "Packet too large."},
        {124, "Server error. Description contains detailed information."},
        {126, "A valid LocalFile must be provided for PUT operations."},
        {127, "Can't open local file."},
        {128, "Can't write to local file."},
        {129, "Can't read local file."},
        {301, "Timeout while waiting for server."},
        {434, "Unable to convert string to selected CodePage"},
        {10013, "[10013] Access denied."},
        {10048, "[10048] Address already in use."},
        {10053, "[10053] Software caused connection abort."},
        {10068, "[10068] Too many users."},
        {11001, "[11001] Host not found."},
    };
    static const int all[] = {
        /* clang-format off */
        /* api: begin errors */
        122, 123, 124, 125, 126, 127, 128, 129, 130, 301, 305, 306, 307, 104, 106, 107, 109, 112,
        113, 114, 115, 116, 117, 118, 119, 434, 270, 271, 272, 273, 274, 275, 276, 280, 281, 282,
        283, 284, 10004, 10009, 10013, 10014, 10022, 10024, 10035, 10036, 10037, 10038, 10039,
        10040, 10041, 10042, 10043, 10044, 10045, 10046, 10047, 10048, 10049, 10050, 10051, 10052,
        10053, 10054, 10055, 10056, 10057, 10058, 10059, 10060, 10061, 10062, 10063, 10064, 10065,
        10066, 10067, 10068, 10069, 10070, 10071, 10091, 10092, 10093, 11001, 11002, 11003, 11004,
        901, 902, 903, 904, 905, 906, 907, 908, 909, 910,
        /* api: end errors */
        /* clang-format on */
    };
    const char *unknown = tftpserver_strerror(123456);
    size_t i, j;
    NEED(unknown != NULL);
    for (i = 0; i < sizeof known / sizeof *known; i++) {
        CHECK_TEXT(tftpserver_strerror(known[i].code), known[i].text);
    }
    for (i = 0; i < sizeof all / sizeof *all; i++) {
        const char *text = tftpserver_strerror(all[i]);
        CHECK(text != NULL && text[0] != '\0' && strcmp(text, unknown) != 0);
        for (j = 0; j < i; j++) {
            CHECK(all[i] != all[j]);
        }
    }
    CHECK(tftpserver_strerror(0) != NULL);
    CHECK_TEXT(tftpserver_strerror(-1), unknown);
    CHECK_TEXT(tftpserver_strerror(INT_MIN), unknown);
    CHECK_TEXT(tftpserver_strerror(INT_MAX), unknown);
}

static void a_success_clears(void)
{
    tftpserver *server = tftpserver_open();
    NEED(server != NULL);
    CHECK_INT(tftpserver_set(server, LOCAL_PORT, 0, "x"), INVALID_VALUE);
    CHECK_INT(tftpserver_get_last_error_code(server), INVALID_VALUE);
    CHECK_INT(tftpserver_get_last_error_code(server), INVALID_VALUE);
    CHECK(tftpserver_get_last_error(server)[0] != '\0');
    CHECK_INT(tftpserver_set(server, LOCAL_PORT, 0, "70"), 0);
    CHECK_INT(tftpserver_get_last_error_code(server), 0);
    CHECK_TEXT(tftpserver_get_last_error(server), "");
    tftpserver_close(server);
}

static void each_server_has_its_own(void)
{
    tftpserver *first = tftpserver_open(), *second = tftpserver_open();
    NEED(first != NULL && second != NULL);
    CHECK(tftpserver_get(first, 10, 0) == NULL);
    CHECK_INT(tftpserver_get_last_error_code(second), 0);
    CHECK_INT(tftpserver_get_last_error_code(first), UNKNOWN_PROPERTY);
    tftpserver_close(second);
    CHECK_INT(tftpserver_get_last_error_code(first), UNKNOWN_PROPERTY);
    tftpserver_close(first);
}

static void *ask_for_the_code(void *server)
{
    static int code;
    code = (int)tftpserver_get_last_error_code(server);
    return &code;
}

static void each_thread_has_its_own(void)
{
    tftpserver *server = tftpserver_open();
    pthread_t thread;
    void *code = NULL;
    NEED(server != NULL);
    CHECK(tftpserver_get(server, 10, 0) == NULL);
    CHECK_INT(pthread_create(&thread, NULL, ask_for_the_code, server), 0);
    pthread_join(thread, &code);
    CHECK_INT(*(int *)code, 0);
    CHECK_INT(tftpserver_get_last_error_code(server), UNKNOWN_PROPERTY);
    tftpserver_close(server);
}

static void unknown_events(void)
{
    static const int ids[] = {0, NO_EVENT, UNKNOWN_EVENT, 100, INT_MAX, INT_MIN};
    tftpserver *server = tftpserver_open();
    size_t i;
    NEED(server != NULL);
    for (i = 0; i < sizeof ids / sizeof *ids; i++) {
        CHECK(tftpserver_register_callback(server, ids[i], NULL, NULL) != 0);
        CHECK(tftpserver_get_last_error_code(server) != 0);
    }
    tftpserver_close(server);
}

/* Error and Disconnected report a failure of one connection with the same number. */
static void a_missing_file_is_told(void)
{
    fixture self;
    client reader;
    transfer got;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    NEED(client_open(&reader, self.port, self.server));
    got = client_download(&reader, "missing", "octet", NULL, fixture_millis());
    CHECK_INT(got.error_code, 1);
    CHECK(strstr(got.error_text, self.dir) == NULL);
    free(got.data);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 127);
    CHECK(fixture_find(&self, DISCONNECTED, 0)->text[0] != '\0');
    NEED(fixture_count(&self, ERROR_EVENT) == 1);
    CHECK_INT(fixture_find(&self, ERROR_EVENT, 0)->code, 127);
    CHECK_INT(fixture_find(&self, ERROR_EVENT, 0)->connection_id, FIRST_ID);
    client_close(&reader);
    fixture_close(&self);
}

int main(void)
{
    check_begin(60);
    RUN(texts);
    RUN(a_success_clears);
    RUN(each_server_has_its_own);
    RUN(each_thread_has_its_own);
    RUN(unknown_events);
    RUN(a_missing_file_is_told);
    return check_end();
}
