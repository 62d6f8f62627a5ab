/* A program as Microsoft's compiler makes it, without a header of the system: opens a server, lets it fail and listen,
   and gets its messages by a callback. */
#include <stdio.h>
#include <string.h>

#include <ipworks/ipworks_tftpserver.h>
#include <tftpserver.h>

static int messages;

static int32_t on_log(tftpserver *server, tftpserver_event *event, void *context)
{
    if (server == NULL || event->id != TFTPSERVER_EVENT_LOG || event->data.log.message[0] == '\0'
        || context != &messages)
        return -1;
    messages++;
    return 0;
}

static int IPWORKS_CALL on_event(void *context, int event_id, int cparam, void *param[], int cbparam[])
{
    (void)context, (void)event_id, (void)cparam, (void)param, (void)cbparam;
    return 0;
}

/* Returns what failed, or NULL. */
static const char *try_functions(void)
{
    tftpserver *server = tftpserver_open();
    if (server == NULL)
        return "open";
    tftpserver_register_callback(server, TFTPSERVER_EVENT_LOG, on_log, &messages);
    if (tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, 65536) != TFTPSERVER_ERROR_INVALID_VALUE
        || tftpserver_get_last_error_code(server) != TFTPSERVER_ERROR_INVALID_VALUE)
        return "a value that is refused";
    if (tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_HOST, 0, "127.0.0.1") != 0
        || tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, 0) != 0
        || tftpserver_do_config(server, "LogLevel=2") == NULL || tftpserver_do_startlistening(server) != 0
        || tftpserver_get_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0) == 0)
        return tftpserver_get_last_error(server);
    if (tftpserver_do_doevents(server) != 0 || tftpserver_do_shutdown(server) != 0
        || tftpserver_do_doevents(server) != 0)
        return "events";
    return tftpserver_close(server) == 0 && messages > 0 ? NULL : "no message came";
}

int main(void)
{
    void *object = IPWorks_TFTPServer_Create(on_event, NULL, NULL, 0);
    const char *failure = object == NULL || IPWorks_TFTPServer_Destroy(object) != 0 ? "the C layer" : try_functions();
    puts(failure != NULL ? failure : "it works");
    return failure != NULL;
}
