#define _XOPEN_SOURCE 700
#include "guest.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { LOOK_MILLIS = 10 };

/* One transfer under way. */
struct visit {
    client *line;
    int has_peer;
    address peer;                /* the sender of the first answer: the transfer ID */
    size_t size, blksize, window, in_window;
    uint64_t block;              /* downloads: the last that came in order; uploads: the last acknowledged */
};

static int is_stopped(const int *stop)
{
    return stop && __atomic_load_n(stop, __ATOMIC_RELAXED);
}

static void ask(guest *self, struct visit *visit, int opcode, const char *name)
{
    static const char *const sizes[] = {"8", "512", "1400", "8192"};
    static const char *const windows[] = {"1", "2", "4", "16"};
    const char *options[9] = {0};
    int at = 0;
    if (chance_one_in(&self->chance, 2)) {
        options[at++] = "blksize";
        options[at++] = sizes[1 + chance_below(&self->chance, 3)];
    }
    if (chance_one_in(&self->chance, 2)) {
        options[at++] = "windowsize";
        options[at++] = windows[chance_below(&self->chance, 4)];
    }
    if (opcode == RRQ && chance_one_in(&self->chance, 2)) {
        options[at++] = "tsize";
        options[at++] = "0";
    }
    client_request(visit->line, opcode, name, "octet", options);
}

static void take_oack(struct visit *visit)
{
    const char *blksize = client_option(visit->line, "blksize");
    const char *window = client_option(visit->line, "windowsize");
    visit->blksize = blksize ? (size_t)strtoul(blksize, NULL, 10) : 512;
    visit->window = window ? (size_t)strtoul(window, NULL, 10) : 1;
}

/* Returns 1 if the file is whole. */
static int take_data(guest *self, struct visit *visit)
{
    size_t length, at = (size_t)visit->block * visit->blksize;
    const uint8_t *bytes = client_payload(visit->line, &length);
    int is_last = length < visit->blksize;
    if (client_block(visit->line) != (int)((visit->block + 1) & 0xffff)) {
        return 0;
    }
    if (at + length > visit->size || memcmp(self->content + at, bytes, length) != 0
        || (is_last && at + length != visit->size)) {
        self->wrong++;
        return 1;
    }
    visit->block++;
    if (++visit->in_window == visit->window || is_last) {
        client_ack(visit->line, (unsigned)(visit->block & 0xffff));
        visit->in_window = 0;
    }
    return is_last;
}

/* Sends the window after the last acknowledged block. Returns 1 if all blocks are acknowledged. */
static int send_window(guest *self, struct visit *visit)
{
    uint64_t last = visit->size / visit->blksize + 1, block;
    for (block = visit->block + 1; block <= visit->block + visit->window && block <= last; block++) {
        size_t at = (size_t)(block - 1) * visit->blksize;
        size_t part = visit->size - at < visit->blksize ? visit->size - at : visit->blksize;
        client_data(visit->line, (unsigned)(block & 0xffff), self->content + at, part);
    }
    return visit->block == last;
}

static int take_ack(guest *self, struct visit *visit)
{
    uint64_t step = ((unsigned)client_block(visit->line) - (unsigned)visit->block) & 0xffff;
    if (step > visit->window) {
        return 0;
    }
    visit->block += step;
    return send_window(self, visit);
}

/*
 * Each visit has its own address in 127.0.0.0/8, so that packets to a guest that has left never
 * reach another.
 */
static int come_in(guest *self, client *line, int port)
{
    struct sockaddr_in from = {0};
    memset(line, 0, sizeof *line);
    line->server.v4.sin_family = from.sin_family = AF_INET;
    line->server.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    line->server.v4.sin_port = htons((uint16_t)port);
    line->peer = line->server;
    from.sin_addr.s_addr = htonl((127u << 24) + (1u << 16) + chance_below(&self->chance, 0xfe0000));
    line->fd = socket(AF_INET, SOCK_DGRAM, 0);
    return line->fd >= 0 && bind(line->fd, (struct sockaddr *)&from, sizeof from) == 0;
}

/* Returns whether the packet belongs to this transfer. */
static int is_its_own(struct visit *visit)
{
    if (!visit->has_peer) {
        visit->has_peer = 1;
        visit->peer = visit->line->peer;
    }
    return visit->line->peer.v4.sin_port == visit->peer.v4.sin_port;
}

/* Handles one packet. Returns 1 if the transfer is over. */
static int answer(guest *self, struct visit *visit, int opcode)
{
    switch (client_opcode(visit->line)) {
    case ERROR:
        self->refused++;
        return 1;
    case OACK:
        take_oack(visit);
        if (opcode == RRQ) {
            client_ack(visit->line, 0);
            return 0;
        }
        return visit->block == 0 ? send_window(self, visit) : 0;
    case DATA:
        if (opcode == RRQ && take_data(self, visit)) {
            self->whole++;
            return 1;
        }
        return 0;
    case ACK:
        if (opcode == WRQ && take_ack(self, visit)) {
            self->whole++;
            return 1;
        }
        return 0;
    default:
        return 0;
    }
}

static int gives_up(guest *self, struct visit *visit)
{
    if (self->abandons_one_in == 0 || !chance_one_in(&self->chance, self->abandons_one_in)) {
        return 0;
    }
    self->abandoned++;
    if (chance_one_in(&self->chance, 2)) {
        client_error(visit->line, 0, "changed my mind");
    }
    return 1;
}

static void converse(guest *self, struct visit *visit, int opcode, int millis, const int *stop)
{
    int waited = 0;
    while (!is_stopped(stop)) {
        if (!client_receive(visit->line, LOOK_MILLIS)) {
            waited += LOOK_MILLIS;
            if (waited >= millis) {
                self->silent++;
                return;
            }
            continue;
        }
        waited = 0;
        if (!is_its_own(visit)) {
            continue;
        }
        if (answer(self, visit, opcode) || gives_up(self, visit)) {
            return;
        }
    }
}

void guest_visit(guest *self, int port, int millis, const int *stop)
{
    struct visit visit = {0};
    int opcode = chance_one_in(&self->chance, 3) ? WRQ : RRQ;
    unsigned which = chance_below(&self->chance, 4);
    char name[32];
    visit.line = malloc(sizeof *visit.line);
    visit.size = self->sizes[which];
    visit.blksize = 512;
    visit.window = 1;
    if (visit.line && come_in(self, visit.line, port)) {
        if (opcode == RRQ) {
            self->reads++;
            snprintf(name, sizeof name, "f%u", which);
        } else {
            self->writes++;
            snprintf(name, sizeof name, "up%d", self->number);
        }
        ask(self, &visit, opcode, name);
        converse(self, &visit, opcode, millis, stop);
    }
    if (visit.line) {
        client_close(visit.line);
    }
    free(visit.line);
}
