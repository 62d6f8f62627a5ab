/*
 * The C layer of programs written for IPWorks TFTPServer, over libtftpserver: Create, Set, Get, Do, Destroy, and one
 * sink for all events. Everything here is inline, so nothing is linked but libtftpserver. C99 and C++.
 *
 * This is libtftpserver's own work, compatible with programs written for IPWorks TFTPServer. It is neither made nor
 * endorsed by the maker of IPWorks. New C programs use tftpserver.h.
 *
 * CONVENTIONS
 *
 *  - Integers and Booleans are passed in the pointer itself: `(void *)(intptr_t)6969`.
 *  - On Windows the functions and the sink are __stdcall (IPWORKS_CALL). Programs built for another convention define
 *    IPWORKS_CALL before they include this header.
 *  - Text is UTF-8 and NUL-terminated. Text arguments have cb 0 or their length; binary data has its length in cb.
 *    Returned text belongs to the library and is valid until this thread's next call with the same object.
 *  - An index is a connection id as in the events, or a position below ConnCount.
 *  - Functions that return int return 0 or an error number. Get returns NULL on failure. As NULL is also the number 0,
 *    check IPWorks_TFTPServer_GetLastErrorCode, which is 0 after a success.
 *  - Events reach the sink inside Do with IPWORKS_TFTPSERVER_DOEVENTS, on the thread that calls it. All events are
 *    registered, so every program must call it.
 *  - A LocalDir that does not exist is stored and checked again when listening starts, which fails if it still does not
 *    exist. While listening, setting it fails. Set LocalDir and start listening on one thread at a time.
 *  - An upload goes to LocalDir or ConnLocalFile. The sink receives it instead, by its Transfer events, only if
 *    LocalDir was never set. If LocalDir was set to "" or to an invalid value, uploads fail with 127 or 128.
 *  - `int64` is `long long`. It is declared so that another declaration of `int64` at the same level takes precedence
 *    if it is qualified (`::int64`). Programs with an `int64` of another type define IPWORKS_NO_INT64 before they
 *    include this header; the type is then named ipworks_int64 only.
 *
 * THE SINK
 *
 * `param` has `cparam` entries, and `cbparam` their lengths:
 *
 *   1 Connected          ConnectionId, StatusCode, Description
 *   2 ConnectionRequest  RemoteHost, RemotePort, Filename, TransferMode, Operation, Accept
 *   3 Disconnected       ConnectionId, StatusCode, Description
 *   4 EndTransfer        ConnectionId, Direction
 *   5 Error              ErrorCode, Description
 *   6 Log                ConnectionId, LogLevel, Message, LogType
 *   7 StartTransfer      ConnectionId, Direction
 *   8 Transfer           ConnectionId, Direction, BytesTransferred, PercentDone, Text
 *
 * BytesTransferred is `*(int64 *)param[2]`. Text is binary: cbparam[4] bytes. Accept is read from param[5] when
 * the sink has returned. The sink returns 0; any other value ends the connection. It must not throw.
 */

#ifndef IPWORKS_TFTPSERVER_H
#define IPWORKS_TFTPSERVER_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../tftpserver.h"

typedef long long ipworks_int64;

#ifndef IPWORKS_NO_INT64
#ifdef __cplusplus
/* Not at global scope itself, where it would conflict with any other int64. */
namespace ipworks_types {
typedef ipworks_int64 int64;
}
using namespace ipworks_types;
#else
typedef ipworks_int64 int64;
#endif
#endif

/* In C++ the same function in every file, because inline members of the class call it. */
#ifdef __cplusplus
#define IPWORKS_TFTPSERVER_INLINE inline
#else
#define IPWORKS_TFTPSERVER_INLINE static inline
#endif

/* The calling convention of this layer's functions and of the sink. It matters only in 32-bit programs for Windows. */
#ifndef IPWORKS_CALL
#ifdef _WIN32
#define IPWORKS_CALL __stdcall
#else
#define IPWORKS_CALL
#endif
#endif

#define EID_TFTPSERVER_CONNECTED 1
#define EID_TFTPSERVER_CONNECTIONREQUEST 2
#define EID_TFTPSERVER_DISCONNECTED 3
#define EID_TFTPSERVER_ENDTRANSFER 4
#define EID_TFTPSERVER_ERROR 5
#define EID_TFTPSERVER_LOG 6
#define EID_TFTPSERVER_STARTTRANSFER 7
#define EID_TFTPSERVER_TRANSFER 8

