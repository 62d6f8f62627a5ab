/*
 * A slow application slows its own connections, and none else; memory is bounded, and nothing is
 * missing afterwards.
 */
#define _XOPEN_SOURCE 700
#include "background.h"
#include "check.h"

static const char *const options[] = {"blksize", "1024", "windowsize", "8", NULL};

static int32_t count_bytes(tftpserver *server, tftpserver_event *event, void *context)
{
    int64_t *bytes = context;
    (void)server;
    *bytes += (int64_t)event->data.transfer.text_length;
    return 0;
}

static void sleep_millis(int millis)
{
    struct timespec moment = {millis / 1000, millis % 1000 * 1000000L};
    nanosleep(&moment, NULL);
}

/*
 * Receives a download until it stalls, because DoEvents is not called. Returns the bytes got. Once
 * `least` have come, 300 ms of silence are a stall.
 */
static size_t until_it_stalls(client *one, unsigned *block, size_t least)
{
    size_t got = 0;
    while (client_receive(one, got < least ? fixture_millis() : 300 * check_slowness())) {
        if (client_opcode(one) == OACK) {
            client_ack(one, 0);
        } else if (client_opcode(one) == DATA && client_block(one) == (int)*block + 1) {
            got += one->length - 4;
            ++*block;
            if (*block % 8 == 0) {
                client_ack(one, *block);
            }
        }
    }
    return got;
}

static void a_download_waits_for_its_application(void)
{
    enum { SIZE = 1 << 20, LEAST = 256 << 10 };
    uint8_t *data = fixture_bytes(SIZE);
    fixture slow, other;
    background reader;
    transfer moved;
    client one;
    unsigned block = 0;
    int64_t told = 0, end;
    size_t got, last;
    NEED(fixture_open(&slow) && fixture_open(&other));
    end = client_now() + 3 * fixture_millis();
    CHECK(fixture_write(&slow, "f", data, SIZE) && fixture_write(&other, "f", data, SIZE));
    CHECK_INT(tftpserver_register_callback(slow.server, TRANSFER, count_bytes, &told), 0);
    NEED(client_open(&one, slow.port, NULL));
    client_request(&one, RRQ, "f", "octet", options);
    got = until_it_stalls(&one, &block, LEAST);
    CHECK(got >= LEAST);
    CHECK(got <= LEAST + ((2 * 8 + 64) << 10)); /* the allowed backlog, and the blocks in flight */
    CHECK_INT(told, 0);

    /* Another server object is not affected, nor is a connection of this one whose events have no callback: here, a
       request that is refused. */
    NEED(background_begin(&reader, &other, RRQ, "f", "octet", options, NULL, 0));
    moved = background_end(&reader);
    CHECK_BYTES(moved.data, moved.length, data, SIZE);
    free(moved.data);
    NEED(background_begin(&reader, &slow, RRQ, "no such file", "octet", options, NULL, 0));
    moved = background_end(&reader);
    CHECK_INT(moved.error_code, 1);
    free(moved.data);

    one.pump = slow.server;
    for (last = 1024; last == 1024 && client_now() < end;) {
        if (!client_receive(&one, 100)) {
            client_ack(&one, block);
        } else if (client_opcode(&one) == DATA && client_block(&one) == (int)block + 1) {
            last = one.length - 4;
            if (got + last <= SIZE) {
                CHECK_BYTES(one.packet + 4, last, data + got, last);
            }
            got += last;
            block++;
            if (block % 8 == 0 || last < 1024) {
                client_ack(&one, block);
            }
        }
    }
    CHECK_INT(got, SIZE);
    while (told < SIZE && client_now() < end) {
        CHECK_INT(tftpserver_do_doevents(slow.server), 0);
    }
    CHECK_INT(told, SIZE);
    client_close(&one);
    fixture_close(&slow);
    fixture_close(&other);
    free(data);
}

