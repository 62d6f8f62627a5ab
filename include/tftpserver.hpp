/*
 * libtftpserver in C++17: one header over tftpserver.h, which is the manual of everything that is not said here.
 *
 * QUICK START
 *
 *     #include <iostream>
 *     #include <tftpserver.hpp>
 *
 *     int main()
 *     {
 *         tftp::server server;
 *         server.set_local_dir("/srv/tftp");
 *         server.set_local_port(6969);
 *         server.on_disconnected = [](const tftp::disconnected_event &e) {
 *             std::cout << e.connection_id << ": " << e.description << std::endl;
 *         };
 *         server.start_listening();
 *         for (;;)
 *             server.do_events();
 *     }
 *
 *     c++ -std=c++17 serve.cpp $(pkg-config --cflags --libs tftpserver)
 *
 * The namespace is `tftp`, because the C interface has the name `tftpserver` already: it is the type of a handle.
 *
 * TWO WAYS TO HANDLE EVENTS
 *
 *  - `tftp::server` has a member for each event: `server.on_log = lambda`. Only events that have a handler are asked
 *    for, so a server without handlers serves its directory on its own threads, and do_events need not be called.
 *  - `tftp::server_base` is there to derive from: override `FireLog` and its sisters. It asks for every event, or for
 *    those that its constructor names, so do_events must be called.
 *
 * A handler takes its event by reference. Handlers of `on_x` may also take the server first, which keeps them right
 * when the server is moved: `[](tftp::server &server, tftp::connected_event &e) { ... }`. They return nothing, or an
 * int: any value but 0 ends that connection, its client gets a TFTP ERROR, and its Disconnected tells 10053.
 *
 * Handlers run inside do_events, on the thread that calls it, one at a time.
 *
 * ERRORS
 *
 * What fails throws `tftp::error`, a std::system_error: code() is the library's number in the category "tftpserver",
 * to be compared with `tftp::errc::address_in_use` or, where the standard has the like, with
 * `std::errc::address_in_use`; what() is the library's sentence. Methods that act can be called with a
 * std::error_code instead and do not throw then. A call that fails changes nothing.
 *
 * EXCEPTIONS FROM HANDLERS
 *
 * An exception that leaves a handler ends the handler's connection as a value other than 0 does, stops the delivery of
 * events, and comes out of do_events, that with a std::error_code too. The server goes on; events that were not
 * delivered wait for the next do_events. (Through tftpserver_do_doevents, called directly on handle(), there is no way
 * out for an exception: std::terminate is called.)
 *
 * LIFETIME
 *
 * A server can be moved, not copied; its handlers, and the overrides of a derived class, move along, also while it
 * serves. A server that was moved from has no handle: whatever is called on it fails with 901. So does everything after
 * close(), but the destructor.
 *
 * close() inside a handler (of any server) fails with 907. Destroying a server inside a handler, its own included, is
 * allowed: it stops at once, calls no handler any more, and is closed when the do_events that is under way returns.
 *
 * A derived class whose do_events runs on another thread calls close() in its own destructor: it waits until no handler
 * runs. `tftp::server` does so itself. A server that comes through a fork is the parent's: in the child it may only be
 * destroyed, which does nothing.
 *
 * THREADS
 *
 * Every method may be called from any thread at any time. Not so moving, destroying, and assigning to `on_x`: these
 * need that no other thread uses the object, or, for `on_x`, is inside do_events.
 *
 * MEMORY
 *
 * Methods return copies. What an event points to lives until its handler returns; its texts end with a NUL.
 */

#ifndef TFTPSERVER_HPP
#define TFTPSERVER_HPP

#if defined(_MSVC_LANG) ? _MSVC_LANG < 201703L : __cplusplus < 201703L
#error "tftpserver.hpp needs C++17"
#endif

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

#include "tftpserver.h"

