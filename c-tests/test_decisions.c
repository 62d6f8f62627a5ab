/* Decisions of the application inside its callbacks, and their effect on the wire. */
#define _XOPEN_SOURCE 700
#include "check.h"
#include "fixture.h"

#include <sys/stat.h>
#include <unistd.h>

/* The action of the hook, and the event at which it acts. */
struct decision {
    int event;
    int32_t answer;
    int refuse;
    const void *data;
    size_t length;
    const char *local_file;
    const char *served_name;
    int32_t set_result;
    uint8_t *received;
    size_t received_length;
};

static int32_t decide(recorder *self, tftpserver *server, tftpserver_event *event)
{
    struct decision *decision = self->extra;
    int32_t id = self->records[self->count - 1].connection_id;
    if (event->id == TRANSFER && decision->received) {
        memcpy(decision->received + decision->received_length, event->data.transfer.text,
               event->data.transfer.text_length);
        decision->received_length += event->data.transfer.text_length;
    }
    if (event->id != decision->event) {
        return 0;
    }
    if (decision->refuse) {
        event->data.connection_request.accept = 0;
    }
    if (decision->data) {
        decision->set_result = tftpserver_set_bytes(server, CONN_FILE_DATA, id, decision->data, decision->length);
    }
    if (decision->local_file) {
        decision->set_result = tftpserver_set(server, CONN_LOCAL_FILE, id, decision->local_file);
    }
    if (decision->served_name) {
        decision->set_result = tftpserver_set(server, CONN_SERVED_NAME, id, decision->served_name);
        CHECK_TEXT(tftpserver_get(server, CONN_SERVED_NAME, id), decision->served_name);
    }
    return decision->answer;
}

static int open_with(fixture *self, struct decision *decision, int also)
{
    int good = fixture_open(self);
    if (good) {
        fixture_record(self, also);
        self->events.hook = decide;
        self->events.extra = decision;
    }
    return good;
}

static transfer read_file(fixture *self, const char *name, const char *const *options)
{
    client reader;
    transfer got = {0};
    if (client_open(&reader, self->port, self->server)) {
        got = client_download(&reader, name, "octet", options, fixture_millis());
        client_close(&reader);
    }
    return got;
}

static transfer write_file(fixture *self, const char *name, const void *data, size_t length)
{
    client writer;
    transfer sent = {0};
    if (client_open(&writer, self->port, self->server)) {
        sent = client_upload(&writer, name, "octet", NULL, data, length, fixture_millis());
        client_close(&writer);
    }
    return sent;
}

static void accept_0_refuses(void)
{
    struct decision decision = {CONNECTION_REQUEST, 0, 1, NULL, 0, NULL, NULL, 0, NULL, 0};
    fixture self;
    transfer got;
    NEED(open_with(&self, &decision, 0));
    CHECK(fixture_write(&self, "f", "x", 1));
    got = read_file(&self, "f", NULL);
    CHECK_INT(got.error_code, 2);
    CHECK(got.error_text[0] != '\0');
    free(got.data);
    got = write_file(&self, "g", "abc", 3);
    CHECK_INT(got.error_code, 2);
    CHECK(!fixture_exists(&self, "g"));
    CHECK(fixture_await(&self, CONNECTED, 2));
    CHECK_INT(fixture_find(&self, CONNECTED, 0)->code, 10013);
    CHECK(fixture_await_connections(&self, 0));
    CHECK_INT(fixture_count(&self, START_TRANSFER), 0);
    CHECK_INT(fixture_count(&self, DISCONNECTED), 0);
    decision.refuse = 0;
    got = read_file(&self, "f", NULL);
    CHECK_BYTES(got.data, got.length, "x", 1);
    free(got.data);
    fixture_close(&self);
}

/* Writes another number than 0, 1 and 2 to `accept`. */
static int32_t write_accept(recorder *self, tftpserver *server, tftpserver_event *event)
{
    (void)server;
    if (event->id == CONNECTION_REQUEST) {
        event->data.connection_request.accept = *(const int32_t *)self->extra;
    }
    return 0;
}

static void other_values_of_accept_accept(void)
{
    static const int32_t values[] = {3, -1, INT32_MIN, INT32_MAX};
    fixture self;
    size_t i;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    self.events.hook = write_accept;
    CHECK(fixture_write(&self, "f", "x", 1));
    for (i = 0; i < sizeof values / sizeof *values; i++) {
        transfer got;
        self.events.extra = (void *)&values[i];
        got = read_file(&self, "f", NULL);
        CHECK_BYTES(got.data, got.length, "x", 1);
        free(got.data);
    }
    fixture_close(&self);
}