/* Method ids for IPWorks_TFTPServer_Do. */
#define IPWORKS_TFTPSERVER_CONFIG 2
#define IPWORKS_TFTPSERVER_DOEVENTS 3
#define IPWORKS_TFTPSERVER_STARTLISTENING 4
#define IPWORKS_TFTPSERVER_STOPLISTENING 5

#ifdef __cplusplus
extern "C" {
#endif
typedef int(IPWORKS_CALL *IPWorks_TFTPServer_Sink)(void *context, int event_id, int cparam, void *param[],
                                                    int cbparam[]);
#ifdef __cplusplus
} /* extern "C" */
#endif

/* LocalDir as such programs set it: it may be created after it was set. */
typedef struct IPWorks_TFTPServer_Directory {
    char *wanted;  /* was set but does not exist yet; NULL: none */
    int was_named; /* to any value: the Transfer event does not receive uploads */
} IPWorks_TFTPServer_Directory;

/* The target of the void pointers of this interface. */
typedef struct IPWorks_TFTPServer_Object {
    tftpserver *handle;
    IPWorks_TFTPServer_Sink sink;
    void *context;
    IPWorks_TFTPServer_Directory directory;
} IPWorks_TFTPServer_Object;

/* Sets LocalDir to `length` bytes. A missing one is stored for IPWorks_TFTPServer_Start, unless the server listens. */
IPWORKS_TFTPSERVER_INLINE int IPWorks_TFTPServer_SetDirectory(tftpserver *handle, IPWorks_TFTPServer_Directory *self,
                                                              const char *path, size_t length)
{
    char *copy = NULL;
    struct stat status;
    int code = tftpserver_set_bytes(handle, TFTPSERVER_PROPERTY_LOCAL_DIR, 0, path, length);

    self->was_named = 1;
    if (code == TFTPSERVER_ERROR_INVALID_VALUE && length > 0 && memchr(path, 0, length) == NULL
        && (copy = (char *)malloc(length + 1)) != NULL) {
        memcpy(copy, path, length);
        copy[length] = '\0';
        /* The library could never open text that is not UTF-8. */
        if (stat(copy, &status) == 0 || errno != ENOENT
            || tftpserver_get_int(handle, TFTPSERVER_PROPERTY_LISTENING, 0) != 0
            || tftpserver_set_bytes(handle, TFTPSERVER_PROPERTY_LOCAL_DIR, 0, "", 0) != 0) {
            free(copy);
            copy = NULL;
            tftpserver_set_bytes(handle, TFTPSERVER_PROPERTY_LOCAL_DIR, 0, path, length); /* sets the error again */
        }
    }
    if (code == 0 || copy != NULL) {
        free(self->wanted);
        self->wanted = copy;
        code = 0;
    }
    return code;
}

/* Starts listening; a stored LocalDir is checked first. */
IPWORKS_TFTPSERVER_INLINE int IPWorks_TFTPServer_Start(tftpserver *handle, IPWorks_TFTPServer_Directory *self)
{
    if (self->wanted != NULL) {
        int code = tftpserver_set(handle, TFTPSERVER_PROPERTY_LOCAL_DIR, 0, self->wanted);
        if (code != 0) {
            return code;
        }
        free(self->wanted);
        self->wanted = NULL;
    }
    return tftpserver_do_startlistening(handle);
}

/*
 * Called when the Connected handler has returned. An upload without a destination gets a file that cannot be created,
 * so that it fails instead of going to a Transfer handler that only shows progress.
 */
IPWORKS_TFTPSERVER_INLINE void IPWorks_TFTPServer_Guard(tftpserver *handle, const IPWorks_TFTPServer_Directory *self,
                                                        int32_t connection)
{
    const char *text;

    if (!self->was_named
        || tftpserver_get_int(handle, TFTPSERVER_PROPERTY_CONN_OPERATION, connection) != TFTPSERVER_OPERATION_WRITE) {
        return;
    }
    text = tftpserver_get(handle, TFTPSERVER_PROPERTY_LOCAL_DIR, 0);
    if (text == NULL || *text != '\0') {
        return;
    }
    text = tftpserver_get(handle, TFTPSERVER_PROPERTY_CONN_LOCAL_FILE, connection);
    if (text != NULL && *text == '\0') {
        tftpserver_set(handle, TFTPSERVER_PROPERTY_CONN_LOCAL_FILE, connection, "/dev/null/LocalDir is not valid");
    }
}

/* For NULL the library returns 901. */
IPWORKS_TFTPSERVER_INLINE tftpserver *IPWorks_TFTPServer_Handle(void *object)
{
    return object != NULL ? ((IPWorks_TFTPServer_Object *)object)->handle : NULL;
}