static void an_upload_waits_for_its_application(void)
{
    enum { SIZE = (1 << 20) + 100 }; /* no empty last block: the last byte is in the last event */
    uint8_t *data = fixture_bytes(SIZE);
    fixture slow;
    background writer;
    transfer sent;
    int64_t told = 0, before, moved = 0, end = client_now() + fixture_millis();
    NEED(fixture_open(&slow));
    CHECK_INT(tftpserver_register_callback(slow.server, TRANSFER, count_bytes, &told), 0);
    NEED(background_begin(&writer, &slow, WRQ, "up", "octet", options, data, SIZE));
    while (tftpserver_get_int(slow.server, CONN_COUNT, 0) == 0 && client_now() < end) {
        CHECK_INT(tftpserver_do_doevents(slow.server), 0);
    }
    /* From here on no event is delivered, so only a bounded amount is received. */
    for (before = -1; before != moved && client_now() < end;) {
        before = moved;
        sleep_millis(300);
        moved = tftpserver_get_int(slow.server, CONN_BYTES_TRANSFERRED, 0);
    }
    CHECK(moved < told + 400000);
    CHECK(!fixture_exists(&slow, "up"));
    while (told < SIZE && client_now() < end) {
        CHECK_INT(tftpserver_do_doevents(slow.server), 0);
    }
    sent = background_end(&writer);
    CHECK(sent.complete);
    CHECK_INT(told, SIZE);
    {
        size_t length;
        uint8_t *kept = fixture_read(&slow, "up", &length);
        CHECK_BYTES(kept, length, data, SIZE);
        free(kept);
    }
    fixture_close(&slow);
    free(data);
}

/* Connections without Transfer events go on: here they began before the callback was registered. */
static void who_began_before_goes_on(void)
{
    enum { SIZE = 1 << 20 };
    uint8_t *data = fixture_bytes(SIZE);
    fixture self;
    client one;
    unsigned block = 0;
    int64_t told = 0;
    size_t got = 0;
    NEED(fixture_open(&self));
    CHECK(fixture_write(&self, "f", data, SIZE));
    NEED(client_open(&one, self.port, NULL));
    client_request(&one, RRQ, "f", "octet", options);
    CHECK(client_expect(&one, OACK, -1, fixture_millis()));
    CHECK_INT(tftpserver_register_callback(self.server, TRANSFER, count_bytes, &told), 0);
    client_ack(&one, 0);
    while (got < SIZE && client_expect(&one, DATA, (int)((block + 1) & 0xffff), fixture_millis())) {
        got += one.length - 4;
        block++;
        if (block % 8 == 0) {
            client_ack(&one, block);
        }
    }
    CHECK_INT(got, SIZE);
    client_close(&one);
    fixture_close(&self);
    free(data);
}

static int32_t hold(tftpserver *server, tftpserver_event *event, void *context)
{
    *(int32_t *)context = event->data.transfer.connection_id;
    return tftpserver_do_hold(server, event->data.transfer.connection_id, 1);
}

/*
 * Begins an upload of one block, which only the Transfer callback stores. Returns its id after the
 * block's event.
 */
static int32_t upload_that_is_held(fixture *self, client *one, int32_t *held)
{
    int64_t end = client_now() + fixture_millis();
    *held = 0;
    one->pump = self->server;
    client_request(one, WRQ, "up", "octet", NULL);
    CHECK(client_expect(one, ACK, 0, fixture_millis()));
    client_data(one, 1, "data", 4);
    while (*held == 0 && client_now() < end) {
        CHECK_INT(tftpserver_do_doevents(self->server), 0);
    }
    CHECK(*held != 0);
    CHECK(!client_expect(one, ACK, 1, 300)); /* delivered, but not accepted */
    return *held;
}

static void a_held_upload_is_acknowledged_when_the_hold_ends(void)
{
    fixture self;
    client one, other;
    int32_t held = 0, first;
    NEED(fixture_open(&self));
    CHECK_INT(tftpserver_set(self.server, TFTPSERVER_PROPERTY_LOCAL_DIR, 0, ""), 0);
    CHECK_INT(tftpserver_register_callback(self.server, TRANSFER, hold, &held), 0);
    NEED(client_open(&one, self.port, NULL));
    first = upload_that_is_held(&self, &one, &held);
    CHECK_INT(tftpserver_do_hold(self.server, first, 2), TFTPSERVER_ERROR_INVALID_VALUE);
    CHECK_INT(tftpserver_do_hold(self.server, first, 0), 0);
    CHECK(client_expect(&one, ACK, 1, fixture_millis()));

    /* The program could not store it. */
    NEED(client_open(&other, self.port, NULL));
    upload_that_is_held(&self, &other, &held);
    CHECK_INT(tftpserver_do_disconnect(self.server, held), 0);
    CHECK(client_expect(&other, ERROR, -1, fixture_millis()));
    CHECK_INT(tftpserver_do_hold(self.server, first, 0), TFTPSERVER_ERROR_INDEX_OUT_OF_RANGE);
    client_close(&one);
    client_close(&other);
    fixture_close(&self);
}

int main(void)
{
    check_begin(200);
    RUN(a_held_upload_is_acknowledged_when_the_hold_ends);
    RUN(a_download_waits_for_its_application);
    RUN(an_upload_waits_for_its_application);
    RUN(who_began_before_goes_on);
    return check_end();
}
