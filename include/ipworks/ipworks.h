/*
 * The class TFTPServer for programs written for IPWorks TFTPServer, over libtftpserver. Derive from it, override the
 * Fire... handlers, call StartListening, and DoEvents in a loop. C++11 or newer; no library but libtftpserver.
 *
 *     #include <ipworks/ipworks.h>
 *     c++ program.cpp $(pkg-config --cflags --libs tftpserver)
 *
 * This is libtftpserver's own work, compatible with programs written for IPWorks TFTPServer. It is neither made nor
 * endorsed by the maker of IPWorks. New programs use tftpserver.hpp.
 *
 * PORTING
 *
 * Programs with `#include "../../include/ipworks.h"` that link with -lipworks are built unchanged with the files in
 * bindings/cpp/compat of the sources; its README.md describes how. These files are not installed, so that they cannot
 * replace the vendor's own.
 *
 * The older C layer is in ipworks_tftpserver.h, which this header includes.
 *
 * CONVENTIONS
 *
 *  - Setters and methods return 0 or an error number; GetLastError then returns its text.
 *  - Getters of text never return NULL: they return "" on failure, and GetLastErrorCode the error number. The text is
 *    valid until the same getter of the same object has been called eight more times. Setting NULL is error 905.
 *  - An index is a connection id as in the events, or a position from 0 to ConnCount - 1.
 *  - Every event is registered, so nothing is served unless DoEvents is called. A handler returns 0; any other value
 *    ends that connection.
 *  - A LocalDir that does not exist is stored and checked again by StartListening, which fails if it still does not
 *    exist. While listening, setting such a LocalDir fails.
 *  - An upload goes to LocalDir or ConnLocalFile. The handlers receive it instead only if SetLocalDir was never called:
 *    then override FireTransfer, because the default FireTransfer ends the connection. If LocalDir was set to "" or to
 *    an invalid value, uploads fail with 127 or 128 whatever FireTransfer returns, because it may only show progress.
 *  - An exception that leaves a handler ends that connection, and DoEvents rethrows it. Undelivered events stay pending
 *    for the next DoEvents.
 *  - The object may be deleted inside a handler: it stops at once, and is closed when DoEvents returns. It must not be
 *    deleted while another thread is in DoEvents: end that loop first.
 *  - On Windows, every function that takes text also takes wchar_t (UTF-16).
 *  - `int64` is `long long`. Programs with an int64 of another type define IPWORKS_NO_INT64 before they include this
 *    header; the type is then named ipworks_int64 only.
 *  - If the library is older than this header, every call fails with 909.
 */

#ifndef IPWORKS_H
#define IPWORKS_H

#if !defined(__cplusplus) || (__cplusplus < 201103L && !defined(_MSVC_LANG))
#error "ipworks.h needs C++11; C programs include ipworks_tftpserver.h"
#endif

#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <stdio.h>
#include <string>
#include <thread>

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

#include "ipworks_tftpserver.h"

/* A connection was accepted (StatusCode 0), or refused (error number). */
struct TFTPServerConnectedEventParams {
    int ConnectionId;
    int StatusCode;
    const char *Description;
    int reserved;
};

/* A client requests a transfer. Operation: 1 read, 2 write. Set Accept to 0 to refuse. */
struct TFTPServerConnectionRequestEventParams {
    const char *RemoteHost;
    int RemotePort;
    const char *Filename;
    const char *TransferMode;
    int Operation;
    int Accept;
    int reserved;
};

/* A connection ended. */
struct TFTPServerDisconnectedEventParams {
    int ConnectionId;
    int StatusCode;
    const char *Description;
    int reserved;
};

/* A transfer is complete. Direction: 0 the client sends, 1 the server sends. */
struct TFTPServerEndTransferEventParams {
    int ConnectionId;
    int Direction;
    int reserved;
};

/* A transfer or request failed. */
struct TFTPServerErrorEventParams {
    int ErrorCode;
    const char *Description;
    int reserved;
};

/* A log message. LogLevel: 1 Info, 2 Verbose, 3 Debug. */
struct TFTPServerLogEventParams {
    int ConnectionId;
    int LogLevel;
    const char *Message;
    const char *LogType;
    int reserved;
};

/* A transfer begins. */
struct TFTPServerStartTransferEventParams {
    int ConnectionId;
    int Direction;
    int reserved;
};

/* A block was transferred: lenText bytes at Text, binary. PercentDone: -1 if the size is unknown. */
struct TFTPServerTransferEventParams {
    int ConnectionId;
    int Direction;
    ipworks_int64 BytesTransferred;
    int PercentDone;
    const char *Text;
    int lenText;
    int reserved;
};

