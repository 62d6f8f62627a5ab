/*
 * provision: boots the machines of a lab, and keeps their configuration. docs/tutorial.md explains it step by step.
 *
 *     provision ROOT BACKUPS [NAME=VALUE]...
 */
#define _POSIX_C_SOURCE 200809L

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <tftpserver.h>

/* "10.0.0.7 pxelinux.0: OK". The returned text is valid until the next call with this server. */
static void tell(tftpserver *server, int32_t id, const char *what)
{
    const char *name;
    printf("%s ", tftpserver_get(server, TFTPSERVER_PROPERTY_CONN_REMOTE_HOST, id));
    for (name = tftpserver_get(server, TFTPSERVER_PROPERTY_CONN_FILENAME, id); *name != '\0'; name++)
        putchar(iscntrl((unsigned char)*name) ? '?' : *name); /* it comes from the client: do not trust it */
    printf(": %s\n", what);
    fflush(stdout);
}

/* Prints how a connection ended. Fires exactly once for every connection that began. */
static int32_t on_disconnected(tftpserver *server, tftpserver_event *event, void *context)
{
    (void)context;
    tell(server, event->data.disconnected.connection_id, event->data.disconnected.description);
    return 0;
}

/* Prints why a connection was refused: such a connection has no Disconnected. */
static int32_t on_connected(tftpserver *server, tftpserver_event *event, void *context)
{
    (void)context;
    if (event->data.connected.status_code != 0)
        tell(server, event->data.connected.connection_id, event->data.connected.description);
    return 0;
}

/* PXELINUX, iPXE and U-Boot request pxelinux.cfg/01-aa-bb-cc-dd-ee-ff. Finds the machine's address in such a name. */
static int is_for_a_machine(const char *name, char mac[18])
{
    static const char begin[] = "pxelinux.cfg/01-";
    size_t i;
    if (strncmp(name, begin, sizeof begin - 1) != 0 || strlen(name) != sizeof begin - 1 + 17)
        return 0;
    for (i = 0; i < 17; i++) {
        char c = name[sizeof begin - 1 + i];
        if (i % 3 == 2 ? c != '-' : !isxdigit((unsigned char)c))
            return 0;
        mac[i] = (char)tolower((unsigned char)c);
    }
    mac[17] = '\0';
    return 1;
}

/* A real lab would look the machine up in its inventory here. */
static int32_t configure(tftpserver *server, const tftpserver_connection_request_event *request, const char *mac)
{
    char text[512];
    snprintf(text, sizeof text,
             "DEFAULT install\n"
             "LABEL install\n"
             "  KERNEL vmlinuz\n"
             "  INITRD initrd.img\n"
             "  APPEND ip=dhcp hostname=node-%s lab.address=%s\n",
             mac, request->remote_host);
    return tftpserver_set(server, TFTPSERVER_PROPERTY_CONN_FILE_DATA, request->connection_id, text);
}

/* Checks a part of a path: letters, digits, '-', '_' and '.', but no dot at the beginning. */
static int is_plain(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length <= 64 && name[0] != '.'
        && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") == length;
}

/* Stores uploads in BACKUPS/address/name, and nowhere else. */
static int32_t keep(tftpserver *server, tftpserver_connection_request_event *request, const char *backups)
{
    char path[1024];
    struct stat found;
    int length = snprintf(path, sizeof path, "%s/%s", backups, request->remote_host);
    if (!is_plain(request->filename) || length < 0 || (size_t)length + 66 > sizeof path) {
        request->accept = 0; /* the client gets an ERROR, Connected the number 10013 */
        return 0;
    }
    if ((mkdir(path, 0750) != 0 && errno != EEXIST) || lstat(path, &found) != 0 || !S_ISDIR(found.st_mode)) {
        perror(path);
        request->accept = 0;
        return 0;
    }
    snprintf(path + length, sizeof path - (size_t)length, "/%s", request->filename);
    return tftpserver_set(server, TFTPSERVER_PROPERTY_CONN_LOCAL_FILE, request->connection_id, path);
}

/* Every request comes here first. Requests without a decision here are served from ROOT. */
static int32_t on_connection_request(tftpserver *server, tftpserver_event *event, void *context)
{
    tftpserver_connection_request_event *request = &event->data.connection_request;
    const char *name = request->filename + strspn(request->filename, "/");
    char mac[18];
    if (request->operation == TFTPSERVER_OPERATION_WRITE)
        return keep(server, request, context);
    if (is_for_a_machine(name, mac))
        return configure(server, request, mac);
    return 0;
}

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

static int failed(tftpserver *server, const char *what)
{
    fprintf(stderr, "provision: %s: %s\n", what, tftpserver_get_last_error(server));
    return 1;
}

int main(int argc, char **argv)
{
    tftpserver *server = tftpserver_open();
    time_t end;
    int i;
    if (server == NULL || argc < 3) {
        fputs("usage: provision ROOT BACKUPS [NAME=VALUE]...\n", stderr);
        return 2;
    }
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTION_REQUEST, on_connection_request, argv[2]);
    tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTED, on_connected, NULL);
    tftpserver_register_callback(server, TFTPSERVER_EVENT_DISCONNECTED, on_disconnected, NULL);
    tftpserver_do_config(server, "SelectWaitMillis=500");
    if (tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_DIR, 0, argv[1]) != 0)
        return failed(server, argv[1]);
    for (i = 3; i < argc; i++)
        if (tftpserver_do_config(server, argv[i]) == NULL)
            return failed(server, argv[i]);
    if (tftpserver_do_startlistening(server) != 0)
        return failed(server, "cannot listen");
    printf("serving %s on port %d\n", argv[1], (int)tftpserver_get_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0));
    fflush(stdout);
    while (!stop)
        tftpserver_do_doevents(server);
    /* Accepts no new clients; running transfers may finish within ten seconds. */
    tftpserver_do_stoplistening(server);
    for (end = time(NULL) + 10; tftpserver_get_int(server, TFTPSERVER_PROPERTY_CONN_COUNT, 0) > 0 && time(NULL) < end;)
        tftpserver_do_doevents(server);
    puts(tftpserver_do_config(server, "Statistics"));
    return tftpserver_close(server);
}
