/* The fields of Transfer: bytes, percent and text, in both directions and both modes. */
#define _XOPEN_SOURCE 700
#include "check.h"
#include "fixture.h"

static fixture self;

struct sum {
    uint8_t *bytes;
    size_t length, room;
};

static int32_t add_up(recorder *events, tftpserver *server, tftpserver_event *event)
{
    struct sum *sum = events->extra;
    (void)server;
    if (event->id == TRANSFER) {
        size_t length = event->data.transfer.text_length;
        CHECK(event->data.transfer.text != NULL);
        if (sum->length + length <= sum->room) {
            memcpy(sum->bytes + sum->length, event->data.transfer.text, length);
        }
        sum->length += length;
        CHECK_INT(event->data.transfer.bytes_transferred, sum->length);
    }
    return 0;
}

static int begin(struct sum *sum, size_t room)
{
    int good = fixture_open(&self);
    sum->bytes = malloc(room + 1);
    sum->length = 0;
    sum->room = room;
    if (good && sum->bytes) {
        fixture_record(&self, TRANSFER);
        self.events.hook = add_up;
        self.events.extra = sum;
    }
    return good && sum->bytes;
}

static void finish(struct sum *sum)
{
    fixture_close(&self);
    free(sum->bytes);
}

static transfer move(int opcode, const char *name, const char *mode, const char *const *options, const void *data,
                     size_t length)
{
    client one;
    transfer moved = {0};
    size_t ended = fixture_count(&self, DISCONNECTED);
    if (client_open(&one, self.port, self.server)) {
        moved = opcode == RRQ ? client_download(&one, name, mode, options, fixture_millis())
                              : client_upload(&one, name, mode, options, data, length, fixture_millis());
        client_close(&one);
    }
    CHECK(fixture_await(&self, DISCONNECTED, ended + 1));
    return moved;
}

static void percent_of(size_t event, int percent, int64_t bytes, size_t length)
{
    const record *entry = fixture_find(&self, TRANSFER, event);
    NEED(entry != NULL);
    CHECK_INT(entry->percent, percent);
    CHECK_INT(entry->bytes, bytes);
    CHECK_INT(entry->length, length);
}

/* Octet downloads know the file's size, with or without the tsize option. */
static void octet_downloads(void)
{
    uint8_t *data = fixture_bytes(2048);
    struct sum sum;
    transfer got;
    NEED(begin(&sum, 2048));
    CHECK(fixture_write(&self, "f", data, 2048));
    got = move(RRQ, "f", "octet", NULL, NULL, 0);
    CHECK(got.complete);
    free(got.data);
    CHECK_INT(fixture_count(&self, TRANSFER), 5);
    percent_of(0, 25, 512, 512);
    percent_of(1, 50, 1024, 512);
    percent_of(2, 75, 1536, 512);
    percent_of(3, 100, 2048, 512);
    percent_of(4, 100, 2048, 0); /* the empty last block of an exact multiple */
    CHECK_BYTES(sum.bytes, sum.length, data, 2048);
    CHECK_INT(fixture_find(&self, TRANSFER, 0)->direction, DOWNLOAD);
    CHECK_INT(fixture_find(&self, START_TRANSFER, 0)->direction, DOWNLOAD);
    CHECK_INT(fixture_find(&self, END_TRANSFER, 0)->direction, DOWNLOAD);
    finish(&sum);
    free(data);
}