#if defined(__cpp_exceptions) || defined(__EXCEPTIONS) || defined(_CPPUNWIND)
#define IPWORKS_TFTPSERVER_TRY try
#define IPWORKS_TFTPSERVER_CATCH_ALL catch (...)
#else
#define IPWORKS_TFTPSERVER_TRY if (true)
#define IPWORKS_TFTPSERVER_CATCH_ALL else
#endif

class TFTPServer {
public:
    /* A license key is accepted and ignored. */
    explicit TFTPServer(const char *key = NULL) : core_(std::make_shared<core>())
    {
        (void)key;
        core_->owner = this;
        core_->process = process_id();
        core_->fits = IPWorks_TFTPServer_LibraryFits() != 0;
        core_->handle = core_->fits ? tftpserver_open() : NULL;
        for (int event = TFTPSERVER_EVENT_CONNECTED; event <= TFTPSERVER_EVENT_TRANSFER; event++) {
            tftpserver_register_callback(core_->handle, event, &TFTPServer::receive, core_.get());
        }
    }

    virtual ~TFTPServer() { release(); }

    TFTPServer(const TFTPServer &) = delete;
    TFTPServer &operator=(const TFTPServer &) = delete;

    /* ---- handlers ---- */

    virtual int FireConnected(TFTPServerConnectedEventParams *e) { return (void)e, 0; }
    virtual int FireConnectionRequest(TFTPServerConnectionRequestEventParams *e) { return (void)e, 0; }
    virtual int FireDisconnected(TFTPServerDisconnectedEventParams *e) { return (void)e, 0; }
    virtual int FireEndTransfer(TFTPServerEndTransferEventParams *e) { return (void)e, 0; }
    virtual int FireError(TFTPServerErrorEventParams *e) { return (void)e, 0; }
    virtual int FireLog(TFTPServerLogEventParams *e) { return (void)e, 0; }
    virtual int FireStartTransfer(TFTPServerStartTransferEventParams *e) { return (void)e, 0; }
    virtual int FireTransfer(TFTPServerTransferEventParams *e)
    {
        bool first = e->Direction == TFTPSERVER_DIRECTION_UPLOAD && e->BytesTransferred == e->lenText;
        return first && GetLocalDir()[0] == '\0' && GetConnLocalFile(e->ConnectionId)[0] == '\0'
            ? TFTPSERVER_ERROR_NO_LOCAL_FILE /* the data would be lost */
            : 0;
    }

    /* ---- about the object ---- */

    char *GetLastError()
    {
        return core_->fits ? keep(slot_error, tftpserver_get_last_error(core_->handle))
                           : keep(slot_error, "libtftpserver is older than this program needs, which was built for "
                                              TFTPSERVER_VERSION_STRING ".");
    }
    int GetLastErrorCode() { return told(tftpserver_get_last_error_code(core_->handle)); }
    char *VERSION() { return text(TFTPSERVER_PROPERTY_VERSION, 0); }
    /* No license is needed: the value is stored and returned. */
    char *GetRuntimeLicense()
    {
        return keep(slot_license, tftpserver_get(core_->handle, TFTPSERVER_PROPERTY_RUNTIME_LICENSE, 0));
    }
    int SetRuntimeLicense(const char *license)
    {
        return set(TFTPSERVER_PROPERTY_RUNTIME_LICENSE, license != NULL ? license : "", 0);
    }

    /* ---- connections ---- */

    int GetConnCount() { return number(TFTPSERVER_PROPERTY_CONN_COUNT); }
    char *GetConnConnectionId(int index) { return text(TFTPSERVER_PROPERTY_CONN_CONNECTION_ID, index); }
    /* The data is binary, followed by a NUL that its length does not count. NULL and 0 on failure. */
    int GetConnFileData(int index, char *&data, int &length)
    {
        size_t size = 0;
        const void *bytes = tftpserver_get_bytes(core_->handle, TFTPSERVER_PROPERTY_CONN_FILE_DATA, index, &size);
        data = NULL;
        length = 0;
        if (bytes == NULL) {
            return GetLastErrorCode();
        }
        data = keep(TFTPSERVER_PROPERTY_CONN_FILE_DATA, static_cast<const char *>(bytes), size);
        length = static_cast<int>(size);
        return 0;
    }
    int SetConnFileData(int index, const char *data, int length)
    {
        if (length < 0 || (data == NULL && length > 0)) {
            return told(tftpserver_set(core_->handle, TFTPSERVER_PROPERTY_CONN_FILE_DATA, index, NULL)); /* 905 */
        }
        return told(tftpserver_set_bytes(core_->handle, TFTPSERVER_PROPERTY_CONN_FILE_DATA, index, data,
                                         static_cast<size_t>(length)));
    }
    char *GetConnFilename(int index) { return text(TFTPSERVER_PROPERTY_CONN_FILENAME, index); }
    char *GetConnLocalFile(int index) { return text(TFTPSERVER_PROPERTY_CONN_LOCAL_FILE, index); }
    int SetConnLocalFile(int index, const char *path) { return set(TFTPSERVER_PROPERTY_CONN_LOCAL_FILE, path, index); }
    char *GetConnRemoteHost(int index) { return text(TFTPSERVER_PROPERTY_CONN_REMOTE_HOST, index); }
    int GetConnRemotePort(int index) { return number(TFTPSERVER_PROPERTY_CONN_REMOTE_PORT, index); }
    char *GetConnTransferMode(int index) { return text(TFTPSERVER_PROPERTY_CONN_TRANSFER_MODE, index); }

