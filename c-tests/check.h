/*
 * A test harness in one header. A failed check prints its place, and the test continues with the
 * next line. A test program exits with 0 only if every check held. check_begin sets an alarm, so
 * that no test hangs.
 */
#ifndef CHECK_H
#define CHECK_H

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int check_made;
static int check_failed;
static const char *check_test = "";

/*
 * Returns how many times slower than usual the tests run (valgrind, sanitizers). Time limits are
 * multiplied by it.
 */
static inline int check_slowness(void)
{
    const char *text = getenv("CHECK_SLOWNESS");
    int value = text ? atoi(text) : 1;
    return value >= 1 ? value : 1;
}

static inline void check_note(int held, const char *file, int line, const char *what)
{
    check_made++;
    if (!held) {
        check_failed++;
        printf("%s:%d: %s: failed: %s\n", file, line, check_test, what);
        fflush(stdout);
    }
}

static inline void check_note_int(int64_t got, int64_t wanted, const char *file, int line, const char *what)
{
    char text[400];
    snprintf(text, sizeof text, "%s is %" PRId64 ", not %" PRId64, what, got, wanted);
    check_note(got == wanted, file, line, text);
}

static inline void check_note_text(const char *got, const char *wanted, const char *file, int line, const char *what)
{
    char text[800];
    int same = got == wanted || (got && wanted && strcmp(got, wanted) == 0);
    snprintf(text, sizeof text, "%s is \"%.300s\", not \"%.300s\"", what, got ? got : "(NULL)",
             wanted ? wanted : "(NULL)");
    check_note(same, file, line, text);
}

static inline void check_note_bytes(const void *got, size_t length, const void *wanted, size_t wanted_length,
                                    const char *file, int line, const char *what)
{
    char text[400];
    size_t common = length < wanted_length ? length : wanted_length, at = 0;
    while (at < common && ((const unsigned char *)got)[at] == ((const unsigned char *)wanted)[at]) {
        at++;
    }
    snprintf(text, sizeof text, "%s has %zu bytes, wanted %zu, and differs from byte %zu on", what, length,
             wanted_length, at);
    check_note(length == wanted_length && at == common, file, line, text);
}

#define CHECK(condition) check_note(!!(condition), __FILE__, __LINE__, #condition)
#define CHECK_INT(got, wanted) check_note_int((int64_t)(got), (int64_t)(wanted), __FILE__, __LINE__, #got)
#define CHECK_TEXT(got, wanted) check_note_text((got), (wanted), __FILE__, __LINE__, #got)
#define CHECK_BYTES(got, length, wanted, wanted_length) \
    check_note_bytes((got), (length), (wanted), (wanted_length), __FILE__, __LINE__, #got)
/* A check that the rest of the test depends on. */
#define NEED(condition)                                        \
    do {                                                       \
        int need_held = !!(condition);                         \
        check_note(need_held, __FILE__, __LINE__, #condition); \
        if (!need_held) {                                      \
            return;                                            \
        }                                                      \
    } while (0)

static inline void check_alarm(int signal_number)
{
    static const char text[] = "the test hangs: stopped by its alarm\n";
    (void)signal_number;
    if (write(STDOUT_FILENO, text, sizeof text - 1) < 0) {
        _exit(98);
    }
    _exit(99);
}

static inline void check_begin(int seconds)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGALRM, check_alarm);
    signal(SIGPIPE, SIG_IGN);
    alarm((unsigned)(seconds * check_slowness()));
}

/* Returns false if the library was compiled with --cfg portable, which leaves only the features of other systems than
   Linux. Tests of Linux-only features call this. */
static inline int check_is_linux(const char *what)
{
    if (!getenv("TFTPSERVER_PORTABLE")) {
        return 1;
    }
    printf("NOT RUN: %s: %s, which only Linux has\n", check_test, what);
    return 0;
}

/* Returns true under an emulator of a processor (qemu-user), which has not all system calls. Tests of a feature that it
   lacks call this. */
static inline int check_is_emulated(const char *what)
{
    if (!getenv("TFTPSERVER_EMULATED")) {
        return 0;
    }
    printf("NOT RUN: %s: %s, which the emulator lacks\n", check_test, what);
    return 1;
}

#define RUN(test)           \
    do {                    \
        check_test = #test; \
        test();             \
    } while (0)

static inline int check_end(void)
{
    printf("%d checks, %d failed\n", check_made, check_failed);
    return check_failed == 0 && check_made > 0 ? 0 : 1;
}

#endif