namespace tftp {

/* ---- errors ---- */

/** The library's error numbers: the same as TFTPSERVER_ERROR_..., which say more about each. */
enum class errc : int {
    packet_too_large = TFTPSERVER_ERROR_PACKET_TOO_LARGE,
    wrong_response_type = TFTPSERVER_ERROR_WRONG_RESPONSE_TYPE,
    client_error = TFTPSERVER_ERROR_CLIENT_ERROR,
    invalid_response = TFTPSERVER_ERROR_INVALID_RESPONSE,
    no_local_file = TFTPSERVER_ERROR_NO_LOCAL_FILE,
    cannot_open_file = TFTPSERVER_ERROR_CANNOT_OPEN_FILE,
    cannot_write_file = TFTPSERVER_ERROR_CANNOT_WRITE_FILE,
    cannot_read_file = TFTPSERVER_ERROR_CANNOT_READ_FILE,
    busy = TFTPSERVER_ERROR_BUSY,
    timeout = TFTPSERVER_ERROR_TIMEOUT,
    server_error = TFTPSERVER_ERROR_SERVER_ERROR,
    wrong_or_invalid_response_type = TFTPSERVER_ERROR_WRONG_OR_INVALID_RESPONSE_TYPE,
    invalid_response_from_server = TFTPSERVER_ERROR_INVALID_RESPONSE_FROM_SERVER,
    already_active = TFTPSERVER_ERROR_ALREADY_ACTIVE,
    local_port_locked = TFTPSERVER_ERROR_LOCAL_PORT_LOCKED,
    local_host_locked = TFTPSERVER_ERROR_LOCAL_HOST_LOCKED,
    not_active = TFTPSERVER_ERROR_NOT_ACTIVE,
    max_packet_size_locked = TFTPSERVER_ERROR_MAX_PACKET_SIZE_LOCKED,
    share_local_port_locked = TFTPSERVER_ERROR_SHARE_LOCAL_PORT_LOCKED,
    remote_host_locked = TFTPSERVER_ERROR_REMOTE_HOST_LOCKED,
    remote_port_locked = TFTPSERVER_ERROR_REMOTE_PORT_LOCKED,
    remote_port_zero = TFTPSERVER_ERROR_REMOTE_PORT_ZERO,
    use_connection_locked = TFTPSERVER_ERROR_USE_CONNECTION_LOCKED,
    message_too_long = TFTPSERVER_ERROR_MESSAGE_TOO_LONG,
    message_too_short = TFTPSERVER_ERROR_MESSAGE_TOO_SHORT,
    code_page = TFTPSERVER_ERROR_CODE_PAGE,
    security_library = TFTPSERVER_ERROR_SECURITY_LIBRARY,
    certificate_store = TFTPSERVER_ERROR_CERTIFICATE_STORE,
    certificate_not_found = TFTPSERVER_ERROR_CERTIFICATE_NOT_FOUND,
    security_credentials = TFTPSERVER_ERROR_SECURITY_CREDENTIALS,
    certificate_chain = TFTPSERVER_ERROR_CERTIFICATE_CHAIN,
    certificate_chain_invalid = TFTPSERVER_ERROR_CERTIFICATE_CHAIN_INVALID,
    handshake = TFTPSERVER_ERROR_HANDSHAKE,
    certificate_invalid = TFTPSERVER_ERROR_CERTIFICATE_INVALID,
    no_client_certificate = TFTPSERVER_ERROR_NO_CLIENT_CERTIFICATE,
    no_server_certificate = TFTPSERVER_ERROR_NO_SERVER_CERTIFICATE,
    encrypt = TFTPSERVER_ERROR_ENCRYPT,
    decrypt = TFTPSERVER_ERROR_DECRYPT,
    interrupted = TFTPSERVER_ERROR_INTERRUPTED,
    bad_file = TFTPSERVER_ERROR_BAD_FILE,
    access_denied = TFTPSERVER_ERROR_ACCESS_DENIED,
    bad_address = TFTPSERVER_ERROR_BAD_ADDRESS,
    invalid_argument = TFTPSERVER_ERROR_INVALID_ARGUMENT,
    too_many_files = TFTPSERVER_ERROR_TOO_MANY_FILES,
    would_block = TFTPSERVER_ERROR_WOULD_BLOCK,
    in_progress = TFTPSERVER_ERROR_IN_PROGRESS,
    already_in_progress = TFTPSERVER_ERROR_ALREADY_IN_PROGRESS,
    not_a_socket = TFTPSERVER_ERROR_NOT_A_SOCKET,
    destination_required = TFTPSERVER_ERROR_DESTINATION_REQUIRED,
    datagram_too_long = TFTPSERVER_ERROR_DATAGRAM_TOO_LONG,
    wrong_protocol_type = TFTPSERVER_ERROR_WRONG_PROTOCOL_TYPE,
    bad_protocol_option = TFTPSERVER_ERROR_BAD_PROTOCOL_OPTION,
    protocol_not_supported = TFTPSERVER_ERROR_PROTOCOL_NOT_SUPPORTED,
    socket_type_not_supported = TFTPSERVER_ERROR_SOCKET_TYPE_NOT_SUPPORTED,
    operation_not_supported = TFTPSERVER_ERROR_OPERATION_NOT_SUPPORTED,
    protocol_family_not_supported = TFTPSERVER_ERROR_PROTOCOL_FAMILY_NOT_SUPPORTED,
    address_family_not_supported = TFTPSERVER_ERROR_ADDRESS_FAMILY_NOT_SUPPORTED,
    address_in_use = TFTPSERVER_ERROR_ADDRESS_IN_USE,
    address_not_available = TFTPSERVER_ERROR_ADDRESS_NOT_AVAILABLE,
    network_down = TFTPSERVER_ERROR_NETWORK_DOWN,
    network_unreachable = TFTPSERVER_ERROR_NETWORK_UNREACHABLE,
    network_reset = TFTPSERVER_ERROR_NETWORK_RESET,
    aborted = TFTPSERVER_ERROR_ABORTED,
    connection_reset = TFTPSERVER_ERROR_CONNECTION_RESET,
    no_buffer_space = TFTPSERVER_ERROR_NO_BUFFER_SPACE,
    already_connected = TFTPSERVER_ERROR_ALREADY_CONNECTED,
    not_connected = TFTPSERVER_ERROR_NOT_CONNECTED,
    shut_down = TFTPSERVER_ERROR_SHUT_DOWN,
    too_many_references = TFTPSERVER_ERROR_TOO_MANY_REFERENCES,
    connection_timed_out = TFTPSERVER_ERROR_CONNECTION_TIMED_OUT,
    connection_refused = TFTPSERVER_ERROR_CONNECTION_REFUSED,
    too_many_links = TFTPSERVER_ERROR_TOO_MANY_LINKS,
    name_too_long = TFTPSERVER_ERROR_NAME_TOO_LONG,
    host_down = TFTPSERVER_ERROR_HOST_DOWN,
    host_unreachable = TFTPSERVER_ERROR_HOST_UNREACHABLE,
    directory_not_empty = TFTPSERVER_ERROR_DIRECTORY_NOT_EMPTY,
    too_many_processes = TFTPSERVER_ERROR_TOO_MANY_PROCESSES,
    too_many_users = TFTPSERVER_ERROR_TOO_MANY_USERS,
    disk_quota = TFTPSERVER_ERROR_DISK_QUOTA,
    stale_handle = TFTPSERVER_ERROR_STALE_HANDLE,
    too_many_remote_levels = TFTPSERVER_ERROR_TOO_MANY_REMOTE_LEVELS,
    network_unavailable = TFTPSERVER_ERROR_NETWORK_UNAVAILABLE,
    version_out_of_range = TFTPSERVER_ERROR_VERSION_OUT_OF_RANGE,
    not_loaded = TFTPSERVER_ERROR_NOT_LOADED,
    host_not_found = TFTPSERVER_ERROR_HOST_NOT_FOUND,
    host_not_found_try_again = TFTPSERVER_ERROR_HOST_NOT_FOUND_TRY_AGAIN,
    name_server_failure = TFTPSERVER_ERROR_NAME_SERVER_FAILURE,
    no_address = TFTPSERVER_ERROR_NO_ADDRESS,
    not_a_handle = TFTPSERVER_ERROR_NOT_A_HANDLE,
    unknown_property = TFTPSERVER_ERROR_UNKNOWN_PROPERTY,
    index_out_of_range = TFTPSERVER_ERROR_INDEX_OUT_OF_RANGE,
    read_only = TFTPSERVER_ERROR_READ_ONLY,
    invalid_value = TFTPSERVER_ERROR_INVALID_VALUE,
    unknown_setting = TFTPSERVER_ERROR_UNKNOWN_SETTING,
    inside_callback = TFTPSERVER_ERROR_INSIDE_CALLBACK,
    internal = TFTPSERVER_ERROR_INTERNAL,
    not_available = TFTPSERVER_ERROR_NOT_AVAILABLE,
};

namespace detail {

class category_type final : public std::error_category {
public:
    const char *name() const noexcept override { return "tftpserver"; }

    std::string message(int code) const override { return ::tftpserver_strerror(code); }