    /* ---- the server ---- */

    int GetListening() { return number(TFTPSERVER_PROPERTY_LISTENING); }
    int SetListening(int on) { return on != 0 ? StartListening() : StopListening(); }
    char *GetLocalDir()
    {
        const char *now = tftpserver_get(core_->handle, TFTPSERVER_PROPERTY_LOCAL_DIR, 0);
        std::string wanted;
        {
            std::lock_guard<std::mutex> lock(core_->mutex);
            wanted = now != NULL && core_->directory.wanted != NULL ? core_->directory.wanted : now != NULL ? now : "";
        }
        return keep(TFTPSERVER_PROPERTY_LOCAL_DIR, wanted.c_str());
    }
    int SetLocalDir(const char *path)
    {
        std::lock_guard<std::mutex> lock(core_->mutex);
        return path == NULL
            ? set(TFTPSERVER_PROPERTY_LOCAL_DIR, NULL, 0) /* 905 */
            : told(IPWorks_TFTPServer_SetDirectory(core_->handle, &core_->directory, path, strlen(path)));
    }
    char *GetLocalHost() { return text(TFTPSERVER_PROPERTY_LOCAL_HOST, 0); }
    int SetLocalHost(const char *host) { return set(TFTPSERVER_PROPERTY_LOCAL_HOST, host, 0); }
    int GetLocalPort() { return number(TFTPSERVER_PROPERTY_LOCAL_PORT); }
    int SetLocalPort(int port) { return set(TFTPSERVER_PROPERTY_LOCAL_PORT, port); }
    int GetMaxRetransmits() { return number(TFTPSERVER_PROPERTY_MAX_RETRANSMITS); }
    int SetMaxRetransmits(int count) { return set(TFTPSERVER_PROPERTY_MAX_RETRANSMITS, count); }
    int GetRetransmitTimeout() { return number(TFTPSERVER_PROPERTY_RETRANSMIT_TIMEOUT); }
    int SetRetransmitTimeout(int seconds) { return set(TFTPSERVER_PROPERTY_RETRANSMIT_TIMEOUT, seconds); }
    int GetTimeout() { return number(TFTPSERVER_PROPERTY_TIMEOUT); }
    int SetTimeout(int seconds) { return set(TFTPSERVER_PROPERTY_TIMEOUT, seconds); }

    /* Returns a setting ("NAME"), or sets it and returns "" ("NAME=VALUE"). */
    char *Config(const char *setting) { return keep(slot_config, tftpserver_do_config(core_->handle, setting)); }
    int StartListening()
    {
        std::lock_guard<std::mutex> lock(core_->mutex);
        return told(IPWorks_TFTPServer_Start(core_->handle, &core_->directory));
    }
    int StopListening() { return told(tftpserver_do_stoplistening(core_->handle)); }
    /* Stops listening and ends every transfer. */
    int Shutdown() { return told(tftpserver_do_shutdown(core_->handle)); }

    /* Calls the handlers of the pending events; waits for the first, at most for the setting SelectWaitMillis. */
    int DoEvents()
    {
        std::shared_ptr<core> self = core_; /* a handler may delete this object */
        std::exception_ptr thrown;
        int code;
        {
            frame own(*self);
            code = tftpserver_do_doevents(self->handle);
            thrown = own.thrown;
        }
#if defined(__cpp_exceptions) || defined(__EXCEPTIONS) || defined(_CPPUNWIND)
        if (thrown) {
            std::rethrow_exception(thrown);
        }
#endif
        return self->fits ? code : static_cast<int>(TFTPSERVER_ERROR_NOT_AVAILABLE);
    }

#if defined(_WIN32) || defined(IPWORKS_WCHAR_T)
    /* ---- the same with UTF-16 ---- */

