/*
 * Measures the cost of events: throughput with and without callbacks, Transfer events per second,
 * and the latency from an event to the callback of an idle program. Client and server run in one
 * process on 127.0.0.1. Every figure is the median of several rounds that alternate between the
 * compared cases, so that a busy machine affects both alike.
 *
 *     events [ROUNDS]
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tftpserver.h"

enum { MOST_ROUNDS = 99, FILE_MEBIBYTES = 128, WAKES = 400, DATAGRAM = 65536, BATCH = 64 };

static tftpserver *server;
static int port;
static atomic_int is_delivering;
static _Atomic uint64_t events, disconnected;
static _Atomic int64_t woken_at;

static void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, server ? tftpserver_get_last_error(server) : "");
    exit(1);
}

static int64_t now_nanos(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- the program under test ---- */

static int32_t on_event(tftpserver *self, tftpserver_event *event, void *context)
{
    (void)self;
    (void)context;
    atomic_fetch_add_explicit(&events, event->id == TFTPSERVER_EVENT_TRANSFER, memory_order_relaxed);
    if (event->id == TFTPSERVER_EVENT_LOG) {
        atomic_store(&woken_at, now_nanos());
    }
    atomic_fetch_add(&disconnected, event->id == TFTPSERVER_EVENT_DISCONNECTED);
    return 0;
}

static void *deliver(void *context)
{
    (void)context;
    while (atomic_load(&is_delivering)) {
        tftpserver_do_doevents(server);
    }
    return NULL;
}

static pthread_t start_delivering(int first, int last)
{
    pthread_t thread;
    for (int id = first; id <= last; id++) {
        if (tftpserver_register_callback(server, id, on_event, NULL) != 0) {
            fail("register_callback");
        }
    }
    atomic_store(&is_delivering, 1);
    if (pthread_create(&thread, NULL, deliver, NULL) != 0) {
        fail("pthread_create");
    }
    return thread;
}

static void stop_delivering(pthread_t thread)
{
    atomic_store(&is_delivering, 0);
    tftpserver_do_interrupt(server);
    pthread_join(thread, NULL);
    for (int id = 1; id <= 8; id++) {
        tftpserver_register_callback(server, id, NULL, NULL);
    }
}

/* ---- a client that receives up to a window per system call ---- */

struct client {
    int fd;
    struct sockaddr_in peer;
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    uint8_t *room;
};

static void client_open(struct client *self)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct timeval patience = {.tv_sec = 2};
    int buffer = 8 << 20;
    memset(self, 0, sizeof *self);
    self->fd = socket(AF_INET, SOCK_DGRAM, 0);
    self->room = malloc((size_t)BATCH * DATAGRAM);
    setsockopt(self->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    setsockopt(self->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (self->fd < 0 || !self->room || bind(self->fd, (struct sockaddr *)&here, sizeof here) != 0) {
        fail("socket");
    }
    for (int i = 0; i < BATCH; i++) {
        self->parts[i] = (struct iovec){self->room + (size_t)i * DATAGRAM, DATAGRAM};
        self->messages[i].msg_hdr.msg_iov = &self->parts[i];
        self->messages[i].msg_hdr.msg_iovlen = 1;
    }
    self->messages[0].msg_hdr.msg_name = &self->peer;
}

static void client_close(struct client *self)
{
    close(self->fd);
    free(self->room);
}

static size_t put(uint8_t *packet, size_t at, const char *text)
{
    size_t length = strlen(text) + 1;
    memcpy(packet + at, text, length);
    return at + length;
}

static void request(struct client *self, const char *name, const char *blksize, const char *windowsize)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons((uint16_t)port)};
    uint8_t packet[300] = {0, 1};
    size_t length = put(packet, 2, name);
    length = put(packet, length, "octet");
    length = put(packet, put(packet, length, "blksize"), blksize);
    length = put(packet, put(packet, length, "windowsize"), windowsize);
    sendto(self->fd, packet, length, 0, (struct sockaddr *)&to, sizeof to);
}

