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
 * Programs that say `#include "../../include/ipworks.h"` and link with -lipworks are built as they are with the files
 * in bindings/cpp/compat of the sources; its README.md says how. They are not installed, so that they cannot take the
 * place of the vendor's own.
 *
 * The older C layer is in ipworks_tftpserver.h, which this header includes.
 *
 * CONVENTIONS
 *
 *  - Setters and methods return 0, or an error number; then GetLastError has its text.
 *  - Getters of text never return NULL: "" where they fail, and GetLastErrorCode tells why. The text stays valid until
 *    the same getter of the same object was called eight times more. NULL as a value to set is error 905.
 *  - An index is a connection id, as events carry it, or a position from 0 to ConnCount - 1.
 *  - Every event is asked for, so nothing is served unless DoEvents is called. A handler returns 0; any other value
 *    ends that connection.
 *  - A LocalDir that does not exist is kept and looked at when listening starts, which then fails if it is still not
 *    there. While listening it is refused.
 *  - An upload goes to LocalDir or ConnLocalFile. Only where SetLocalDir was never called is it the handlers' own to
 *    keep: override FireTransfer for it; the handler that is there otherwise ends it. Where LocalDir was set and is not
 *    valid, or is "", uploads fail with 127 or 128, whatever FireTransfer does, for it may only watch the progress.
 *  - An exception that leaves a handler ends that connection and comes out of DoEvents; events that were not delivered
 *    wait for the next one.
 *  - Deleting the object inside a handler is allowed: it stops at once, and is closed when DoEvents returns. While
 *    another thread is in DoEvents, the object is not to be deleted: end that loop first.
 *  - On Windows, what takes text also takes wchar_t (UTF-16).
 *  - `int64` is `long long`. Programs that have an int64 of another type define IPWORKS_NO_INT64 before they include
 *    this header: it then has the name ipworks_int64 alone.
 *  - A library that is older than this header: every call fails with 909.
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

/* A connection was accepted (StatusCode 0), or failed (its error number). */
struct TFTPServerConnectedEventParams {
    int ConnectionId;
    int StatusCode;
    const char *Description;
    int reserved;
};

/* A client asks for a file. Operation: 1 read, 2 write. Set Accept to 0 to refuse. */
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

/* A file was transferred whole. Direction: 0 the client sends, 1 the server sends. */
struct TFTPServerEndTransferEventParams {
    int ConnectionId;
    int Direction;
    int reserved;
};

/* Something failed. */
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

/* A block was transferred: lenText bytes at Text, binary. PercentDone: -1 where the size is not known. */
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
    /* A key, or whatever a program passes here, is taken and ignored. */
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
            ? TFTPSERVER_ERROR_NO_LOCAL_FILE /* nobody would keep the data */
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
    /* No license is needed: what is set is kept and returned. */
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
    /* The data is binary; a NUL that does not count follows it. NULL and 0 where it fails. */
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

    /* "NAME" reads a setting, "NAME=VALUE" sets it and returns "". */
    char *Config(const char *setting) { return keep(slot_config, tftpserver_do_config(core_->handle, setting)); }
    int StartListening()
    {
        std::lock_guard<std::mutex> lock(core_->mutex);
        return told(IPWorks_TFTPServer_Start(core_->handle, &core_->directory));
    }
    int StopListening() { return told(tftpserver_do_stoplistening(core_->handle)); }
    /* Stops to listen and ends every transfer. */
    int Shutdown() { return told(tftpserver_do_shutdown(core_->handle)); }

    /* Calls the handlers of the events that wait; waits for one up to the setting SelectWaitMillis. */
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

    /* What the library's callbacks are given; outlives the object where that is deleted inside a handler. */
    struct core {
        tftpserver *handle;
        TFTPServer *owner;
        long process;
        bool fits;
        std::mutex mutex; /* of what follows */
        frame *running; /* the latest; others follow in frame::next */
        IPWorks_TFTPServer_Directory directory;
        std::string texts[slots][kept_texts]; /* what getters returned last: one expression may use several */
        unsigned turn[slots];

        core() : handle(NULL), owner(NULL), process(0), fits(false), running(NULL), directory(), turn() {}
        core(const core &) = delete;
        core &operator=(const core &) = delete;
        ~core() { free(directory.wanted); }
    };

    /* A DoEvents that is under way. No thread_local tells it, because each shared object may have one of its own. */
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
        /* In a child process the server is the parent's. */
        if (core_->process == process_id()
            && tftpserver_close(core_->handle) == TFTPSERVER_ERROR_INSIDE_CALLBACK) {
            core_->owner = NULL;
            tftpserver_release(core_->handle);
        }
    }

    /* UTF-16, or what else Unit holds, as UTF-8; half of a pair becomes what the library refuses. */
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

    /* For a call in the same expression; NULL for NULL. */
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

    /* How the C side calls in. Nothing may be thrown through it. */
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
            std::terminate(); /* somebody called tftpserver_do_doevents: the exception has nowhere to go */
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
        default: return 0; /* a later library's */
        }
    }

    std::shared_ptr<core> core_;
};

#endif /* IPWORKS_H */
