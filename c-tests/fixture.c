#define _XOPEN_SOURCE 700
#include "fixture.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void copy_text(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from ? from : "(NULL)");
}

int fixture_millis(void)
{
    const char *text = getenv("CHECK_SLOWNESS");
    int slowness = text ? atoi(text) : 1;
    return WAIT_MILLIS * (slowness >= 1 ? slowness : 1);
}

static void fill(record *entry, const tftpserver_event *event)
{
    switch (event->id) {
    case CONNECTED:
        entry->connection_id = event->data.connected.connection_id;
        entry->code = event->data.connected.status_code;
        copy_text(entry->text, sizeof entry->text, event->data.connected.description);
        break;
    case CONNECTION_REQUEST:
        entry->connection_id = event->data.connection_request.connection_id;
        entry->port = event->data.connection_request.remote_port;
        entry->operation = event->data.connection_request.operation;
        entry->code = event->data.connection_request.accept;
        copy_text(entry->host, sizeof entry->host, event->data.connection_request.remote_host);
        copy_text(entry->local_host, sizeof entry->local_host, event->data.connection_request.local_host);
        copy_text(entry->text, sizeof entry->text, event->data.connection_request.filename);
        copy_text(entry->mode, sizeof entry->mode, event->data.connection_request.transfer_mode);
        break;
    case DISCONNECTED:
        entry->connection_id = event->data.disconnected.connection_id;
        entry->code = event->data.disconnected.status_code;
        copy_text(entry->text, sizeof entry->text, event->data.disconnected.description);
        break;
    case END_TRANSFER:
        entry->connection_id = event->data.end_transfer.connection_id;
        entry->direction = event->data.end_transfer.direction;
        break;
    case ERROR_EVENT:
        entry->connection_id = event->data.error.connection_id;
        entry->code = event->data.error.error_code;
        copy_text(entry->text, sizeof entry->text, event->data.error.description);
        break;
    case LOG:
        entry->connection_id = event->data.log.connection_id;
        entry->level = event->data.log.log_level;
        copy_text(entry->text, sizeof entry->text, event->data.log.message);
        copy_text(entry->mode, sizeof entry->mode, event->data.log.log_type);
        break;
    case START_TRANSFER:
        entry->connection_id = event->data.start_transfer.connection_id;
        entry->direction = event->data.start_transfer.direction;
        break;
    case TRANSFER:
        entry->connection_id = event->data.transfer.connection_id;
        entry->direction = event->data.transfer.direction;
        entry->bytes = event->data.transfer.bytes_transferred;
        entry->percent = event->data.transfer.percent_done;
        entry->length = event->data.transfer.text_length;
        break;
    default:
        break;
    }
}

static int32_t on_event(tftpserver *server, tftpserver_event *event, void *context)
{
    recorder *self = context;
    record *entry;
    if (self->count == self->room) {
        size_t room = self->room ? self->room * 2 : 64;
        record *wider = realloc(self->records, room * sizeof *wider);
        if (!wider) {
            abort();
        }
        self->records = wider;
        self->room = room;
    }
    entry = &self->records[self->count];
    memset(entry, 0, sizeof *entry);
    entry->id = event->id;
    entry->thread = pthread_self();
    fill(entry, event);
    self->count++;
    return self->hook ? self->hook(self, server, event) : 0;
}

int fixture_prepare(fixture *self)
{
    memset(self, 0, sizeof *self);
    snprintf(self->dir, sizeof self->dir, "/tmp/tftpserver-test-XXXXXX");
    if (!mkdtemp(self->dir)) {
        return 0;
    }
    self->server = tftpserver_open();
    return self->server && tftpserver_set(self->server, LOCAL_DIR, 0, self->dir) == 0
        && tftpserver_set(self->server, LOCAL_HOST, 0, "127.0.0.1") == 0
        && tftpserver_set_int(self->server, LOCAL_PORT, 0, 0) == 0
        && tftpserver_do_config(self->server, "SelectWaitMillis=5") != NULL;
}

int fixture_listen(fixture *self)
{
    if (tftpserver_do_startlistening(self->server) != 0) {
        fprintf(stderr, "StartListening: %s\n", tftpserver_get_last_error(self->server));
        return 0;
    }
    self->port = (int)tftpserver_get_int(self->server, LOCAL_PORT, 0);
    return self->port > 0;
}

int fixture_open(fixture *self)
{
    return fixture_prepare(self) && fixture_listen(self);
}