static void file_data_is_sent_from(int event)
{
    static const char *const size[] = {"tsize", "0", "blksize", "600", NULL};
    uint8_t *data = fixture_bytes(1500);
    struct decision decision = {event, 0, 0, data, 1500, NULL, NULL, -1, NULL, 0};
    fixture self;
    transfer got;
    NEED(open_with(&self, &decision, TRANSFER));
    CHECK(fixture_write(&self, "f", "from the directory", 18));
    got = read_file(&self, "f", size);
    CHECK_INT(decision.set_result, 0);
    CHECK_INT(got.tsize, 1500);
    CHECK_INT(got.blksize, 600);
    CHECK_BYTES(got.data, got.length, data, 1500);
    free(got.data);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 0);
    CHECK_INT(fixture_find(&self, TRANSFER, 0)->percent, 40);
    fixture_close(&self);
    free(data);
}

static void file_data_set_inside_connected(void)
{
    file_data_is_sent_from(CONNECTED);
}

static void file_data_set_inside_connection_request(void)
{
    file_data_is_sent_from(CONNECTION_REQUEST);
}

static void file_data_for_a_name_that_is_no_file(void)
{
    struct decision decision = {START_TRANSFER, 0, 0, "made up", 7, NULL, NULL, -1, NULL, 0};
    fixture self;
    transfer got;
    NEED(open_with(&self, &decision, 0));
    got = read_file(&self, "no/such", NULL);
    CHECK_INT(decision.set_result, 0);
    CHECK_BYTES(got.data, got.length, "made up", 7);
    free(got.data);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 0);
    fixture_close(&self);
}

static void local_file_is_read(void)
{
    fixture self, elsewhere;
    char path[512];
    struct decision decision = {CONNECTED, 0, 0, NULL, 0, path, NULL, -1, NULL, 0};
    transfer got;
    NEED(fixture_prepare(&elsewhere));
    CHECK(fixture_write(&elsewhere, "real", "the real file", 13));
    fixture_path(&elsewhere, "real", path, sizeof path);
    NEED(open_with(&self, &decision, 0));
    CHECK(fixture_write(&self, "f", "not this one", 12));
    got = read_file(&self, "f", NULL);
    CHECK_INT(decision.set_result, 0);
    CHECK_BYTES(got.data, got.length, "the real file", 13);
    free(got.data);
    fixture_path(&elsewhere, "missing", path, sizeof path);
    got = read_file(&self, "f", NULL);
    CHECK_INT(got.error_code, 1);
    free(got.data);
    CHECK(fixture_await(&self, DISCONNECTED, 2));
    CHECK_INT(fixture_find(&self, DISCONNECTED, 1)->code, 127);
    fixture_close(&self);
    fixture_close(&elsewhere);
}

static void local_file_is_written(void)
{
    fixture self, elsewhere;
    char path[512];
    struct decision decision = {CONNECTED, 0, 0, NULL, 0, path, NULL, -1, NULL, 0};
    transfer sent;
    uint8_t *kept;
    size_t length;
    NEED(fixture_prepare(&elsewhere));
    fixture_path(&elsewhere, "kept", path, sizeof path);
    NEED(open_with(&self, &decision, 0));
    sent = write_file(&self, "upload", "some bytes", 10);
    CHECK(sent.complete);
    CHECK_INT(decision.set_result, 0);
    kept = fixture_read(&elsewhere, "kept", &length);
    CHECK_BYTES(kept, length, "some bytes", 10);
    free(kept);
    CHECK(!fixture_exists(&self, "upload"));
    CHECK_INT(fixture_entries(&elsewhere), 1);
    fixture_close(&self);
    fixture_close(&elsewhere);
}