    int SetRuntimeLicense(const wchar_t *license) { return SetRuntimeLicense(utf8(license)); }
    int SetConnLocalFile(int index, const wchar_t *path) { return SetConnLocalFile(index, utf8(path)); }
    int SetLocalDir(const wchar_t *path) { return SetLocalDir(utf8(path)); }
    int SetLocalHost(const wchar_t *host) { return SetLocalHost(utf8(host)); }
    char *Config(const wchar_t *setting) { return Config(utf8(setting)); }
#endif

private:
    enum { slot_config = 18, slot_error, slot_license, slots, kept_texts = 8 };

    struct frame;

    /* The context of the library's callbacks; outlives the object if that is deleted inside a handler. */
    struct core {
        tftpserver *handle;
        TFTPServer *owner;
        long process;
        bool fits;
        std::mutex mutex; /* protects the members below */
        frame *running; /* the latest one; frame::next links the others */
        IPWorks_TFTPServer_Directory directory;
        std::string texts[slots][kept_texts]; /* the latest results of getters: one expression may use several */
        unsigned turn[slots];

        core() : handle(NULL), owner(NULL), process(0), fits(false), running(NULL), directory(), turn() {}
        core(const core &) = delete;
        core &operator=(const core &) = delete;
        ~core() { free(directory.wanted); }
    };

    /* A running DoEvents. Not a thread_local, because each shared object may have its own. */
    struct frame {
        core &server;
        const std::thread::id thread;
        std::exception_ptr thrown;
        frame *next;

        explicit frame(core &self) : server(self), thread(std::this_thread::get_id()), next(NULL)
        {
            std::lock_guard<std::mutex> lock(server.mutex);
            next = server.running;
            server.running = this;
        }
        frame(const frame &) = delete;
        frame &operator=(const frame &) = delete;
        ~frame()
        {
            std::lock_guard<std::mutex> lock(server.mutex);
            frame **place = &server.running;
            while (*place != this) {
                place = &(*place)->next;
            }
            *place = next;
        }
    };

    static long process_id()
    {
#if defined(__unix__) || defined(__APPLE__)
        return static_cast<long>(::getpid());
#else
        return 0;
#endif
    }

    void release()
    {
        /* In a child process the server belongs to the parent. */
        if (core_->process == process_id()
            && tftpserver_close(core_->handle) == TFTPSERVER_ERROR_INSIDE_CALLBACK) {
            core_->owner = NULL;
            tftpserver_release(core_->handle);
        }
    }

    /* Converts UTF-16, or the encoding of Unit, to UTF-8. An unpaired surrogate becomes bytes that the library
     * rejects. */
    template <class Unit> static std::string utf8_of(const Unit *text)
    {
        std::string converted;
        while (*text != 0) {
            unsigned long point = static_cast<unsigned long>(*text++) & (sizeof(Unit) == 2 ? 0xfffful : 0xfffffffful);
            unsigned long low = static_cast<unsigned long>(*text) & 0xfffful;
            if (sizeof(Unit) == 2 && point >= 0xd800 && point < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
                point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
                text++;
            }
            if (point < 0x80) {
                converted += static_cast<char>(point);
                continue;
            }
            int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
            converted += static_cast<char>((0xff00ul >> (more + 1) & 0xff) | point >> (6 * more));
            while (more-- > 0) {
                converted += static_cast<char>(0x80 | (point >> (6 * more) & 0x3f));
            }
        }
        return converted;
    }

    /* Returns text for a call in the same expression; NULL for NULL. */
    class utf8 {
    public:
        explicit utf8(const wchar_t *text)
            : text_(text != NULL ? utf8_of(text) : std::string()), is_null_(text == NULL)
        {
        }
        operator const char *() const { return is_null_ ? NULL : text_.c_str(); }

    private:
        std::string text_;
        bool is_null_;
    };

    int told(int code) const { return core_->fits ? code : static_cast<int>(TFTPSERVER_ERROR_NOT_AVAILABLE); }

    static char *writable(std::string &text) { return &text[0]; }

    char *keep(int slot, const char *text, size_t length)
    {
        std::lock_guard<std::mutex> lock(core_->mutex);
        std::string &place = core_->texts[slot][core_->turn[slot]++ % kept_texts];
        place.assign(text, length);
        return writable(place);
    }

    char *keep(int slot, const char *text)
    {
        return text != NULL ? keep(slot, text, strlen(text)) : keep(slot, "", 0);
    }

