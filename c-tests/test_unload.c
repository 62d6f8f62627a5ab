/*
 * The library is loaded by name and unloaded again, as by an interpreter's extension: after close,
 * and while it still serves. None of its code may run after it is unloaded, and loading it again
 * works.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include "check.h"
#include "resources.h"
#include "tftpserver.h"

static const char *library;

/* The functions of the library that are called here, looked up by name. */
struct functions {
    void *module;
    int missing;
    tftpserver *(*open)(void);
    int32_t (*close)(tftpserver *);
    int32_t (*set)(tftpserver *, int32_t, int32_t, const char *);
    int64_t (*get_int)(tftpserver *, int32_t, int32_t);
    int32_t (*do_startlistening)(tftpserver *);
    int32_t (*do_doevents)(tftpserver *);
};

static void *find(struct functions *self, const char *name)
{
    void *found = dlsym(self->module, name);
    self->missing += found == NULL;
    return found;
}

static int load(struct functions *self)
{
    self->missing = 0;
    self->module = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!self->module) {
        printf("%s\n", dlerror());
        return 0;
    }
    /* dlsym of POSIX returns the address of a function as that of an object. */
    *(void **)&self->open = find(self, "tftpserver_open");
    *(void **)&self->close = find(self, "tftpserver_close");
    *(void **)&self->set = find(self, "tftpserver_set");
    *(void **)&self->get_int = find(self, "tftpserver_get_int");
    *(void **)&self->do_startlistening = find(self, "tftpserver_do_startlistening");
    *(void **)&self->do_doevents = find(self, "tftpserver_do_doevents");
    return self->missing == 0;
}

static tftpserver *serve(const struct functions *self, int *port)
{
    tftpserver *server = self->open();
    if (server && self->set(server, TFTPSERVER_PROPERTY_LOCAL_DIR, 0, "/proc/self") == 0
        && self->set(server, TFTPSERVER_PROPERTY_LOCAL_HOST, 0, "127.0.0.1") == 0
        && self->set(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, "0") == 0 && self->do_startlistening(server) == 0) {
        *port = (int)self->get_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0);
    }
    return server;
}

/* Sends a request and returns whether any answer came. */
static int is_answered(int port)
{
    static const char request[] = "\0\1no-such-file\0octet";
    struct sockaddr_in to = {0};
    struct pollfd answer = {socket(AF_INET, SOCK_DGRAM, 0), POLLIN, 0};
    int came = 0, round;
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons((uint16_t)port);
    for (round = 0; round < 20 * check_slowness() && !came; round++) {
        came = sendto(answer.fd, request, sizeof request, 0, (struct sockaddr *)&to, sizeof to) > 0
            && poll(&answer, 1, 1000) == 1;
    }
    close(answer.fd);
    return came;
}

static void *comes_and_goes(void *context)
{
    struct functions self;
    tftpserver *server;
    int port = 0;
    (void)context;
    if (!load(&self)) {
        return "was not loaded";
    }
    server = serve(&self, &port);
    if (!is_answered(port)) {
        return "no answer";
    }
    if (self.do_doevents(server) != 0 || self.close(server) != 0 || dlclose(self.module) != 0) {
        return "did not end";
    }
    return NULL;
}

/*
 * Runs on a thread that ends afterwards, because the library's thread-local data keeps it loaded
 * until then.
 */
static void after_close_nothing_is_left(void)
{
    resources before = resources_now();
    int round;
    for (round = 0; round < 20; round++) {
        pthread_t thread;
        void *wrong = "did not run";
        CHECK_INT(pthread_create(&thread, NULL, comes_and_goes, NULL), 0);
        pthread_join(thread, &wrong);
        CHECK_TEXT(wrong, NULL);
        if (round == 0) {
            before = resources_now();
        }
    }
    CHECK(resources_are_back(&before));
}

/* A program forgets to close: the threads of the library go on, so their code must stay loaded. */
static void while_it_serves_it_stays(void)
{
    struct functions self, again;
    tftpserver *server, *other;
    int port = 0, other_port = 0;
    NEED(load(&self));
    server = serve(&self, &port);
    CHECK(is_answered(port));
    CHECK_INT(dlclose(self.module), 0);
    CHECK(is_answered(port));
    NEED(load(&again));
    other = serve(&again, &other_port);
    CHECK(is_answered(other_port));
    CHECK(is_answered(port));
    CHECK_INT(again.close(other), 0);
    CHECK_INT(again.close(server), 0);
    CHECK_INT(dlclose(again.module), 0);
}

static void *forgets(void *port)
{
    struct functions self;
    if (load(&self) && serve(&self, port)) {
        dlclose(self.module);
    }
    return NULL;
}

/* The same where even the thread that loaded it has ended. */
static void while_it_serves_it_stays_without_its_thread(void)
{
    pthread_t thread;
    int port = 0, round;
    CHECK_INT(pthread_create(&thread, NULL, forgets, &port), 0);
    pthread_join(thread, NULL);
    NEED(port > 0);
    for (round = 0; round < 20; round++) {
        CHECK(is_answered(port));
    }
}

int main(int count, char **arguments)
{
    check_begin(120);
    if (count != 2) {
        printf("usage: %s libtftpserver.so\n", arguments[0]);
        return 1;
    }
    library = arguments[1];
    RUN(after_close_nothing_is_left);
    RUN(while_it_serves_it_stays);
    RUN(while_it_serves_it_stays_without_its_thread);
    return check_end();
}