    /* The like in the standard's own list, where there is one. */
    std::error_condition default_error_condition(int code) const noexcept override
    {
        switch (static_cast<errc>(code)) {
        case errc::interrupted: return std::errc::interrupted;
        case errc::access_denied: return std::errc::permission_denied;
        case errc::bad_address: return std::errc::bad_address;
        case errc::invalid_argument: return std::errc::invalid_argument;
        case errc::invalid_value: return std::errc::invalid_argument;
        case errc::too_many_files: return std::errc::too_many_files_open;
        case errc::would_block: return std::errc::operation_would_block;
        case errc::not_a_socket: return std::errc::not_a_socket;
        case errc::protocol_not_supported: return std::errc::protocol_not_supported;
        case errc::operation_not_supported: return std::errc::operation_not_supported;
        case errc::address_family_not_supported: return std::errc::address_family_not_supported;
        case errc::address_in_use: return std::errc::address_in_use;
        case errc::address_not_available: return std::errc::address_not_available;
        case errc::network_down: return std::errc::network_down;
        case errc::network_unreachable: return std::errc::network_unreachable;
        case errc::aborted: return std::errc::connection_aborted;
        case errc::connection_reset: return std::errc::connection_reset;
        case errc::no_buffer_space: return std::errc::no_buffer_space;
        case errc::connection_timed_out: return std::errc::timed_out;
        case errc::timeout: return std::errc::timed_out;
        case errc::connection_refused: return std::errc::connection_refused;
        case errc::host_unreachable: return std::errc::host_unreachable;
        case errc::not_available: return std::errc::not_supported;
        default: return std::error_condition(code, *this);
        }
    }
};

} // namespace detail

/** The category of the library's error numbers; its name is "tftpserver". */
inline const std::error_category &error_category() noexcept
{
    static const detail::category_type category;
    return category;
}

/** Makes `std::error_code code = tftp::errc::busy` work. */
inline std::error_code make_error_code(errc code) noexcept
{
    return {static_cast<int>(code), error_category()};
}

/** What failing calls throw: code() is the library's number, what() its sentence, particulars included. */
class error : public std::system_error {
public:
    error(int code, const std::string &text)
        : std::system_error(code, error_category(), text), text_(std::make_shared<const std::string>(text))
    {
    }

    const char *what() const noexcept override { return text_->c_str(); }

private:
    std::shared_ptr<const std::string> text_; /* shared: copying an exception must not throw */
};

} // namespace tftp

template <> struct std::is_error_code_enum<tftp::errc> : std::true_type {};

namespace tftp {

/* ---- data ---- */

/** Bytes that a method returns. */
using bytes = std::vector<std::uint8_t>;

/** Bytes that belong to somebody else, and how many: what std::span<const std::uint8_t> is in C++20. */
class bytes_view {
    template <class T>
    using element = std::remove_cv_t<std::remove_pointer_t<decltype(std::declval<const T &>().data())>>;

    template <class T>
    using if_container = std::enable_if_t<!std::is_same_v<T, bytes_view> && sizeof(element<T>) == 1
        && std::is_trivially_copyable_v<element<T>>
        && std::is_convertible_v<decltype(std::declval<const T &>().size()), std::size_t>>;

public:
    using value_type = std::uint8_t;
    using const_iterator = const std::uint8_t *;
    using iterator = const_iterator;

    constexpr bytes_view() noexcept = default;

    /** `size` bytes from `data` on, which may be null where size is 0. */
    bytes_view(const void *data, std::size_t size) noexcept
        : data_(static_cast<const std::uint8_t *>(data)), size_(size)
    {
    }

    /** The characters of a text, without its NUL. */
    bytes_view(const char *text) noexcept : bytes_view(text, std::char_traits<char>::length(text)) {}

    /** What a std::string, std::string_view, std::vector, std::array or std::span of bytes or characters holds. */
    template <class T, class = if_container<T>>
    bytes_view(const T &container) noexcept : bytes_view(container.data(), container.size())
    {
    }

    constexpr const std::uint8_t *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr const_iterator begin() const noexcept { return data_; }
    constexpr const_iterator end() const noexcept { return data_ + size_; }
    constexpr std::uint8_t operator[](std::size_t index) const noexcept { return data_[index]; }

    /** The same bytes as characters, for streams and strings. */
    std::string_view text() const noexcept { return {reinterpret_cast<const char *>(data_), size_}; }

private:
    const std::uint8_t *data_ = nullptr;
    std::size_t size_ = 0;
};

/* ---- events ---- */

/** Which way a file goes. */
enum class direction : std::int32_t {
    upload = TFTPSERVER_DIRECTION_UPLOAD,     /**< the client sends */
    download = TFTPSERVER_DIRECTION_DOWNLOAD, /**< the server sends */
};

/** What a client asks for. */
enum class operation : std::int32_t {
    read = TFTPSERVER_OPERATION_READ,   /**< RRQ */
    write = TFTPSERVER_OPERATION_WRITE, /**< WRQ */
};

/** How a file goes over the wire. The C interface says "0" and "1". */
enum class transfer_mode : std::int32_t { octet = 0, netascii = 1 };

/** A connection was accepted, or failed. The moment to set ConnFileData or ConnLocalFile. */
struct connected_event {
    std::int32_t connection_id;
    std::int32_t status_code; /**< 0, or the error number */
    std::string_view description; /**< "OK", or what went wrong */
};

/** A client asks for a file. */
struct connection_request_event {
    std::string_view remote_host; /**< the client's IP address */
    std::int32_t remote_port;
    std::string_view filename; /**< as the client sent it; trust it with nothing */
    tftp::transfer_mode transfer_mode;
    tftp::operation operation;
    bool accept; /**< true on entry; set it to false to refuse */
    std::int32_t connection_id;
    std::string_view local_host; /**< the server's address that was asked; "" where the system does not tell */
    bool deferred = false; /**< the answer comes later: see defer() */

