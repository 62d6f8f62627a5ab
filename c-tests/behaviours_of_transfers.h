/* The behaviours of test_behaviours.c that are about one transfer, its data and its events. */
#ifndef BEHAVIOURS_OF_TRANSFERS_H
#define BEHAVIOURS_OF_TRANSFERS_H

#include "check.h"
#include "real_client.h"

/*
 * LARGE is more than a transfer may be ahead of its callbacks, so no client finishes before the
 * first one returned.
 */
enum { LARGE = 1000000, SKIPPED = 77 };

static int skipped; /* set by the running behaviour */

/*
 * Behaviours whose client program is not installed are skipped; with TFTP_CLIENTS_REQUIRED=1 that
 * is a failure.
 */
static int have(const char *program)
{
    const char *required = getenv("TFTP_CLIENTS_REQUIRED");
    if (real_client_installed(program)) {
        return 1;
    }
    printf("NOT RUN: %s is not installed\n", program);
    CHECK(!required || strcmp(required, "1") != 0);
    skipped = 1;
    return 0;
}

static void check_file(const fixture *self, const char *name, const void *wanted, size_t wanted_length, int line)
{
    size_t length;
    uint8_t *data = fixture_read(self, name, &length);
    check_note(data != NULL, __FILE__, line, name);
    if (data) {
        check_note_bytes(data, length, wanted, wanted_length, __FILE__, line, name);
    }
    free(data);
}

#define CHECK_FILE(self, name, wanted, length) check_file((self), (name), (wanted), (length), __LINE__)

/* Returns the code of the first event of this id; -1: there was none. */
static int code_of(const fixture *self, int event)
{
    const record *entry = fixture_find(self, event, 0);
    return entry ? entry->code : -1;
}

static const char *text_of(const fixture *self, int event)
{
    const record *entry = fixture_find(self, event, 0);
    return entry ? entry->text : "(none)";
}

/* ---- files ---- */

static void download_from_local_dir(void)
{
    fixture self;
    uint8_t *data = fixture_bytes(LARGE);
    NEED(fixture_open(&self));
    CHECK(fixture_write(&self, "f", data, LARGE));
    CHECK_INT(real_client_get(&self, "f", "got"), CURL_GOOD);
    CHECK_FILE(&self, "got", data, LARGE);
    free(data);
    fixture_close(&self);
}

static void upload_to_local_dir(void)
{
    fixture self;
    uint8_t *data = fixture_bytes(LARGE);
    NEED(fixture_open(&self));
    CHECK(fixture_write(&self, "f", data, LARGE));
    CHECK_INT(real_client_put(&self, "new", "f"), CURL_GOOD);
    CHECK_FILE(&self, "new", data, LARGE);
    free(data);
    fixture_close(&self);
}

static void download_with_a_window(void)
{
    const char *words[] = {"atftp", "--option",  "blksize 1428", "--option", "windowsize 16", "--get", "-r", "f", "-l",
                           NULL,    "127.0.0.1", NULL,           NULL};
    char path[512], port[16];
    fixture self;
    real_client one;
    uint8_t *data;
    if (!have("atftp")) {
        return;
    }
    data = fixture_bytes(3 * LARGE);
    NEED(fixture_open(&self));
    CHECK(fixture_write(&self, "f", data, 3 * LARGE));
    fixture_path(&self, "got", path, sizeof path);
    snprintf(port, sizeof port, "%d", self.port);
    words[9] = path;
    words[11] = port;
    CHECK(real_client_start(&one, words));
    CHECK_INT(real_client_finish(&one, self.server), 0);
    CHECK_FILE(&self, "got", data, 3 * LARGE);
    free(data);
    fixture_close(&self);
}

static void missing_file(void)
{
    fixture self;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    CHECK_INT(real_client_get(&self, "none", "got"), CURL_ERROR_1);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(code_of(&self, ERROR_EVENT), 127);
    CHECK_INT(code_of(&self, DISCONNECTED), 127);
    fixture_close(&self);
}

