/*
 * The answers to bad, odd and hostile datagrams, none of which ends the server or disturbs another
 * transfer.
 */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <sys/stat.h>

#include "check.h"
#include "fixture.h"

static fixture self;
static uint8_t *data;

static void begin(void)
{
    NEED(fixture_open(&self));
    data = fixture_bytes(5000);
    CHECK(fixture_write(&self, "f", data, 5000));
    CHECK(fixture_write(&self, "small", "abc", 3));
}

static void end(void)
{
    fixture_close(&self);
    free(data);
}

static void still_serves(void)
{
    client reader;
    transfer got;
    NEED(client_open(&reader, self.port, NULL));
    got = client_download(&reader, "f", "octet", NULL, fixture_millis());
    CHECK_BYTES(got.data, got.length, data, 5000);
    free(got.data);
    client_close(&reader);
}

/*
 * Sends a datagram and checks that it gets no answer: the next packet answers a request with an
 * unknown mode.
 */
static void silence(const void *bytes, size_t length)
{
    client one;
    NEED(client_open(&one, self.port, NULL));
    client_send_raw(&one, bytes, length);
    client_request(&one, RRQ, "x", "mail", NULL);
    CHECK(client_receive(&one, fixture_millis()));
    CHECK_INT(client_opcode(&one), ERROR);
    CHECK(client_block(&one) == 4 || client_block(&one) == 0);
    client_close(&one);
}

#define SILENCE(literal) silence(literal, sizeof(literal) - 1)

static void stray_packets_get_silence(void)
{
    uint8_t big[65507];
    begin();
    memset(big, 'A', sizeof big);
    SILENCE("");
    SILENCE("\0");
    SILENCE("\0\1");
    SILENCE("\0\0");
    SILENCE("\0\3\0\1data");
    SILENCE("\0\4\0\1");
    SILENCE("\0\4\0");
    SILENCE("\0\5\0\1no\0");
    SILENCE("\0\5\0\0");
    SILENCE("\0\5");
    SILENCE("\0\6blksize\0"
            "512\0");
    SILENCE("\0\7");
    SILENCE("\xff\xff\xff\xff");
    SILENCE("\1\0f\0octet\0");
    SILENCE("\0\1f");
    SILENCE("\0\1f\0octet");
    SILENCE("\0\1\0octet\0");
    silence(big, sizeof big);
    big[0] = 0;
    big[1] = 1;
    silence(big, sizeof big);
    still_serves();
    end();
}

static void unknown_modes(void)
{
    static const char *const modes[] = {"mail", "MAIL", "", "octett", "binary", "\xff"};
    size_t i;
    begin();
    for (i = 0; i < sizeof modes / sizeof *modes; i++) {
        client one;
        NEED(client_open(&one, self.port, NULL));
        client_request(&one, RRQ, "f", modes[i], NULL);
        CHECK(client_expect(&one, ERROR, -1, fixture_millis()));
        CHECK(client_block(&one) == 4 || client_block(&one) == 0);
        client_close(&one);
    }
    still_serves();
    end();
}