    /** Answers later, by server_base::accept, whatever `accept` says. Only this client waits, up to Timeout. */
    void defer() { deferred = true; }
};

/** A connection ended: once for each Connected with status 0. */
struct disconnected_event {
    std::int32_t connection_id;
    std::int32_t status_code; /**< 0, or the error number */
    std::string_view description; /**< "OK", or what went wrong */
};

/** A file was transferred whole. */
struct end_transfer_event {
    std::int32_t connection_id;
    tftp::direction direction;
};

/** Something failed. */
struct error_event {
    std::int32_t error_code;
    std::string_view description;
    std::int32_t connection_id; /**< 0 where none is meant */
};

/** A log message. */
struct log_event {
    std::int32_t connection_id; /**< 0 where none is meant */
    std::int32_t log_level; /**< 1 Info, 2 Verbose, 3 Debug */
    std::string_view message;
    std::string_view log_type; /**< "Info", "Error", "Verbose", "Debug" or "PITrail" */
};

/** A transfer begins. */
struct start_transfer_event {
    std::int32_t connection_id;
    tftp::direction direction;
};

/** A block was transferred. */
struct transfer_event {
    std::int32_t connection_id;
    tftp::direction direction;
    std::int64_t bytes_transferred; /**< so far, this block included */
    std::int32_t percent_done; /**< 0 to 100; -1 where the size is not known */
    bytes_view text; /**< this block; empty for an empty last one */
};

/** A set of events: `tftp::events::connected | tftp::events::transfer`. */
enum class events : std::uint32_t {
    none = 0,
    connected = 1u << TFTPSERVER_EVENT_CONNECTED,
    connection_request = 1u << TFTPSERVER_EVENT_CONNECTION_REQUEST,
    disconnected = 1u << TFTPSERVER_EVENT_DISCONNECTED,
    end_transfer = 1u << TFTPSERVER_EVENT_END_TRANSFER,
    error = 1u << TFTPSERVER_EVENT_ERROR,
    log = 1u << TFTPSERVER_EVENT_LOG,
    start_transfer = 1u << TFTPSERVER_EVENT_START_TRANSFER,
    transfer = 1u << TFTPSERVER_EVENT_TRANSFER,
    all = connected | connection_request | disconnected | end_transfer | error | log | start_transfer | transfer,
};

constexpr events operator|(events one, events other) noexcept
{
    return static_cast<events>(static_cast<std::uint32_t>(one) | static_cast<std::uint32_t>(other));
}

constexpr events operator&(events one, events other) noexcept
{
    return static_cast<events>(static_cast<std::uint32_t>(one) & static_cast<std::uint32_t>(other));
}

constexpr events operator~(events one) noexcept
{
    return static_cast<events>(~static_cast<std::uint32_t>(one)) & events::all;
}

/* ---- versions ---- */

/** The version of the library that runs, such as "0.1.0". Static text. */
inline std::string_view library_version() noexcept
{
    return ::tftpserver_version();
}

class server_base;

namespace detail {

/* major * 1000000 + minor * 1000 + patch, as TFTPSERVER_VERSION_NUMBER. */
inline long version_number(std::string_view text) noexcept
{
    long parts[3] = {0, 0, 0};
    std::size_t part = 0;
    for (char c : text) {
        if (c == '.' && part < 2) {
            part++;
        } else if (c >= '0' && c <= '9') {
            parts[part] = parts[part] * 10 + (c - '0');
        } else {
            break;
        }
    }
    return parts[0] * 1000000 + parts[1] * 1000 + parts[2];
}

/* A library serves programs that were built with a header of its own version or of an older one, as long as the first
 * part of the version is the same; before 1.0 the second part as well. */
inline bool is_compatible(long library) noexcept
{
    constexpr long header = TFTPSERVER_VERSION_NUMBER;
    constexpr long series = header < 1000000 ? 1000 : 1000000;
    return library >= header && library / series == header / series;
}

inline long process_id() noexcept
{
#if defined(__unix__) || defined(__APPLE__)
    return static_cast<long>(::getpid());
#else
    return 0;
#endif
}

/* What the library's callbacks are given. It stays where it is when the server is moved, and lives on in do_events when
 * the server is destroyed. */
struct state {
    ::tftpserver *handle = nullptr;
    std::atomic<server_base *> owner{nullptr};
    long process = process_id();
    std::shared_ptr<state> next; /* in frame::closing */
};

/* A do_events that is under way on this thread. */
struct frame {
    std::exception_ptr thrown; /* by a handler */
    std::shared_ptr<state> closing; /* servers that were destroyed inside a handler */
};

inline frame *&current_frame() noexcept
{
    static thread_local frame *current = nullptr;
    return current;
}

/* Sets the frame and, whatever happens, closes what was put off. */
class frame_guard {
public:
    explicit frame_guard(frame &own) noexcept : own_(own) { current_frame() = &own; }
    frame_guard(const frame_guard &) = delete;
    frame_guard &operator=(const frame_guard &) = delete;

    ~frame_guard()
    {
        current_frame() = nullptr;
        while (own_.closing) {
            std::shared_ptr<state> gone = std::move(own_.closing);
            own_.closing = std::move(gone->next);
            ::tftpserver_close(gone->handle);
        }
    }

private:
    frame &own_;
};

} // namespace detail

/* ---- the server ---- */

/**
 * A server to derive from: override the Fire... methods. The properties and methods are those of `tftp::server` too.
 *
 *     class logging_server : public tftp::server_base {
 *     public:
 *         logging_server() : server_base(tftp::events::disconnected) {}
 *
 *     protected:
 *         int FireDisconnected(tftp::disconnected_event &e) override
 *         {
 *             std::cout << e.description << std::endl;
 *             return 0;
 *         }
 *     };
 */
class server_base {
public:
    /**
     * Opens a server that does not listen yet.
     *
     * @param wanted The events whose Fire... methods are called. Each costs a little, and Transfer more than the
     *               others: name those that you override.
     * @throws error 909 where the library is older than this header, 908 where it fails.
     */
    explicit server_base(events wanted = events::all);

    server_base(server_base &&other) noexcept;
    server_base &operator=(server_base &&other) noexcept;

    /** Ends every transfer and closes the server; inside a handler, as soon as do_events returns. */
    virtual ~server_base() { release(); }

    /**
     * Ends every transfer and closes the server. It waits for a handler that runs on another thread.
     *
     * @throws error 907 inside a handler; 901 where it was closed already.
     */
    void close() { check(::tftpserver_close(handle())); }

    /** The handle, for the functions of tftpserver.h; null after a move. Do not close it. */
    ::tftpserver *handle() const noexcept { return state_ ? state_->handle : nullptr; }

    /* -- methods -- */

    /**
     * Delivers the events that wait, by calling their handlers one after the other on this thread. If none waits, it
     * waits up to the setting SelectWaitMillis (20) for the first.
     *
     * @throws error 907 inside a handler; 901. And whatever a handler threw.
     */
    void do_events()
    {
        ::tftpserver *server = handle(); /* the object may be gone afterwards */
        check(server, pump());
    }

    /** The same; `code` tells what failed, and only what a handler threw is thrown. */
    void do_events(std::error_code &code) { code = code_of(pump()); }

