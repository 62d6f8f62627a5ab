#define FFI_SCOPE "TFTPSERVER"
#define FFI_LIB "libtftpserver.so.0"
/* Made by bin/make-ffi-header.php from tftpserver.h; not to be edited. */
typedef struct tftpserver tftpserver;
typedef struct tftpserver_connected_event {
    int32_t connection_id;
    int32_t status_code;
    const char *description;
} tftpserver_connected_event;
typedef struct tftpserver_connection_request_event {
    const char *remote_host;
    int32_t remote_port;
    const char *filename;
    const char *transfer_mode;
    int32_t operation;
    int32_t accept;
    int32_t connection_id;
    const char *local_host;
} tftpserver_connection_request_event;
typedef struct tftpserver_disconnected_event {
    int32_t connection_id;
    int32_t status_code;
    const char *description;
} tftpserver_disconnected_event;
typedef struct tftpserver_end_transfer_event {
    int32_t connection_id;
    int32_t direction;
} tftpserver_end_transfer_event;
typedef struct tftpserver_error_event {
    int32_t error_code;
    const char *description;
    int32_t connection_id;
} tftpserver_error_event;
typedef struct tftpserver_log_event {
    int32_t connection_id;
    int32_t log_level;
    const char *message;
    const char *log_type;
} tftpserver_log_event;
typedef struct tftpserver_start_transfer_event {
    int32_t connection_id;
    int32_t direction;
} tftpserver_start_transfer_event;
typedef struct tftpserver_transfer_event {
    int32_t connection_id;
    int32_t direction;
    int64_t bytes_transferred;
    int32_t percent_done;
    const uint8_t *text;
    size_t text_length;
} tftpserver_transfer_event;
typedef struct tftpserver_data_wanted_event {
    int32_t connection_id;
    int64_t offset;
    int64_t length;
} tftpserver_data_wanted_event;
typedef union tftpserver_event_data {
    struct tftpserver_connected_event connected;
    struct tftpserver_connection_request_event connection_request;
    struct tftpserver_disconnected_event disconnected;
    struct tftpserver_end_transfer_event end_transfer;
    struct tftpserver_error_event error;
    struct tftpserver_log_event log;
    struct tftpserver_start_transfer_event start_transfer;
    struct tftpserver_transfer_event transfer;
    struct tftpserver_data_wanted_event data_wanted;
} tftpserver_event_data;
typedef struct tftpserver_event {
    int32_t id;
    union tftpserver_event_data data;
} tftpserver_event;
typedef int32_t (*tftpserver_callback)(tftpserver *server,
                                       tftpserver_event *event,
                                       void *context);
tftpserver *tftpserver_open(void);
int32_t tftpserver_close(tftpserver *server);
int32_t tftpserver_register_callback(tftpserver *server,
                                     int32_t event_id,
                                     tftpserver_callback callback,
                                     void *context);
const char *tftpserver_get_last_error(tftpserver *server);
int32_t tftpserver_get_last_error_code(tftpserver *server);
const char *tftpserver_get(tftpserver *server,
                           int32_t property_id,
                           int32_t index);
int32_t tftpserver_set(tftpserver *server,
                       int32_t property_id,
                       int32_t index,
                       const char *value);
int64_t tftpserver_get_int(tftpserver *server,
                           int32_t property_id,
                           int32_t index);
int32_t tftpserver_set_int(tftpserver *server,
                           int32_t property_id,
                           int32_t index,
                           int64_t value);
const void *tftpserver_get_bytes(tftpserver *server,
                                 int32_t property_id,
                                 int32_t index,
                                 size_t *length);
int32_t tftpserver_set_bytes(tftpserver *server,
                             int32_t property_id,
                             int32_t index,
                             const void *data,
                             size_t length);
const char *tftpserver_do_config(tftpserver *server,
                                 const char *configuration_string);
int32_t tftpserver_do_doevents(tftpserver *server);
int32_t tftpserver_do_startlistening(tftpserver *server);
int32_t tftpserver_do_stoplistening(tftpserver *server);
int32_t tftpserver_do_shutdown(tftpserver *server);
int32_t tftpserver_do_disconnect(tftpserver *server, int32_t index);
int32_t tftpserver_do_reset(tftpserver *server);
int32_t tftpserver_do_interrupt(tftpserver *server);
int tftpserver_get_event_fd(tftpserver *server);
const char *tftpserver_strerror(int32_t code);
const char *tftpserver_version(void);
int32_t tftpserver_do_accept(tftpserver *server,
                             int32_t index,
                             int32_t accept);
int32_t tftpserver_release(tftpserver *server);
int32_t tftpserver_do_hold(tftpserver *server,
                           int32_t index,
                           int32_t hold);
int32_t tftpserver_do_supply(tftpserver *server,
                             int32_t index,
                             const void *data,
                             size_t length,
                             int32_t is_last);
int32_t tftpserver_do_abort(tftpserver *server,
                            int32_t index,
                            int32_t tftp_code,
                            const char *message);
void *tftpserver_get_event_handle(tftpserver *server);
