#define _POSIX_C_SOURCE 200809L
#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

/* Times check_slowness. */
enum { REPEAT_MILLIS = 1000 };

int64_t client_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static socklen_t size_of(const address *one)
{
    return one->any.sa_family == AF_INET6 ? sizeof one->v6 : sizeof one->v4;
}

static int open_at(client *self, const address *loopback, int port, tftpserver *pump)
{
    int room = 4 << 20;
    memset(self, 0, sizeof *self);
    self->pump = pump;
    self->server = *loopback;
    /* The port is at the same offset in both address families. */
    self->server.v4.sin_port = htons((uint16_t)port);
    self->peer = self->server;
    self->fd = socket(loopback->any.sa_family, SOCK_DGRAM, 0);
    if (self->fd < 0) {
        return 0;
    }
    setsockopt(self->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    return bind(self->fd, &loopback->any, size_of(loopback)) == 0;
}

int client_open(client *self, int port, tftpserver *pump)
{
    address loopback = {0};
    loopback.v4.sin_family = AF_INET;
    loopback.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return open_at(self, &loopback, port, pump);
}

int client_open_v6(client *self, int port, tftpserver *pump)
{
    address loopback = {0};
    loopback.v6.sin6_family = AF_INET6;
    loopback.v6.sin6_addr = in6addr_loopback;
    return open_at(self, &loopback, port, pump);
}

void client_close(client *self)
{
    if (self->fd >= 0) {
        close(self->fd);
    }
    self->fd = -1;
}

int client_port(const client *self)
{
    address here = {0};
    socklen_t length = sizeof here;
    getsockname(self->fd, &here.any, &length);
    return ntohs(here.v4.sin_port);
}

int client_peer_port(const client *self)
{
    return ntohs(self->peer.v4.sin_port);
}

static void send_to(client *self, const address *to, const void *bytes, size_t length)
{
    if (sendto(self->fd, bytes, length, 0, &to->any, size_of(to)) < 0) {
        fprintf(stderr, "test client: sendto: %s\n", strerror(errno));
    }
}

void client_send_raw(client *self, const void *bytes, size_t length)
{
    send_to(self, &self->server, bytes, length);
}

void client_send_peer(client *self, const void *bytes, size_t length)
{
    send_to(self, &self->peer, bytes, length);
}

static size_t put_text(uint8_t *packet, size_t at, size_t room, const char *text)
{
    size_t length = strlen(text) + 1;
    if (at + length <= room) {
        memcpy(packet + at, text, length);
        at += length;
    }
    return at;
}

void client_request(client *self, int opcode, const char *name, const char *mode, const char *const *options)
{
    uint8_t packet[4096] = {0, (uint8_t)opcode};
    size_t length = put_text(packet, 2, sizeof packet, name);
    length = put_text(packet, length, sizeof packet, mode);
    for (; options && *options; options++) {
        length = put_text(packet, length, sizeof packet, *options);
    }
    client_send_raw(self, packet, length);
}

void client_ack(client *self, unsigned block)
{
    uint8_t packet[4] = {0, ACK, (uint8_t)(block >> 8), (uint8_t)block};
    client_send_peer(self, packet, sizeof packet);
}

/* Sends header and data as two parts. A buffer for the longest block would be cleared or filled for every short one,
   which would dominate the run time under valgrind. */
void client_data(client *self, unsigned block, const void *bytes, size_t length)
{
    uint8_t head[4] = {0, DATA, (uint8_t)(block >> 8), (uint8_t)block};
    struct iovec parts[2] = {{head, sizeof head}, {(void *)bytes, length}};
    struct msghdr message = {0};
    message.msg_name = &self->peer;
    message.msg_namelen = size_of(&self->peer);
    message.msg_iov = parts;
    message.msg_iovlen = length > 0 ? 2 : 1;
    if (sendmsg(self->fd, &message, 0) < 0) {
        fprintf(stderr, "test client: sendmsg: %s\n", strerror(errno));
    }
}

void client_error(client *self, unsigned code, const char *text)
{
    uint8_t packet[600] = {0, ERROR, (uint8_t)(code >> 8), (uint8_t)code};
    client_send_peer(self, packet, put_text(packet, 4, sizeof packet, text));
}

static int receive_now(client *self, int millis)
{
    struct pollfd waiting = {self->fd, POLLIN, 0};
    socklen_t size = sizeof self->peer;
    ssize_t got;
    if (poll(&waiting, 1, millis) <= 0) {
        return 0;
    }
    got = recvfrom(self->fd, self->packet, sizeof self->packet, MSG_DONTWAIT, &self->peer.any, &size);
    self->length = got > 0 ? (size_t)got : 0;
    return got >= 0;
}

int client_receive(client *self, int millis)
{
    int64_t end = client_now() + millis;
    do {
        int64_t left = end - client_now();
        if (self->pump) {
            tftpserver_do_doevents(self->pump);
            left = 0;
        }
        if (receive_now(self, left > 0 ? (int)left : 0)) {
            return 1;
        }
    } while (client_now() < end);
    return 0;
}

static int event_waits(tftpserver *server)
{
#ifdef _WIN32
    return WaitForSingleObject(tftpserver_get_event_handle(server), 0) == WAIT_OBJECT_0;
#else
    struct pollfd readable = {(int)tftpserver_get_event_fd(server), POLLIN, 0};
    return poll(&readable, 1, 0) == 1;
#endif
}

/* The same in the middle of a transfer. DoEvents would wait if no event is queued, so it is called before the packets
   are read only if one is. Otherwise the application would get the events of a whole file late on a slow machine. */
static int receive_next(client *self)
{
    if (self->pump && event_waits(self->pump)) {
        tftpserver_do_doevents(self->pump);
    }
    return receive_now(self, 0) || client_receive(self, REPEAT_MILLIS * check_slowness());
}

int client_expect(client *self, int opcode, int block, int millis)
{
    int64_t end = client_now() + millis;
    while (client_now() < end) {
        int64_t left = end - client_now();
        if (client_receive(self, left > 0 ? (int)left : 0) && client_opcode(self) == opcode
            && (block < 0 || opcode == OACK || client_block(self) == block)) {
            return 1;
        }
    }
    return 0;
}

int client_opcode(const client *self)
{
    return self->length >= 2 ? self->packet[0] << 8 | self->packet[1] : -1;
}

int client_block(const client *self)
{
    return self->length >= 4 ? self->packet[2] << 8 | self->packet[3] : -1;
}

const uint8_t *client_payload(const client *self, size_t *length)
{
    *length = self->length >= 4 ? self->length - 4 : 0;
    return self->packet + 4;
}

const char *client_option(const client *self, const char *name)
{
    size_t at = 2;
    while (client_opcode(self) == OACK && at < self->length) {
        const char *key = (const char *)self->packet + at;
        size_t key_length = strnlen(key, self->length - at);
        const char *value = key + key_length + 1;
        if (at + key_length + 1 >= self->length) {
            return NULL;
        }
        if (strcasecmp(key, name) == 0) {
            return value;
        }
        at += key_length + 1 + strnlen(value, self->length - at - key_length - 1) + 1;
    }
    return NULL;
}

static int64_t option_number(const client *self, const char *name)
{
    const char *text = client_option(self, name);
    return text ? strtoll(text, NULL, 10) : -1;
}

static void begin(transfer *result)
{
    memset(result, 0, sizeof *result);
    result->error_code = -1;
    result->blksize = result->windowsize = result->tsize = result->timeout = -1;
}

/* Handles OACK and ERROR, which both directions may get. Returns 1 if the transfer is over. */
static int take_answer(client *self, transfer *result)
{
    if (client_opcode(self) == ERROR) {
        size_t length;
        const uint8_t *text = client_payload(self, &length);
        result->error_code = client_block(self);
        snprintf(result->error_text, sizeof result->error_text, "%.*s", (int)length, (const char *)text);
        return 1;
    }
    if (client_opcode(self) == OACK) {
        result->oack = 1;
        result->blksize = option_number(self, "blksize");
        result->windowsize = option_number(self, "windowsize");
        result->tsize = option_number(self, "tsize");
        result->timeout = option_number(self, "timeout");
    }
    return 0;
}

static int keep(transfer *result, const uint8_t *bytes, size_t length, size_t *room)
{
    if (result->length + length > *room) {
        size_t wider = (result->length + length) * 2;
        uint8_t *data = realloc(result->data, wider);
        if (!data) {
            return 0;
        }
        result->data = data;
        *room = wider;
    }
    memcpy(result->data + result->length, bytes, length);
    result->length += length;
    return 1;
}

transfer client_download(client *self, const char *name, const char *mode, const char *const *options, int millis)
{
    transfer result;
    size_t room = 65536, in_window = 0;
    uint64_t next = 1;
    int64_t heard = client_now();
    begin(&result);
    result.data = malloc(room);
    client_request(self, RRQ, name, mode, options);
    while (result.data && client_now() - heard < millis) {
        size_t size = result.blksize > 0 ? (size_t)result.blksize : 512, length;
        size_t window = result.windowsize > 0 ? (size_t)result.windowsize : 1;
        const uint8_t *bytes;
        if (!receive_next(self)) {
            if (next == 1 && !result.oack) {
                client_request(self, RRQ, name, mode, options);
            } else {
                client_ack(self, (unsigned)((next - 1) & 0xffff));
            }
            continue;
        }
        heard = client_now();
        if (take_answer(self, &result)) {
            return result;
        }
        if (client_opcode(self) == OACK) {
            client_ack(self, 0);
            continue;
        }
        if (client_opcode(self) != DATA || client_block(self) != (int)(next & 0xffff)) {
            continue;
        }
        bytes = client_payload(self, &length);
        if (!keep(&result, bytes, length, &room)) {
            return result;
        }
        result.blocks++;
        in_window++;
        if (length < size || in_window == window) {
            client_ack(self, (unsigned)(next & 0xffff));
            in_window = 0;
        }
        next++;
        if (length < size) {
            result.complete = 1;
            return result;
        }
    }
    return result;
}

transfer client_upload(client *self, const char *name, const char *mode, const char *const *options, const void *data,
                       size_t length, int millis)
{
    transfer result;
    uint64_t acked = 0, last = 0;
    int confirmed = 0;
    int64_t heard = client_now();
    begin(&result);
    client_request(self, WRQ, name, mode, options);
    while (client_now() - heard < millis) {
        size_t size, window;
        uint64_t block;
        if (receive_next(self)) {
            heard = client_now();
            if (take_answer(self, &result)) {
                return result;
            }
            if (client_opcode(self) == OACK || (client_opcode(self) == ACK && client_block(self) == 0 && acked == 0)) {
                if (confirmed && client_opcode(self) == OACK) {
                    continue;
                }
                confirmed = 1;
            } else if (client_opcode(self) == ACK && confirmed) {
                uint64_t step = ((unsigned)client_block(self) - (unsigned)acked) & 0xffff;
                if (step == 0 || step > last - acked) {
                    continue;
                }
                acked += step;
            } else {
                continue;
            }
        } else if (!confirmed) {
            client_request(self, WRQ, name, mode, options);
            continue;
        }
        size = result.blksize > 0 ? (size_t)result.blksize : 512;
        window = result.windowsize > 0 ? (size_t)result.windowsize : 1;
        if (acked > length / size) {
            result.complete = 1;
            result.blocks = acked;
            return result;
        }
        for (block = acked + 1; block <= acked + window && block <= length / size + 1; block++) {
            size_t at = (size_t)(block - 1) * size;
            size_t part = length - at < size ? length - at : size;
            client_data(self, (unsigned)(block & 0xffff), (const uint8_t *)data + at, part);
            last = block;
        }
    }
    return result;
}
