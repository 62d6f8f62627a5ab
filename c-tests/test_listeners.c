/* Several addresses at once, and sockets that the program bound itself. */
#define _XOPEN_SOURCE 700
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "background.h"
#include "check.h"

static fixture self;

static void config(const char *name, const char *value)
{
    char text[300];
    snprintf(text, sizeof text, "%s=%s", name, value);
    CHECK_TEXT(tftpserver_do_config(self.server, text), "");
}

static void config_int(const char *name, int value)
{
    char text[32];
    snprintf(text, sizeof text, "%d", value);
    config(name, text);
}

/* Returns the port of the n-th address of ListenAddresses, from 0; -1 if there is none. */
static int listens_at(int n)
{
    char all[400], *word, *rest = all;
    snprintf(all, sizeof all, "%s", tftpserver_do_config(self.server, "ListenAddresses"));
    while ((word = strtok_r(rest, " ", &rest)) != NULL) {
        if (n-- == 0) {
            return atoi(strrchr(word, ':') + 1);
        }
    }
    return -1;
}

/*
 * Binds a UDP socket on 127.0.0.1 (or, with `v6`, on [::] for both families) to a port of the
 * system's choice.
 */
static int bound_socket(int type, int v6, int *port)
{
    address here = {0};
    socklen_t length = sizeof here;
    int fd = socket(v6 ? AF_INET6 : AF_INET, type, 0), off = 0;
    if (v6) {
        here.v6.sin6_family = AF_INET6;
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    } else {
        here.v4.sin_family = AF_INET;
        here.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    if (bind(fd, &here.any, v6 ? sizeof here.v6 : sizeof here.v4) != 0) {
        return -1;
    }
    getsockname(fd, &here.any, &length);
    *port = ntohs(here.v4.sin_port);
    return fd;
}

static void read_whole(client *one, const char *what)
{
    transfer got = client_download(one, "f", "octet", NULL, fixture_millis());
    check_note(got.complete && got.length == 1300, __FILE__, __LINE__, what);
    free(got.data);
    client_close(one);
}

static void reads_at(int port, const char *what)
{
    client one;
    NEED(client_open(&one, port, self.server));
    read_whole(&one, what);
}

static void reads_at_v6(int port, const char *what)
{
    client one;
    NEED(client_open_v6(&one, port, self.server));
    read_whole(&one, what);
}

static int prepare(void)
{
    uint8_t *data = fixture_bytes(1300);
    int good = fixture_prepare(&self) && fixture_write(&self, "f", data, 1300);
    free(data);
    return good;
}

static void addresses_share_one_server(void)
{
    client first, second, third;
    NEED(prepare());
    fixture_record(&self, 0);
    config("ListenOn", "[::1]:0, 127.0.0.1:0");
    config("MaxConnections", "2");
    CHECK_TEXT(tftpserver_do_config(self.server, "ListenAddresses"), "");
    NEED(fixture_listen(&self));
    CHECK_INT(listens_at(0), self.port);
    CHECK(strstr(tftpserver_do_config(self.server, "ListenAddresses"), " [::1]:") != NULL);
    CHECK_INT(listens_at(3), -1);
    NEED(client_open(&first, self.port, self.server) && client_open_v6(&second, listens_at(1), self.server)
         && client_open(&third, listens_at(2), self.server));
    client_request(&first, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&first, DATA, 1, fixture_millis()));
    client_request(&second, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&second, DATA, 1, fixture_millis()));
    client_request(&third, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&third, ERROR, 0, fixture_millis()));
    CHECK(fixture_await(&self, CONNECTED, 3));
    CHECK_INT(fixture_find(&self, CONNECTED, 0)->connection_id, FIRST_ID);
    CHECK_INT(fixture_find(&self, CONNECTED, 1)->connection_id, FIRST_ID + 1);
    CHECK_INT(fixture_find(&self, CONNECTED, 2)->code, 10068);
    CHECK_TEXT(fixture_find(&self, CONNECTION_REQUEST, 1)->local_host, "::1");
    CHECK(strstr(tftpserver_do_config(self.server, "Statistics"), "{\"active\":2,\"requests\":2,") != NULL);
    client_error(&first, 0, "enough");
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    read_whole(&third, "there is room again");
    client_close(&first);
    client_close(&second);
    fixture_close(&self);
}

