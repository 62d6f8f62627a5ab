/*
 * A small TFTP client for tests: it can send any packet, valid or not, and do whole transfers. It
 * uses one UDP socket and no threads; while it waits, it runs the event loop of the server under
 * test, if it is given one.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "tftpserver.h"

enum { RRQ = 1, WRQ = 2, DATA = 3, ACK = 4, ERROR = 5, OACK = 6 };

typedef union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} address;

typedef struct client {
    int fd;
    address server;              /* where requests go */
    address peer;                /* the sender of the last packet; ACK, DATA and ERROR go there */
    tftpserver *pump;            /* its DoEvents is called while waiting; NULL: none */
    uint8_t packet[65536 + 4];   /* the last packet received */
    size_t length;
} client;

/* The result of a whole transfer. The caller frees `data`. */
typedef struct transfer {
    int complete;
    int error_code;              /* the server's ERROR; -1: none came */
    char error_text[256];
    int oack;                    /* an OACK came, with these values (-1: not in it) */
    int64_t blksize, windowsize, tsize, timeout;
    uint8_t *data;               /* downloads: the bytes received */
    size_t length;
    uint64_t blocks;             /* DATA packets accepted */
} transfer;

/* Returns the milliseconds of a monotonic clock. */
int64_t client_now(void);

/* Opens a socket on 127.0.0.1 that sends to `port` there. */
int client_open(client *self, int port, tftpserver *pump);
/* The same on ::1. */
int client_open_v6(client *self, int port, tftpserver *pump);
void client_close(client *self);
/* Returns the client's own port, in host order. */
int client_port(const client *self);

/* Returns the port that sent the last packet. */
int client_peer_port(const client *self);

/* Sent to the listening port: */
void client_send_raw(client *self, const void *bytes, size_t length);
/* `options`: name, value, name, value, ..., NULL; or NULL. */
void client_request(client *self, int opcode, const char *name, const char *mode, const char *const *options);
/* Sent to the peer: */
void client_send_peer(client *self, const void *bytes, size_t length);
void client_ack(client *self, unsigned block);
void client_data(client *self, unsigned block, const void *bytes, size_t length);
void client_error(client *self, unsigned code, const char *text);

/*
 * Waits for one packet. Returns 1 if one came, 0 after `millis`. Calls the pump's DoEvents
 * meanwhile.
 */
int client_receive(client *self, int millis);
/*
 * The same, for a packet of this opcode and block (ERROR: code); others are dropped. block -1: any.
 */
int client_expect(client *self, int opcode, int block, int millis);
int client_opcode(const client *self);
int client_block(const client *self);
const uint8_t *client_payload(const client *self, size_t *length);
/* Returns the value of an option in the OACK just received, or NULL. */
const char *client_option(const client *self, const char *name);

/* Whole transfers. They retransmit lost packets and give up after `millis` without a packet. */
transfer client_download(client *self, const char *name, const char *mode, const char *const *options, int millis);
transfer client_upload(client *self, const char *name, const char *mode, const char *const *options, const void *data,
                       size_t length, int millis);

#endif
