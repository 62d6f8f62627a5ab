/*
 * The common setup of the tests: a temporary directory, a server on an ephemeral port, a record of
 * every event.
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "client.h"
#include "tftpserver.h"

/* The numbers of the interface, written out: a changed constant in the header must fail a test. */
enum {
    /* api: begin events */
    CONNECTED = 1,
    CONNECTION_REQUEST = 2,
    DISCONNECTED = 3,
    END_TRANSFER = 4,
    ERROR_EVENT = 5,
    LOG = 6,
    START_TRANSFER = 7,
    TRANSFER = 8,
    DATA_WANTED = 9,
    UNKNOWN_EVENT = 10,
    /* api: end events */
    NO_EVENT = -1
};
enum {
    RESERVED_3 = 3,
    RESERVED_10 = 10,
    /* api: begin properties */
    VERSION = 0,
    CONN_COUNT = 1,
    CONN_CONNECTION_ID = 2,
    CONN_FILE_DATA = 4,
    CONN_FILENAME = 5,
    CONN_LOCAL_FILE = 6,
    CONN_REMOTE_HOST = 7,
    CONN_REMOTE_PORT = 8,
    CONN_TRANSFER_MODE = 9,
    LISTENING = 11,
    LOCAL_DIR = 12,
    LOCAL_HOST = 13,
    LOCAL_PORT = 14,
    MAX_RETRANSMITS = 15,
    RETRANSMIT_TIMEOUT = 16,
    TIMEOUT = 17,
    CONN_OPERATION = 18,
    CONN_BYTES_TRANSFERRED = 19,
    CONN_TOTAL_BYTES = 20,
    CONN_BLOCK_SIZE = 21,
    CONN_WINDOW_SIZE = 22,
    CONN_RETRANSMISSIONS = 23,
    CONN_ELAPSED_MILLIS = 24,
    CONN_SERVED_NAME = 25,
    CONN_DATA_SIZE = 26,
    CONN_DATA_KEY = 27,
    RUNTIME_LICENSE = 2011,
    /* api: end properties */
    NO_PROPERTY = -1
};
enum {
    NOT_A_HANDLE = 901,
    UNKNOWN_PROPERTY,
    INDEX_OUT_OF_RANGE,
    READ_ONLY,
    INVALID_VALUE,
    UNKNOWN_SETTING,
    NOT_IN_CALLBACK,
    INTERNAL_ERROR,
    NOT_AVAILABLE
};
enum { UPLOAD = 0, DOWNLOAD = 1, FIRST_ID = 1000001, WAIT_MILLIS = 20000 };

/* One delivered event; its text is a copy. */
typedef struct record {
    int32_t id, connection_id, direction, code, percent, port, operation, level;
    int64_t bytes;
    size_t length;
    char text[256], host[64], local_host[64], mode[16];
    pthread_t thread;
} record;

typedef struct recorder recorder;
/*
 * Called inside the callback, after the event was recorded. Its result is returned by the callback.
 */
typedef int32_t (*recorder_hook)(recorder *self, tftpserver *server, tftpserver_event *event);

struct recorder {
    record *records;
    size_t count, room;
    recorder_hook hook;
    void *extra;                 /* the hook's own */
};

typedef struct fixture {
    tftpserver *server;
    int port;
    char dir[64];
    recorder events;
} fixture;

/*
 * Opens a listening server on 127.0.0.1 with LocalDir in a new directory. Returns 1 if all of it
 * worked.
 */
int fixture_open(fixture *self);
/* The same, not listening yet. */
int fixture_prepare(fixture *self);
int fixture_listen(fixture *self);
/* fixture_open on a port of fixture_fixed_port. */
int fixture_open_fixed(fixture *self);
/*
 * Returns a port that is free, below those that the system chooses: no other program gets it while it is given up and
 * taken again.
 */
int fixture_fixed_port(void);
/* Binds a UDP socket to a port of 127.0.0.1. Returns it, or -1 if the port is in use. */
int fixture_hold_port(int port);
/* Closes the server and removes the directory. */
void fixture_close(fixture *self);
/* Records every event except Log and Transfer; `also` adds one of these, 0 adds none. */
void fixture_record(fixture *self, int also);
void fixture_record_one(fixture *self, int event);
/*
 * Calls DoEvents until `count` events of this id were recorded. Returns 0 if they did not come in
 * time.
 */
int fixture_await(fixture *self, int event, size_t count);
/* Calls DoEvents until the number of connections is this. */
int fixture_await_connections(fixture *self, int64_t count);
size_t fixture_count(const fixture *self, int event);
/* Returns the n-th recorded event of this id, from 0, or NULL. */
const record *fixture_find(const fixture *self, int event, size_t n);
/* Returns the event ids in order, such as "2 1 7 4 3", of one connection (0: of all). */
const char *fixture_order(const fixture *self, int32_t connection_id, char *text, size_t size);

/* Files in the fixture's directory. */
void fixture_path(const fixture *self, const char *name, char *path, size_t size);
int fixture_write(const fixture *self, const char *name, const void *data, size_t length);
/* Returns the file's content, which the caller frees, or NULL if there is no such file. */
uint8_t *fixture_read(const fixture *self, const char *name, size_t *length);
int fixture_exists(const fixture *self, const char *name);
/* Returns the number of entries in the directory. */
int fixture_entries(const fixture *self);
/*
 * Calls DoEvents until it has this many: the file of an ended upload is removed in the background.
 */
int fixture_await_entries(const fixture *self, int count);
/* Returns `length` bytes that look random and are the same each time. The caller frees them. */
uint8_t *fixture_bytes(size_t length);
/* Time limits, stretched where the machine is slow. */
int fixture_millis(void);

#endif
