/*
 * serve: serves a directory to any TFTP client and prints the events.
 *
 *     serve [--port N] [--host ADDRESS] DIR
 *
 * All output comes from the library's events, which arrive inside tftpserver_do_doevents, on this one thread, one at a
 * time. So no lock is needed; only the signal handler needs care.
 */
#define _GNU_SOURCE /* getopt_long, sigaction */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tftpserver.h>

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };
enum { SPARSE_PERCENT = 25, SPARSE_BYTES = 16 << 20, NAME_SHOWN = 200 };

struct options {
    const char *dir;
    const char *host; /* "": every interface */
    int port;
    int quiet; /* no progress lines */
    const char **settings; /* for tftpserver_do_config */
    int setting_count;
};

/* A running transfer. */
struct transfer {
    int32_t connection_id;
    char client[80]; /* address and port */
    char name[NAME_SHOWN + 1];
    int upload;
    int64_t bytes;
    int64_t shown; /* on the last progress line: a percentage, or bytes if the size is not known */
    struct transfer *next;
};

/* The data that the callbacks share, passed to them as their context. */
struct screen {
    struct transfer *transfers;
    int quiet;
    int terminal; /* standard output is a terminal: progress is one line that changes */
    int progress_is_open; /* that line has no newline yet */
};

/* Set by SIGINT and SIGTERM. A signal handler may do little more; the loop in serve() checks it. */
static volatile sig_atomic_t stop_requested;

static void on_signal(int signal_number)
{
    (void)signal_number;
    stop_requested = 1;
}

/* ---- output ---- */

/* Ends an open progress line with its newline. Called before anything else is printed. */
static void close_progress(struct screen *screen)
{
    if (screen->progress_is_open) {
        putchar('\n');
        screen->progress_is_open = 0;
    }
}

static void show_progress(struct screen *screen, struct transfer *transfer, int percent)
{
    int known = percent >= 0;
    int64_t now = known ? percent : transfer->bytes;
    int64_t step = known ? (screen->terminal ? 1 : SPARSE_PERCENT) : SPARSE_BYTES;
    char text[40];

    if (now - transfer->shown < step || percent == 100) {
        return; /* too little progress, or the end follows at once */
    }
    transfer->shown = now - now % step;
    if (known) {
        snprintf(text, sizeof text, "%d %%", percent);
    } else {
        snprintf(text, sizeof text, "%" PRId64 " MiB", transfer->bytes >> 20);
    }
    if (screen->terminal) {
        printf("\r%s  %s  %s\033[K", transfer->client, transfer->name, text);
        screen->progress_is_open = 1;
    } else {
        printf("%s  %s  %s\n", transfer->client, transfer->name, text);
    }
    fflush(stdout);
}

/* Replaces control characters: a client may put a terminal's control codes into a file name. */
static void copy_printable(char *to, size_t size, const char *from)
{
    size_t at = 0;
    for (; *from != '\0' && at + 1 < size; from++) {
        unsigned char c = (unsigned char)*from;
        to[at++] = c < 0x20 || c == 0x7f ? '?' : (char)c;
    }
    to[at] = '\0';
}

/* ---- the transfers ---- */

static struct transfer *find_transfer(struct screen *screen, int32_t connection_id)
{
    struct transfer *transfer = screen->transfers;
    while (transfer != NULL && transfer->connection_id != connection_id) {
        transfer = transfer->next;
    }
    return transfer;
}

static void forget_transfer(struct screen *screen, struct transfer *gone)
{
    struct transfer **link = &screen->transfers;
    while (*link != NULL && *link != gone) {
        link = &(*link)->next;
    }
    if (*link == gone) {
        *link = gone->next;
        free(gone);
    }
}

/* ---- the events ---- */

/* Prints the client and the file. Setting request->accept to 0 here would refuse the request. */
static int32_t on_connection_request(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_connection_request_event *request = &event->data.connection_request;
    struct screen *screen = context;
    struct transfer *transfer = calloc(1, sizeof *transfer);

    (void)server;
    if (transfer == NULL) {
        return 1; /* any value but 0 ends this connection, and no other */
    }
    transfer->connection_id = request->connection_id;
    transfer->upload = request->operation == TFTPSERVER_OPERATION_WRITE;
    snprintf(transfer->client, sizeof transfer->client, strchr(request->remote_host, ':') ? "[%s]:%d" : "%s:%d",
             request->remote_host, (int)request->remote_port);
    copy_printable(transfer->name, sizeof transfer->name, request->filename);
    transfer->next = screen->transfers;
    screen->transfers = transfer;

    close_progress(screen);
    printf("%s  %s  %s, %s\n", transfer->client, transfer->name, transfer->upload ? "write" : "read",
           strcmp(request->transfer_mode, "1") == 0 ? "netascii" : "octet");
    fflush(stdout);
    return 0;
}

