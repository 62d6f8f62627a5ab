/*
 * Every function returns error 901 for an invalid handle and 905 for an invalid text. Nothing
 * crashes.
 */
#define _XOPEN_SOURCE 700
#include "check.h"
#include "fixture.h"

static int32_t never(tftpserver *server, tftpserver_event *event, void *context)
{
    (void)server;
    (void)event;
    (void)context;
    abort();
}

static void every_function_refuses(tftpserver *wrong)
{
    size_t length = 99;
    CHECK_INT(tftpserver_register_callback(wrong, CONNECTED, never, NULL), NOT_A_HANDLE);
    CHECK_INT(tftpserver_get_last_error_code(wrong), NOT_A_HANDLE);
    CHECK(tftpserver_get_last_error(wrong) != NULL && tftpserver_get_last_error(wrong)[0] != '\0');
    CHECK(tftpserver_get(wrong, LOCAL_PORT, 0) == NULL);
    CHECK_INT(tftpserver_set(wrong, LOCAL_PORT, 0, "70"), NOT_A_HANDLE);
    CHECK_INT(tftpserver_get_int(wrong, LOCAL_PORT, 0), 0);
    CHECK_INT(tftpserver_set_int(wrong, LOCAL_PORT, 0, 70), NOT_A_HANDLE);
    CHECK(tftpserver_get_bytes(wrong, LOCAL_DIR, 0, &length) == NULL);
    CHECK_INT(tftpserver_set_bytes(wrong, LOCAL_DIR, 0, "/", 1), NOT_A_HANDLE);
    CHECK(tftpserver_do_config(wrong, "LogLevel") == NULL);
    CHECK_INT(tftpserver_do_doevents(wrong), NOT_A_HANDLE);
    CHECK_INT(tftpserver_do_startlistening(wrong), NOT_A_HANDLE);
    CHECK_INT(tftpserver_do_stoplistening(wrong), NOT_A_HANDLE);
    CHECK_INT(tftpserver_do_shutdown(wrong), NOT_A_HANDLE);
    CHECK_INT(tftpserver_do_disconnect(wrong, 0), NOT_A_HANDLE);
    CHECK_INT(tftpserver_do_reset(wrong), NOT_A_HANDLE);
    CHECK_INT(tftpserver_do_interrupt(wrong), NOT_A_HANDLE);
    CHECK_INT(tftpserver_get_event_fd(wrong), -1);
    CHECK(tftpserver_get_event_handle(wrong) == NULL);
    CHECK_INT(tftpserver_close(wrong), NOT_A_HANDLE);
}

static void null(void)
{
    every_function_refuses(NULL);
}

static void foreign(void)
{
    long on_the_stack[8] = {0};
    void *on_the_heap = calloc(1, 256);
    every_function_refuses((tftpserver *)(void *)on_the_stack);
    every_function_refuses(on_the_heap);
    every_function_refuses((tftpserver *)(uintptr_t)1);
    every_function_refuses((tftpserver *)(uintptr_t)0xdeadbeef);
    every_function_refuses((tftpserver *)UINTPTR_MAX);
    free(on_the_heap);
}

static void closed(void)
{
    tftpserver *server = tftpserver_open();
    NEED(server != NULL);
    CHECK_INT(tftpserver_close(server), 0);
    every_function_refuses(server);
    CHECK_INT(tftpserver_close(server), NOT_A_HANDLE);
}

static void closed_stays_closed_when_others_open(void)
{
    tftpserver *old = tftpserver_open(), *others[50];
    int i;
    NEED(old != NULL);
    CHECK_INT(tftpserver_close(old), 0);
    for (i = 0; i < 50; i++) {
        others[i] = tftpserver_open();
        CHECK(others[i] != NULL && others[i] != old);
    }
    every_function_refuses(old);
    for (i = 0; i < 50; i++) {
        CHECK_INT(tftpserver_get_int(others[i], LOCAL_PORT, 0), 69);
        CHECK_INT(tftpserver_close(others[i]), 0);
    }
}

static void odd_arguments(void)
{
    static const char *const not_text[] = {"\xff", "\xc3", "a\xe2\x28\xa1", "\xed\xa0\x80", "\xf8\x88\x80\x80\x80"};
    tftpserver *server = tftpserver_open();
    size_t i, length = 0;
    NEED(server != NULL);
    for (i = 0; i < sizeof not_text / sizeof *not_text; i++) {
        CHECK_INT(tftpserver_set(server, LOCAL_DIR, 0, not_text[i]), INVALID_VALUE);
        CHECK_INT(tftpserver_set(server, LOCAL_HOST, 0, not_text[i]), INVALID_VALUE);
        CHECK_INT(tftpserver_set_bytes(server, LOCAL_DIR, 0, not_text[i], strlen(not_text[i])), INVALID_VALUE);
        CHECK(tftpserver_do_config(server, not_text[i]) == NULL);
        CHECK_INT(tftpserver_get_last_error_code(server), INVALID_VALUE);
    }
    CHECK_INT(tftpserver_set(server, LOCAL_PORT, 0, NULL), INVALID_VALUE);
    CHECK(tftpserver_do_config(server, NULL) == NULL);
    CHECK_INT(tftpserver_get_last_error_code(server), INVALID_VALUE);
    CHECK_INT(tftpserver_set_bytes(server, LOCAL_DIR, 0, NULL, 5), INVALID_VALUE);
    CHECK_INT(tftpserver_set_bytes(server, LOCAL_DIR, 0, "x", SIZE_MAX), INVALID_VALUE);
    CHECK_INT(tftpserver_set_bytes(server, LOCAL_HOST, 0, "a\0b", 3), INVALID_VALUE); /* a NUL inside */
    CHECK(tftpserver_get_bytes(server, LOCAL_PORT, 0, NULL) != NULL);
    CHECK(tftpserver_get_bytes(server, RESERVED_3, 0, &length) == NULL);
    CHECK_INT(length, 0); /* unchanged on failure */
    CHECK(tftpserver_get_bytes(server, LOCAL_PORT, 0, &length) != NULL);
    CHECK_INT(length, 2);
    CHECK_TEXT(tftpserver_get(server, LOCAL_DIR, 0), "");
    CHECK_INT(tftpserver_close(server), 0);
}

/* A returned pointer is valid until the same thread's next call with the same handle. */
static void returned_text_outlives_other_handles(void)
{
    tftpserver *first = tftpserver_open(), *second = tftpserver_open();
    const char *text;
    int i;
    NEED(first != NULL && second != NULL);
    text = tftpserver_get(first, LOCAL_PORT, 0);
    for (i = 0; i < 100; i++) {
        CHECK_INT(tftpserver_set_int(second, LOCAL_PORT, 0, i), 0);
        CHECK(tftpserver_get(second, LOCAL_PORT, 0) != NULL);
    }
    CHECK_TEXT(text, "69");
    CHECK_INT(tftpserver_close(second), 0);
    CHECK_TEXT(text, "69");
    CHECK_INT(tftpserver_close(first), 0);
}

int main(void)
{
    check_begin(60);
    RUN(null);
    RUN(foreign);
    RUN(closed);
    RUN(closed_stays_closed_when_others_open);
    RUN(odd_arguments);
    RUN(returned_text_outlives_other_handles);
    return check_end();
}