static void one_address_in_use_and_none_is_listened_on(void)
{
    char there[40];
    int taken_port = fixture_fixed_port(), main_port = fixture_fixed_port();
    int taken = fixture_hold_port(taken_port);
    NEED(prepare() && taken >= 0);
    CHECK_INT(tftpserver_set_int(self.server, LOCAL_PORT, 0, main_port), 0);
    snprintf(there, sizeof there, "127.0.0.1:%d", taken_port);
    config("ListenOn", there);
    CHECK_INT(tftpserver_do_startlistening(self.server), 10048);
    CHECK(strstr(tftpserver_get_last_error(self.server), there) != NULL);
    CHECK_TEXT(tftpserver_get(self.server, LISTENING, 0), "False");
    CHECK_TEXT(tftpserver_do_config(self.server, "ListenAddresses"), "");
    /* The main port is free. */
    config("ListenOn", "");
    CHECK_INT(tftpserver_do_startlistening(self.server), 0);
    CHECK_INT(tftpserver_do_stoplistening(self.server), 0);
    close(taken);
    config("ListenOn", there);
    CHECK_INT(tftpserver_do_startlistening(self.server), 0);
    reads_at(main_port, "the main port");
    reads_at(taken_port, "the other port");
    /* Listing the same address twice fails because it is in use. */
    CHECK_INT(tftpserver_do_stoplistening(self.server), 0);
    snprintf(there, sizeof there, "127.0.0.1:%d", main_port);
    config("ListenOn", there);
    CHECK_INT(tftpserver_do_startlistening(self.server), 10048);
    fixture_close(&self);
}

static void last_blocks(client *one)
{
    client_ack(one, 1);
    CHECK(client_expect(one, DATA, 2, fixture_millis()));
    client_ack(one, 2);
    CHECK(client_expect(one, DATA, 3, fixture_millis()));
    client_ack(one, 3);
}

static void stopped_and_started_with(const char *single_port, int io_threads)
{
    char there[40];
    client one, other, late;
    int other_port = fixture_fixed_port();
    NEED(prepare());
    config("SinglePort", single_port);
    config_int("IoThreads", io_threads);
    CHECK_INT(tftpserver_set_int(self.server, LOCAL_PORT, 0, fixture_fixed_port()), 0);
    snprintf(there, sizeof there, "[::1]:%d", other_port);
    config("ListenOn", there);
    NEED(fixture_listen(&self));
    NEED(client_open(&one, self.port, NULL) && client_open_v6(&other, other_port, NULL)
         && client_open_v6(&late, other_port, NULL));
    client_request(&one, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&one, DATA, 1, fixture_millis()));
    client_request(&other, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&other, DATA, 1, fixture_millis()));
    CHECK_INT(tftpserver_do_stoplistening(self.server), 0);
    client_request(&late, RRQ, "f", "octet", NULL);
    CHECK(!client_receive(&late, 150));
    last_blocks(&one);
    /* One engine is idle, the other one still has a transfer. */
    CHECK_INT(tftpserver_do_startlistening(self.server), 0);
    reads_at(self.port, "after the start");
    reads_at_v6(other_port, "after the start, IPv6");
    last_blocks(&other);
    client_request(&late, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&late, DATA, 1, fixture_millis()));
    CHECK_INT(tftpserver_do_shutdown(self.server), 0);
    CHECK(client_expect(&late, ERROR, 0, fixture_millis()));
    CHECK_TEXT(tftpserver_do_config(self.server, "ListenAddresses"), "");
    NEED(fixture_listen(&self));
    reads_at_v6(other_port, "after the shutdown");
    client_request(&late, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&late, DATA, 1, fixture_millis()));
    fixture_close(&self);
    CHECK(client_expect(&late, ERROR, 0, fixture_millis()));
    client_close(&one);
    client_close(&other);
    client_close(&late);
}

static void stopped_and_started(void)
{
    stopped_and_started_with("False", 1);
    stopped_and_started_with("False", 2);
    stopped_and_started_with("True", 1);
    stopped_and_started_with("True", 2);
}