/* Prints the progress. */
static int32_t on_transfer(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_transfer_event *data = &event->data.transfer;
    struct screen *screen = context;
    struct transfer *transfer = find_transfer(screen, data->connection_id);

    (void)server;
    if (transfer != NULL) {
        transfer->bytes = data->bytes_transferred;
        if (!screen->quiet) {
            show_progress(screen, transfer, (int)data->percent_done);
        }
    }
    return 0;
}

/* Prints how a connection ended. Fires exactly once for every connection that began. */
static int32_t on_disconnected(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_disconnected_event *end = &event->data.disconnected;
    struct screen *screen = context;
    struct transfer *transfer = find_transfer(screen, end->connection_id);

    (void)server;
    if (transfer == NULL) {
        return 0;
    }
    close_progress(screen);
    if (end->status_code == 0) {
        printf("%s  %s  %s, %" PRId64 " bytes\n", transfer->client, transfer->name,
               transfer->upload ? "received" : "sent", transfer->bytes);
    } else {
        printf("%s  %s  failed after %" PRId64 " bytes: error %d: %s\n", transfer->client, transfer->name,
               transfer->bytes, (int)end->status_code, end->description);
    }
    fflush(stdout);
    forget_transfer(screen, transfer);
    return 0;
}

/* Prints why a connection failed before it began: such a connection has no Disconnected. */
static int32_t on_connected(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_connected_event *connected = &event->data.connected;
    struct screen *screen = context;
    struct transfer *transfer = find_transfer(screen, connected->connection_id);

    (void)server;
    if (connected->status_code != 0) {
        close_progress(screen);
        printf("%s  refused: error %d: %s\n", transfer != NULL ? transfer->client : "a client",
               (int)connected->status_code, connected->description);
        fflush(stdout);
        if (transfer != NULL) {
            forget_transfer(screen, transfer);
        }
    }
    return 0;
}

/* ---- the command line ---- */

static void print_usage(FILE *out)
{
    fputs("usage: serve [--port N] [--host ADDRESS] DIR\n"
          "Serves DIR by TFTP, for reading and writing, until Ctrl-C.\n"
          "\n"
          "  -p, --port N             listen on this UDP port (69; 0: any free one)\n"
          "  -H, --host ADDRESS       listen on this address only (all of them)\n"
          "  -c, --config NAME=VALUE  set something else, such as ReadOnly=True or MaxConnections=100\n"
          "  -q, --quiet              no progress lines\n"
          "  -h, --help               print this\n",
          out);
}

/* Prints an error message and ends the program. */
static void usage_error(const char *what, const char *about)
{
    fprintf(stderr, "serve: %s%s%s\nTry `serve --help'.\n", what, about != NULL ? ": " : "",
            about != NULL ? about : "");
    exit(EXIT_USAGE);
}

static int parse_port(const char *text)
{
    char *end;
    long port;
    errno = 0;
    port = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || port < 0 || port > 65535) {
        usage_error("a port is a number from 0 to 65535, not", text);
    }
    return (int)port;
}

