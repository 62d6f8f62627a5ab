/* Programs that people really use, run beside a test by fork and exec: curl and atftp. */
#ifndef REAL_CLIENT_H
#define REAL_CLIENT_H

#include <sys/types.h>

#include "fixture.h"

/* curl's exit codes: a TFTP ERROR 1 and 2, and --max-time. */
enum { CURL_GOOD = 0, CURL_TIMED_OUT = 28, CURL_ERROR_1 = 68, CURL_ERROR_2 = 69 };
/* What real_client_finish answers instead of an exit code. */
enum { CLIENT_HANGS = -1, DOEVENTS_FAILED = -2, CLIENT_KILLED = 128 };

typedef struct real_client {
    pid_t pid;                   /* 0: it has ended */
    int code;
} real_client;

/* Whether PATH has such a program. */
int real_client_installed(const char *program);

/* `words` end with NULL; 1 when the process runs. */
int real_client_start(real_client *self, const char *const *words);
/* curl, between the server and files of whatever directory. */
int real_client_start_get(real_client *self, int port, const char *name, const char *to_path);
int real_client_start_put(real_client *self, int port, const char *name, const char *from_path);
int real_client_running(real_client *self);
/*
 * Its exit code, when it has ended: `pump`'s DoEvents is called meanwhile and has to return 0; NULL: nobody's. A client
 * that does not end in time is killed.
 */
int real_client_finish(real_client *self, tftpserver *pump);

/* A whole transfer by curl, between the server and files of the fixture's directory; what real_client_finish says. */
int real_client_get(const fixture *where, const char *name, const char *to);
int real_client_put(const fixture *where, const char *name, const char *from);

#endif
