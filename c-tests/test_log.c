/* The Log events of each level, and their types. */
#define _XOPEN_SOURCE 700
#include "check.h"
#include "fixture.h"

static fixture self;

/*
 * Returns the number of Log events of this type (NULL: any) whose message contains this text (NULL:
 * any).
 */
static size_t lines(const char *type, const char *part)
{
    size_t i, count = 0;
    for (i = 0; i < self.events.count; i++) {
        const record *entry = &self.events.records[i];
        count += entry->id == LOG && (!type || strcmp(entry->mode, type) == 0)
              && (!part || strstr(entry->text, part) != NULL);
    }
    return count;
}

static void show(void)
{
    size_t i;
    for (i = 0; i < self.events.count; i++) {
        printf("  %d %s: %s\n", self.events.records[i].level, self.events.records[i].mode, self.events.records[i].text);
    }
}

/* Begins with a server that repeats no packet during the test. */
static int begin(const char *level)
{
    char text[20];
    snprintf(text, sizeof text, "LogLevel=%s", level);
    if (!fixture_prepare(&self)) {
        return 0;
    }
    fixture_record(&self, LOG);
    return tftpserver_do_config(self.server, text) != NULL
        && tftpserver_do_config(self.server, "AdaptiveRetransmit=False") != NULL
        && tftpserver_set_int(self.server, RETRANSMIT_TIMEOUT, 0, 600) == 0 && fixture_listen(&self)
        && fixture_write(&self, "f", "0123456789", 10);
}

/*
 * A whole download with options, a missing file, an upload that its client ends. No client repeats a
 * packet.
 */
static void traffic(void)
{
    static const char *const options[] = {"blksize", "8", "tsize", "0", "windowsize", "4", NULL};
    client reader, writer;
    NEED(client_open(&reader, self.port, self.server));
    client_request(&reader, RRQ, "f", "octet", options);
    CHECK(client_expect(&reader, OACK, -1, fixture_millis()));
    client_ack(&reader, 0);
    CHECK(client_expect(&reader, DATA, 2, fixture_millis()));
    client_ack(&reader, 2);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    client_close(&reader);
    NEED(client_open(&reader, self.port, self.server));
    client_request(&reader, RRQ, "no such file", "octet", NULL);
    CHECK(client_expect(&reader, ERROR, 1, fixture_millis()));
    client_close(&reader);
    NEED(client_open(&writer, self.port, self.server));
    client_request(&writer, WRQ, "new", "netascii", NULL);
    CHECK(client_expect(&writer, ACK, 0, fixture_millis()));
    client_error(&writer, 3, "my disk\x1b is full");
    CHECK(fixture_await(&self, DISCONNECTED, 3));
    CHECK_INT(tftpserver_do_doevents(self.server), 0);
    client_close(&writer);
}

static void the_lines_are_well_formed(int level)
{
    size_t i;
    for (i = 0; i < fixture_count(&self, LOG); i++) {
        const record *entry = fixture_find(&self, LOG, i);
        int wanted = strcmp(entry->mode, "Debug") == 0                                          ? 3
                   : strcmp(entry->mode, "Verbose") == 0 || strcmp(entry->mode, "PITrail") == 0 ? 2
                   : strcmp(entry->mode, "Info") == 0 || strcmp(entry->mode, "Error") == 0      ? 1
                                                                                                : -1;
        CHECK_INT(entry->level, wanted);
        CHECK(entry->level <= level);
        CHECK(strpbrk(entry->text, "\x1b\r\n") == NULL);
        CHECK(entry->connection_id == 0 || entry->connection_id >= FIRST_ID);
    }
}

static void level_0(void)
{
    NEED(begin("0"));
    traffic();
    CHECK_INT(fixture_count(&self, LOG), 0);
    fixture_close(&self);
}

static void info(void)
{
    CHECK_INT(lines("Info", "Listening on 127.0.0.1"), 1);
    CHECK_INT(lines("Info", "asks to read \"f\", octet"), 1);
    CHECK_INT(lines("Info", "asks to write \"new\", netascii"), 1);
    CHECK_INT(lines("Info", "\"f\": 10 bytes, whole"), 1);
    CHECK_INT(lines("Error", "no such file"), 1);
    CHECK_INT(lines("Error", "my disk"), 1);
    CHECK_INT(lines("Error", NULL), 2);
}

static void level_1(void)
{
    NEED(begin("1"));
    traffic();
    info();
    the_lines_are_well_formed(1);
    fixture_close(&self);
}