    /** Listens on LocalHost and LocalPort. @throws error 10048 the port is in use; 10013; 10049; 11001; 905 */
    void start_listening() { check(::tftpserver_do_startlistening(handle())); }
    void start_listening(std::error_code &code) noexcept
    {
        code = code_of(::tftpserver_do_startlistening(handle()));
    }

    /** Listens no more; transfers go on to their end. */
    void stop_listening() { check(::tftpserver_do_stoplistening(handle())); }
    void stop_listening(std::error_code &code) noexcept
    {
        code = code_of(::tftpserver_do_stoplistening(handle()));
    }

    /** Listens no more and ends every transfer: Disconnected tells 10053. */
    void shutdown() { check(::tftpserver_do_shutdown(handle())); }
    void shutdown(std::error_code &code) noexcept { code = code_of(::tftpserver_do_shutdown(handle())); }

    /** Ends one transfer: Disconnected tells 10053. @throws error 903 no such connection */
    void disconnect(std::int32_t connection) { check(::tftpserver_do_disconnect(handle(), connection)); }
    void disconnect(std::int32_t connection, std::error_code &code) noexcept
    {
        code = code_of(::tftpserver_do_disconnect(handle(), connection));
    }

    /**
     * Answers a request that was deferred, from any thread; do_events goes on from there.
     * @throws error 903 no such connection, or not any more; 130 it was answered before, or was not deferred
     */
    void accept(std::int32_t connection, bool yes = true)
    {
        check(::tftpserver_do_accept(handle(), connection, yes ? TFTPSERVER_ACCEPT_YES : TFTPSERVER_ACCEPT_NO));
    }
    void accept(std::int32_t connection, bool yes, std::error_code &code) noexcept
    {
        code = code_of(
            ::tftpserver_do_accept(handle(), connection, yes ? TFTPSERVER_ACCEPT_YES : TFTPSERVER_ACCEPT_NO));
    }

    /** shutdown(), and every property and setting has its default again. Handlers stay. */
    void reset() { check(::tftpserver_do_reset(handle())); }
    void reset(std::error_code &code) noexcept { code = code_of(::tftpserver_do_reset(handle())); }

    /** Makes a do_events that waits return at once, on whichever thread; if none runs, the next one. */
    void interrupt() { check(::tftpserver_do_interrupt(handle())); }
    void interrupt(std::error_code &code) noexcept { code = code_of(::tftpserver_do_interrupt(handle())); }

    /** A descriptor that is readable while an event waits: poll it, and call do_events. Do nothing else with it. */
    int event_fd() const
    {
        int descriptor = ::tftpserver_get_event_fd(handle());
        if (descriptor < 0) {
            fail();
        }
        return descriptor;
    }

    /* -- settings: tftpserver.h has their list -- */

    /** "NAME" reads a setting, "NAME=VALUE" sets it and returns "". @throws error 906 unknown; 905; 904; 106 ... */
    std::string config(std::string_view text) const
    {
        if (text.find('\0') != text.npos) {
            throw error(TFTPSERVER_ERROR_INVALID_VALUE, ::tftpserver_strerror(TFTPSERVER_ERROR_INVALID_VALUE));
        }
        return own(::tftpserver_do_config(handle(), std::string(text).c_str()));
    }

    /** Sets a setting. */
    void config(std::string_view name, std::string_view value)
    {
        if (name.find('=') != name.npos) { /* or the value would begin inside the name */
            throw error(TFTPSERVER_ERROR_UNKNOWN_SETTING, ::tftpserver_strerror(TFTPSERVER_ERROR_UNKNOWN_SETTING));
        }
        config(std::string(name).append("=").append(value));
    }

    /** Sets a setting to a number, or a Boolean one to true or false. */
    template <class T, class = std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, char>>>
    void config(std::string_view name, T value)
    {
        if constexpr (std::is_same_v<T, bool>) {
            config(name, std::string_view(value ? "True" : "False"));
        } else {
            config(name, std::string_view(std::to_string(value)));
        }
    }

    /* -- properties; `index` is a connection id, as events carry it, or a position below conn_count() -- */

    std::string version() const { return get(TFTPSERVER_PROPERTY_VERSION); }

    std::int32_t conn_count() const { return number(TFTPSERVER_PROPERTY_CONN_COUNT); }
    std::int32_t conn_connection_id(std::int32_t index) const
    {
        return number(TFTPSERVER_PROPERTY_CONN_CONNECTION_ID, index);
    }
    /** Data to send instead of a file; empty: none. Until the transfer begins; then it fails with 130. */
    bytes conn_file_data(std::int32_t index) const { return get_bytes(TFTPSERVER_PROPERTY_CONN_FILE_DATA, index); }
    void set_conn_file_data(std::int32_t index, bytes_view data)
    {
        set_bytes(TFTPSERVER_PROPERTY_CONN_FILE_DATA, data, index);
    }
    std::string conn_filename(std::int32_t index) const { return get(TFTPSERVER_PROPERTY_CONN_FILENAME, index); }
    /** The file on the server: any path. Until the transfer begins; then it fails with 130. */
    std::string conn_local_file(std::int32_t index) const { return get(TFTPSERVER_PROPERTY_CONN_LOCAL_FILE, index); }
    void set_conn_local_file(std::int32_t index, std::string_view path)
    {
        set(TFTPSERVER_PROPERTY_CONN_LOCAL_FILE, path, index);
    }
    /** The name that is looked up in LocalDir instead of conn_filename. Until the transfer begins; then it fails with 130. */
    std::string conn_served_name(std::int32_t index) const { return get(TFTPSERVER_PROPERTY_CONN_SERVED_NAME, index); }
    void set_conn_served_name(std::int32_t index, std::string_view name)
    {
        set(TFTPSERVER_PROPERTY_CONN_SERVED_NAME, name, index);
    }
    std::string conn_remote_host(std::int32_t index) const { return get(TFTPSERVER_PROPERTY_CONN_REMOTE_HOST, index); }
    std::int32_t conn_remote_port(std::int32_t index) const
    {
        return number(TFTPSERVER_PROPERTY_CONN_REMOTE_PORT, index);
    }
    tftp::transfer_mode conn_transfer_mode(std::int32_t index) const
    {
        return static_cast<tftp::transfer_mode>(number(TFTPSERVER_PROPERTY_CONN_TRANSFER_MODE, index));
    }
    tftp::operation conn_operation(std::int32_t index) const
    {
        return static_cast<tftp::operation>(number(TFTPSERVER_PROPERTY_CONN_OPERATION, index));
    }
    /* Figures of the moment, from any thread; in on_disconnected the last ones. */
    /** Bytes that the client has acknowledged (read) or the server has taken (write). */
    std::int64_t conn_bytes_transferred(std::int32_t index) const
    {
        return get_int(TFTPSERVER_PROPERTY_CONN_BYTES_TRANSFERRED, index);
    }
    /** -1: not known. */
    std::int64_t conn_total_bytes(std::int32_t index) const
    {
        return get_int(TFTPSERVER_PROPERTY_CONN_TOTAL_BYTES, index);
    }
    /** 0 before the negotiation. */
    std::int32_t conn_block_size(std::int32_t index) const
    {
        return number(TFTPSERVER_PROPERTY_CONN_BLOCK_SIZE, index);
    }
    /** 0 before the negotiation. */
    std::int32_t conn_window_size(std::int32_t index) const
    {
        return number(TFTPSERVER_PROPERTY_CONN_WINDOW_SIZE, index);
    }
    std::int64_t conn_retransmissions(std::int32_t index) const
    {
        return get_int(TFTPSERVER_PROPERTY_CONN_RETRANSMISSIONS, index);
    }
    /** Since the request; stands still at the end. */
    std::chrono::milliseconds conn_elapsed(std::int32_t index) const
    {
        return std::chrono::milliseconds(get_int(TFTPSERVER_PROPERTY_CONN_ELAPSED_MILLIS, index));
    }