static void a_socket_of_the_programs(void)
{
    client early;
    int port, fd, room = 100000, after = 0;
    socklen_t size = sizeof after;
    NEED(prepare());
    fd = bound_socket(SOCK_DGRAM, 0, &port);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    CHECK_INT(tftpserver_set_int(self.server, LOCAL_PORT, 0, 6), 0);
    CHECK_INT(tftpserver_set(self.server, LOCAL_HOST, 0, "127.0.0.2"), 0);
    config_int("ListenDescriptors", fd);
    config("ListenOn", "[::1]:0");
    /* The client whose request activated the service is served. */
    NEED(client_open(&early, port, self.server));
    client_request(&early, RRQ, "f", "octet", NULL);
    NEED(fixture_listen(&self));
    CHECK(client_expect(&early, DATA, 1, fixture_millis()));
    CHECK_INT(self.port, port);
    CHECK_TEXT(tftpserver_get(self.server, LOCAL_HOST, 0), "127.0.0.1");
    /* Options that the program set on the socket stay. */
    CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
    CHECK_INT(getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &after, &size), 0);
    CHECK_INT(after, 2 * room);
    close(fd);
    reads_at(port, "on the program's socket, which it has closed");
    reads_at_v6(listens_at(1), "beside it");
    CHECK_INT(tftpserver_do_stoplistening(self.server), 0);
    CHECK_TEXT(tftpserver_get(self.server, LOCAL_HOST, 0), "127.0.0.2");
    CHECK_INT(tftpserver_get_int(self.server, LOCAL_PORT, 0), 6);
    CHECK_INT(tftpserver_do_startlistening(self.server), 10009);
    client_close(&early);
    fixture_close(&self);
}

static void buffers_as_they_are_set(void)
{
    int port, fd, after = 0;
    socklen_t size = sizeof after;
    NEED(prepare());
    fd = bound_socket(SOCK_DGRAM, 0, &port);
    config_int("ListenDescriptors", fd);
    config("InBufferSize", "150000");
    NEED(fixture_listen(&self));
    CHECK_INT(getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &after, &size), 0);
    CHECK_INT(after, 2 * 150000);
    CHECK_TEXT(tftpserver_do_config(self.server, "InBufferSize"), "150000");
    fixture_close(&self);
    close(fd);
}

static void start_refused(const char *descriptors, int code, const char *word)
{
    config("ListenDescriptors", descriptors);
    CHECK_INT(tftpserver_do_startlistening(self.server), code);
    CHECK(strstr(tftpserver_get_last_error(self.server), word) != NULL);
    CHECK_TEXT(tftpserver_get(self.server, LISTENING, 0), "False");
}

static void what_is_no_socket_to_listen_on(void)
{
    address nobody = {0};
    int lowest, port, good, unbound, file, stream, connected, twice;
    char text[64];
    NEED(prepare());
    good = bound_socket(SOCK_DGRAM, 0, &port);
    stream = bound_socket(SOCK_STREAM, 0, &port);
    connected = bound_socket(SOCK_DGRAM, 0, &port);
    nobody.v4.sin_family = AF_INET;
    nobody.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    nobody.v4.sin_port = htons(9);
    CHECK_INT(connect(connected, &nobody.any, sizeof nobody.v4), 0);
    unbound = socket(AF_INET, SOCK_DGRAM, 0);
    file = open("/dev/null", O_RDONLY);
    twice = dup(good);
    lowest = dup(file);
    close(lowest);
    snprintf(text, sizeof text, "%d,%d", good, file);
    start_refused(text, 10038, strchr(text, ',') + 1);
    snprintf(text, sizeof text, "%d %d", good, stream);
    start_refused(text, 10022, "not UDP");
    snprintf(text, sizeof text, "%d", unbound);
    start_refused(text, 10022, "not bound");
    snprintf(text, sizeof text, "%d", connected);
    start_refused(text, 10022, "connected");
    snprintf(text, sizeof text, "%d,%d", good, twice);
    start_refused(text, 10048, "twice");
    snprintf(text, sizeof text, "%d,%d", good, good);
    start_refused(text, 10048, "twice");
    start_refused("999999", 10009, "999999");
    CHECK(tftpserver_do_config(self.server, "ListenDescriptors=-1") == NULL);
    CHECK_INT(tftpserver_get_last_error_code(self.server), INVALID_VALUE);
    /* No duplicate was left behind. */
    CHECK_INT(dup(file), lowest);
    close(lowest);
    config_int("ListenDescriptors", good);
    NEED(fixture_listen(&self));
    reads_at(self.port, "the good one");
    fixture_close(&self);
    CHECK_INT(dup(file), lowest);
    close(lowest);
    close(good);
    close(stream);
    close(connected);
    close(unbound);
    close(file);
    close(twice);
}

/*
 * The answer comes from the address of the request, and ConnectionRequest has it, from packet
 * information.
 */
