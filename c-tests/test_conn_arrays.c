/* The Conn arrays: by position and by id, and when they change. */
#define _XOPEN_SOURCE 700
#include <limits.h>

#include "check.h"
#include "fixture.h"

enum { CLIENTS = 3 };
static fixture self;
static client readers[CLIENTS];
static uint8_t *data;

/* Three clients, each in the middle of a download whose next ACK it holds back. */
static int begin(void)
{
    static const char *const names[CLIENTS] = {"one", "two", "three"};
    static const char *const modes[CLIENTS] = {"octet", "netascii", "OCTET"};
    int i, good = fixture_open(&self);
    data = fixture_bytes(2000);
    fixture_record(&self, 0);
    for (i = 0; good && i < CLIENTS; i++) {
        good = fixture_write(&self, names[i], data, 2000) && client_open(&readers[i], self.port, self.server);
        client_request(&readers[i], RRQ, names[i], modes[i], NULL);
        good = good && client_expect(&readers[i], DATA, 1, fixture_millis());
    }
    return good;
}

static void end(void)
{
    int i;
    for (i = 0; i < CLIENTS; i++) {
        client_close(&readers[i]);
    }
    fixture_close(&self);
    free(data);
}

static void fields_by_position_and_by_id(void)
{
    static const char *const names[CLIENTS] = {"one", "two", "three"};
    int i, round;
    NEED(begin());
    CHECK_TEXT(tftpserver_get(self.server, CONN_COUNT, 0), "3");
    for (i = 0; i < CLIENTS; i++) {
        char id[16], port[16];
        snprintf(id, sizeof id, "%d", FIRST_ID + i);
        snprintf(port, sizeof port, "%d", client_port(&readers[i]));
        for (round = 0; round < 2; round++) {
            int32_t index = round ? FIRST_ID + i : i;
            CHECK_TEXT(tftpserver_get(self.server, CONN_CONNECTION_ID, index), id);
            CHECK_INT(tftpserver_get_int(self.server, CONN_CONNECTION_ID, index), FIRST_ID + i);
            CHECK_TEXT(tftpserver_get(self.server, CONN_FILENAME, index), names[i]);
            CHECK_TEXT(tftpserver_get(self.server, CONN_REMOTE_HOST, index), "127.0.0.1");
            CHECK_TEXT(tftpserver_get(self.server, CONN_REMOTE_PORT, index), port);
            CHECK_INT(tftpserver_get_int(self.server, CONN_REMOTE_PORT, index), client_port(&readers[i]));
            CHECK_TEXT(tftpserver_get(self.server, CONN_TRANSFER_MODE, index), i == 1 ? "1" : "0");
            CHECK_TEXT(tftpserver_get(self.server, CONN_FILE_DATA, index), "");
        }
    }
    end();
}

static void out_of_range(void)
{
    static const int indices[] = {-1, CLIENTS, 1000, FIRST_ID - 1, FIRST_ID + CLIENTS, INT_MAX, INT_MIN};
    size_t i, length = 77;
    NEED(begin());
    for (i = 0; i < sizeof indices / sizeof *indices; i++) {
        CHECK(tftpserver_get(self.server, CONN_FILENAME, indices[i]) == NULL);
        CHECK_INT(tftpserver_get_last_error_code(self.server), INDEX_OUT_OF_RANGE);
        CHECK_INT(tftpserver_get_int(self.server, CONN_REMOTE_PORT, indices[i]), 0);
        CHECK_INT(tftpserver_get_last_error_code(self.server), INDEX_OUT_OF_RANGE);
        CHECK(tftpserver_get_bytes(self.server, CONN_FILE_DATA, indices[i], &length) == NULL);
        CHECK_INT(tftpserver_set(self.server, CONN_LOCAL_FILE, indices[i], "/x"), INDEX_OUT_OF_RANGE);
        CHECK_INT(tftpserver_do_disconnect(self.server, indices[i]), INDEX_OUT_OF_RANGE);
    }
    end();
}

static void read_only_fields(void)
{
    static const int ids[] = {CONN_CONNECTION_ID, CONN_FILENAME, CONN_REMOTE_HOST, CONN_REMOTE_PORT,
                              CONN_TRANSFER_MODE};
    size_t i;
    NEED(begin());
    for (i = 0; i < sizeof ids / sizeof *ids; i++) {
        CHECK_INT(tftpserver_set(self.server, ids[i], 0, "1"), READ_ONLY);
    }
    CHECK_TEXT(tftpserver_get(self.server, CONN_FILENAME, 0), "one");
    end();
}

/*
 * Sends two requests that are answered without any event, so that everything sent before the first
 * is handled.
 */
static void until_the_server_has_seen_it(void)
{
    client other;
    int i;
    NEED(client_open(&other, self.port, NULL));
    for (i = 0; i < 2; i++) {
        client_request(&other, RRQ, "x", "mail", NULL);
        CHECK(client_expect(&other, ERROR, -1, fixture_millis()));
    }
    client_close(&other);
}

