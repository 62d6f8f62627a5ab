/*
 * An event loop of the application on Windows: WaitForSingleObject reports when DoEvents has work.
 */
#include "check.h"
#include "fixture.h"

static DWORD waits(HANDLE event, DWORD millis)
{
    return WaitForSingleObject(event, millis);
}

static void it_is_signalled_while_an_event_waits(void)
{
    fixture self;
    client reader;
    HANDLE event;
    int i;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    CHECK(tftpserver_do_config(self.server, "SelectWaitMillis=0") != NULL);
    CHECK(fixture_write(&self, "f", "x", 1));
    CHECK_INT(tftpserver_get_event_fd(self.server), -1);
    CHECK_INT(tftpserver_get_last_error_code(self.server), NOT_AVAILABLE);
    event = tftpserver_get_event_handle(self.server);
    NEED(event != NULL);
    CHECK(tftpserver_get_event_handle(self.server) == event);
    CHECK_INT(waits(event, 0), WAIT_TIMEOUT);
    NEED(client_open(&reader, self.port, NULL));
    client_request(&reader, RRQ, "f", "octet", NULL);
    while (fixture_count(&self, START_TRANSFER) == 0) {
        for (i = 0; i < 3; i++) {
            NEED(waits(event, fixture_millis()) == WAIT_OBJECT_0); /* waiting does not reset it */
        }
        CHECK_INT(tftpserver_do_doevents(self.server), 0);
    }
    CHECK(client_expect(&reader, DATA, 1, fixture_millis()));
    CHECK_INT(waits(event, 0), WAIT_TIMEOUT);
    client_ack(&reader, 1);
    while (fixture_count(&self, DISCONNECTED) == 0) {
        NEED(waits(event, fixture_millis()) == WAIT_OBJECT_0);
        CHECK_INT(tftpserver_do_doevents(self.server), 0);
    }
    CHECK_INT(waits(event, 0), WAIT_TIMEOUT);
    client_close(&reader);
    fixture_close(&self);
}

/*
 * Events that are queued when the handle is first requested signal it at once. Reset clears it and
 * keeps the handle.
 */
static void it_is_signalled_for_what_waits_already(void)
{
    fixture self;
    client reader;
    HANDLE event;
    DWORD waited = WAIT_TIMEOUT;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    CHECK(tftpserver_do_config(self.server, "SelectWaitMillis=0") != NULL);
    NEED(client_open(&reader, self.port, NULL));
    client_request(&reader, RRQ, "absent", "octet", NULL);
    Sleep(300); /* for the request to arrive; if that takes longer, the wait below covers it */
    event = tftpserver_get_event_handle(self.server);
    NEED(event != NULL);
    waited = waits(event, fixture_millis());
    CHECK_INT(waited, WAIT_OBJECT_0);
    CHECK_INT(tftpserver_do_reset(self.server), 0);
    while (waits(event, 0) == WAIT_OBJECT_0) {
        CHECK_INT(tftpserver_do_doevents(self.server), 0);
    }
    CHECK(tftpserver_get_event_handle(self.server) == event);
    client_close(&reader);
    fixture_close(&self);
}

/* A thread that waits is woken. */
static void *waits_long(void *event)
{
    return (void *)(intptr_t)(waits(event, fixture_millis()) == WAIT_OBJECT_0);
}

static void it_wakes_a_thread(void)
{
    fixture self;
    client reader;
    pthread_t thread;
    void *woken = NULL;
    HANDLE event;
    NEED(fixture_open(&self));
    fixture_record(&self, 0);
    event = tftpserver_get_event_handle(self.server);
    NEED(event != NULL && pthread_create(&thread, NULL, waits_long, event) == 0);
    NEED(client_open(&reader, self.port, NULL));
    client_request(&reader, RRQ, "absent", "octet", NULL);
    pthread_join(thread, &woken);
    CHECK(woken != NULL);
    client_close(&reader);
    fixture_close(&self);
}

int main(void)
{
    check_begin(120);
    CHECK(tftpserver_get_event_handle(NULL) == NULL);
    RUN(it_is_signalled_while_an_event_waits);
    RUN(it_is_signalled_for_what_waits_already);
    RUN(it_wakes_a_thread);
    return check_end();
}
