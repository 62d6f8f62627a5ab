/* A server on 127.0.0.1: serves a directory without a callback, or answers every download with
 * BYTES bytes, fed or from memory. Prints its port, and exits at the end of its input.
 *
 *     serve DIR
 *     serve DIR fed BYTES
 *     serve DIR memory BYTES
 */
#define _XOPEN_SOURCE 700
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <tftpserver.h>

/* The bytes of every file: see content() in run.py. */
enum { BLOCK = 1428, MOST = 64 * BLOCK };
static unsigned char bytes[MOST + BLOCK];
static size_t size;
static unsigned char *memory;

static int32_t on_request(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t id = event->data.connection_request.connection_id;
    (void)context;
    if (memory)
        return tftpserver_set_bytes(server, TFTPSERVER_PROPERTY_CONN_FILE_DATA, id, memory, size);
    return tftpserver_set_int(server, TFTPSERVER_PROPERTY_CONN_DATA_SIZE, id, (int64_t)size);
}

static int32_t on_wanted(tftpserver *server, tftpserver_event *event, void *context)
{
    const tftpserver_data_wanted_event *e = &event->data.data_wanted;
    int64_t at = e->offset, end = e->offset + e->length;
    (void)context;
    while (at < end) {
        int64_t length = end - at < MOST ? end - at : MOST;
        int32_t code = tftpserver_do_supply(server, e->connection_id, bytes + at % BLOCK, (size_t)length, 0);
        if (code != 0)
            return code;
        at += length;
    }
    return 0;
}

/* Reads DIR/file, which costs no instructions of this process. */
static int load(const char *directory)
{
    int fd = chdir(directory) == 0 ? open("file", O_RDONLY) : -1;
    memory = malloc(size);
    if (fd < 0 || memory == NULL || read(fd, memory, size) != (ssize_t)size)
        return 1;
    return close(fd);
}

/* Makes the program the source of every download. */
static int answer(tftpserver *server, const char *directory, const char *how)
{
    size_t i;
    if (strcmp(how, "memory") == 0)
        return load(directory) != 0
            || tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTION_REQUEST, on_request, NULL);
    for (i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i % BLOCK * 31 + i % BLOCK / 251);
    return tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTION_REQUEST, on_request, NULL)
        || tftpserver_register_callback(server, TFTPSERVER_EVENT_DATA_WANTED, on_wanted, NULL);
}

/* Delivers events until the input ends. */
static void deliver(tftpserver *server)
{
    struct pollfd fds[2];
    fds[0].fd = STDIN_FILENO;
    fds[1].fd = tftpserver_get_event_fd(server);
    fds[0].events = fds[1].events = POLLIN;
    do {
        fds[0].revents = fds[1].revents = 0;
        if (poll(fds, 2, -1) > 0 && fds[1].revents)
            tftpserver_do_doevents(server);
    } while (!fds[0].revents);
}

int main(int argc, char **argv)
{
    tftpserver *server = tftpserver_open();
    size = argc == 4 ? (size_t)strtoull(argv[3], NULL, 10) : 0;
    if (argc < 2 || tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_DIR, 0, argv[1]) != 0
        || tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_HOST, 0, "127.0.0.1") != 0
        || tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, 0) != 0
        || tftpserver_do_config(server, "SelectWaitMillis=0") == NULL || (size && answer(server, argv[1], argv[2]) != 0)
        || tftpserver_do_startlistening(server) != 0)
        return fprintf(stderr, "%s\n", tftpserver_get_last_error(server)), 1;
    printf("%s\n", tftpserver_get(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0));
    fflush(stdout);
    if (size)
        deliver(server);
    else
        while (getchar() != EOF)
            ;
    argc = tftpserver_close(server) != 0;
    free(memory);
    return argc;
}
