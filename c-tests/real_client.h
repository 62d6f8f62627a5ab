/* Runs widely used clients beside a test by fork and exec: curl and atftp. */
#ifndef REAL_CLIENT_H
#define REAL_CLIENT_H

#include <sys/types.h>

#include "fixture.h"

/* curl's exit codes: a TFTP ERROR 1 and 2, and --max-time. */
enum { CURL_GOOD = 0, CURL_TIMED_OUT = 28, CURL_ERROR_1 = 68, CURL_ERROR_2 = 69 };
/* Results of real_client_finish in place of an exit code. */
enum { CLIENT_HANGS = -1, DOEVENTS_FAILED = -2, CLIENT_KILLED = 128 };

typedef struct real_client {
    pid_t pid;                   /* 0: it has ended */
    int code;
} real_client;

/* Returns whether PATH has such a program. */
int real_client_installed(const char *program);

/* Starts a program. `words` end with NULL. Returns 1 if the process runs. */
int real_client_start(real_client *self, const char *const *words);
/* Start curl between the server and files of any directory. */
int real_client_start_get(real_client *self, int port, const char *name, const char *to_path);
int real_client_start_put(real_client *self, int port, const char *name, const char *from_path);
int real_client_running(real_client *self);
/*
 * Waits for the client and returns its exit code. Meanwhile it calls `pump`'s DoEvents, which has to return 0; NULL:
 * none. A client that does not end in time is killed.
 */
int real_client_finish(real_client *self, tftpserver *pump);

/*
 * Run a transfer by curl between the server and files of the fixture's directory; return as
 * real_client_finish does.
 */
int real_client_get(const fixture *where, const char *name, const char *to);
int real_client_put(const fixture *where, const char *name, const char *from);

#endif