static struct options parse_options(int argc, char **argv)
{
    static const struct option known[] = {
        {"port", required_argument, NULL, 'p'},   {"host", required_argument, NULL, 'H'},
        {"config", required_argument, NULL, 'c'}, {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    struct options options = {NULL, "", 69, 0, NULL, 0};
    int option;

    options.settings = calloc((size_t)argc, sizeof *options.settings);
    if (options.settings == NULL) {
        fputs("serve: out of memory\n", stderr);
        exit(EXIT_FAILED);
    }
    while ((option = getopt_long(argc, argv, "p:H:c:qh", known, NULL)) != -1) {
        switch (option) {
        case 'p':
            options.port = parse_port(optarg);
            break;
        case 'H':
            options.host = optarg;
            break;
        case 'c':
            options.settings[options.setting_count++] = optarg;
            break;
        case 'q':
            options.quiet = 1;
            break;
        case 'h':
            print_usage(stdout);
            exit(EXIT_SUCCESS);
        default:
            usage_error("that is no option of mine", NULL); /* getopt_long has named it */
        }
    }
    if (optind + 1 != argc) {
        usage_error(optind == argc ? "which directory?" : "only one directory can be served", NULL);
    }
    options.dir = argv[optind];
    return options;
}

/* ---- the server ---- */

static int failed(tftpserver *server, const char *what)
{
    fprintf(stderr, "serve: %s: error %d: %s\n", what, (int)tftpserver_get_last_error_code(server),
            tftpserver_get_last_error(server));
    return 0;
}

static int configure(tftpserver *server, const struct options *options)
{
    int i;
    if (tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_DIR, 0, options->dir) != 0) {
        return failed(server, options->dir);
    }
    if (strchr(options->host, ':') != NULL && tftpserver_do_config(server, "UseIPv6=True") == NULL) {
        return failed(server, "IPv6");
    }
    if (options->host[0] != '\0' && tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_HOST, 0, options->host) != 0) {
        return failed(server, options->host);
    }
    if (tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, options->port) != 0) {
        return failed(server, "port");
    }
    /* DoEvents waits this long for an event; it is also the longest time until Ctrl-C is seen. */
    if (tftpserver_do_config(server, "SelectWaitMillis=100") == NULL) {
        return failed(server, "SelectWaitMillis");
    }
    for (i = 0; i < options->setting_count; i++) {
        if (tftpserver_do_config(server, options->settings[i]) == NULL) {
            return failed(server, options->settings[i]);
        }
    }
    return 1;
}

static int listen_for_events(tftpserver *server, struct screen *screen)
{
    if (tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTION_REQUEST, on_connection_request, screen) != 0
        || tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTED, on_connected, screen) != 0
        || tftpserver_register_callback(server, TFTPSERVER_EVENT_TRANSFER, on_transfer, screen) != 0
        || tftpserver_register_callback(server, TFTPSERVER_EVENT_DISCONNECTED, on_disconnected, screen) != 0) {
        return failed(server, "callbacks");
    }
    return 1;
}

static void announce(tftpserver *server, const struct options *options)
{
    const char *host = options->host[0] != '\0' ? options->host : "0.0.0.0";
    int port = (int)tftpserver_get_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0); /* the real one, with --port 0 */
    printf(strchr(host, ':') != NULL ? "listening on [%s]:%d\n" : "listening on %s:%d\n", host, port);
    fflush(stdout);
}

static int start(tftpserver *server, const struct options *options)
{
    if (tftpserver_do_startlistening(server) != 0) {
        failed(server, "cannot listen");
        if (options->port > 0 && options->port < 1024 && geteuid() != 0) {
            fputs("serve: ports below 1024 may need root; try --port 6969\n", stderr);
        }
        return 0;
    }
    announce(server, options);
    return 1;
}

/* Delivers events until a signal arrives, then aborts the running transfers and delivers their last events. */
static int serve(tftpserver *server, struct screen *screen)
{
    while (!stop_requested) {
        if (tftpserver_do_doevents(server) != 0) {
            return failed(server, "events");
        }
    }
    close_progress(screen);
    puts("stopping");
    if (tftpserver_do_shutdown(server) != 0) {
        return failed(server, "shutdown");
    }
    while (screen->transfers != NULL) {
        if (tftpserver_do_doevents(server) != 0) {
            return failed(server, "events");
        }
    }
    return 1;
}

static void catch_signals(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    action.sa_flags = (int)SA_RESETHAND; /* the second Ctrl-C ends the program at once */
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int main(int argc, char **argv)
{
    struct options options = parse_options(argc, argv);
    struct screen screen = {NULL, options.quiet, isatty(STDOUT_FILENO), 0};
    tftpserver *server = tftpserver_open();
    int good;

    if (server == NULL) {
        fputs("serve: out of memory\n", stderr);
        return EXIT_FAILED;
    }
    catch_signals();
    good = configure(server, &options) && listen_for_events(server, &screen) && start(server, &options)
        && serve(server, &screen);
    tftpserver_close(server);
    while (screen.transfers != NULL) {
        forget_transfer(&screen, screen.transfers);
    }
    free(options.settings);
    return good ? EXIT_SUCCESS : EXIT_FAILED;
}
