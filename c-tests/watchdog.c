#define _GNU_SOURCE
#include "watchdog.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "client.h"

static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static int is_ended, patience;
static long round_now;
static int64_t heard;
static const char *doing[WATCHDOG_PLACES];

static void print_file(const char *task, const char *name)
{
    char path[300], text[300];
    FILE *file;
    size_t length;
    snprintf(path, sizeof path, "/proc/self/task/%s/%s", task, name);
    file = fopen(path, "r");
    if (!file) {
        return;
    }
    length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    text[strcspn(text, "\n")] = '\0';
    printf("  %s %s: %s\n", task, name, text);
}

static void print_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *task;
    while (tasks && (task = readdir(tasks)) != NULL) {
        if (task->d_name[0] != '.') {
            print_file(task->d_name, "comm");
            print_file(task->d_name, "wchan");
            print_file(task->d_name, "syscall");
        }
    }
    if (tasks) {
        closedir(tasks);
    }
}

static void print_stacks(void)
{
    char pid[32];
    pid_t child;
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    fflush(stdout);
#ifdef PR_SET_PTRACER
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
#endif
    child = fork();
    if (child == 0) {
        dup2(STDOUT_FILENO, STDERR_FILENO);
        execlp("gdb", "gdb", "--batch", "-p", pid, "-ex", "thread apply all backtrace", (char *)NULL);
        printf("(no stacks: gdb is not installed)\n");
        fflush(stdout);
        _exit(0);
    }
    if (child > 0) {
        waitpid(child, NULL, 0);
    }
}

static void tell(void)
{
    int place;
    printf("nothing has moved for %d s: failed: round %ld hangs\n", patience, round_now);
    for (place = 0; place < WATCHDOG_PLACES; place++) {
        if (doing[place]) {
            printf("  thread %d of the test: %s\n", place, doing[place]);
        }
    }
    print_threads();
    print_stacks();
    fflush(stdout);
    _exit(98);
}

static void *watches(void *context)
{
    sigset_t all;
    (void)context;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    pthread_mutex_lock(&lock);
    while (!is_ended) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 1;
        pthread_cond_timedwait(&ended, &lock, &until);
        if (!is_ended && client_now() - heard > patience * (int64_t)1000) {
            tell();
        }
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

void watchdog_begin(int seconds)
{
    const char *text = getenv("CHECK_SLOWNESS");
    int slowness = text ? atoi(text) : 1;
    patience = seconds * (slowness >= 1 ? slowness : 1);
    heard = client_now();
    is_ended = 0;
    if (pthread_create(&thread, NULL, watches, NULL) != 0) {
        abort();
    }
}

void watchdog_end(void)
{
    pthread_mutex_lock(&lock);
    is_ended = 1;
    pthread_cond_signal(&ended);
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
}

void watchdog_alive(long round)
{
    pthread_mutex_lock(&lock);
    round_now = round;
    heard = client_now();
    pthread_mutex_unlock(&lock);
}

void watchdog_doing(int place, const char *what)
{
    pthread_mutex_lock(&lock);
    doing[place] = what;
    pthread_mutex_unlock(&lock);
}
