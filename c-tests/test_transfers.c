/* Whole files, both ways, at every size where something changes. */
#define _XOPEN_SOURCE 700
#include <sys/stat.h>

#include "check.h"
#include "fixture.h"

static fixture self;

static transfer read_file(const char *name, const char *mode, const char *const *options)
{
    client *one = malloc(sizeof *one);
    transfer got = {0};
    if (one && client_open(one, self.port, NULL)) {
        got = client_download(one, name, mode, options, fixture_millis());
        client_close(one);
    }
    free(one);
    return got;
}

static transfer write_file(const char *name, const char *mode, const char *const *options, const void *bytes,
                           size_t length)
{
    client *one = malloc(sizeof *one);
    transfer sent = {0};
    if (one && client_open(one, self.port, NULL)) {
        sent = client_upload(one, name, mode, options, bytes, length, fixture_millis());
        client_close(one);
    }
    free(one);
    return sent;
}

static void sizes_with(const char *const *options, size_t block)
{
    const size_t sizes[] = {0,         1,         block - 1,     block, block + 1, 2 * block - 1,
                            2 * block, 8 * block, 8 * block + 1, 65536, 100001};
    uint8_t *bytes = fixture_bytes(2 * 65536 + 9 * block);
    size_t i;
    NEED(fixture_open(&self));
    for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t length;
        uint8_t *kept;
        transfer moved;
        CHECK(fixture_write(&self, "down", bytes, sizes[i]));
        moved = read_file("down", "octet", options);
        CHECK(moved.complete);
        CHECK_BYTES(moved.data, moved.length, bytes, sizes[i]);
        CHECK_INT(moved.blocks, sizes[i] / block + 1);
        free(moved.data);
        moved = write_file("up", "octet", options, bytes, sizes[i]);
        CHECK(moved.complete);
        kept = fixture_read(&self, "up", &length);
        CHECK_BYTES(kept, length, bytes, sizes[i]);
        free(kept);
    }
    CHECK_INT(fixture_entries(&self), 2);
    fixture_close(&self);
    free(bytes);
}

static void plain(void)
{
    sizes_with(NULL, 512);
}

static void small_blocks(void)
{
    static const char *const options[] = {"blksize", "9", "windowsize", "16", NULL};
    sizes_with(options, 9);
}

static void ethernet_blocks(void)
{
    static const char *const options[] = {"blksize", "1428", "tsize", "0", NULL};
    sizes_with(options, 1428);
}

static void largest_blocks(void)
{
    static const char *const options[] = {"blksize", "65464", NULL};
    sizes_with(options, 65464);
}

static void windows(void)
{
    static const char *const eight[] = {"blksize", "512", "windowsize", "8", NULL};
    static const char *const many[] = {"blksize", "1024", "windowsize", "64", NULL};
    sizes_with(eight, 512);
    sizes_with(many, 1024);
}

/* Block numbers start again after 65535. */
static void roll_over(void)
{
    static const char *const options[] = {"blksize", "8", "windowsize", "64", NULL};
    enum { SIZE = 8 * 65536 + 77 };
    uint8_t *bytes = fixture_bytes(SIZE), *kept;
    transfer moved;
    size_t length;
    NEED(fixture_open(&self));
    CHECK(fixture_write(&self, "long", bytes, SIZE));
    moved = read_file("long", "octet", options);
    CHECK_BYTES(moved.data, moved.length, bytes, SIZE);
    free(moved.data);
    moved = write_file("back", "octet", options, bytes, SIZE);
    CHECK(moved.complete);
    kept = fixture_read(&self, "back", &length);
    CHECK_BYTES(kept, length, bytes, SIZE);
    free(kept);
    fixture_close(&self);
    free(bytes);
}