/* ---- what callbacks decide ---- */

static int32_t refuses(recorder *events, tftpserver *server, tftpserver_event *event)
{
    (void)events;
    (void)server;
    if (event->id == CONNECTION_REQUEST && strcmp(event->data.connection_request.filename, "secret") == 0) {
        event->data.connection_request.accept = 0;
    }
    return 0;
}

static void refuse_a_request(void)
{
    fixture self;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    self.events.hook = refuses;
    CHECK(fixture_write(&self, "secret", "data", 4) && fixture_write(&self, "open", "data", 4));
    CHECK_INT(real_client_get(&self, "secret", "got"), CURL_ERROR_2);
    CHECK(fixture_await(&self, CONNECTED, 1));
    CHECK_INT(code_of(&self, CONNECTED), 10013);
    /* The first Disconnected that ever comes is that of a later connection. */
    CHECK_INT(real_client_get(&self, "open", "got"), CURL_GOOD);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    NEED(fixture_count(&self, CONNECTED) == 2);
    CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->connection_id, fixture_find(&self, CONNECTED, 1)->connection_id);
    fixture_close(&self);
}

static int32_t supplies(recorder *events, tftpserver *server, tftpserver_event *event)
{
    if (event->id == CONNECTED) {
        int32_t id = event->data.connected.connection_id;
        size_t length = 0;
        const void *kept;
        CHECK_INT(tftpserver_set_bytes(server, CONN_FILE_DATA, id, events->extra, 1024), 0);
        kept = tftpserver_get_bytes(server, CONN_FILE_DATA, id, &length);
        CHECK_BYTES(kept, length, events->extra, 1024);
    }
    return 0;
}

static void data_from_the_application(void)
{
    fixture self;
    uint8_t data[1024];
    size_t i;
    for (i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)i;
    }
    NEED(fixture_open(&self));
    CHECK_INT(tftpserver_set(self.server, LOCAL_DIR, 0, ""), 0);
    fixture_record(&self, 0);
    self.events.hook = supplies;
    self.events.extra = data;
    CHECK_INT(real_client_get(&self, "anything", "got"), CURL_GOOD);
    CHECK_FILE(&self, "got", data, sizeof data);
    fixture_close(&self);
}

static int32_t chooses(recorder *events, tftpserver *server, tftpserver_event *event)
{
    if (event->id == CONNECTED) {
        CHECK_INT(tftpserver_set(server, CONN_LOCAL_FILE, event->data.connected.connection_id, events->extra), 0);
    }
    return 0;
}

static void file_chosen_by_the_application(void)
{
    fixture self, other;
    char path[512];
    NEED(fixture_open(&self) && fixture_prepare(&other));
    CHECK(fixture_write(&other, "chosen", "from elsewhere", 14));
    fixture_path(&other, "chosen", path, sizeof path);
    fixture_record(&self, 0);
    self.events.hook = chooses;
    self.events.extra = path;
    CHECK_INT(real_client_get(&self, "anything", "got"), CURL_GOOD);
    CHECK_FILE(&self, "got", "from elsewhere", 14);
    fixture_close(&other);
    fixture_close(&self);
}

static int32_t names(recorder *events, tftpserver *server, tftpserver_event *event)
{
    if (event->id == CONNECTED) {
        CHECK_INT(tftpserver_set(server, CONN_SERVED_NAME, event->data.connected.connection_id, events->extra), 0);
    }
    return 0;
}

static void name_chosen_by_the_application(void)
{
    fixture self;
    NEED(fixture_open(&self));
    CHECK(fixture_write(&self, "chosen", "inside", 6));
    fixture_record(&self, 0);
    self.events.hook = names;
    self.events.extra = "chosen";
    CHECK_INT(real_client_get(&self, "anything", "got"), CURL_GOOD);
    CHECK_FILE(&self, "got", "inside", 6);
    self.events.extra = "../outside";
    CHECK_INT(real_client_get(&self, "anything", "none"), CURL_ERROR_2);
    fixture_close(&self);
}

