/*
 * More than 4 GiB in both directions: the largest blocks, a sparse file, an upload that only
 * Transfer takes.
 */
#define _XOPEN_SOURCE 700
#define _FILE_OFFSET_BITS 64
#include <poll.h>
#include <sys/socket.h>

#include "check.h"
#include "fixture.h"

enum { BLOCK = 65464, WINDOW = 2 };

static const int64_t size = ((int64_t)4 << 30) + 100000;
static const char *options[] = {"blksize", "65464", "windowsize", "2", "tsize", NULL, NULL};

/* The events of one transfer, summed up. */
struct told {
    int64_t bytes, events;
    int percent, ends, whole, wrong;
};

static int32_t on_event(tftpserver *server, tftpserver_event *event, void *context)
{
    struct told *told = context;
    (void)server;
    if (event->id == TRANSFER) {
        int64_t next = told->bytes + (int64_t)event->data.transfer.text_length;
        told->wrong += event->data.transfer.bytes_transferred != next
                    || event->data.transfer.percent_done != (int)(next * 100 / size)
                    || event->data.transfer.percent_done < told->percent;
        told->bytes = next;
        told->percent = event->data.transfer.percent_done;
        told->events++;
    }
    told->whole += event->id == END_TRANSFER;
    told->ends += event->id == DISCONNECTED && event->data.disconnected.status_code == 0;
    return 0;
}

static int begin(fixture *self, struct told *told)
{
    static const int events[] = {DISCONNECTED, END_TRANSFER, TRANSFER};
    size_t i;
    memset(told, 0, sizeof *told);
    if (!fixture_open(self)) {
        return 0;
    }
    for (i = 0; i < 3; i++) {
        CHECK_INT(tftpserver_register_callback(self->server, events[i], on_event, told), 0);
    }
    return tftpserver_set_int(self->server, TIMEOUT, 0, 300) == 0;
}

/* The client's side runs in a separate thread and only counts bytes. */
struct peer {
    fixture *server;
    int upload;
    int64_t moved;
    int error;
};

static void *downloads(void *context)
{
    struct peer *self = context;
    client *one = malloc(sizeof *one);
    uint64_t next = 1;
    int64_t heard = client_now();
    if (!one || !client_open(one, self->server->port, NULL)) {
        return NULL;
    }
    client_request(one, RRQ, "huge", "octet", (const char *const *)options);
    while (client_now() - heard < fixture_millis()) {
        if (!client_receive(one, 1000)) {
            client_ack(one, (unsigned)((next - 1) & 0xffff));
            continue;
        }
        heard = client_now();
        if (client_opcode(one) == OACK) {
            const char *tsize = client_option(one, "tsize");
            self->error |= !tsize || strtoll(tsize, NULL, 10) != size;
            client_ack(one, 0);
        } else if (client_opcode(one) == DATA && client_block(one) == (int)(next & 0xffff)) {
            self->moved += (int64_t)one->length - 4;
            if (one->length - 4 < BLOCK || next % WINDOW == 0) {
                client_ack(one, (unsigned)(next & 0xffff));
            }
            next++;
            if (one->length - 4 < BLOCK) {
                break;
            }
        } else if (client_opcode(one) == ERROR) {
            self->error = 1;
            break;
        }
    }
    client_close(one);
    free(one);
    return NULL;
}

static void *uploads(void *context)
{
    static uint8_t block[BLOCK];
    struct peer *self = context;
    client *one = malloc(sizeof *one);
    uint64_t acked = 0, last = (uint64_t)(size / BLOCK) + 1, next = 1;
    int64_t heard = client_now();
    int begun = 0;
    if (!one || !client_open(one, self->server->port, NULL)) {
        return NULL;
    }
    client_request(one, WRQ, "huge", "octet", (const char *const *)options);
    while (acked < last && client_now() - heard < fixture_millis()) {
        if (client_receive(one, 1000)) {
            heard = client_now();
            if (client_opcode(one) == ERROR) {
                self->error = 1;
                break;
            }
            if (client_opcode(one) == ACK && begun) {
                uint64_t step = ((unsigned)client_block(one) - (unsigned)acked) & 0xffff;
                acked += step <= WINDOW ? step : 0;
            }
            begun |= client_opcode(one) == OACK;
        }
        for (next = acked + 1; begun && next <= acked + WINDOW && next <= last; next++) {
            client_data(one, (unsigned)(next & 0xffff), block, next < last ? BLOCK : (size_t)(size % BLOCK));
        }
    }
    self->moved = acked == last ? size : (int64_t)acked * BLOCK;
    client_close(one);
    free(one);
    return NULL;
}

static void run(fixture *self, struct told *told, void *(*side)(void *))
{
    struct peer peer = {self, 0, 0, 0};
    pthread_t thread;
    int64_t began = client_now();
    NEED(pthread_create(&thread, NULL, side, &peer) == 0);
    while (told->ends == 0 && client_now() - began < 12 * (int64_t)fixture_millis()) {
        tftpserver_do_doevents(self->server);
    }
    pthread_join(thread, NULL);
    CHECK_INT(peer.error, 0);
    CHECK_INT(peer.moved, size);
    CHECK_INT(told->bytes, size);
    CHECK_INT(told->events, size / BLOCK + 1);
    CHECK_INT(told->percent, 100);
    CHECK_INT(told->wrong, 0);
    CHECK_INT(told->whole, 1);
    CHECK_INT(told->ends, 1);
    printf("%.1f s\n", (double)(client_now() - began) / 1000);
}

static void a_download(void)
{
    fixture self;
    struct told told;
    char disk[sizeof self.dir];
    NEED(begin(&self, &told));
    memcpy(disk, self.dir, sizeof disk);
    /* Reading a hole takes no memory there; on a disk it fills the page cache with zeros. */
    strcpy(self.dir, "/dev/shm/tftpserver-test-XXXXXX");
    if (!mkdtemp(self.dir) || tftpserver_set(self.server, LOCAL_DIR, 0, self.dir) != 0) {
        memcpy(self.dir, disk, sizeof disk);
        disk[0] = '\0';
    }
    if (fixture_write(&self, "huge", "", 0)) {
        char path[512];
        fixture_path(&self, "huge", path, sizeof path);
        CHECK_INT(truncate(path, size), 0);
        run(&self, &told, downloads);
    }
    CHECK_INT(told.ends, 1);
    fixture_close(&self);
    if (disk[0]) {
        CHECK_INT(rmdir(disk), 0);
    }
}

static void an_upload(void)
{
    fixture self;
    struct told told;
    NEED(begin(&self, &told));
    CHECK_INT(tftpserver_set(self.server, LOCAL_DIR, 0, ""), 0);
    run(&self, &told, uploads);
    fixture_close(&self);
}

int main(void)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, size);
    options[5] = text;
    check_begin(280);
    RUN(a_download);
    RUN(an_upload);
    return check_end();
}
