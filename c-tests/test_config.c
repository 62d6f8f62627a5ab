/* Every setting: its default, what it takes, what it refuses. */
#define _XOPEN_SOURCE 700
#include <ctype.h>

#include "check.h"
#include "fixture.h"

static tftpserver *server;

static void reads(const char *name, const char *wanted)
{
    CHECK_TEXT(tftpserver_do_config(server, name), wanted);
}

static void sets(const char *name, const char *value, const char *wanted)
{
    char text[300];
    snprintf(text, sizeof text, "%s=%s", name, value);
    if (tftpserver_do_config(server, text) == NULL) {
        printf("%s: %s\n", text, tftpserver_get_last_error(server));
        CHECK(0);
    }
    reads(name, wanted);
}

static void refuses(const char *name, const char *value, int code)
{
    char text[300], before[300];
    const char *old = tftpserver_do_config(server, name);
    snprintf(before, sizeof before, "%s", old ? old : "(none)");
    snprintf(text, sizeof text, "%s=%s", name, value);
    if (tftpserver_do_config(server, text) != NULL) {
        printf("%s was taken\n", text);
    }
    CHECK_INT(tftpserver_get_last_error_code(server), code);
    CHECK(tftpserver_get_last_error(server)[0] != '\0' || code == 0);
    reads(name, before);
}

static void defaults(void)
{
    static const char *const known[][2] = {
        /* api: begin settings */
        {"DefaultRollOverNumber", "0"},
        {"CaptureIPPacketInfo", "False"},
        {"DelayHostResolution", "False"},
        {"DontFragment", "False"},
        {"MaxPacketSize", "65535"},
        {"QOSDSCPValue", "0"},
        {"QOSTrafficType", "0"},
        {"ShareLocalPort", "False"},
        {"SourceIPAddress", ""},
        {"SourceMacAddress", ""},
        {"UseConnection", "False"},
        {"UseIPv6", "False"},
        {"AbsoluteTimeout", "False"},
        {"FirewallData", ""},
        {"InBufferSize", "0"},
        {"OutBufferSize", "0"},
        {"CodePage", "65001"},
        {"MaskSensitive", "True"},
        {"ProcessIdleEvents", "True"},
        {"SelectWaitMillis", "20"},
        {"UseInternalSecurityAPI", "True"},
        {"LogLevel", "1"},
        {"MaxBlockSize", "65464"},
        {"MaxWindowSize", "64"},
        {"MaxConnections", "10000"},
        {"MaxConnectionsPerHost", "0"},
        {"ReadOnly", "False"},
        {"AllowOverwrite", "True"},
        {"FollowSymlinks", "True"},
        {"SinglePort", "False"},
        {"TransferPorts", ""},
        {"PortPerTransfer", "True"},
        {"Interface", ""},
        {"IoThreads", "1"},
        {"AdaptiveRetransmit", "True"},
        {"SyncUploads", "False"},
        {"BusyPollMicros", "0"},
        {"ListenOn", ""},
        {"ListenDescriptors", ""},
        /* api: end settings */
    };
    static const char *const there[] = {"DestinationAddress", "BuildInfo", "LicenseInfo", "LocalHost", "LocalPort"};
    size_t i;
    for (i = 0; i < sizeof known / sizeof *known; i++) {
        CHECK_TEXT(tftpserver_do_config(server, known[i][0]), known[i][1]);
        CHECK_INT(tftpserver_get_last_error_code(server), 0);
    }
    for (i = 0; i < sizeof there / sizeof *there; i++) {
        CHECK(tftpserver_do_config(server, there[i]) != NULL);
    }
}

static void names_match_in_any_case(void)
{
    reads("maxwindowsize", "64");
    reads("MAXWINDOWSIZE", "64");
    CHECK(tftpserver_do_config(server, "mAxWiNdOwSiZe=63") != NULL);
    reads("MaxWindowSize", "63");
    sets("MaxWindowSize", "64", "64");
}

static void booleans(void)
{
    static const char *const names[] = {"ReadOnly",        "AllowOverwrite", "SyncUploads",    "AdaptiveRetransmit",
                                        "AbsoluteTimeout", "SinglePort",     "FollowSymlinks", "PortPerTransfer"};
    static const char *const yes[] = {"True", "true", "TRUE", "1", "Yes", "yes"};
    static const char *const no[] = {"False", "false", "FALSE", "0", "No", "NO"};
    static const char *const bad[] = {"", "2", "maybe", "Tru", "on", "True "};
    size_t i, j;
    for (i = 0; i < sizeof names / sizeof *names; i++) {
        for (j = 0; j < 6; j++) {
            sets(names[i], yes[j], "True");
            sets(names[i], no[j], "False");
        }
        for (j = 0; j < 5; j++) {
            refuses(names[i], bad[j], INVALID_VALUE);
        }
    }
    CHECK_INT(tftpserver_do_reset(server), 0);
}

static void numbers(void)
{
    sets("LogLevel", "0", "0");
    sets("LogLevel", "3", "3");
    refuses("LogLevel", "4", INVALID_VALUE);
    refuses("LogLevel", "-1", INVALID_VALUE);
    sets("MaxBlockSize", "512", "512");
    refuses("MaxBlockSize", "7", INVALID_VALUE);
    refuses("MaxBlockSize", "65465", INVALID_VALUE);
    sets("MaxWindowSize", "1", "1");
    refuses("MaxWindowSize", "0", INVALID_VALUE);
    refuses("MaxWindowSize", "65536", INVALID_VALUE);
    sets("DefaultRollOverNumber", "1", "1");
    refuses("DefaultRollOverNumber", "2", INVALID_VALUE);
    sets("QOSDSCPValue", "63", "63");
    refuses("QOSDSCPValue", "64", INVALID_VALUE);
    sets("MaxConnections", "5", "5");
    sets("MaxConnectionsPerHost", "2", "2");
    refuses("MaxConnections", "many", INVALID_VALUE);
    refuses("IoThreads", "0", INVALID_VALUE);
    refuses("SelectWaitMillis", "-1", INVALID_VALUE);
    refuses("SelectWaitMillis", "1.5", INVALID_VALUE);
    sets("TransferPorts", "40000-40100", "40000-40100");
    refuses("TransferPorts", "40100-40000", INVALID_VALUE);
    refuses("TransferPorts", "x", INVALID_VALUE);
    sets("TransferPorts", "", "");
    CHECK_INT(tftpserver_do_reset(server), 0);
}