static void nothing_outside_the_directory(void)
{
    static const char *const names[] = {
        "../secret",
        "a/../../secret",
        "..\\secret",
        "/../secret",
        "//../secret",
        "./../secret",
        "../../../etc/passwd",
        "/etc/passwd",
        "..",
        ".",
        "/",
        "sub",
        "link",
        "linked/secret",
        "%2e%2e/secret",
        "....//secret",
        "fifo",
        "",
    };
    fixture outside;
    char path[600], target[600];
    size_t i;
    begin();
    NEED(fixture_prepare(&outside));
    CHECK(fixture_write(&outside, "secret", "TOP SECRET", 10));
    fixture_path(&outside, "secret", target, sizeof target);
#ifndef _WIN32 /* wine makes no links */
    fixture_path(&self, "link", path, sizeof path);
    CHECK_INT(symlink(target, path), 0);
    fixture_path(&self, "linked", path, sizeof path);
    CHECK_INT(symlink(outside.dir, path), 0);
    fixture_path(&self, "fifo", path, sizeof path);
    CHECK_INT(mkfifo(path, 0644), 0);
#endif
    fixture_path(&self, "sub", path, sizeof path);
    CHECK_INT(mkdir(path, 0755), 0);
    for (i = 0; i < sizeof names / sizeof *names; i++) {
        client one;
        if (names[i][0] == '\0') {
            continue;
        }
        NEED(client_open(&one, self.port, NULL));
        client_request(&one, RRQ, names[i], "octet", NULL);
        CHECK(client_receive(&one, fixture_millis()));
        CHECK_INT(client_opcode(&one), ERROR);
        CHECK(client_block(&one) >= 0 && client_block(&one) <= 2);
        client_close(&one);
        NEED(client_open(&one, self.port, NULL));
        client_request(&one, WRQ, names[i], "octet", NULL);
        CHECK(client_receive(&one, fixture_millis()));
        if (client_opcode(&one) == ACK) { /* odd, but a file name inside the directory */
            client_data(&one, 1, "overwritten", 11);
            client_receive(&one, fixture_millis());
        }
        client_close(&one);
    }
    {
        size_t length;
        uint8_t *secret = fixture_read(&outside, "secret", &length);
        CHECK_BYTES(secret, length, "TOP SECRET", 10);
        free(secret);
        CHECK_INT(fixture_entries(&outside), 1);
    }
    still_serves();
    fixture_close(&outside);
    end();
}

static void accepted_forms_of_names(void)
{
    static const char *const names[] = {"/sub/deep", "sub/deep", "sub\\deep", "//sub//deep", "./sub/./deep"};
    char path[600];
    size_t i;
    begin();
    fixture_path(&self, "sub", path, sizeof path);
    CHECK_INT(mkdir(path, 0755), 0);
    CHECK(fixture_write(&self, "sub/deep", "deep", 4));
    for (i = 0; i < sizeof names / sizeof *names; i++) {
        client one;
        transfer got;
        NEED(client_open(&one, self.port, NULL));
        got = client_download(&one, names[i], "octet", NULL, fixture_millis());
        CHECK_BYTES(got.data, got.length, "deep", 4);
        free(got.data);
        client_close(&one);
    }
    end();
}

/* Returns the negotiated value, NULL if the OACK has no such option, or "" if DATA came at once. */
static void agree(const char *name, const char *value, const char *wanted)
{
    const char *options[] = {NULL, NULL, NULL};
    client one;
    options[0] = name;
    options[1] = value;
    NEED(client_open(&one, self.port, NULL));
    client_request(&one, RRQ, "small", "octet", options);
    CHECK(client_receive(&one, fixture_millis()));
    if (wanted) {
        CHECK_INT(client_opcode(&one), OACK);
        CHECK_TEXT(client_option(&one, name), wanted);
        CHECK_INT(one.packet[one.length - 1], 0);
        client_ack(&one, 0);
        CHECK(client_expect(&one, DATA, 1, fixture_millis()));
    } else {
        CHECK_INT(client_opcode(&one), DATA);
    }
    client_ack(&one, 1);
    client_close(&one);
}

static void options(void)
{
    begin();
    agree("blksize", "8", "8");
    agree("blksize", "1428", "1428");
    agree("BLKSIZE", "65464", "65464");
    agree("blksize", "7", NULL);
    agree("blksize", "0", NULL);
    agree("blksize", "", NULL);
    agree("blksize", "-1", NULL);
    agree("blksize", "12x4", NULL);
    agree("blksize", " 1428", NULL);
    agree("blksize", "99999999999999999999", NULL);
    agree("timeout", "1", "1");
    agree("timeout", "255", "255");
    agree("timeout", "0", NULL);
    agree("timeout", "256", NULL);
    agree("tsize", "0", "3");
    agree("TSize", "0", "3");
    agree("windowsize", "1", "1");
    agree("windowsize", "64", "64");
    agree("WindowSize", "65535", "64");
    agree("windowsize", "0", NULL);
    agree("windowsize", "65536", NULL);
    agree("multicast", "", NULL);
    agree("nonsense", "1", NULL);
    end();
}

