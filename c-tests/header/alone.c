/* The header needs nothing before it, may come twice, and its numbers are those that programs were built with. */
#include "tftpserver.h"
#include "tftpserver.h"

#define SAME(name, value) typedef char name##_is_##value[(name) == (value) ? 1 : -1]

SAME(TFTPSERVER_EVENT_CONNECTED, 1);
SAME(TFTPSERVER_EVENT_CONNECTION_REQUEST, 2);
SAME(TFTPSERVER_EVENT_DISCONNECTED, 3);
SAME(TFTPSERVER_EVENT_END_TRANSFER, 4);
SAME(TFTPSERVER_EVENT_ERROR, 5);
SAME(TFTPSERVER_EVENT_LOG, 6);
SAME(TFTPSERVER_EVENT_START_TRANSFER, 7);
SAME(TFTPSERVER_EVENT_TRANSFER, 8);
SAME(TFTPSERVER_PROPERTY_VERSION, 0);
SAME(TFTPSERVER_PROPERTY_CONN_COUNT, 1);
SAME(TFTPSERVER_PROPERTY_CONN_CONNECTION_ID, 2);
SAME(TFTPSERVER_PROPERTY_CONN_FILE_DATA, 4);
SAME(TFTPSERVER_PROPERTY_CONN_FILENAME, 5);
SAME(TFTPSERVER_PROPERTY_CONN_LOCAL_FILE, 6);
SAME(TFTPSERVER_PROPERTY_CONN_SERVED_NAME, 25);
SAME(TFTPSERVER_PROPERTY_CONN_REMOTE_HOST, 7);
SAME(TFTPSERVER_PROPERTY_CONN_REMOTE_PORT, 8);
SAME(TFTPSERVER_PROPERTY_CONN_TRANSFER_MODE, 9);
SAME(TFTPSERVER_PROPERTY_LISTENING, 11);
SAME(TFTPSERVER_PROPERTY_LOCAL_DIR, 12);
SAME(TFTPSERVER_PROPERTY_LOCAL_HOST, 13);
SAME(TFTPSERVER_PROPERTY_LOCAL_PORT, 14);
SAME(TFTPSERVER_PROPERTY_MAX_RETRANSMITS, 15);
SAME(TFTPSERVER_PROPERTY_RETRANSMIT_TIMEOUT, 16);
SAME(TFTPSERVER_PROPERTY_TIMEOUT, 17);
SAME(TFTPSERVER_PROPERTY_RUNTIME_LICENSE, 2011);
SAME(TFTPSERVER_ERROR_NOT_A_HANDLE, 901);
SAME(TFTPSERVER_ERROR_UNKNOWN_PROPERTY, 902);
SAME(TFTPSERVER_ERROR_INDEX_OUT_OF_RANGE, 903);
SAME(TFTPSERVER_ERROR_READ_ONLY, 904);
SAME(TFTPSERVER_ERROR_INVALID_VALUE, 905);
SAME(TFTPSERVER_ERROR_UNKNOWN_SETTING, 906);
SAME(TFTPSERVER_ERROR_INSIDE_CALLBACK, 907);
SAME(TFTPSERVER_ERROR_INTERNAL, 908);
SAME(TFTPSERVER_ERROR_NOT_AVAILABLE, 909);
SAME(TFTPSERVER_ERROR_ACCESS_DENIED, 10013);
SAME(TFTPSERVER_ERROR_ADDRESS_IN_USE, 10048);
SAME(TFTPSERVER_ERROR_ABORTED, 10053);

/* Every field that a program may use, with the type that it was promised. */
struct places {
    int32_t *number;
    int64_t *number64;
    const char **text;
    const uint8_t **bytes;
    size_t *length;
};
int32_t on_event(tftpserver *server, tftpserver_event *event, void *context);
int32_t on_event(tftpserver *server, tftpserver_event *event, void *context)
{
    int32_t number[100];
    int64_t number64[100];
    const char *text[100];
    const uint8_t *bytes[100];
    size_t length[100];
    struct places used;
    used.number = number;
    used.number64 = number64;
    used.text = text;
    used.bytes = bytes;
    used.length = length;
    /* api: begin events */
    *used.number++ = event->data.connected.connection_id;
    *used.number++ = event->data.connected.status_code;
    *used.text++ = event->data.connected.description;
    *used.text++ = event->data.connection_request.remote_host;
    *used.number++ = event->data.connection_request.remote_port;
    *used.text++ = event->data.connection_request.filename;
    *used.text++ = event->data.connection_request.transfer_mode;
    *used.number++ = event->data.connection_request.operation;
    *used.number++ = event->data.connection_request.accept;
    *used.number++ = event->data.connection_request.connection_id;
    *used.text++ = event->data.connection_request.local_host;
    *used.number++ = event->data.disconnected.connection_id;
    *used.number++ = event->data.disconnected.status_code;
    *used.text++ = event->data.disconnected.description;
    *used.number++ = event->data.end_transfer.connection_id;
    *used.number++ = event->data.end_transfer.direction;
    *used.number++ = event->data.error.error_code;
    *used.text++ = event->data.error.description;
    *used.number++ = event->data.error.connection_id;
    *used.number++ = event->data.log.connection_id;
    *used.number++ = event->data.log.log_level;
    *used.text++ = event->data.log.message;
    *used.text++ = event->data.log.log_type;
    *used.number++ = event->data.start_transfer.connection_id;
    *used.number++ = event->data.start_transfer.direction;
    *used.number++ = event->data.transfer.connection_id;
    *used.number++ = event->data.transfer.direction;
    *used.number64++ = event->data.transfer.bytes_transferred;
    *used.number++ = event->data.transfer.percent_done;
    *used.bytes++ = event->data.transfer.text;
    *used.length++ = event->data.transfer.text_length;
    /* api: end events */
    event->data.connection_request.accept = 1;
    return server != 0 && context != 0 && event->id != 0 && number[0] != 0 && number64[0] != 0 && text[0] != 0
        && bytes[0] != 0 && length[0] != 0 && tftpserver_version() != 0 && tftpserver_strerror(0) != 0
        && tftpserver_register_callback(server, TFTPSERVER_EVENT_LOG, on_event, context) == 0;
}