IPWORKS_TFTPSERVER_INLINE void *IPWorks_TFTPServer_Number(int64_t value)
{
    return (void *)(intptr_t)value;
}

IPWORKS_TFTPSERVER_INLINE void *IPWorks_TFTPServer_Text(const char *text)
{
    return (void *)(uintptr_t)text;
}

IPWORKS_TFTPSERVER_INLINE int32_t IPWorks_TFTPServer_Receive(tftpserver *server, tftpserver_event *event,
                                                             void *context)
{
    IPWorks_TFTPServer_Object *self = (IPWorks_TFTPServer_Object *)context;
    void *param[7] = {NULL, NULL, NULL, NULL, NULL, NULL, NULL};
    int cbparam[7] = {0, 0, 0, 0, 0, 0, 0};
    ipworks_int64 bytes = 0;
    int cparam = 0, result;

    switch (event->id) {
    case TFTPSERVER_EVENT_CONNECTED:
        param[cparam++] = IPWorks_TFTPServer_Number(event->data.connected.connection_id);
        param[cparam++] = IPWorks_TFTPServer_Number(event->data.connected.status_code);
        param[cparam++] = IPWorks_TFTPServer_Text(event->data.connected.description);
        break;
    case TFTPSERVER_EVENT_CONNECTION_REQUEST:
        param[cparam++] = IPWorks_TFTPServer_Text(event->data.connection_request.remote_host);
        param[cparam++] = IPWorks_TFTPServer_Number(event->data.connection_request.remote_port);
        param[cparam++] = IPWorks_TFTPServer_Text(event->data.connection_request.filename);
        param[cparam++] = IPWorks_TFTPServer_Text(event->data.connection_request.transfer_mode);
        param[cparam++] = IPWorks_TFTPServer_Number(event->data.connection_request.operation);
        param[cparam++] = IPWorks_TFTPServer_Number(event->data.connection_request.accept);
        break;
    case TFTPSERVER_EVENT_DISCONNECTED:
        param[cparam++] = IPWorks_TFTPServer_Number(event->data.disconnected.connection_id);
        param[cparam++] = IPWorks_TFTPServer_Number(event->data.disconnected.status_code);
        param[cparam++] = IPWorks_TFTPServer_Text(event->data.disconnected.description);
        break;
    case TFTPSERVER_EVENT_END_TRANSFER:
        param[cparam++] = IPWorks_TFTPServer_Number(event->data.end_transfer.connection_id);
        param[cparam++] = IPWorks_TFTPServer_Number(event->data.end_transfer.direction);
        break;
    case TFTPSERVER_EVENT_ERROR:
        param[cparam++] = IPWorks_TFTPServer_Number(event->data.error.error_code);
        param[cparam++] = IPWorks_TFTPServer_Text(event->data.error.description);
        break;
    case TFTPSERVER_EVENT_LOG:
        param[cparam++] = IPWorks_TFTPServer_Number(event->data.log.connection_id);
        param[cparam++] = IPWorks_TFTPServer_Number(event->data.log.log_level);
        param[cparam++] = IPWorks_TFTPServer_Text(event->data.log.message);
        param[cparam++] = IPWorks_TFTPServer_Text(event->data.log.log_type);
        break;
    case TFTPSERVER_EVENT_START_TRANSFER:
        param[cparam++] = IPWorks_TFTPServer_Number(event->data.start_transfer.connection_id);
        param[cparam++] = IPWorks_TFTPServer_Number(event->data.start_transfer.direction);
        break;
    case TFTPSERVER_EVENT_TRANSFER:
        bytes = event->data.transfer.bytes_transferred;
        param[cparam++] = IPWorks_TFTPServer_Number(event->data.transfer.connection_id);
        param[cparam++] = IPWorks_TFTPServer_Number(event->data.transfer.direction);
        param[cparam++] = &bytes;
        param[cparam++] = IPWorks_TFTPServer_Number(event->data.transfer.percent_done);
        cbparam[cparam] = (int)event->data.transfer.text_length;
        param[cparam++] = (void *)(uintptr_t)event->data.transfer.text;
        break;
    default:
        return 0;
    }
    result = self->sink(self->context, event->id, cparam, param, cbparam);
    if (event->id == TFTPSERVER_EVENT_CONNECTED && event->data.connected.status_code == 0 && result == 0) {
        IPWorks_TFTPServer_Guard(server, &self->directory, event->data.connected.connection_id);
    }
    if (event->id == TFTPSERVER_EVENT_CONNECTION_REQUEST) {
        event->data.connection_request.accept = (int32_t)(intptr_t)param[5] != 0;
    }
    return result;
}

