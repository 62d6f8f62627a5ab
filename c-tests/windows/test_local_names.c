/*
 * Devices, streams and names that nothing can have, in LocalDir and ConnLocalFile: the numbers of
 * other systems.
 */
#include "check.h"
#include "fixture.h"

static void local_dir_is_a_directory(void)
{
    static const char *const none[] = {"NUL",
                                       "CON",
                                       "COM1",
                                       "COM1.txt",
                                       "\\\\.\\NUL",
                                       "\\\\.\\C:",
                                       "C:\\windows\\NUL",
                                       "C:\\win?ows",
                                       "C:\\windows\\*",
                                       "C:\\windows\\win.ini",
                                       "C:\\windows:stream",
                                       "\\\\?\\",
                                       "Q:\\",
                                       "C:\\windows\\win.ini\\below"};
    tftpserver *server = tftpserver_open();
    size_t i;
    for (i = 0; i < sizeof none / sizeof *none; i++) {
        printf("%s\n", none[i]);
        CHECK_INT(tftpserver_set(server, LOCAL_DIR, 0, none[i]), INVALID_VALUE);
    }
    CHECK_INT(tftpserver_set(server, LOCAL_DIR, 0, "C:/windows"), 0);
    CHECK_INT(tftpserver_close(server), 0);
}

static int32_t set_local_file(recorder *self, tftpserver *server, tftpserver_event *event)
{
    if (event->id == TFTPSERVER_EVENT_CONNECTED && event->data.connected.status_code == 0) {
        CHECK_INT(tftpserver_set(server, CONN_LOCAL_FILE, event->data.connected.connection_id, self->extra), 0);
    }
    return 0;
}

/* ERROR 2 (access violation), as for /dev/null on other systems. */
static void a_device_is_no_local_file(void)
{
    static char *const none[] = {"NUL", "CON", "AUX.txt", "C:\\windows\\COM1.txt", "\\\\.\\NUL", "\\\\.\\C:"};
    fixture self;
    size_t i;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    self.events.hook = set_local_file;
    for (i = 0; i < sizeof none / sizeof *none; i++) {
        client peer;
        transfer done;
        self.events.extra = none[i];
        printf("%s\n", none[i]);
        NEED(client_open(&peer, self.port, self.server));
        done = client_download(&peer, "f", "octet", NULL, fixture_millis());
        CHECK_INT(done.error_code, 2);
        free(done.data);
        done = client_upload(&peer, "f", "octet", NULL, "x", 1, fixture_millis());
        CHECK_INT(done.error_code, 2);
        client_close(&peer);
    }
    fixture_close(&self);
}

static void an_upload_makes_no_stream(void)
{
    char path[128];
    fixture self;
    client peer;
    transfer done;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    self.events.hook = set_local_file;
    fixture_path(&self, "file:stream", path, sizeof path);
    self.events.extra = path;
    NEED(client_open(&peer, self.port, self.server));
    done = client_upload(&peer, "f", "octet", NULL, "x", 1, fixture_millis());
    CHECK_INT(done.error_code, 2);
    CHECK(fixture_await_entries(&self, 0));
    client_close(&peer);
    fixture_close(&self);
}

int main(void)
{
    check_begin(120);
    RUN(local_dir_is_a_directory);
    RUN(a_device_is_no_local_file);
    RUN(an_upload_makes_no_stream);
    return check_end();
}