static void acknowledge(struct client *self, unsigned block)
{
    uint8_t packet[4] = {0, 4, (uint8_t)(block >> 8), (uint8_t)block};
    sendto(self->fd, packet, sizeof packet, 0, (struct sockaddr *)&self->peer, sizeof self->peer);
}

/* Downloads `name`. Returns the number of bytes received, or -1. */
static int64_t download(const char *name, int blksize, int windowsize)
{
    struct client self;
    char size[12], window[12];
    int64_t got = 0;
    unsigned next = 0, in_window = 0, is_over = 0, is_waiting = 1;
    client_open(&self);
    snprintf(size, sizeof size, "%d", blksize);
    snprintf(window, sizeof window, "%d", windowsize);
    request(&self, name, size, window);
    while (!is_over) {
        int count;
        self.messages[0].msg_hdr.msg_namelen = sizeof self.peer;
        count = recvmmsg(self.fd, self.messages, BATCH, MSG_WAITFORONE, NULL);
        if (count <= 0) {
            got = -1;
            break;
        }
        for (int i = 0; i < count && !is_over; i++) {
            const uint8_t *packet = self.parts[i].iov_base;
            size_t length = self.messages[i].msg_len;
            if (packet[1] == 6 && is_waiting) {
                acknowledge(&self, 0);
                is_waiting = 0;
                next = 1;
            } else if (packet[1] == 3 && (unsigned)(packet[2] << 8 | packet[3]) == (next & 0xffff)) {
                got += (int64_t)length - 4;
                is_over = length - 4 < (size_t)blksize;
                if (++in_window == (unsigned)windowsize || is_over) {
                    acknowledge(&self, next);
                    in_window = 0;
                }
                next++;
            } else if (packet[1] == 5) {
                fprintf(stderr, "the server says: %s\n", (const char *)packet + 4);
                fail("download");
            }
        }
    }
    client_close(&self);
    return got;
}

/* ---- figures ---- */

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, compare);
    return values[count / 2];
}

/*
 * Returns the bytes per second of one download; with callbacks, the time runs until its
 * Disconnected was delivered.
 */
static double measure(const char *name, int64_t size, int blksize, int windowsize, int with_callbacks)
{
    pthread_t thread;
    uint64_t before = atomic_load(&disconnected);
    int64_t begin, end;
    if (with_callbacks) {
        thread = start_delivering(1, 8);
    }
    begin = now_nanos();
    if (download(name, blksize, windowsize) != size) {
        fail("the download is not whole");
    }
    while (with_callbacks && atomic_load(&disconnected) == before) {
        sched_yield();
    }
    end = now_nanos();
    if (with_callbacks) {
        stop_delivering(thread);
    }
    return (double)size * 1e9 / (double)(end - begin);
}

static void throughput(int rounds, int64_t size)
{
    double without[MOST_ROUNDS], with[MOST_ROUNDS], ratios[MOST_ROUNDS];
    measure("big", size, 1428, 16, 0);
    for (int i = 0; i < rounds; i++) {
        without[i] = measure("big", size, 1428, 16, 0);
        with[i] = measure("big", size, 1428, 16, 1);
        ratios[i] = with[i] / without[i];
    }
    printf("throughput, blksize 1428, windowsize 16: none %.0f MB/s, all eight callbacks %.0f MB/s, ratio %.2f\n",
           median(without, rounds) / 1e6, median(with, rounds) / 1e6, median(ratios, rounds));
}

/* The smallest blocks in the largest windows, so that delivering events dominates. */
static void event_rate(int rounds, int64_t size)
{
    double rates[MOST_ROUNDS];
    for (int i = 0; i < rounds; i++) {
        uint64_t before = atomic_load(&events);
        int64_t begin = now_nanos();
        measure("small", size, 8, 64, 1);
        rates[i] = (double)(atomic_load(&events) - before) * 1e9 / (double)(now_nanos() - begin);
    }
    printf("Transfer events, blksize 8, windowsize 64, server and client on the same cores: %.0f a second\n",
           median(rates, rounds));
}