/* Returns true if the library is at least as new as this header, and the first part of the version is equal. */
IPWORKS_TFTPSERVER_INLINE int IPWorks_TFTPServer_LibraryFits(void)
{
    long parts[3] = {0, 0, 0}, number;
    const long series = 1000000;
    char *at = (char *)(uintptr_t)tftpserver_version();
    int part;
    for (part = 0; part < 3; part++) {
        parts[part] = strtol(at, &at, 10);
        if (*at != '.') {
            break;
        }
        at++;
    }
    number = parts[0] * 1000000 + parts[1] * 1000 + parts[2];
    return number >= TFTPSERVER_VERSION_NUMBER && number / series == TFTPSERVER_VERSION_NUMBER / series;
}

/*
 * Creates an object. If `sink` is NULL, no event is registered. `key` and `opts` are ignored. Returns NULL on failure:
 * out of memory, or the library is older than this header.
 */
IPWORKS_TFTPSERVER_INLINE void *IPWORKS_CALL IPWorks_TFTPServer_Create(IPWorks_TFTPServer_Sink sink, void *context,
                                                                       char *key, int opts)
{
    IPWorks_TFTPServer_Object *self;
    int event;

    (void)key;
    (void)opts;
    if (!IPWorks_TFTPServer_LibraryFits()) {
        return NULL;
    }
    self = (IPWorks_TFTPServer_Object *)calloc(1, sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    self->sink = sink;
    self->context = context;
    self->handle = tftpserver_open();
    if (self->handle == NULL) {
        free(self);
        return NULL;
    }
    for (event = TFTPSERVER_EVENT_CONNECTED; sink != NULL && event <= TFTPSERVER_EVENT_TRANSFER; event++) {
        tftpserver_register_callback(self->handle, event, IPWorks_TFTPServer_Receive, self);
    }
    return self;
}

/* Ends every transfer and frees the object. Inside the sink it returns 907 and does nothing. */
IPWORKS_TFTPSERVER_INLINE int IPWORKS_CALL IPWorks_TFTPServer_Destroy(void *object)
{
    int code = tftpserver_close(IPWorks_TFTPServer_Handle(object));
    if (code == 0) {
        free(((IPWorks_TFTPServer_Object *)object)->directory.wanted);
        free(object);
    }
    return code;
}

/* Returns 0 if the property has this index. */
IPWORKS_TFTPSERVER_INLINE int IPWORKS_CALL IPWorks_TFTPServer_CheckIndex(void *object, int propid, int arridx)
{
    tftpserver *handle = IPWorks_TFTPServer_Handle(object);
    tftpserver_get_bytes(handle, propid, arridx, NULL);
    return tftpserver_get_last_error_code(handle);
}

IPWORKS_TFTPSERVER_INLINE int IPWorks_TFTPServer_IsNumber(int propid)
{
    return propid == TFTPSERVER_PROPERTY_CONN_COUNT || propid == TFTPSERVER_PROPERTY_CONN_REMOTE_PORT
        || propid == TFTPSERVER_PROPERTY_LISTENING || propid == TFTPSERVER_PROPERTY_LOCAL_PORT
        || propid == TFTPSERVER_PROPERTY_MAX_RETRANSMITS || propid == TFTPSERVER_PROPERTY_RETRANSMIT_TIMEOUT
        || propid == TFTPSERVER_PROPERTY_TIMEOUT;
}

/* Returns a property: a number in the pointer (and in *llval), or text or data (its length in *lpcb). */
IPWORKS_TFTPSERVER_INLINE void *IPWORKS_CALL IPWorks_TFTPServer_Get(void *object, int propid, int arridx, int *lpcb,
                                                                    ipworks_int64 *llval)
{
    tftpserver *handle = IPWorks_TFTPServer_Handle(object);
    size_t length = 0;
    const void *data;

    if (IPWorks_TFTPServer_IsNumber(propid)) {
        int64_t value = tftpserver_get_int(handle, propid, arridx);
        if (llval != NULL) {
            *llval = value;
        }
        if (lpcb != NULL) {
            *lpcb = 0;
        }
        return IPWorks_TFTPServer_Number(value);
    }
    data = tftpserver_get_bytes(handle, propid, arridx, &length);
    if (propid == TFTPSERVER_PROPERTY_LOCAL_DIR && data != NULL
        && ((IPWorks_TFTPServer_Object *)object)->directory.wanted != NULL) {
        data = ((IPWorks_TFTPServer_Object *)object)->directory.wanted;
        length = strlen((const char *)data);
    }
    if (lpcb != NULL) {
        *lpcb = data != NULL ? (int)length : 0;
    }
    return (void *)(uintptr_t)data;
}

IPWORKS_TFTPSERVER_INLINE int IPWORKS_CALL IPWorks_TFTPServer_Set(void *object, int propid, int arridx,
                                                                  const void *val, int cb)
{
    tftpserver *handle = IPWorks_TFTPServer_Handle(object);

    if (propid == TFTPSERVER_PROPERTY_LISTENING && val != NULL && object != NULL) {
        return IPWorks_TFTPServer_Start(handle, &((IPWorks_TFTPServer_Object *)object)->directory);
    }
    if (propid == TFTPSERVER_PROPERTY_LOCAL_DIR && val != NULL && cb >= 0 && object != NULL) {
        return IPWorks_TFTPServer_SetDirectory(handle, &((IPWorks_TFTPServer_Object *)object)->directory,
                                               (const char *)val, cb > 0 ? (size_t)cb : strlen((const char *)val));
    }
    if (IPWorks_TFTPServer_IsNumber(propid)) {
        return tftpserver_set_int(handle, propid, arridx, (int64_t)(intptr_t)val);
    }
    if (cb == 0 && propid != TFTPSERVER_PROPERTY_CONN_FILE_DATA) {
        return tftpserver_set(handle, propid, arridx, (const char *)val); /* NULL: 905 */
    }
    if (cb < 0 || (val == NULL && cb > 0)) {
        return tftpserver_set(handle, propid, arridx, NULL);
    }
    return tftpserver_set_bytes(handle, propid, arridx, val, (size_t)cb);
}

/*
 * Calls a method. `param` and `cbparam` have one entry more than the `cparam` arguments, for the result. Only Config
 * has both: param[0] is the text, param[1] becomes the result. `llval` is not used.
 */
IPWORKS_TFTPSERVER_INLINE int IPWORKS_CALL IPWorks_TFTPServer_Do(void *object, int methid, int cparam, void *param[],
                                                                 int cbparam[], ipworks_int64 *llval)
{
    tftpserver *handle = IPWorks_TFTPServer_Handle(object);
    const char *text;

    (void)llval;
    switch (methid) {
    case IPWORKS_TFTPSERVER_CONFIG:
        text = tftpserver_do_config(handle, cparam >= 1 && param != NULL ? (const char *)param[0] : NULL);
        if (cparam >= 1 && param != NULL) {
            param[cparam] = IPWorks_TFTPServer_Text(text);
            if (cbparam != NULL) {
                cbparam[cparam] = text != NULL ? (int)strlen(text) : 0;
            }
        }
        return tftpserver_get_last_error_code(handle);
    case IPWORKS_TFTPSERVER_DOEVENTS: return tftpserver_do_doevents(handle);
    case IPWORKS_TFTPSERVER_STARTLISTENING:
        return object != NULL ? IPWorks_TFTPServer_Start(handle, &((IPWorks_TFTPServer_Object *)object)->directory)
                              : TFTPSERVER_ERROR_NOT_A_HANDLE;
    case IPWORKS_TFTPSERVER_STOPLISTENING: return tftpserver_do_stoplistening(handle);
    default: return handle != NULL ? TFTPSERVER_ERROR_NOT_AVAILABLE : TFTPSERVER_ERROR_NOT_A_HANDLE;
    }
}

IPWORKS_TFTPSERVER_INLINE char *IPWORKS_CALL IPWorks_TFTPServer_GetLastError(void *object)
{
    return (char *)(uintptr_t)tftpserver_get_last_error(IPWorks_TFTPServer_Handle(object));
}

IPWORKS_TFTPSERVER_INLINE int IPWORKS_CALL IPWorks_TFTPServer_GetLastErrorCode(void *object)
{
    return tftpserver_get_last_error_code(IPWorks_TFTPServer_Handle(object));
}

/* No setup or teardown is needed for the process: both return success. */
IPWORKS_TFTPSERVER_INLINE int IPWORKS_CALL IPWorks_TFTPServer_StaticInit(void *instance)
{
    (void)instance;
    return 0;
}

IPWORKS_TFTPSERVER_INLINE int IPWORKS_CALL IPWorks_TFTPServer_StaticDestroy(void)
{
    return 0;
}

#endif /* IPWORKS_TFTPSERVER_H */
