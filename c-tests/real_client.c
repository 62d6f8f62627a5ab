#define _XOPEN_SOURCE 700
#include "real_client.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_WORDS = 15 };

int real_client_installed(const char *program)
{
    const char *path = getenv("PATH");
    while (path && *path) {
        size_t length = strcspn(path, ":");
        char full[1024];
        snprintf(full, sizeof full, "%.*s/%s", (int)length, path, program);
        if (access(full, X_OK) == 0) {
            return 1;
        }
        path += length + (path[length] == ':');
    }
    return 0;
}

/*
 * Executes the program in the child, which may only make calls that are safe after a fork of a
 * process with threads.
 */
static void become(char **argv)
{
    int null = open("/dev/null", O_RDWR), fd;
    for (fd = 0; fd <= 2; fd++) {
        if (null < 0 || dup2(null, fd) < 0) {
            _exit(126);
        }
    }
    signal(SIGPIPE, SIG_DFL);
    execvp(argv[0], argv);
    _exit(127);
}

int real_client_start(real_client *self, const char *const *words)
{
    char *argv[MOST_WORDS + 1] = {NULL};
    int i;
    for (i = 0; i < MOST_WORDS && words[i]; i++) {
        argv[i] = (char *)words[i];
    }
    self->code = CLIENT_HANGS;
    self->pid = fork();
    if (self->pid == 0) {
        become(argv);
    }
    if (self->pid < 0) {
        self->pid = 0;
    }
    return self->pid > 0;
}

static int start_curl(real_client *self, int port, const char *name, const char *more, const char *path)
{
    char url[300], seconds[16];
    const char *words[8] = {"curl", "--silent", "--max-time"};
    snprintf(url, sizeof url, "tftp://127.0.0.1:%d/%s", port, name);
    snprintf(seconds, sizeof seconds, "%d", fixture_millis() / 1000);
    words[3] = seconds;
    words[4] = more;
    words[5] = path;
    words[6] = url;
    return real_client_start(self, words);
}

int real_client_start_get(real_client *self, int port, const char *name, const char *to_path)
{
    return start_curl(self, port, name, "--output", to_path);
}

int real_client_start_put(real_client *self, int port, const char *name, const char *from_path)
{
    return start_curl(self, port, name, "--upload-file", from_path);
}

int real_client_running(real_client *self)
{
    int status = 0;
    if (self->pid > 0 && waitpid(self->pid, &status, WNOHANG) == self->pid) {
        self->pid = 0;
        self->code = WIFEXITED(status) ? WEXITSTATUS(status) : CLIENT_KILLED;
    }
    return self->pid > 0;
}

int real_client_finish(real_client *self, tftpserver *pump)
{
    int64_t end = client_now() + fixture_millis();
    int failed = 0;
    while (real_client_running(self) && client_now() < end && !failed) {
        if (pump) {
            failed = tftpserver_do_doevents(pump) != 0;
        } else {
            poll(NULL, 0, 2);
        }
    }
    if (self->pid > 0) {
        kill(self->pid, SIGKILL);
        waitpid(self->pid, NULL, 0);
        self->pid = 0;
    }
    return failed ? DOEVENTS_FAILED : self->code;
}

int real_client_get(const fixture *where, const char *name, const char *to)
{
    real_client one;
    char path[512];
    fixture_path(where, to, path, sizeof path);
    real_client_start_get(&one, where->port, name, path);
    return real_client_finish(&one, where->server);
}

int real_client_put(const fixture *where, const char *name, const char *from)
{
    real_client one;
    char path[512];
    fixture_path(where, from, path, sizeof path);
    real_client_start_put(&one, where->port, name, path);
    return real_client_finish(&one, where->server);
}