    bool listening() const { return number(TFTPSERVER_PROPERTY_LISTENING) != 0; }
    /** The same as start_listening() or stop_listening(). */
    void set_listening(bool on) { set_int(TFTPSERVER_PROPERTY_LISTENING, on ? 1 : 0); }
    /** The directory that is served; it must exist. "": only what handlers supply. */
    std::string local_dir() const { return get(TFTPSERVER_PROPERTY_LOCAL_DIR); }
    void set_local_dir(std::string_view path) { set(TFTPSERVER_PROPERTY_LOCAL_DIR, path); }
    /** The address or name to listen on; "": every address. */
    std::string local_host() const { return get(TFTPSERVER_PROPERTY_LOCAL_HOST); }
    void set_local_host(std::string_view host) { set(TFTPSERVER_PROPERTY_LOCAL_HOST, host); }
    /** The port to listen on; 0: the system chooses. While listening, the real one. */
    std::int32_t local_port() const { return number(TFTPSERVER_PROPERTY_LOCAL_PORT); }
    void set_local_port(std::int32_t port) { set_int(TFTPSERVER_PROPERTY_LOCAL_PORT, port); }
    std::int32_t max_retransmits() const { return number(TFTPSERVER_PROPERTY_MAX_RETRANSMITS); }
    void set_max_retransmits(std::int32_t count) { set_int(TFTPSERVER_PROPERTY_MAX_RETRANSMITS, count); }
    std::chrono::seconds retransmit_timeout() const
    {
        return std::chrono::seconds(number(TFTPSERVER_PROPERTY_RETRANSMIT_TIMEOUT));
    }
    void set_retransmit_timeout(std::chrono::seconds wait)
    {
        set_int(TFTPSERVER_PROPERTY_RETRANSMIT_TIMEOUT, wait.count());
    }
    /** Silence after which a transfer fails; 0: none. */
    std::chrono::seconds timeout() const { return std::chrono::seconds(number(TFTPSERVER_PROPERTY_TIMEOUT)); }
    void set_timeout(std::chrono::seconds silence) { set_int(TFTPSERVER_PROPERTY_TIMEOUT, silence.count()); }

    /* -- any property by its number, TFTPSERVER_PROPERTY_... -- */

    std::string get(int property, std::int32_t index = 0) const
    {
        return own(::tftpserver_get(handle(), property, index));
    }

    std::int64_t get_int(int property, std::int32_t index = 0) const
    {
        std::int64_t value = ::tftpserver_get_int(handle(), property, index);
        if (value == 0 && ::tftpserver_get_last_error_code(handle()) != 0) {
            fail();
        }
        return value;
    }

    bytes get_bytes(int property, std::int32_t index = 0) const
    {
        std::size_t length = 0;
        const void *data = ::tftpserver_get_bytes(handle(), property, index, &length);
        if (data == nullptr) {
            fail();
        }
        const auto *first = static_cast<const std::uint8_t *>(data);
        return bytes(first, first + length);
    }

    void set(int property, std::string_view value, std::int32_t index = 0) { set_bytes(property, value, index); }

    void set_int(int property, std::int64_t value, std::int32_t index = 0)
    {
        check(::tftpserver_set_int(handle(), property, index, value));
    }

    void set_bytes(int property, bytes_view value, std::int32_t index = 0)
    {
        check(::tftpserver_set_bytes(handle(), property, index, value.data(), value.size()));
    }

protected:
    /* -- handlers: return 0, or anything else to end the connection -- */

    /** @see connected_event */
    virtual int FireConnected(connected_event &) { return 0; }
    /** @see connection_request_event */
    virtual int FireConnectionRequest(connection_request_event &) { return 0; }
    /** @see disconnected_event */
    virtual int FireDisconnected(disconnected_event &) { return 0; }
    /** @see end_transfer_event */
    virtual int FireEndTransfer(end_transfer_event &) { return 0; }
    /** @see error_event */
    virtual int FireError(error_event &) { return 0; }
    /** @see log_event */
    virtual int FireLog(log_event &) { return 0; }
    /** @see start_transfer_event */
    virtual int FireStartTransfer(start_transfer_event &) { return 0; }
    /**
     * This one ends an upload that goes to no file: the library takes Transfer for the application's wish to keep the
     * data itself, and without an override nobody would keep it.
     */
    virtual int FireTransfer(transfer_event &e);

    /** Asks for an event, or does not any more; `event` is TFTPSERVER_EVENT_.... */
    void want(int event, bool wanted)
    {
        check(::tftpserver_register_callback(handle(), event, wanted ? &server_base::receive : nullptr, state_.get()));
    }

    /** What the destructor does. Afterwards the object is as if it had been moved from. */
    void release() noexcept;

private:
    /* How the C side calls in. Nothing may be thrown through it. */
    static std::int32_t receive(::tftpserver *handle, ::tftpserver_event *event, void *context) noexcept;
    std::int32_t dispatch(::tftpserver_event &event);

    std::int32_t pump();

    static std::error_code code_of(std::int32_t code) noexcept { return {code, error_category()}; }