static void unasked_options_are_not_offered(void)
{
    static const char *const asked[] = {"x-unknown", "1", "blksize", "600", "blksize", "700", NULL};
    static const char odd[] = "\0\1small\0octet\0tsize\0"
                              "0\0blksize";
    client one;
    begin();
    NEED(client_open(&one, self.port, NULL));
    client_request(&one, RRQ, "f", "octet", asked);
    CHECK(client_receive(&one, fixture_millis()));
    CHECK_BYTES(one.packet, one.length, "\0\6blksize\000600", 14);
    client_error(&one, 8, "probe");
    client_close(&one);
    NEED(client_open(&one, self.port, NULL));
    client_send_raw(&one, odd, sizeof odd - 1);
    CHECK(client_receive(&one, fixture_millis()));
    CHECK_BYTES(one.packet, one.length, "\0\6tsize\0003", 10);
    client_error(&one, 8, "probe");
    client_close(&one);
    end();
}

#ifndef _WIN32
static void a_stranger_sees_a_closed_port(void)
{
    client owner, stranger;
    char byte;
    begin();
    NEED(client_open(&owner, self.port, NULL));
    NEED(client_open(&stranger, self.port, NULL));
    client_request(&owner, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&owner, DATA, 1, fixture_millis()));
    CHECK(client_peer_port(&owner) != self.port);
    stranger.peer = owner.peer;
    /* Only a connected socket receives ICMP errors. */
    CHECK_INT(connect(stranger.fd, &owner.peer.any, sizeof owner.peer.v4), 0);
    CHECK_INT(send(stranger.fd, "\0\4\0\1", 4, 0), 4);
    CHECK_INT(recv(stranger.fd, &byte, 1, 0), -1);
    CHECK_INT(errno, ECONNREFUSED);
    client_ack(&owner, 1);
    CHECK(client_expect(&owner, DATA, 2, fixture_millis()));
    client_close(&stranger);
    client_close(&owner);
    end();
}
#endif

static void on_a_shared_port_a_stranger_gets_error_5(void)
{
    client owner, stranger;
    NEED(fixture_prepare(&self));
    data = fixture_bytes(5000);
    CHECK(fixture_write(&self, "f", data, 5000));
    CHECK(tftpserver_do_config(self.server, "PortPerTransfer=False") != NULL);
    NEED(fixture_listen(&self));
    NEED(client_open(&owner, self.port, NULL));
    NEED(client_open(&stranger, self.port, NULL));
    client_request(&owner, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&owner, DATA, 1, fixture_millis()));
    CHECK(client_peer_port(&owner) != self.port);
    stranger.peer = owner.peer;
    client_ack(&stranger, 1);
    CHECK(client_receive(&stranger, fixture_millis()));
    CHECK_INT(client_opcode(&stranger), ERROR);
    CHECK_INT(client_block(&stranger), 5);
    client_error(&stranger, 0, "never answered");
    client_ack(&stranger, 2);
    CHECK(client_receive(&stranger, fixture_millis()));
    CHECK_INT(client_opcode(&stranger), ERROR);
    client_ack(&owner, 1);
    CHECK(client_expect(&owner, DATA, 2, fixture_millis()));
    client_close(&stranger);
    client_close(&owner);
    end();
}

static void a_repeated_request_is_the_same_transfer(void)
{
    client one;
    int port;
    begin();
    NEED(client_open(&one, self.port, NULL));
    client_request(&one, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&one, DATA, 1, fixture_millis()));
    port = client_peer_port(&one);
    client_request(&one, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&one, DATA, 1, fixture_millis()));
    CHECK_INT(client_peer_port(&one), port);
    client_ack(&one, 1);
    CHECK(client_expect(&one, DATA, 2, fixture_millis()));
    CHECK_INT(client_peer_port(&one), port);
    client_close(&one);
    end();
}

static void a_repeated_write_request_truncates_nothing(void)
{
    client one;
    uint8_t *kept;
    size_t length;
    begin();
    NEED(client_open(&one, self.port, NULL));
    client_request(&one, WRQ, "new", "octet", NULL);
    CHECK(client_expect(&one, ACK, 0, fixture_millis()));
    client_data(&one, 1, data, 512);
    CHECK(client_expect(&one, ACK, 1, fixture_millis()));
    client_request(&one, WRQ, "new", "octet", NULL);
    client_data(&one, 2, data + 512, 100);
    CHECK(client_expect(&one, ACK, 2, fixture_millis()));
    /* The last ACK may be lost, so the server repeats it. */
    client_data(&one, 2, data + 512, 100);
    CHECK(client_expect(&one, ACK, 2, fixture_millis()));
    kept = fixture_read(&self, "new", &length);
    CHECK_BYTES(kept, length, data, 612);
    free(kept);
    client_close(&one);
    end();
}