/*
 * Downloads without calling DoEvents, up to the backlog that the flow control allows; then one
 * DoEvents delivers it.
 */
static void delivery_rate(int rounds)
{
    double rates[MOST_ROUNDS];
    for (int i = 0; i < rounds; i++) {
        uint64_t before;
        int64_t begin, nanos;
        tftpserver_register_callback(server, TFTPSERVER_EVENT_TRANSFER, on_event, NULL);
        for (int file = 0; file < 16; file++) {
            if (download("quarter", 8, 64) < 0) {
                fail("download");
            }
        }
        before = atomic_load(&events);
        begin = now_nanos();
        tftpserver_do_doevents(server);
        nanos = now_nanos() - begin;
        rates[i] = (double)(atomic_load(&events) - before) * 1e9 / (double)nanos;
        tftpserver_register_callback(server, TFTPSERVER_EVENT_TRANSFER, NULL, NULL);
    }
    printf("Transfer events that wait, delivered by one DoEvents into a C callback: %.0f a second\n",
           median(rates, rounds));
}

/* Measures the time from the client's request to the Log callback in a sleeping DoEvents. */
static void wake_up(void)
{
    double micros[WAKES];
    pthread_t thread;
    tftpserver_do_config(server, "SelectWaitMillis=60000");
    thread = start_delivering(6, 6);
    for (int i = 0; i < WAKES; i++) {
        static const uint8_t rrq[] = "\0\1small\0octet";
        struct client self;
        int64_t begin, woken;
        client_open(&self);
        usleep(1000);
        atomic_store(&woken_at, 0);
        self.peer = (struct sockaddr_in){
            .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons((uint16_t)port)};
        begin = now_nanos();
        sendto(self.fd, rrq, sizeof rrq, 0, (struct sockaddr *)&self.peer, sizeof self.peer);
        while ((woken = atomic_load(&woken_at)) == 0) {
            sched_yield();
        }
        micros[i] = (double)(woken - begin) / 1e3;
        client_close(&self);
    }
    stop_delivering(thread);
    printf("wake-up of an idle program, from the client's request to the callback: %.1f us (median of %d)\n",
           median(micros, WAKES), WAKES);
}

static void make_file(const char *dir, const char *name, int64_t size)
{
    char path[300];
    static uint8_t block[1 << 20];
    FILE *file;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    file = fopen(path, "wb");
    memset(block, 'x', sizeof block);
    for (int64_t left = size; file && left > 0; left -= (int64_t)sizeof block) {
        fwrite(block, 1, left < (int64_t)sizeof block ? (size_t)left : sizeof block, file);
    }
    if (!file || fclose(file) != 0) {
        fail(path);
    }
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 9;
    char dir[] = "/tmp/tftpserver-bench-XXXXXX", command[100];
    int64_t big = (int64_t)FILE_MEBIBYTES << 20, small = 4 << 20, quarter = 200 << 10;
    if (rounds < 1 || rounds > MOST_ROUNDS || !mkdtemp(dir)) {
        fprintf(stderr, "usage: events [ROUNDS, 1 to %d]\n", MOST_ROUNDS);
        return 2;
    }
    make_file(dir, "big", big);
    make_file(dir, "small", small);
    make_file(dir, "quarter", quarter);
    server = tftpserver_open();
    if (tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_DIR, 0, dir) != 0
        || tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_HOST, 0, "127.0.0.1") != 0
        || tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, 0) != 0
        || tftpserver_do_startlistening(server) != 0) {
        fail("StartListening");
    }
    port = (int)tftpserver_get_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0);
    throughput(rounds, big);
    event_rate(rounds, small);
    delivery_rate(rounds);
    wake_up();
    tftpserver_close(server);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command) == 0 ? 0 : 1;
}