static void netascii(void)
{
    static const struct {
        const char *local, *wire;
        size_t local_length, wire_length;
    } pairs[] = {
        {"", "", 0, 0},           {"a\n", "a\r\n", 2, 3},     {"\n\n\n", "\r\n\r\n\r\n", 3, 6},
        {"a\rb", "a\r\0b", 3, 4}, {"\r\n", "\r\0\r\n", 2, 4}, {"no end", "no end", 6, 6},
        {"\0\n", "\0\r\n", 2, 3},
    };
    static const char *const tiny[] = {"blksize", "8", NULL};
    char local[1000], wire[2000];
    size_t i, at = 0;
    NEED(fixture_open(&self));
    for (i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        size_t length;
        uint8_t *kept;
        transfer moved;
        CHECK(fixture_write(&self, "text", pairs[i].local, pairs[i].local_length));
        moved = read_file("text", "netascii", NULL);
        CHECK_BYTES(moved.data, moved.length, pairs[i].wire, pairs[i].wire_length);
        free(moved.data);
        moved = write_file("up", "NETASCII", NULL, pairs[i].wire, pairs[i].wire_length);
        CHECK(moved.complete);
        kept = fixture_read(&self, "up", &length);
        CHECK_BYTES(kept, length, pairs[i].local, pairs[i].local_length);
        free(kept);
    }
    /* Pairs across block boundaries, at every offset. */
    for (i = 0; i < sizeof local; i++) {
        local[i] = i % 7 == 3 ? '\n' : i % 11 == 5 ? '\r' : 'x';
        if (local[i] == '\n' || local[i] == '\r') {
            wire[at++] = '\r';
            wire[at++] = local[i] == '\n' ? '\n' : '\0';
        } else {
            wire[at++] = 'x';
        }
    }
    for (i = 0; i < 2; i++) {
        transfer moved;
        uint8_t *kept;
        size_t length;
        CHECK(fixture_write(&self, "text", local, sizeof local));
        moved = read_file("text", "netascii", i ? tiny : NULL);
        CHECK_BYTES(moved.data, moved.length, wire, at);
        free(moved.data);
        moved = write_file("up", "netascii", i ? tiny : NULL, wire, at);
        CHECK(moved.complete);
        kept = fixture_read(&self, "up", &length);
        CHECK_BYTES(kept, length, local, sizeof local);
        free(kept);
    }
    fixture_close(&self);
}

static void an_aborted_upload_leaves_nothing(void)
{
    client one;
    uint8_t *bytes = fixture_bytes(512), *kept;
    size_t length;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    CHECK(fixture_write(&self, "old", "before", 6));
    NEED(client_open(&one, self.port, self.server));
    client_request(&one, WRQ, "old", "octet", NULL);
    CHECK(client_expect(&one, ACK, 0, fixture_millis()));
    client_data(&one, 1, bytes, 512);
    CHECK(client_expect(&one, ACK, 1, fixture_millis()));
    kept = fixture_read(&self, "old", &length);
    CHECK_BYTES(kept, length, "before", 6);
    free(kept);
    client_error(&one, 0, "changed my mind");
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    CHECK_INT(fixture_find(&self, DISCONNECTED, 0)->code, 124);
    kept = fixture_read(&self, "old", &length);
    CHECK_BYTES(kept, length, "before", 6);
    free(kept);
    CHECK(fixture_await_entries(&self, 1));
    client_close(&one);
    fixture_close(&self);
    free(bytes);
}

static void the_last_ack_comes_after_the_file(void)
{
    uint8_t *bytes = fixture_bytes(700);
    int i;
    NEED(fixture_open(&self));
    for (i = 0; i < 50; i++) {
        transfer sent = write_file("file", "octet", NULL, bytes, 700 - (size_t)i);
        size_t length;
        uint8_t *kept = fixture_read(&self, "file", &length);
        CHECK(sent.complete);
        CHECK_BYTES(kept, length, bytes, 700 - (size_t)i);
        free(kept);
    }
    fixture_close(&self);
    free(bytes);
}