static void positions_close_up_inside_doevents_only(void)
{
    NEED(begin());
    client_error(&readers[0], 0, "enough");
    until_the_server_has_seen_it();
    /* The library knows the end now, but shows it only in DoEvents. */
    CHECK_INT(tftpserver_get_int(self.server, CONN_COUNT, 0), 3);
    CHECK_TEXT(tftpserver_get(self.server, CONN_FILENAME, 0), "one");
    CHECK(fixture_await_connections(&self, 2));
    CHECK_TEXT(tftpserver_get(self.server, CONN_FILENAME, 0), "two");
    CHECK_TEXT(tftpserver_get(self.server, CONN_FILENAME, 1), "three");
    CHECK_TEXT(tftpserver_get(self.server, CONN_FILENAME, FIRST_ID + 2), "three");
    CHECK(tftpserver_get(self.server, CONN_FILENAME, FIRST_ID) == NULL);
    CHECK_INT(tftpserver_get_last_error_code(self.server), INDEX_OUT_OF_RANGE);
    end();
}

/* The record exists from ConnectionRequest to Disconnected. */
static int32_t look(recorder *events, tftpserver *server, tftpserver_event *event)
{
    int32_t id = events->records[events->count - 1].connection_id;
    const char *name = tftpserver_get(server, CONN_FILENAME, id);
    CHECK_TEXT(name, "seen");
    CHECK_INT(tftpserver_get_int(server, CONN_COUNT, 0), 1);
    if (event->id == CONNECTION_REQUEST) {
        static const uint8_t binary[] = {0, 1, 0xff, 0, 'x', 0};
        size_t length = 0;
        const void *bytes;
        CHECK_INT(tftpserver_set_bytes(server, CONN_FILE_DATA, id, binary, sizeof binary), 0);
        bytes = tftpserver_get_bytes(server, CONN_FILE_DATA, id, &length);
        CHECK_BYTES(bytes, length, binary, sizeof binary);
        bytes = tftpserver_get_bytes(server, CONN_FILE_DATA, 0, &length);
        CHECK_BYTES(bytes, length, binary, sizeof binary);
        CHECK_INT(tftpserver_set(server, CONN_FILE_DATA, id, "as text"), 0);
        CHECK_TEXT(tftpserver_get(server, CONN_FILE_DATA, id), "as text");
        CHECK_INT(tftpserver_set_bytes(server, CONN_FILE_DATA, id, NULL, 0), 0);
        CHECK_TEXT(tftpserver_get(server, CONN_FILE_DATA, id), "");
        CHECK_INT(tftpserver_set(server, CONN_LOCAL_FILE, id, "/nowhere"), 0);
        CHECK_TEXT(tftpserver_get(server, CONN_LOCAL_FILE, id), "/nowhere");
        CHECK_INT(tftpserver_set(server, CONN_LOCAL_FILE, id, ""), 0);
    }
    return 0;
}

static void there_from_the_first_callback_to_the_last(void)
{
    client reader;
    transfer got;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    CHECK(fixture_write(&self, "seen", "content", 7));
    self.events.hook = look;
    NEED(client_open(&reader, self.port, self.server));
    got = client_download(&reader, "seen", "octet", NULL, fixture_millis());
    CHECK_BYTES(got.data, got.length, "content", 7);
    free(got.data);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(tftpserver_get_int(self.server, CONN_COUNT, 0), 0);
    client_close(&reader);
    fixture_close(&self);
}

static void local_file_tells_what_is_served(void)
{
    char path[512];
    NEED(begin());
    CHECK(fixture_await(&self, START_TRANSFER, CLIENTS));
    fixture_path(&self, "two", path, sizeof path);
#ifdef _WIN32 /* made absolute: a drive, and backslashes */
    CHECK(strstr(tftpserver_get(self.server, CONN_LOCAL_FILE, FIRST_ID + 1), "\\two") != NULL);
#else
    CHECK_TEXT(tftpserver_get(self.server, CONN_LOCAL_FILE, FIRST_ID + 1), path);
#endif
    end();
}

static void ids_are_not_used_again(void)
{
    int i;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    CHECK(fixture_write(&self, "f", "x", 1));
    for (i = 0; i < 6; i++) {
        client reader;
        transfer got;
        NEED(client_open(&reader, self.port, self.server));
        got = client_download(&reader, "f", "octet", NULL, fixture_millis());
        CHECK(got.complete);
        free(got.data);
        CHECK(fixture_await(&self, DISCONNECTED, (size_t)i + 1));
        CHECK_INT(fixture_find(&self, CONNECTED, (size_t)i)->connection_id, FIRST_ID + i);
        client_close(&reader);
        if (i == 2) {
            CHECK_INT(tftpserver_do_stoplistening(self.server), 0);
            CHECK(fixture_listen(&self));
        }
    }
    fixture_close(&self);
}

int main(void)
{
    check_begin(120);
    RUN(fields_by_position_and_by_id);
    RUN(out_of_range);
    RUN(read_only_fields);
    RUN(positions_close_up_inside_doevents_only);
    RUN(there_from_the_first_callback_to_the_last);
    RUN(local_file_tells_what_is_served);
    RUN(ids_are_not_used_again);
    return check_end();
}