struct gathered {
    uint8_t *bytes;
    size_t length;
};

static int32_t gathers(recorder *events, tftpserver *server, tftpserver_event *event)
{
    struct gathered *all = events->extra;
    (void)server;
    if (event->id == TRANSFER && all->length + event->data.transfer.text_length <= LARGE) {
        memcpy(all->bytes + all->length, event->data.transfer.text, event->data.transfer.text_length);
        all->length += event->data.transfer.text_length;
        CHECK_INT(event->data.transfer.bytes_transferred, all->length);
        CHECK_INT(event->data.transfer.direction, UPLOAD);
    }
    return 0;
}

static void upload_through_transfer_alone(void)
{
    fixture self;
    uint8_t *data = fixture_bytes(LARGE);
    struct gathered all = {NULL, 0};
    all.bytes = malloc(LARGE);
    NEED(all.bytes && fixture_open(&self));
    CHECK_INT(tftpserver_set(self.server, LOCAL_DIR, 0, ""), 0);
    fixture_record(&self, TRANSFER);
    self.events.hook = gathers;
    self.events.extra = &all;
    CHECK(fixture_write(&self, "f", data, LARGE));
    CHECK_INT(real_client_put(&self, "new", "f"), CURL_GOOD);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_BYTES(all.bytes, all.length, data, LARGE);
    CHECK(!fixture_exists(&self, "new"));
    free(all.bytes);
    free(data);
    fixture_close(&self);
}

static void nobody_answers(void)
{
    fixture self;
    real_client one;
    char path[512];
    NEED(fixture_open(&self));
    CHECK_INT(tftpserver_set(self.server, LOCAL_DIR, 0, ""), 0);
    CHECK(fixture_write(&self, "f", "data", 4));
    fixture_path(&self, "got", path, sizeof path);
    CHECK(real_client_start_get(&one, self.port, "f", path));
    CHECK_INT(real_client_finish(&one, NULL), CURL_ERROR_1); /* without any call of DoEvents */
    fixture_path(&self, "f", path, sizeof path);
    CHECK(real_client_start_put(&one, self.port, "new", path));
    CHECK_INT(real_client_finish(&one, NULL), CURL_ERROR_1);
    fixture_close(&self);
}

/* ---- events and the Conn arrays ---- */

static void order_of_events(void)
{
    fixture self;
    char order[64] = "";
    uint8_t *data = fixture_bytes(2000);
    size_t i, at = 0;
    int last = 0;
    NEED(fixture_open(&self));
    fixture_record(&self, TRANSFER);
    CHECK(fixture_write(&self, "f", data, 2000));
    CHECK_INT(real_client_get(&self, "f", "got"), CURL_GOOD);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    for (i = 0; i < self.events.count && at < sizeof order; i++) {
        int id = self.events.records[i].id;
        if (id != TRANSFER || last != TRANSFER) {
            at += (size_t)snprintf(order + at, sizeof order - at, "%d ", id);
        }
        last = id;
    }
    CHECK_TEXT(order, "2 1 7 8 4 3 ");
    CHECK_INT(code_of(&self, CONNECTED), 0);
    CHECK_TEXT(text_of(&self, CONNECTED), "OK");
    CHECK_INT(code_of(&self, DISCONNECTED), 0);
    CHECK_TEXT(text_of(&self, DISCONNECTED), "OK");
    free(data);
    fixture_close(&self);
}