static void a_callback_that_refuses_ends_its_connection(void)
{
    static const int events[] = {CONNECTION_REQUEST, CONNECTED, START_TRANSFER, TRANSFER};
    /*
     * More than may wait for the callback, so that the client cannot have all of it before the
     * first refusal.
     */
    enum { LENGTH = 600000 };
    uint8_t *data = fixture_bytes(LENGTH);
    size_t i;
    for (i = 0; i < sizeof events / sizeof *events; i++) {
        struct decision decision = {events[i], 7, 0, NULL, 0, NULL, NULL, 0, NULL, 0};
        fixture self;
        transfer got;
        NEED(open_with(&self, &decision, TRANSFER));
        CHECK(fixture_write(&self, "f", data, LENGTH));
        got = read_file(&self, "f", NULL);
        CHECK(!got.complete);
        CHECK(got.error_code >= 0);
        free(got.data);
        CHECK(fixture_await(&self, events[i] == CONNECTION_REQUEST ? CONNECTED : DISCONNECTED, 1));
        CHECK(fixture_await_connections(&self, 0));
        if (events[i] != CONNECTION_REQUEST) {
            CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 10053);
            CHECK_INT(fixture_count(&self, DISCONNECTED), 1);
        }
        CHECK_INT(fixture_count(&self, END_TRANSFER), 0);
        decision.answer = 0;
        got = read_file(&self, "f", NULL);
        CHECK_BYTES(got.data, got.length, data, LENGTH);
        free(got.data);
        fixture_close(&self);
    }
    free(data);
}

static void an_upload_that_a_callback_ends_leaves_nothing(void)
{
    struct decision decision = {TRANSFER, 1, 0, NULL, 0, NULL, NULL, 0, NULL, 0};
    uint8_t *data = fixture_bytes(3000);
    fixture self;
    transfer sent;
    NEED(open_with(&self, &decision, TRANSFER));
    sent = write_file(&self, "new", data, 3000);
    CHECK(!sent.complete);
    CHECK(sent.error_code >= 0);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK(fixture_await_entries(&self, 0));
    fixture_close(&self);
    free(data);
}

static void an_upload_through_transfer_alone(void)
{
    enum { SIZE = 5000 };
    uint8_t *data = fixture_bytes(SIZE);
    struct decision decision = {0, 0, 0, NULL, 0, NULL, NULL, 0, malloc(SIZE), 0};
    fixture self;
    transfer sent;
    NEED(open_with(&self, &decision, TRANSFER));
    CHECK_INT(tftpserver_set(self.server, LOCAL_DIR, 0, ""), 0);
    sent = write_file(&self, "kept by the application", data, SIZE);
    CHECK(sent.complete);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 0);
    CHECK_BYTES(decision.received, decision.received_length, data, SIZE);
    CHECK_INT(fixture_entries(&self), 0);
    fixture_close(&self);
    free(decision.received);
    free(data);
}

static void nobody_answers(void)
{
    fixture self;
    transfer result;
    NEED(fixture_open(&self));
    CHECK_INT(tftpserver_set(self.server, LOCAL_DIR, 0, ""), 0);
    fixture_record(&self, 0);
    result = read_file(&self, "f", NULL);
    CHECK_INT(result.error_code, 1);
    free(result.data);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 127);
    result = write_file(&self, "g", "abc", 3);
    CHECK_INT(result.error_code, 1);
    CHECK(fixture_await(&self, DISCONNECTED, 2));
    CHECK_INT(fixture_find(&self, DISCONNECTED, 1)->code, 126);
    CHECK_INT(fixture_count(&self, END_TRANSFER), 0);
    CHECK_INT(fixture_count(&self, ERROR_EVENT), 2);
    fixture_close(&self);
}

static void disconnect_ends_one(void)
{
    uint8_t *data = fixture_bytes(3000);
    fixture self;
    client first, second;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    CHECK(fixture_write(&self, "f", data, 3000));
    NEED(client_open(&first, self.port, self.server));
    NEED(client_open(&second, self.port, self.server));
    client_request(&first, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&first, DATA, 1, fixture_millis()));
    client_request(&second, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&second, DATA, 1, fixture_millis()));
    CHECK_INT(tftpserver_do_disconnect(self.server, FIRST_ID), 0);
    CHECK(client_expect(&first, ERROR, -1, fixture_millis()));
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 10053);
    CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->connection_id, FIRST_ID);
    client_ack(&second, 1);
    CHECK(client_expect(&second, DATA, 2, fixture_millis()));
    CHECK_INT(tftpserver_do_disconnect(self.server, FIRST_ID), INDEX_OUT_OF_RANGE);
    CHECK_INT(tftpserver_do_disconnect(self.server, 0), 0);
    CHECK(client_expect(&second, ERROR, -1, fixture_millis()));
    client_close(&first);
    client_close(&second);
    fixture_close(&self);
    free(data);
}

