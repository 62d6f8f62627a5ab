/* A server without LocalDir: the application has the files, or refuses. */
#define _XOPEN_SOURCE 700
#include "background.h"
#include "check.h"

static fixture self;

/* The actions of the application, and its observations. */
struct application {
    int at;                      /* the event at which it sets what follows; 0: never */
    const void *data;
    size_t length;
    const char *file;
    int32_t set_result;
    uint8_t *received;           /* the data of the Transfer events */
    size_t received_length, room;
    int32_t last_answer;         /* the result of Transfer for the last block */
    int sees_file;               /* ConnLocalFile at StartTransfer was the one that was set */
};

static int32_t serve(recorder *events, tftpserver *server, tftpserver_event *event)
{
    struct application *app = events->extra;
    int32_t id = events->records[events->count - 1].connection_id;
    if (event->id == app->at && app->data) {
        app->set_result = tftpserver_set_bytes(server, CONN_FILE_DATA, id, app->data, app->length);
    }
    if (event->id == app->at && app->file) {
        app->set_result = tftpserver_set(server, CONN_LOCAL_FILE, id, app->file);
    }
    if (event->id == START_TRANSFER && app->file) {
        const char *seen = tftpserver_get(server, CONN_LOCAL_FILE, id);
        app->sees_file = seen && strcmp(seen, app->file) == 0;
    }
    if (event->id == TRANSFER && event->data.transfer.direction == UPLOAD && app->received) {
        size_t length = event->data.transfer.text_length;
        CHECK(app->received_length + length <= app->room);
        if (app->received_length + length <= app->room) {
            memcpy(app->received + app->received_length, event->data.transfer.text, length);
        }
        app->received_length += length;
        return length < 512 ? app->last_answer : 0;
    }
    return 0;
}

static int begin(struct application *app, int also)
{
    int good = fixture_open(&self) && tftpserver_set(self.server, LOCAL_DIR, 0, "") == 0;
    if (good) {
        fixture_record(&self, also);
        self.events.hook = serve;
        self.events.extra = app;
        app->set_result = -1;
    }
    return good;
}

static transfer move(int opcode, const char *name, const char *mode, const char *const *options, const void *data,
                     size_t length)
{
    background one;
    size_t before = fixture_count(&self, DISCONNECTED);
    transfer none = {0};
    if (!background_begin(&one, &self, opcode, name, mode, options, data, length)) {
        return none;
    }
    CHECK(fixture_await(&self, DISCONNECTED, before + 1));
    return background_end(&one);
}

static void data_is_sent(int at, size_t length, const char *const *options, size_t blksize)
{
    uint8_t *data = fixture_bytes(length);
    struct application app = {0};
    transfer got;
    app.at = at;
    app.data = data;
    app.length = length;
    NEED(begin(&app, 0));
    got = move(RRQ, "any name/at all", "octet", options, NULL, 0);
    CHECK_INT(app.set_result, 0);
    CHECK(got.complete);
    CHECK_BYTES(got.data, got.length, data, length);
    CHECK_INT(got.blocks, length / blksize + 1);
    CHECK_INT(got.tsize, options ? (int64_t)length : -1);
    CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 0);
    free(got.data);
    free(data);
    fixture_close(&self);
}

static void downloads_from_data(void)
{
    static const char *const options[] = {"blksize", "1428", "windowsize", "8", "tsize", "0", NULL};
    static const size_t sizes[] = {1, 511, 512, 513, 5120};
    size_t i;
    for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        data_is_sent(CONNECTED, sizes[i], NULL, 512);
    }
    data_is_sent(CONNECTION_REQUEST, 1428 * 8, options, 1428);
    data_is_sent(START_TRANSFER, 1, options, 1428);
    data_is_sent(CONNECTED, 10 << 20, options, 1428);
}

/* Empty data counts as no data, because the property is "" if none is set. */
static void empty_data_is_none(void)
{
    struct application app = {0};
    transfer got;
    app.at = CONNECTED;
    app.data = "";
    NEED(begin(&app, 0));
    got = move(RRQ, "nothing", "octet", NULL, NULL, 0);
    CHECK_INT(app.set_result, 0);
    CHECK_INT(got.error_code, 1);
    free(got.data);
    CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 127);
    fixture_close(&self);
}