static void an_error_is_never_answered(void)
{
    client one;
    begin();
    NEED(client_open(&one, self.port, NULL));
    client_request(&one, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&one, DATA, 1, fixture_millis()));
    client_error(&one, 0, "enough");
    client_error(&one, 0, "enough");
    /* The transfer is over: the next answer is to a new request on the same port. */
    client_request(&one, RRQ, "x", "mail", NULL);
    CHECK(client_receive(&one, fixture_millis()));
    CHECK_INT(client_opcode(&one), ERROR);
    CHECK_INT(client_peer_port(&one), self.port);
    client_request(&one, RRQ, "small", "octet", NULL);
    CHECK(client_expect(&one, DATA, 1, fixture_millis()));
    CHECK_INT(one.length, 7);
    client_close(&one);
    end();
}

static void acks_that_make_no_sense(void)
{
    static const unsigned blocks[] = {2, 7, 65535, 32768, 0};
    client one;
    size_t i;
    begin();
    NEED(client_open(&one, self.port, NULL));
    client_request(&one, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&one, DATA, 1, fixture_millis()));
    for (i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        client_ack(&one, blocks[i]);
    }
    client_send_peer(&one, "\0\4", 2);
    client_send_peer(&one, "\0\4\0", 3);
    client_send_peer(&one, "", 0);
    client_send_peer(&one, "\0\7\0\0", 4);
    client_ack(&one, 1);
    CHECK(client_expect(&one, DATA, 2, fixture_millis()));
    client_close(&one);
    end();
}

static void too_long_data_is_refused(void)
{
    client one;
    begin();
    NEED(client_open(&one, self.port, NULL));
    client_request(&one, WRQ, "new", "octet", NULL);
    CHECK(client_expect(&one, ACK, 0, fixture_millis()));
    client_data(&one, 1, data, 513);
    CHECK(client_expect(&one, ERROR, 4, fixture_millis()));
    CHECK(!fixture_exists(&self, "new"));
    CHECK(fixture_await_entries(&self, 2));
    client_close(&one);
    end();
}

/* Every possible short datagram, and many random ones. */
static void anything_at_all(void)
{
    client one;
    uint32_t state = 88172645u;
    int i, j;
    begin();
    NEED(client_open(&one, self.port, NULL));
    for (i = 0; i < 65536; i += 97) {
        uint8_t two[2] = {(uint8_t)(i >> 8), (uint8_t)i};
        client_send_raw(&one, two, sizeof two);
    }
    for (i = 0; i < 2000; i++) {
        uint8_t packet[64];
        for (j = 0; j < 64; j++) {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            packet[j] = (uint8_t)(state >> 9);
        }
        packet[0] = 0;
        packet[1] &= 7;
        client_send_raw(&one, packet, 2 + packet[2] % 62);
        if (i % 100 == 0) {
            still_serves();
        }
    }
    client_close(&one);
    still_serves();
    end();
}

int main(void)
{
    check_begin(180);
    RUN(stray_packets_get_silence);
    RUN(unknown_modes);
    RUN(nothing_outside_the_directory);
    RUN(accepted_forms_of_names);
    RUN(options);
    RUN(unasked_options_are_not_offered);
#ifndef _WIN32 /* wine reports no closed port */
    RUN(a_stranger_sees_a_closed_port);
#endif
    RUN(on_a_shared_port_a_stranger_gets_error_5);
    RUN(a_repeated_request_is_the_same_transfer);
    RUN(a_repeated_write_request_truncates_nothing);
    RUN(an_error_is_never_answered);
    RUN(acks_that_make_no_sense);
    RUN(too_long_data_is_refused);
    RUN(anything_at_all);
    return check_end();
}