static void dialogue(void)
{
    CHECK_INT(lines("PITrail", "<- RRQ \"f\" octet tsize=0 blksize=8 windowsize=4"), 1);
    CHECK_INT(lines("PITrail", "-> OACK tsize=10 blksize=8 windowsize=4"), 1);
    CHECK_INT(lines("PITrail", "<- RRQ \"no such file\" octet"), 1);
    CHECK_INT(lines("PITrail", "-> ERROR 1 "), 1);
    CHECK_INT(lines("PITrail", "<- WRQ \"new\" netascii"), 1);
    CHECK_INT(lines("PITrail", "<- ERROR 3 \"my disk"), 1);
    CHECK_INT(lines("Verbose", "download begins: blksize 8, windowsize 4, timeout 600s, size 10 bytes"), 1);
    CHECK_INT(lines("Verbose", "download ends: 10 bytes in "), 1);
    CHECK_INT(lines("Verbose", "upload begins: blksize 512, windowsize 1, timeout 600s, size unknown"), 1);
    CHECK_INT(lines("Verbose", "upload ends: 0 bytes in "), 1);
}

static void level_2(void)
{
    NEED(begin("2"));
    traffic();
    info();
    dialogue();
    CHECK_INT(lines("Debug", NULL), 0);
    the_lines_are_well_formed(2);
    if (check_failed) {
        show();
    }
    fixture_close(&self);
}

static void level_3(void)
{
    NEED(begin("3"));
    traffic();
    info();
    dialogue();
    CHECK_INT(lines("Debug", "<- ACK 0"), 1);
    CHECK_INT(lines("Debug", "-> DATA 1 to 2"), 1);
    CHECK_INT(lines("Debug", "<- ACK 2"), 1);
    CHECK_INT(lines("Debug", "-> ACK 0"), 1);
    the_lines_are_well_formed(3);
    fixture_close(&self);
}

/*
 * Every Log event of a connection has its id, and comes after its ConnectionRequest and before its
 * Disconnected.
 */
static void lines_belong_to_their_connection(void)
{
    size_t i;
    int32_t id;
    NEED(begin("3"));
    traffic();
    for (id = FIRST_ID; id < FIRST_ID + 3; id++) {
        int begun = 0, ended = 0;
        size_t seen = 0;
        for (i = 0; i < self.events.count; i++) {
            const record *entry = &self.events.records[i];
            if (entry->connection_id == id) {
                begun |= entry->id == CONNECTION_REQUEST;
                CHECK(begun && !ended);
                ended |= entry->id == DISCONNECTED;
                seen += entry->id == LOG;
            }
        }
        CHECK(seen >= 5);
    }
    fixture_close(&self);
}

static void what_is_refused_is_logged(void)
{
    NEED(begin("2"));
    CHECK(tftpserver_do_config(self.server, "ReadOnly=True") != NULL);
    {
        client writer;
        NEED(client_open(&writer, self.port, self.server));
        client_request(&writer, WRQ, "up", "octet", NULL);
        CHECK(client_expect(&writer, ERROR, 2, fixture_millis()));
        client_close(&writer);
    }
    CHECK(fixture_await(&self, CONNECTED, 1));
    CHECK_INT(lines("Error", "\"up\": refused: "), 1);
    CHECK_INT(lines("PITrail", "-> ERROR 2 "), 1);
    fixture_close(&self);
}

/* Only Log events are dropped when DoEvents does not keep up, and their number is reported. */
static void too_many_lines(void)
{
    enum { PACKETS = 9000 };
    static const uint8_t stray[4] = {0, ACK, 0, 1};
    client one;
    int i;
    NEED(fixture_prepare(&self));
    fixture_record_one(&self, LOG);
    CHECK(tftpserver_do_config(self.server, "LogLevel=3") != NULL);
    NEED(fixture_listen(&self));
    NEED(client_open(&one, self.port, NULL));
    for (i = 0; i < PACKETS * 3; i++) {
        client_send_raw(&one, stray, sizeof stray);
        if (i % 200 == 0) {
            struct timespec moment = {0, 1000 * 1000};
            nanosleep(&moment, NULL);
        }
    }
    while (tftpserver_do_doevents(self.server) == 0 && fixture_count(&self, LOG) == 0) {
    }
    CHECK(fixture_count(&self, LOG) <= 8200);
    CHECK(lines("Info", "log messages were dropped") <= 1);
    if (fixture_count(&self, LOG) > 8190) {
        CHECK_INT(lines("Info", "log messages were dropped"), 1);
    }
    client_close(&one);
    fixture_close(&self);
}

int main(void)
{
    check_begin(120);
    RUN(level_0);
    RUN(level_1);
    RUN(level_2);
    RUN(level_3);
    RUN(lines_belong_to_their_connection);
    RUN(what_is_refused_is_logged);
    RUN(too_many_lines);
    return check_end();
}