static void unknown_names(void)
{
    static const char *const names[] = {"NoSuchThing", "NoSuchThing=1", "", "=1", "Max WindowSize", "ReadOnly2=True"};
    size_t i;
    for (i = 0; i < sizeof names / sizeof *names; i++) {
        CHECK(tftpserver_do_config(server, names[i]) == NULL);
        CHECK_INT(tftpserver_get_last_error_code(server), UNKNOWN_SETTING);
    }
}

static void what_only_tells(void)
{
    const char *text = tftpserver_do_config(server, "Statistics");
    NEED(text != NULL);
    CHECK(text[0] == '{' && text[strlen(text) - 1] == '}');
    CHECK(strchr(text, '\n') == NULL);
    refuses("BuildInfo", "x", READ_ONLY);
    CHECK(tftpserver_do_config(server, "Statistics=1") == NULL);
    CHECK_INT(tftpserver_get_last_error_code(server), READ_ONLY);
}

static void settings_that_are_properties(void)
{
    sets("LocalPort", "6970", "6970");
    CHECK_INT(tftpserver_get_int(server, LOCAL_PORT, 0), 6970);
    sets("LocalHost", "127.0.0.1", "127.0.0.1");
    CHECK_TEXT(tftpserver_get(server, LOCAL_HOST, 0), "127.0.0.1");
    CHECK_INT(tftpserver_do_reset(server), 0);
}

static void fixed_while_listening(void)
{
    fixture self;
    NEED(fixture_open(&self));
    server = self.server;
    refuses("LocalPort", "6971", 106);
    refuses("LocalHost", "127.0.0.2", 107);
    refuses("MaxPacketSize", "1000", 112);
    refuses("ShareLocalPort", "True", 113);
    refuses("UseConnection", "True", 117);
    sets("LogLevel", "2", "2");
    fixture_close(&self);
}

/* The limits hold on the wire. */
static void limits_are_kept(void)
{
    static const char *const wants[] = {"blksize", "1400", "windowsize", "32", NULL};
    uint8_t *bytes = fixture_bytes(3000);
    fixture self;
    client one, two;
    transfer got;
    NEED(fixture_open(&self));
    CHECK(fixture_write(&self, "f", bytes, 3000));
    CHECK(tftpserver_do_config(self.server, "MaxBlockSize=1000") != NULL);
    CHECK(tftpserver_do_config(self.server, "MaxWindowSize=4") != NULL);
    NEED(client_open(&one, self.port, NULL));
    got = client_download(&one, "f", "octet", wants, fixture_millis());
    CHECK_INT(got.blksize, 1000);
    CHECK_INT(got.windowsize, 4);
    CHECK_BYTES(got.data, got.length, bytes, 3000);
    free(got.data);
    CHECK(tftpserver_do_config(self.server, "MaxConnectionsPerHost=1") != NULL);
    NEED(client_open(&two, self.port, NULL));
    client_request(&one, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&one, DATA, 1, fixture_millis()));
    client_request(&two, RRQ, "f", "octet", NULL);
    CHECK(client_receive(&two, fixture_millis()));
    CHECK_INT(client_opcode(&two), ERROR);
    client_close(&one);
    client_close(&two);
    fixture_close(&self);
    free(bytes);
}

static void ports_as_told(void)
{
    fixture self;
    client one;
    uint8_t *bytes = fixture_bytes(3000);
    NEED(fixture_prepare(&self));
    CHECK(fixture_write(&self, "f", bytes, 3000));
    CHECK(tftpserver_do_config(self.server, "SinglePort=True") != NULL);
    NEED(fixture_listen(&self));
    NEED(client_open(&one, self.port, NULL));
    client_request(&one, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&one, DATA, 1, fixture_millis()));
    CHECK_INT(client_peer_port(&one), self.port);
    client_ack(&one, 1);
    CHECK(client_expect(&one, DATA, 2, fixture_millis()));
    client_close(&one);
    fixture_close(&self);

    NEED(fixture_prepare(&self));
    CHECK(fixture_write(&self, "f", bytes, 3000));
    CHECK(tftpserver_do_config(self.server, "TransferPorts=41000-41099") != NULL);
    NEED(fixture_listen(&self));
    NEED(client_open(&one, self.port, NULL));
    client_request(&one, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&one, DATA, 1, fixture_millis()));
    CHECK(client_peer_port(&one) >= 41000 && client_peer_port(&one) <= 41099);
    client_close(&one);
    fixture_close(&self);
    free(bytes);
}

int main(void)
{
    check_begin(120);
    server = tftpserver_open();
    RUN(defaults);
    RUN(names_match_in_any_case);
    RUN(booleans);
    RUN(numbers);
    RUN(unknown_names);
    RUN(what_only_tells);
    RUN(settings_that_are_properties);
    tftpserver_close(server);
    RUN(fixed_while_listening);
    RUN(limits_are_kept);
    RUN(ports_as_told);
    return check_end();
}