static void overwriting(void)
{
    transfer sent;
    size_t length;
    uint8_t *kept;
    NEED(fixture_open(&self));
    CHECK(fixture_write(&self, "file", "a long old content", 18));
    sent = write_file("file", "octet", NULL, "new", 3);
    CHECK(sent.complete);
    kept = fixture_read(&self, "file", &length);
    CHECK_BYTES(kept, length, "new", 3);
    free(kept);
    CHECK(tftpserver_do_config(self.server, "AllowOverwrite=False") != NULL);
    sent = write_file("file", "octet", NULL, "newer", 5);
    CHECK_INT(sent.error_code, 6);
    sent = write_file("other", "octet", NULL, "other", 5);
    CHECK(sent.complete);
    CHECK(tftpserver_do_config(self.server, "ReadOnly=True") != NULL);
    sent = write_file("third", "octet", NULL, "x", 1);
    CHECK_INT(sent.error_code, 2);
    CHECK(!fixture_exists(&self, "third"));
    sent = read_file("file", "octet", NULL);
    CHECK_BYTES(sent.data, sent.length, "new", 3);
    free(sent.data);
    fixture_close(&self);
}

static void what_is_missing(void)
{
    transfer moved;
    NEED(fixture_open(&self));
    moved = read_file("missing", "octet", NULL);
    CHECK_INT(moved.error_code, 1);
    CHECK(strstr(moved.error_text, self.dir) == NULL);
    free(moved.data);
    moved = write_file("no/such/dir", "octet", NULL, "x", 1);
    CHECK(moved.error_code == 1 || moved.error_code == 2);
    CHECK_INT(fixture_entries(&self), 0);
    fixture_close(&self);
}

static void sizes_are_told(void)
{
    static const char *const asks[] = {"tsize", "0", NULL};
    static const char *const tells[] = {"tsize", "1234", NULL};
    static const char *const absurd[] = {"tsize", "9000000000000000000", NULL};
    uint8_t *bytes = fixture_bytes(1234);
    transfer moved;
    NEED(fixture_open(&self));
    CHECK(fixture_write(&self, "file", bytes, 1234));
    moved = read_file("file", "octet", asks);
    CHECK_INT(moved.tsize, 1234);
    CHECK_BYTES(moved.data, moved.length, bytes, 1234);
    free(moved.data);
    moved = write_file("up", "octet", tells, bytes, 1234);
    CHECK_INT(moved.tsize, 1234);
    CHECK(moved.complete);
    moved = write_file("huge", "octet", absurd, bytes, 1234);
    CHECK_INT(moved.error_code, 3);
    CHECK(!fixture_exists(&self, "huge"));
    fixture_close(&self);
    free(bytes);
}

static void one_bad_transfer_disturbs_no_other(void)
{
    uint8_t *bytes = fixture_bytes(3000);
    client good, bad;
    unsigned block;
    NEED(fixture_open(&self));
    CHECK(fixture_write(&self, "f", bytes, 3000));
    NEED(client_open(&good, self.port, NULL));
    client_request(&good, RRQ, "f", "octet", NULL);
    for (block = 1; block <= 6; block++) {
        CHECK(client_expect(&good, DATA, (int)block, fixture_millis()));
        NEED(client_open(&bad, self.port, NULL));
        client_request(&bad, WRQ, "f2", "octet", NULL);
        CHECK(client_receive(&bad, fixture_millis()));
        client_data(&bad, 1, bytes, 600);
        client_close(&bad);
        client_ack(&good, block);
    }
    CHECK_INT(good.length, 4 + 3000 % 512);
    client_close(&good);
    fixture_close(&self);
    free(bytes);
}

int main(void)
{
    check_begin(240);
    RUN(plain);
    RUN(small_blocks);
    RUN(ethernet_blocks);
    RUN(largest_blocks);
    RUN(windows);
    RUN(roll_over);
    RUN(netascii);
    RUN(an_aborted_upload_leaves_nothing);
    RUN(the_last_ack_comes_after_the_file);
    RUN(overwriting);
    RUN(what_is_missing);
    RUN(sizes_are_told);
    RUN(one_bad_transfer_disturbs_no_other);
    return check_end();
}