/* Another name is looked up inside LocalDir like any other; ConnFilename remains the client's. */
static void a_served_name_is_looked_up(int event)
{
    static const char *const outside[] = {"../outside", "/../../etc/passwd", "link/passwd", "..\\outside", "."};
    struct decision decision = {.event = event, .served_name = "images/new"};
    char path[512];
    fixture self;
    transfer got;
    size_t i;
    NEED(open_with(&self, &decision, 0));
    fixture_path(&self, "images", path, sizeof path);
    CHECK_INT(mkdir(path, 0777), 0);
    fixture_path(&self, "link", path, sizeof path);
    CHECK_INT(symlink("/etc", path), 0);
    CHECK(fixture_write(&self, "images/new", "new", 3));
    CHECK(fixture_write(&self, "asked", "old", 3));
    got = read_file(&self, "asked", NULL);
    CHECK_INT(decision.set_result, 0);
    CHECK_BYTES(got.data, got.length, "new", 3);
    free(got.data);
    for (i = 0; i < sizeof outside / sizeof *outside; i++) {
        decision.served_name = outside[i];
        got = read_file(&self, "asked", NULL);
        CHECK_INT(got.error_code, 2);
        free(got.data);
    }
    decision.served_name = "";
    got = read_file(&self, "asked", NULL);
    CHECK_BYTES(got.data, got.length, "old", 3);
    free(got.data);
    fixture_close(&self);
}

static void a_served_name_set_inside_connection_request(void)
{
    a_served_name_is_looked_up(CONNECTION_REQUEST);
}

static void a_served_name_set_inside_connected(void)
{
    a_served_name_is_looked_up(CONNECTED);
}

static void a_served_name_is_written(void)
{
    struct decision decision = {.event = CONNECTION_REQUEST, .served_name = "/in/its/place"};
    char path[512];
    uint8_t *data;
    size_t length;
    fixture self;
    transfer sent;
    NEED(open_with(&self, &decision, 0));
    sent = write_file(&self, "asked", "abc", 3);
    CHECK_INT(sent.error_code, 1);
    fixture_path(&self, "in", path, sizeof path);
    CHECK_INT(mkdir(path, 0777), 0);
    fixture_path(&self, "in/its", path, sizeof path);
    CHECK_INT(mkdir(path, 0777), 0);
    sent = write_file(&self, "asked", "abc", 3);
    CHECK(sent.complete);
    CHECK(!fixture_exists(&self, "asked"));
    data = fixture_read(&self, "in/its/place", &length);
    CHECK_BYTES(data, length, "abc", 3);
    free(data);
    fixture_close(&self);
}

static int32_t comes_late(recorder *recorder, tftpserver *server, tftpserver_event *event)
{
    struct decision *decision = recorder->extra;
    if (event->id == END_TRANSFER) {
        decision->set_result = tftpserver_set(server, CONN_SERVED_NAME, FIRST_ID, "late");
    }
    return 0;
}

/* A name that is set too late has no effect. */
static void a_served_name_that_comes_too_late(void)
{
    struct decision decision = {.event = END_TRANSFER};
    fixture self;
    transfer got;
    NEED(open_with(&self, &decision, 0));
    self.events.hook = comes_late;
    CHECK(fixture_write(&self, "f", "x", 1));
    got = read_file(&self, "f", NULL);
    free(got.data);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(decision.set_result, 130);
    fixture_close(&self);
}

int main(void)
{
    check_begin(180);
    RUN(accept_0_refuses);
    RUN(other_values_of_accept_accept);
    RUN(file_data_set_inside_connected);
    RUN(file_data_set_inside_connection_request);
    RUN(file_data_for_a_name_that_is_no_file);
    RUN(local_file_is_read);
    RUN(local_file_is_written);
    RUN(a_callback_that_refuses_ends_its_connection);
    RUN(an_upload_that_a_callback_ends_leaves_nothing);
    RUN(an_upload_through_transfer_alone);
    RUN(nobody_answers);
    RUN(disconnect_ends_one);
    RUN(a_served_name_set_inside_connection_request);
    RUN(a_served_name_set_inside_connected);
    RUN(a_served_name_is_written);
    RUN(a_served_name_that_comes_too_late);
    return check_end();
}