static void data_as_text(void)
{
    struct application app = {0};
    transfer got;
    app.at = CONNECTED;
    app.data = "one\ntwo\r\n";
    app.length = 9;
    NEED(begin(&app, TRANSFER));
    got = move(RRQ, "f", "netascii", NULL, NULL, 0);
    CHECK_BYTES(got.data, got.length, "one\r\ntwo\r\0\r\n", 12);
    free(got.data);
    CHECK_INT(fixture_find(&self, TRANSFER, 0)->percent, 100);
    CHECK_INT(fixture_find(&self, TRANSFER, 0)->bytes, 12);
    fixture_close(&self);
}

static void a_local_file(int at)
{
    uint8_t *data = fixture_bytes(3000), *kept;
    char path[512];
    struct application app = {0};
    transfer moved;
    size_t length;
    app.at = at;
    app.file = path;
    NEED(begin(&app, 0));
    fixture_path(&self, "a file of its own", path, sizeof path);
    CHECK(fixture_write(&self, "a file of its own", data, 3000));
    moved = move(RRQ, "../../etc/passwd", "octet", NULL, NULL, 0); /* the client's name does not matter */
    CHECK_INT(app.set_result, 0);
    CHECK_BYTES(moved.data, moved.length, data, 3000);
    CHECK(at == START_TRANSFER || app.sees_file);
    free(moved.data);
    moved = move(WRQ, "/", "octet", NULL, data, 1234);
    CHECK_INT(app.set_result, 0);
    CHECK(moved.complete);
    kept = fixture_read(&self, "a file of its own", &length);
    CHECK_BYTES(kept, length, data, 1234);
    free(kept);
    CHECK_INT(fixture_entries(&self), 1);
    CHECK_INT(fixture_count(&self, END_TRANSFER), 2);
    fixture_close(&self);
    free(data);
}

static void local_files(void)
{
    a_local_file(CONNECTION_REQUEST);
    a_local_file(CONNECTED);
    a_local_file(START_TRANSFER);
}

static void a_local_file_that_is_missing(void)
{
    struct application app = {0};
    transfer got;
    app.at = CONNECTED;
    app.file = "/no such directory/file";
    NEED(begin(&app, 0));
    got = move(RRQ, "f", "octet", NULL, NULL, 0);
    CHECK_INT(got.error_code, 1);
    CHECK(strstr(got.error_text, "directory") == NULL);
    free(got.data);
    CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 127);
    CHECK_INT(fixture_find(&self, ERROR_EVENT, 0)->code, 127);
    got = move(WRQ, "f", "octet", NULL, "x", 1);
    CHECK(got.error_code >= 0 && !got.complete);
    CHECK_INT(fixture_find(&self, DISCONNECTED, 1)->code, 127);
    CHECK_INT(fixture_count(&self, END_TRANSFER), 0);
    fixture_close(&self);
}

/*
 * Connected names a file that does not exist, then StartTransfer sets data: the later one counts.
 */
static int32_t tries_twice(recorder *events, tftpserver *server, tftpserver_event *event)
{
    int32_t id = events->records[events->count - 1].connection_id;
    if (event->id == CONNECTED) {
        return tftpserver_set(server, CONN_LOCAL_FILE, id, "/no/such/file");
    }
    if (event->id == START_TRANSFER) {
        CHECK_INT(tftpserver_set(server, CONN_FILE_DATA, id, "second"), 0);
    }
    if (event->id == END_TRANSFER) {
        CHECK_INT(tftpserver_set(server, CONN_FILE_DATA, id, "late"), 130);
        CHECK_INT(tftpserver_set(server, CONN_LOCAL_FILE, id, "late"), 130);
    }
    return 0;
}

static void a_second_chance(void)
{
    struct application app = {0};
    transfer got;
    NEED(begin(&app, 0));
    self.events.hook = tries_twice;
    got = move(RRQ, "f", "octet", NULL, NULL, 0);
    CHECK_BYTES(got.data, got.length, "second", 6);
    free(got.data);
    CHECK_INT(fixture_count(&self, START_TRANSFER), 1);
    CHECK_INT(fixture_count(&self, ERROR_EVENT), 0);
    fixture_close(&self);
}