static void a_socket_for_both_families(void)
{
    client one;
    int port, fd;
    if (!check_is_linux("the address of a request to one socket of all addresses")) {
        return;
    }
    NEED(prepare());
    fixture_record(&self, 0);
    fd = bound_socket(SOCK_DGRAM, 1, &port);
    NEED(fd >= 0);
    config_int("ListenDescriptors", fd);
    CHECK_INT(tftpserver_set(self.server, LOCAL_HOST, 0, ""), 0);
    NEED(fixture_listen(&self));
    CHECK_TEXT(tftpserver_get(self.server, LOCAL_HOST, 0), "");
    CHECK(strncmp(tftpserver_do_config(self.server, "ListenAddresses"), "[::]:", 5) == 0);
    NEED(client_open(&one, port, self.server));
    one.server.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
    client_request(&one, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&one, DATA, 1, fixture_millis()));
    CHECK_INT(ntohl(one.peer.v4.sin_addr.s_addr), INADDR_LOOPBACK + 1);
    CHECK_TEXT(fixture_find(&self, CONNECTION_REQUEST, 0)->local_host, "127.0.0.2");
    CHECK_TEXT(fixture_find(&self, CONNECTION_REQUEST, 0)->host, "127.0.0.1");
    last_blocks(&one);
    CHECK(fixture_await(&self, DISCONNECTED, 1));
    reads_at_v6(port, "over IPv6");
    client_close(&one);
    fixture_close(&self);
    close(fd);
}

static void adopted_again_with(const char *single_port, int io_threads)
{
    client one, late;
    int port, fd, i;
    NEED(prepare());
    fd = bound_socket(SOCK_DGRAM, 0, &port);
    config_int("ListenDescriptors", fd);
    config_int("IoThreads", io_threads);
    config("SinglePort", single_port);
    for (i = 0; i < 3; i++) {
        NEED(fixture_listen(&self));
        reads_at(port, "listening again");
        NEED(client_open(&one, port, NULL) && client_open(&late, port, NULL));
        client_request(&one, RRQ, "f", "octet", NULL);
        CHECK(client_expect(&one, DATA, 1, fixture_millis()));
        CHECK_INT(tftpserver_do_stoplistening(self.server), 0);
        NEED(fixture_listen(&self));
        client_request(&late, RRQ, "f", "octet", NULL);
        CHECK(client_expect(&late, DATA, 1, fixture_millis()));
        CHECK_INT(tftpserver_do_stoplistening(self.server), 0);
        last_blocks(&one);
        last_blocks(&late);
        client_close(&one);
        client_close(&late);
    }
    fixture_close(&self);
    close(fd);
}

static void adopted_again(void)
{
    adopted_again_with("False", 1);
    adopted_again_with("False", 2);
    adopted_again_with("True", 1);
    adopted_again_with("True", 2);
}

/* While a transfer still uses the socket, it cannot be taken over with other settings. */
static void an_adopted_single_port_that_is_still_in_use(void)
{
    client one;
    int port, fd, code;
    NEED(prepare());
    fd = bound_socket(SOCK_DGRAM, 0, &port);
    config_int("ListenDescriptors", fd);
    config("SinglePort", "True");
    NEED(fixture_listen(&self));
    NEED(client_open(&one, port, NULL));
    client_request(&one, RRQ, "f", "octet", NULL);
    CHECK(client_expect(&one, DATA, 1, fixture_millis()));
    CHECK_INT(tftpserver_do_stoplistening(self.server), 0);
    config("DontFragment", "True");
    CHECK_INT(tftpserver_do_startlistening(self.server), 10048);
    last_blocks(&one);
    do {
        code = tftpserver_do_startlistening(self.server);
    } while (code == 10048);
    CHECK_INT(code, 0);
    reads_at(port, "after the last transfer");
    client_close(&one);
    fixture_close(&self);
    close(fd);
}

int main(void)
{
    check_begin(180);
    RUN(addresses_share_one_server);
    RUN(one_address_in_use_and_none_is_listened_on);
    RUN(stopped_and_started);
    RUN(a_socket_of_the_programs);
    RUN(buffers_as_they_are_set);
    RUN(what_is_no_socket_to_listen_on);
    RUN(a_socket_for_both_families);
    RUN(adopted_again);
    RUN(an_adopted_single_port_that_is_still_in_use);
    return check_end();
}