static void fields_of_events(void)
{
    fixture self;
    const record *request, *last = NULL;
    uint8_t *data = fixture_bytes(1500);
    size_t i;
    NEED(fixture_open(&self));
    fixture_record(&self, TRANSFER);
    CHECK(fixture_write(&self, "f", data, 1500));
    CHECK_INT(real_client_get(&self, "f", "got"), CURL_GOOD);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    request = fixture_find(&self, CONNECTION_REQUEST, 0);
    for (i = 0; i < self.events.count; i++) {
        last = self.events.records[i].id == TRANSFER ? &self.events.records[i] : last;
    }
    NEED(request && last);
    CHECK_TEXT(request->host, "127.0.0.1");
    CHECK_TEXT(request->local_host, "127.0.0.1");
    CHECK(request->port > 0 && request->port < 65536 && request->port != self.port);
    CHECK_TEXT(request->text, "f");
    CHECK_TEXT(request->mode, "0");
    CHECK_INT(request->operation, 1);
    CHECK_INT(request->code, 1);
    CHECK_INT(last->bytes, 1500);
    CHECK_INT(last->percent, 100);
    CHECK_INT(last->direction, DOWNLOAD);
    free(data);
    fixture_close(&self);
}

static int32_t looks(recorder *events, tftpserver *server, tftpserver_event *event)
{
    int32_t indices[2] = {0, 0};
    int i;
    if (event->id != CONNECTED) {
        return 0;
    }
    indices[1] = event->data.connected.connection_id;
    CHECK_INT(tftpserver_get_int(server, CONN_COUNT, 0), 1);
    CHECK_INT(tftpserver_get_int(server, CONN_CONNECTION_ID, 0), indices[1]);
    for (i = 0; i < 2; i++) {
        CHECK_TEXT(tftpserver_get(server, CONN_FILENAME, indices[i]), "f");
        CHECK_TEXT(tftpserver_get(server, CONN_REMOTE_HOST, indices[i]), "127.0.0.1");
        CHECK_TEXT(tftpserver_get(server, CONN_TRANSFER_MODE, indices[i]), "0");
        CHECK_INT(tftpserver_get_int(server, CONN_REMOTE_PORT, indices[i]), events->records[0].port);
    }
    return 0;
}

static void conn_arrays(void)
{
    fixture self;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    self.events.hook = looks;
    CHECK(fixture_write(&self, "f", "data", 4));
    CHECK_INT(real_client_get(&self, "f", "got"), CURL_GOOD);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(fixture_count(&self, CONNECTED), 1);
    CHECK_INT(tftpserver_get_int(self.server, CONN_COUNT, 0), 0);
    CHECK_INT(tftpserver_get_last_error_code(self.server), 0);
    fixture_close(&self);
}

static int32_t fails(recorder *events, tftpserver *server, tftpserver_event *event)
{
    (void)events;
    (void)server;
    return event->id == TRANSFER ? 4321 : 0;
}

/* The C equivalent of an exception: a callback returns a value other than 0. */
static void exception_in_a_handler(void)
{
    fixture self;
    uint8_t *data = fixture_bytes(LARGE);
    const record *entry;
    int code;
    NEED(fixture_open(&self));
    fixture_record(&self, TRANSFER);
    self.events.hook = fails;
    CHECK(fixture_write(&self, "f", data, LARGE));
    code = real_client_get(&self, "f", "got"); /* every DoEvents in it returns 0 */
    CHECK(code > CURL_GOOD && code != CURL_TIMED_OUT && code != CLIENT_KILLED);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(code_of(&self, DISCONNECTED), 10053);
    CHECK(strstr(text_of(&self, DISCONNECTED), "4321") != NULL);
    CHECK_INT(fixture_count(&self, END_TRANSFER), 0);

    self.events.hook = NULL;
    CHECK_INT(real_client_get(&self, "f", "got"), CURL_GOOD);
    CHECK_FILE(&self, "got", data, LARGE);
    CHECK(fixture_await(&self, DISCONNECTED, 2));
    entry = fixture_find(&self, DISCONNECTED, 1);
    CHECK(entry && entry->code == 0);
    free(data);
    fixture_close(&self);
}

#endif