int fixture_hold_port(int port)
{
    address here = {0};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    here.v4.sin_family = AF_INET;
    here.v4.sin_port = htons((uint16_t)port);
    here.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && bind(fd, &here.any, sizeof here.v4) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

int fixture_fixed_port(void)
{
    static unsigned next;
    int attempt;
    for (attempt = 0; attempt < 1000; attempt++) {
        int port = 10000 + (int)(((unsigned)getpid() * 37 + next++) % 10000);
        int fd = fixture_hold_port(port);
        if (fd >= 0) {
            close(fd);
            return port;
        }
    }
    return 0;
}

int fixture_open_fixed(fixture *self)
{
    return fixture_prepare(self) && tftpserver_set_int(self->server, LOCAL_PORT, 0, fixture_fixed_port()) == 0
        && fixture_listen(self);
}

static void remove_tree(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    while (dir && (entry = readdir(dir)) != NULL) {
        char below[512];
        struct stat status;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        if (lstat(below, &status) == 0 && S_ISDIR(status.st_mode)) {
            remove_tree(below);
        } else {
            unlink(below);
        }
    }
    if (dir) {
        closedir(dir);
    }
    rmdir(path);
}

void fixture_close(fixture *self)
{
    if (self->server) {
        tftpserver_close(self->server);
    }
    self->server = NULL;
    free(self->events.records);
    self->events.records = NULL;
    if (self->dir[0]) {
        remove_tree(self->dir);
    }
}

void fixture_record_one(fixture *self, int event)
{
    if (tftpserver_register_callback(self->server, event, on_event, &self->events) != 0) {
        fprintf(stderr, "RegisterCallback %d: %s\n", event, tftpserver_get_last_error(self->server));
    }
}

void fixture_record(fixture *self, int also)
{
    static const int usual[] = {CONNECTED, CONNECTION_REQUEST, DISCONNECTED, END_TRANSFER, ERROR_EVENT, START_TRANSFER};
    size_t i;
    for (i = 0; i < sizeof usual / sizeof *usual; i++) {
        fixture_record_one(self, usual[i]);
    }
    if (also) {
        fixture_record_one(self, also);
    }
}

size_t fixture_count(const fixture *self, int event)
{
    size_t i, count = 0;
    for (i = 0; i < self->events.count; i++) {
        count += self->events.records[i].id == event;
    }
    return count;
}

const record *fixture_find(const fixture *self, int event, size_t n)
{
    size_t i;
    for (i = 0; i < self->events.count; i++) {
        if (self->events.records[i].id == event && n-- == 0) {
            return &self->events.records[i];
        }
    }
    return NULL;
}

const char *fixture_order(const fixture *self, int32_t connection_id, char *text, size_t size)
{
    size_t i, at = 0;
    text[0] = '\0';
    for (i = 0; i < self->events.count && at < size; i++) {
        const record *entry = &self->events.records[i];
        if (connection_id == 0 || entry->connection_id == connection_id) {
            at += (size_t)snprintf(text + at, size - at, "%s%d", at ? " " : "", entry->id);
        }
    }
    return text;
}

int fixture_await(fixture *self, int event, size_t count)
{
    int64_t end = client_now() + fixture_millis();
    while (fixture_count(self, event) < count && client_now() < end) {
        tftpserver_do_doevents(self->server);
    }
    return fixture_count(self, event) >= count;
}

int fixture_await_connections(fixture *self, int64_t count)
{
    int64_t end = client_now() + fixture_millis();
    int64_t connections = tftpserver_get_int(self->server, CONN_COUNT, 0);
    while (connections != count && client_now() < end) {
        tftpserver_do_doevents(self->server);
        connections = tftpserver_get_int(self->server, CONN_COUNT, 0);
    }
    return connections == count;
}

void fixture_path(const fixture *self, const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", self->dir, name);
}

int fixture_write(const fixture *self, const char *name, const void *data, size_t length)
{
    char path[512];
    FILE *file;
    int whole;
    fixture_path(self, name, path, sizeof path);
    file = fopen(path, "wb");
    if (!file) {
        return 0;
    }
    whole = length == 0 || fwrite(data, 1, length, file) == length;
    return fclose(file) == 0 && whole;
}

uint8_t *fixture_read(const fixture *self, const char *name, size_t *length)
{
    char path[512];
    struct stat status;
    uint8_t *data = NULL;
    FILE *file;
    fixture_path(self, name, path, sizeof path);
    *length = 0;
    file = fopen(path, "rb");
    if (file && fstat(fileno(file), &status) == 0 && (data = malloc((size_t)status.st_size + 1)) != NULL) {
        *length = fread(data, 1, (size_t)status.st_size, file);
    }
    if (file) {
        fclose(file);
    }
    return data;
}

int fixture_exists(const fixture *self, const char *name)
{
    char path[512];
    struct stat status;
    fixture_path(self, name, path, sizeof path);
    return lstat(path, &status) == 0;
}

int fixture_entries(const fixture *self)
{
    DIR *dir = opendir(self->dir);
    int count = -2;
    while (dir && readdir(dir)) {
        count++;
    }
    if (dir) {
        closedir(dir);
    }
    return count;
}

/*
 * Counts once per round: an upload that was refused while its file was being made may make it, and
 * remove it, later.
 */
int fixture_await_entries(const fixture *self, int count)
{
    int64_t end = client_now() + fixture_millis();
    int entries = fixture_entries(self);
    while (entries != count && client_now() < end) {
        tftpserver_do_doevents(self->server);
        entries = fixture_entries(self);
    }
    return entries == count;
}

uint8_t *fixture_bytes(size_t length)
{
    uint8_t *bytes = malloc(length + 1);
    uint32_t state = 2463534242u;
    size_t i;
    for (i = 0; bytes && i < length; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        bytes[i] = (uint8_t)(state >> 11);
    }
    return bytes;
}