static void uploads_through_transfer_alone(void)
{
    static const char *const options[] = {"windowsize", "8", NULL};
    static const size_t sizes[] = {0, 1, 511, 512, 513, 4096, 1000000};
    uint8_t *data = fixture_bytes(1000000);
    size_t i;
    for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct application app = {0};
        app.received = malloc(1000000);
        app.room = 1000000;
        NEED(app.received && begin(&app, TRANSFER));
        CHECK(move(WRQ, "kept", "octet", i % 2 ? options : NULL, data, sizes[i]).complete);
        CHECK_BYTES(app.received, app.received_length, data, sizes[i]);
        CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 0);
        CHECK_INT(fixture_count(&self, END_TRANSFER), 1);
        CHECK_INT(fixture_count(&self, TRANSFER), sizes[i] / 512 + 1);
        CHECK_INT(fixture_entries(&self), 0);
        free(app.received);
        fixture_close(&self);
    }
    free(data);
}

/*
 * The application could not store the upload: refusing the last block sends an ERROR in place of
 * the last ACK.
 */
static void a_no_for_the_last_block(void)
{
    static const size_t sizes[] = {0, 100, 512, 1500};
    uint8_t *data = fixture_bytes(1500);
    size_t i;
    for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct application app = {0};
        transfer sent;
        app.received = malloc(1500);
        app.room = 1500;
        app.last_answer = 28;
        NEED(app.received && begin(&app, TRANSFER));
        sent = move(WRQ, "kept", "octet", NULL, data, sizes[i]);
        CHECK(!sent.complete);
        CHECK_INT(sent.error_code, 0);
        CHECK_INT(app.received_length, sizes[i]);
        CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 10053);
        CHECK_INT(fixture_count(&self, END_TRANSFER), 0);
        free(app.received);
        fixture_close(&self);
    }
    free(data);
}

/* The same with a file, which does not appear under its name. */
static void a_no_for_the_last_block_of_a_file(void)
{
    static const uint8_t content[600];
    uint8_t buffer[sizeof content];
    struct application app = {0};
    transfer sent;
    app.received = buffer;
    app.room = sizeof buffer;
    app.last_answer = -1;
    NEED(begin(&app, TRANSFER));
    CHECK_INT(tftpserver_set(self.server, LOCAL_DIR, 0, self.dir), 0);
    sent = move(WRQ, "up", "octet", NULL, content, sizeof content);
    CHECK(!sent.complete);
    CHECK_INT(sent.error_code, 0);
    CHECK(fixture_await_entries(&self, 0));
    fixture_close(&self);
}

static void what_nobody_answers(void)
{
    int also;
    for (also = 0; also <= LOG; also += LOG) {
        struct application app = {0};
        transfer moved;
        NEED(begin(&app, also));
        moved = move(RRQ, "f", "octet", NULL, NULL, 0);
        CHECK_INT(moved.error_code, 1);
        free(moved.data);
        CHECK_INT(fixture_find(&self, ERROR_EVENT, 0)->code, 127);
        CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 127);
        moved = move(WRQ, "f", "octet", NULL, "x", 1);
        CHECK_INT(moved.error_code, 1);
        CHECK_INT(fixture_find(&self, ERROR_EVENT, 1)->code, 126);
        CHECK_INT(fixture_find(&self, DISCONNECTED, 1)->code, 126);
        CHECK_INT(fixture_count(&self, END_TRANSFER), 0);
        fixture_close(&self);
    }
}

/* Without any callback and without LocalDir the client still gets an answer. */
static void nobody_at_all(void)
{
    background one;
    transfer got;
    NEED(fixture_open(&self));
    CHECK_INT(tftpserver_set(self.server, LOCAL_DIR, 0, ""), 0);
    NEED(background_begin(&one, &self, RRQ, "f", "octet", NULL, NULL, 0));
    got = background_end(&one);
    CHECK_INT(got.error_code, 1);
    free(got.data);
    fixture_close(&self);
}

int main(void)
{
    check_begin(240);
    RUN(downloads_from_data);
    RUN(empty_data_is_none);
    RUN(data_as_text);
    RUN(local_files);
    RUN(a_local_file_that_is_missing);
    RUN(a_second_chance);
    RUN(uploads_through_transfer_alone);
    RUN(a_no_for_the_last_block);
    RUN(a_no_for_the_last_block_of_a_file);
    RUN(what_nobody_answers);
    RUN(nobody_at_all);
    return check_end();
}