    static void check(::tftpserver *server, std::int32_t code)
    {
        if (code != 0) {
            throw error(code, ::tftpserver_get_last_error(server));
        }
    }

    void check(std::int32_t code) const { check(handle(), code); }

    /* For calls that answer with a value. */
    [[noreturn]] void fail() const
    {
        ::tftpserver *server = handle();
        throw error(::tftpserver_get_last_error_code(server), ::tftpserver_get_last_error(server));
    }

    std::string own(const char *text) const
    {
        if (text == nullptr) {
            fail();
        }
        return text;
    }

    std::int32_t number(int property, std::int32_t index = 0) const
    {
        return static_cast<std::int32_t>(get_int(property, index));
    }

    std::shared_ptr<detail::state> state_;
};

inline server_base::server_base(events wanted)
{
    if (!detail::is_compatible(detail::version_number(library_version()))) {
        throw error(TFTPSERVER_ERROR_NOT_AVAILABLE,
                    std::string("libtftpserver ").append(library_version())
                        + " does not fit this program, which was built for " TFTPSERVER_VERSION_STRING);
    }
    state_ = std::make_shared<detail::state>();
    state_->owner = this;
    state_->handle = ::tftpserver_open();
    if (state_->handle == nullptr) {
        throw error(TFTPSERVER_ERROR_INTERNAL, ::tftpserver_strerror(TFTPSERVER_ERROR_INTERNAL));
    }
    try {
        for (int event = TFTPSERVER_EVENT_CONNECTED; event <= TFTPSERVER_EVENT_TRANSFER; event++) {
            if ((wanted & static_cast<events>(1u << event)) != events::none) {
                want(event, true);
            }
        }
    } catch (...) {
        release();
        throw;
    }
}

inline server_base::server_base(server_base &&other) noexcept : state_(std::move(other.state_))
{
    if (state_) {
        state_->owner = this;
    }
}

inline server_base &server_base::operator=(server_base &&other) noexcept
{
    if (this != &other) {
        release();
        state_ = std::move(other.state_);
        if (state_) {
            state_->owner = this;
        }
    }
    return *this;
}

inline void server_base::release() noexcept
{
    std::shared_ptr<detail::state> gone = std::move(state_);
    detail::frame *frame = detail::current_frame();
    if (!gone || gone->handle == nullptr || gone->process != detail::process_id()) {
        return; /* moved from, never opened, or the parent's */
    }
    if (frame == nullptr && ::tftpserver_close(gone->handle) != TFTPSERVER_ERROR_INSIDE_CALLBACK) {
        return;
    }
    /* Inside a callback nothing can be closed. */
    gone->owner = nullptr;
    for (int event = TFTPSERVER_EVENT_CONNECTED; event <= TFTPSERVER_EVENT_TRANSFER; event++) {
        ::tftpserver_register_callback(gone->handle, event, nullptr, nullptr);
    }
    ::tftpserver_do_shutdown(gone->handle);
    ::tftpserver_do_interrupt(gone->handle);
    if (frame != nullptr) {
        gone->next = std::move(frame->closing);
        frame->closing = std::move(gone);
    } /* else the callback is none of ours, and the handle stays: there is nobody to close it later */
}

inline std::int32_t server_base::pump()
{
    std::shared_ptr<detail::state> self = state_; /* a handler may destroy or move this object */
    ::tftpserver *server = self ? self->handle : nullptr;
    if (detail::current_frame() != nullptr) {
        return ::tftpserver_do_doevents(server); /* 907 */
    }
    detail::frame frame;
    std::int32_t code;
    {
        detail::frame_guard guard(frame);
        code = ::tftpserver_do_doevents(server);
    }
    if (frame.thrown) {
        std::rethrow_exception(std::move(frame.thrown));
    }
    return code;
}

inline std::int32_t server_base::receive(::tftpserver *handle, ::tftpserver_event *event, void *context) noexcept
{
    detail::frame *frame = detail::current_frame();
    server_base *owner = static_cast<detail::state *>(context)->owner;
    if (owner == nullptr) {
        return TFTPSERVER_ERROR_ABORTED;
    }
    if (frame == nullptr) { /* a bare tftpserver_do_doevents: an exception has nowhere to go, and terminates */
        return owner->dispatch(*event);
    }
    try {
        return owner->dispatch(*event);
    } catch (...) {
        frame->thrown = std::current_exception();
        ::tftpserver_do_interrupt(handle); /* let do_events return, and throw, at once */
        return TFTPSERVER_ERROR_ABORTED;
    }
}

inline std::int32_t server_base::dispatch(::tftpserver_event &event)
{
    switch (event.id) {
    case TFTPSERVER_EVENT_CONNECTED: {
        const ::tftpserver_connected_event &from = event.data.connected;
        connected_event to{from.connection_id, from.status_code, from.description};
        return FireConnected(to);
    }
    case TFTPSERVER_EVENT_CONNECTION_REQUEST: {
        ::tftpserver_connection_request_event &from = event.data.connection_request;
        connection_request_event to{from.remote_host, from.remote_port, from.filename,
                                    from.transfer_mode[0] == '1' ? transfer_mode::netascii : transfer_mode::octet,
                                    static_cast<operation>(from.operation), from.accept != 0, from.connection_id,
                                    from.local_host, false};
        std::int32_t result = FireConnectionRequest(to);
        from.accept = to.deferred ? TFTPSERVER_ACCEPT_LATER : to.accept ? TFTPSERVER_ACCEPT_YES : TFTPSERVER_ACCEPT_NO;
        return result;
    }
    case TFTPSERVER_EVENT_DISCONNECTED: {
        const ::tftpserver_disconnected_event &from = event.data.disconnected;
        disconnected_event to{from.connection_id, from.status_code, from.description};
        return FireDisconnected(to);
    }
    case TFTPSERVER_EVENT_END_TRANSFER: {
        const ::tftpserver_end_transfer_event &from = event.data.end_transfer;
        end_transfer_event to{from.connection_id, static_cast<direction>(from.direction)};
        return FireEndTransfer(to);
    }
    case TFTPSERVER_EVENT_ERROR: {
        const ::tftpserver_error_event &from = event.data.error;
        error_event to{from.error_code, from.description, from.connection_id};
        return FireError(to);
    }
    case TFTPSERVER_EVENT_LOG: {
        const ::tftpserver_log_event &from = event.data.log;
        log_event to{from.connection_id, from.log_level, from.message, from.log_type};
        return FireLog(to);
    }
    case TFTPSERVER_EVENT_START_TRANSFER: {
        const ::tftpserver_start_transfer_event &from = event.data.start_transfer;
        start_transfer_event to{from.connection_id, static_cast<direction>(from.direction)};
        return FireStartTransfer(to);
    }
    case TFTPSERVER_EVENT_TRANSFER: {
        const ::tftpserver_transfer_event &from = event.data.transfer;
        transfer_event to{from.connection_id, static_cast<direction>(from.direction), from.bytes_transferred,
                          from.percent_done, {from.text, from.text_length}};
        return FireTransfer(to);
    }
    default: return 0; /* a later library's */
    }
}

inline int server_base::FireTransfer(transfer_event &e)
{
    bool first = e.bytes_transferred == static_cast<std::int64_t>(e.text.size());
    if (e.direction == direction::upload && first && local_dir().empty() && conn_local_file(e.connection_id).empty()) {
        return TFTPSERVER_ERROR_NO_LOCAL_FILE;
    }
    return 0;
}

/* ---- the server with a handler for each event ---- */

class server;

/**
 * The handler of one event: assign a function to it, or nullptr. It may be replaced at any time, also by itself.
 *
 * The function takes `Event &`, or `tftp::server &` and `Event &`, and returns nothing, or an int: any value but 0 ends
 * the connection. (A bool is refused, for it would be read the wrong way round: set `accept` instead.)
 */
template <class Event> class handler {
public:
    handler(const handler &) = delete;
    handler &operator=(const handler &) = delete;

    /** Sets the function. @throws error 901 where the server is closed */
    template <class Function, class = std::enable_if_t<std::is_invocable_v<std::decay_t<Function> &, server &, Event &>
                                                       || std::is_invocable_v<std::decay_t<Function> &, Event &>>>
    handler &operator=(Function &&function)
    {
        if constexpr (can_be_empty<std::decay_t<Function>>::value) {
            if (!function) {
                return *this = nullptr;
            }
        }
        return assign(std::make_shared<const function_type>(wrap(std::forward<Function>(function))));
    }

    /** No handler any more: the event is not asked for. */
    handler &operator=(std::nullptr_t) { return assign(nullptr); }

    /** Whether there is a handler. */
    explicit operator bool() const noexcept { return function_ != nullptr; }

private:
    friend class server;
    using function_type = std::function<int(server &, Event &)>;

    template <class T> struct can_be_empty : std::is_pointer<T> {};
    template <class T> struct can_be_empty<std::function<T>> : std::true_type {};

    handler(server *owner, int event) noexcept : owner_(owner), event_(event) {}

    template <class Function> static function_type wrap(Function &&function)
    {
        using kept = std::decay_t<Function>;
        if constexpr (std::is_invocable_v<kept &, server &, Event &>) {
            using result = std::invoke_result_t<kept &, server &, Event &>;
            static_assert(std::is_void_v<result> || std::is_same_v<result, int>, "a handler returns void or int");
            return [call = kept(std::forward<Function>(function))](server &owner, Event &event) mutable -> int {
                if constexpr (std::is_void_v<result>) {
                    std::invoke(call, owner, event);
                    return 0;
                } else {
                    return std::invoke(call, owner, event);
                }
            };
        } else {
            return handler::wrap([call = kept(std::forward<Function>(function))](server &, Event &event) mutable {
                return std::invoke(call, event);
            });
        }
    }

    handler &assign(std::shared_ptr<const function_type> function);

    int call(server &owner, Event &event) const
    {
        std::shared_ptr<const function_type> running = function_; /* it may replace itself, or end the server */
        return running ? (*running)(owner, event) : 0;
    }

    server *owner_;
    int event_;
    std::shared_ptr<const function_type> function_;
};

/** A server whose events are handled by functions, or not at all. */
class server : public server_base {
public:
    /** Opens a server that does not listen yet. @throws error 909 the library is older than this header; 908 */
    server() : server_base(events::none) {}