    char *text(int property, int index) { return keep(property, tftpserver_get(core_->handle, property, index)); }

    int number(int property, int index = 0)
    {
        return static_cast<int>(tftpserver_get_int(core_->handle, property, index));
    }

    int set(int property, const char *value, int index)
    {
        return told(tftpserver_set(core_->handle, property, index, value));
    }

    int set(int property, int value) { return told(tftpserver_set_int(core_->handle, property, 0, value)); }

    /* Called by the C library. No exception may leave it. */
    static int32_t receive(tftpserver *handle, tftpserver_event *event, void *context)
    {
        core *self = static_cast<core *>(context);
        if (self->owner == NULL) {
            return TFTPSERVER_ERROR_ABORTED;
        }
        IPWORKS_TFTPSERVER_TRY
        {
            if (event->id != TFTPSERVER_EVENT_CONNECTED || event->data.connected.status_code != 0) {
                return self->owner->dispatch(event);
            }
            std::shared_ptr<core> kept = self->owner->core_; /* the handler may delete the object */
            int result = self->owner->dispatch(event);
            if (result == 0) {
                std::lock_guard<std::mutex> lock(kept->mutex);
                IPWorks_TFTPServer_Guard(handle, &kept->directory, event->data.connected.connection_id);
            }
            return result;
        }
        IPWORKS_TFTPSERVER_CATCH_ALL
        {
            keep_exception(self);
            tftpserver_do_interrupt(handle); /* let DoEvents return, and throw, at once */
        }
        return TFTPSERVER_ERROR_ABORTED;
    }

    static void keep_exception(core *self)
    {
        std::lock_guard<std::mutex> lock(self->mutex);
        frame *found = self->running;
        while (found != NULL && found->thread != std::this_thread::get_id()) {
            found = found->next;
        }
        if (found == NULL) {
            std::terminate(); /* tftpserver_do_doevents was called directly: the exception cannot be rethrown */
        }
        found->thrown = std::current_exception();
    }

    int dispatch(tftpserver_event *event)
    {
        switch (event->id) {
        case TFTPSERVER_EVENT_CONNECTED: {
            const tftpserver_connected_event &from = event->data.connected;
            TFTPServerConnectedEventParams e = {from.connection_id, from.status_code, from.description, 0};
            return FireConnected(&e);
        }
        case TFTPSERVER_EVENT_CONNECTION_REQUEST: {
            tftpserver_connection_request_event &from = event->data.connection_request;
            TFTPServerConnectionRequestEventParams e = {from.remote_host, from.remote_port, from.filename,
                                                        from.transfer_mode, from.operation, from.accept, 0};
            int result = FireConnectionRequest(&e);
            from.accept = e.Accept != 0;
            return result;
        }
        case TFTPSERVER_EVENT_DISCONNECTED: {
            const tftpserver_disconnected_event &from = event->data.disconnected;
            TFTPServerDisconnectedEventParams e = {from.connection_id, from.status_code, from.description, 0};
            return FireDisconnected(&e);
        }
        case TFTPSERVER_EVENT_END_TRANSFER: {
            const tftpserver_end_transfer_event &from = event->data.end_transfer;
            TFTPServerEndTransferEventParams e = {from.connection_id, from.direction, 0};
            return FireEndTransfer(&e);
        }
        case TFTPSERVER_EVENT_ERROR: {
            const tftpserver_error_event &from = event->data.error;
            TFTPServerErrorEventParams e = {from.error_code, from.description, 0};
            return FireError(&e);
        }
        case TFTPSERVER_EVENT_LOG: {
            const tftpserver_log_event &from = event->data.log;
            TFTPServerLogEventParams e = {from.connection_id, from.log_level, from.message, from.log_type, 0};
            return FireLog(&e);
        }
        case TFTPSERVER_EVENT_START_TRANSFER: {
            const tftpserver_start_transfer_event &from = event->data.start_transfer;
            TFTPServerStartTransferEventParams e = {from.connection_id, from.direction, 0};
            return FireStartTransfer(&e);
        }
        case TFTPSERVER_EVENT_TRANSFER: {
            const tftpserver_transfer_event &from = event->data.transfer;
            TFTPServerTransferEventParams e = {from.connection_id, from.direction, from.bytes_transferred,
                                               from.percent_done, reinterpret_cast<const char *>(from.text),
                                               static_cast<int>(from.text_length), 0};
            return FireTransfer(&e);
        }
        default: return 0; /* an event of a later library */
        }
    }

    std::shared_ptr<core> core_;
};

#endif /* IPWORKS_H */