/* Uploads know the size that the client announced. */
static void octet_uploads(void)
{
    static const char *const right[] = {"tsize", "2000", NULL};
    static const char *const less[] = {"tsize", "1000", NULL};
    static const char *const none[] = {"tsize", "0", NULL};
    uint8_t *data = fixture_bytes(2000);
    struct sum sum;
    size_t first;
    NEED(begin(&sum, 2000));
    CHECK(move(WRQ, "a", "octet", right, data, 2000).complete);
    percent_of(0, 25, 512, 512);
    percent_of(3, 100, 2000, 2000 - 3 * 512);
    CHECK_BYTES(sum.bytes, sum.length, data, 2000);
    first = fixture_count(&self, TRANSFER);
    sum.length = 0;
    CHECK(move(WRQ, "b", "octet", NULL, data, 2000).complete);
    percent_of(first, -1, 512, 512);
    percent_of(first + 3, -1, 2000, 2000 - 3 * 512);
    first = fixture_count(&self, TRANSFER);
    sum.length = 0;
    CHECK(move(WRQ, "c", "octet", less, data, 2000).complete);
    percent_of(first, 51, 512, 512);
    percent_of(first + 3, 100, 2000, 2000 - 3 * 512); /* never more than 100 */
    first = fixture_count(&self, TRANSFER);
    sum.length = 0;
    CHECK(move(WRQ, "d", "octet", none, data, 2000).complete);
    percent_of(first, -1, 512, 512); /* some clients announce 0 for "not known" */
    first = fixture_count(&self, TRANSFER);
    sum.length = 0;
    CHECK(move(WRQ, "e", "octet", none, data, 0).complete);
    percent_of(first, 100, 0, 0);
    CHECK_INT(fixture_find(&self, TRANSFER, first)->direction, UPLOAD);
    finish(&sum);
    free(data);
}

/*
 * The text of a netascii download has the bytes on the wire; that of an upload has the bytes
 * written to the file.
 */
static void netascii(void)
{
    char local[700], wire[1400];
    size_t i, length = 0;
    struct sum sum;
    transfer moved;
    for (i = 0; i < sizeof local; i++) {
        local[i] = i % 10 == 9 ? '\n' : 'a';
        if (local[i] == '\n') {
            wire[length++] = '\r';
        }
        wire[length++] = local[i];
    }
    NEED(begin(&sum, sizeof wire));
    CHECK(fixture_write(&self, "f", local, sizeof local));
    moved = move(RRQ, "f", "netascii", NULL, NULL, 0);
    CHECK_BYTES(moved.data, moved.length, wire, length);
    free(moved.data);
    CHECK_BYTES(sum.bytes, sum.length, wire, length);
    percent_of(0, -1, 512, 512); /* the translated size is not known beforehand */
    CHECK_TEXT(fixture_find(&self, CONNECTION_REQUEST, 0)->mode, "1");
    sum.length = 0;
    moved = move(WRQ, "g", "netascii", NULL, wire, length);
    CHECK(moved.complete);
    CHECK_BYTES(sum.bytes, sum.length, local, sizeof local);
    CHECK_INT(fixture_find(&self, TRANSFER, fixture_count(&self, TRANSFER) - 1)->percent, -1);
    finish(&sum);
}

/* There is one event per block, whatever the block size and the window; its text is the block. */
static void a_block_is_an_event(void)
{
    static const char *const tiny[] = {"blksize", "8", "windowsize", "64", NULL};
    static const char *const large[] = {"blksize", "65464", "windowsize", "4", NULL};
    const char *const *const options[] = {NULL, tiny, large};
    const size_t blksize[] = {512, 8, 65464};
    enum { SIZE = 70000 };
    uint8_t *data = fixture_bytes(SIZE);
    size_t i;
    for (i = 0; i < 3; i++) {
        int opcode;
        for (opcode = RRQ; opcode <= WRQ; opcode++) {
            struct sum sum;
            transfer moved;
            size_t n, count = SIZE / blksize[i] + 1;
            NEED(begin(&sum, SIZE));
            CHECK(fixture_write(&self, "f", data, SIZE));
            moved = move(opcode, "f", "octet", options[i], data, SIZE);
            CHECK(moved.complete);
            free(moved.data);
            CHECK_BYTES(sum.bytes, sum.length, data, SIZE);
            CHECK_INT(fixture_count(&self, TRANSFER), count);
            for (n = 0; n < count - 1; n += 997) {
                const record *entry = fixture_find(&self, TRANSFER, n);
                NEED(entry != NULL);
                CHECK_INT(entry->length, blksize[i]);
            }
            finish(&sum);
        }
    }
    free(data);
}

int main(void)
{
    check_begin(180);
    RUN(octet_downloads);
    RUN(octet_uploads);
    RUN(netascii);
    RUN(a_block_is_an_event);
    return check_end();
}