    server(server &&other) noexcept : server_base(std::move(other)) { take(other); }

    server &operator=(server &&other) noexcept
    {
        if (this != &other) {
            server_base::operator=(std::move(other));
            take(other);
        }
        return *this;
    }

    ~server() override { release(); /* before the handlers go */ }

    handler<connected_event> on_connected{this, TFTPSERVER_EVENT_CONNECTED};
    handler<connection_request_event> on_connection_request{this, TFTPSERVER_EVENT_CONNECTION_REQUEST};
    handler<disconnected_event> on_disconnected{this, TFTPSERVER_EVENT_DISCONNECTED};
    handler<end_transfer_event> on_end_transfer{this, TFTPSERVER_EVENT_END_TRANSFER};
    handler<error_event> on_error{this, TFTPSERVER_EVENT_ERROR};
    handler<log_event> on_log{this, TFTPSERVER_EVENT_LOG};
    handler<start_transfer_event> on_start_transfer{this, TFTPSERVER_EVENT_START_TRANSFER};
    handler<transfer_event> on_transfer{this, TFTPSERVER_EVENT_TRANSFER};

private:
    template <class Event> friend class handler;

    int FireConnected(connected_event &e) final { return on_connected.call(*this, e); }
    int FireConnectionRequest(connection_request_event &e) final { return on_connection_request.call(*this, e); }
    int FireDisconnected(disconnected_event &e) final { return on_disconnected.call(*this, e); }
    int FireEndTransfer(end_transfer_event &e) final { return on_end_transfer.call(*this, e); }
    int FireError(error_event &e) final { return on_error.call(*this, e); }
    int FireLog(log_event &e) final { return on_log.call(*this, e); }
    int FireStartTransfer(start_transfer_event &e) final { return on_start_transfer.call(*this, e); }
    int FireTransfer(transfer_event &e) final { return on_transfer.call(*this, e); }

    void take(server &other) noexcept
    {
        on_connected.function_ = std::move(other.on_connected.function_);
        on_connection_request.function_ = std::move(other.on_connection_request.function_);
        on_disconnected.function_ = std::move(other.on_disconnected.function_);
        on_end_transfer.function_ = std::move(other.on_end_transfer.function_);
        on_error.function_ = std::move(other.on_error.function_);
        on_log.function_ = std::move(other.on_log.function_);
        on_start_transfer.function_ = std::move(other.on_start_transfer.function_);
        on_transfer.function_ = std::move(other.on_transfer.function_);
    }
};

template <class Event> handler<Event> &handler<Event>::assign(std::shared_ptr<const function_type> function)
{
    owner_->want(event_, function != nullptr);
    function_ = std::move(function);
    return *this;
}

} // namespace tftp

#endif /* TFTPSERVER_HPP */
