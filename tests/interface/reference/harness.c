/*
 * Runs the examples of the reference that are named as arguments (all without one), each with a server of its own:
 * first its function `example`, then a download and an upload, so that its callbacks run too. Whether a client gets the
 * file depends on the example; that both transfers end does not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "tftpserver.h"

enum { WAIT_MILLIS = 20000, NOT_A_HANDLE = 901, NOT_AVAILABLE = 909 };

struct example {
    const char *name;
    void (*run)(tftpserver *server);
};

extern const struct example examples[];
extern const size_t example_count;

static int has_ended(const transfer *transfer)
{
    free(transfer->data);
    return transfer->complete || transfer->error_code >= 0;
}

/*
 * Delivers events until no transfer runs and no record is left, or the example has closed the
 * server. A client may be done before the server has queued the last events. An example that closes
 * its server in one of them must do so here and not during the next transfer, whose request would
 * remain unanswered.
 */
static void deliver_all(tftpserver *server)
{
    const char *statistics;
    do {
        tftpserver_do_doevents(server);
        statistics = tftpserver_do_config(server, "Statistics");
    } while (statistics != NULL
             && (strstr(statistics, "\"active\":0,") == NULL
                 || tftpserver_get_int(server, TFTPSERVER_PROPERTY_CONN_COUNT, 0) > 0));
}

/* Runs a download and an upload, and delivers all their events. Returns NULL, or the failure. */
static const char *served(tftpserver *server)
{
    static client client;
    transfer down, up;
    int port = (int)tftpserver_get_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0);
    if (!client_open(&client, port, server))
        return "the client has no socket";
    down = client_download(&client, "boot.img", "octet", NULL, WAIT_MILLIS);
    client_close(&client);
    deliver_all(server);
    if (tftpserver_get_last_error_code(server) == NOT_A_HANDLE)
        return has_ended(&down) ? NULL : "the download does not end";
    if (!client_open(&client, port, server))
        return "the client has no socket";
    up = client_upload(&client, "new.img", "octet", NULL, "abc", 3, WAIT_MILLIS);
    client_close(&client);
    deliver_all(server);
    if (!has_ended(&down))
        return "the download does not end";
    return has_ended(&up) ? NULL : "the upload does not end";
}

static const char *started(tftpserver *server)
{
    if (tftpserver_get_int(server, TFTPSERVER_PROPERTY_LISTENING, 0))
        return NULL;
    tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_HOST, 0, "127.0.0.1");
    tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, 0);
    tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_DIR, 0, ".");
    return tftpserver_do_startlistening(server) == 0 ? NULL : tftpserver_get_last_error(server);
}

static int run(const struct example *example)
{
    tftpserver *server = tftpserver_open();
    const char *wrong;
    int ended, code;
    tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_HOST, 0, "127.0.0.1");
    tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, 0);
    example->run(server);
    code = tftpserver_get_last_error_code(server);
    /* An example may ask for what this platform has not. */
    wrong = code == 0 || code == NOT_AVAILABLE ? started(server) : tftpserver_get_last_error(server);
    if (wrong == NULL)
        wrong = served(server);
    if (wrong != NULL)
        fprintf(stderr, "%s: %s\n", example->name, wrong);
    ended = tftpserver_close(server);
    return wrong == NULL && (ended == 0 || ended == NOT_A_HANDLE);
}

int main(int argc, char **argv)
{
    size_t i, failed = 0;
    for (i = 0; i < example_count; i++) {
        if (argc < 2 || strcmp(argv[1], examples[i].name) == 0)
            failed += !run(&examples[i]);
    }
    return failed != 0;
}
