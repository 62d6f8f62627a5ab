/*
 * libtftpserver in C++17: one header over tftpserver.h, which is the manual for everything that is
 * not described here.
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
 * The namespace is `tftp`, because `tftpserver` is the name of the C handle type.
 *
 * TWO WAYS TO HANDLE EVENTS
 *
 *  - `tftp::server` has a member for each event: `server.on_log = lambda`. Only events with a
 *    handler are registered, so a server without handlers serves its directory on its own threads,
 *    and do_events need not be called.
 *  - `tftp::server_base` is a base class: override `FireLog` and the other Fire... methods. It
 *    registers every event, or those that its constructor names, so do_events must be called.
 *
 * A handler takes its event by reference. Handlers of `on_x` may also take the server first, which
 * stays correct when the server is moved:
 * `[](tftp::server &server, tftp::connected_event &e) { ... }`. They return nothing, or an int. A
 * value other than 0 ends that connection: its client gets a TFTP ERROR, and its Disconnected fires
 * with 10053.
 *
 * Handlers run inside do_events, on the thread that calls it, one at a time.
 *
 * ERRORS
 *
 * On failure, calls throw `tftp::error`, a std::system_error. code() is the library's number in the
 * category "tftpserver". Compare it with `tftp::errc::address_in_use` or, if the standard has an
 * equivalent, with `std::errc::address_in_use`. what() is the library's error text. Comparison with
 * `tftp::errc` also works for codes of another shared object, whatever the visibility of its
 * symbols. A call that fails changes nothing.
 *
 * Every method and constructor that can fail also has a form that takes a std::error_code as its
 * last argument (constructors: as the first) and does not throw. A value that it returns is empty
 * or 0 after a failure.
 *
 * WITHOUT EXCEPTIONS (-fno-exceptions)
 *
 * Use the forms that take a std::error_code. On failure, the others print the error text to
 * standard error and call std::abort.
 *
 * EXCEPTIONS FROM HANDLERS
 *
 * An exception that leaves a handler ends the handler's connection, as a return value other than 0
 * does. It stops the delivery of events and is rethrown by do_events, also by the form with a
 * std::error_code. The server continues; undelivered events stay pending for the next do_events.
 * (If the program calls tftpserver_do_doevents on handle() directly, the exception cannot be
 * rethrown, and std::terminate is called.)
 *
 * LIFETIME
 *
 * A server can be moved but not copied. Its handlers, and the overrides of a derived class, move
 * with it, also while it serves. A moved-from server has no handle: every call on it fails with 901.
 * After close(), every call except the destructor fails with 901, too.
 *
 * close() inside a handler (of any server) fails with 907. Destroying a server inside a handler,
 * also inside its own, is allowed: it stops at once, calls no more handlers, and is closed when the
 * running do_events returns.
 *
 * The destructor of `tftp::server` closes the server, and waits for a do_events that runs on
 * another thread. A class that derives from `server_base` calls release() in its own destructor,
 * before its members are destroyed, if do_events may be running on another thread. A do_events that
 * starts later would use a destroyed object. If a thread calls it in a loop, first call close(),
 * which makes do_events fail with 901 there, then join the thread, then destroy the server.
 *
 * After a fork, the server still belongs to the parent. In the child it may only be destroyed,
 * which does nothing.
 *
 * THREADS
 *
 * Every method may be called from any thread at any time, with these exceptions:
 *
 *  - Destruction: no other thread may call a method any more. A running do_events is waited for.
 *  - Moving: no other thread may be inside a method, including do_events.
 *  - Assignment to `on_x`: no other thread may be inside do_events. It is allowed inside a handler.
 *
 * EVENT LOOPS
 *
 * Poll event_fd() for reading and call do_events when it is readable, with the setting
 * SelectWaitMillis at 0, so that it never waits. The library owns the descriptor. Classes that
 * close their descriptor, such as asio::posix::stream_descriptor, need a dup() of it:
 * examples/asio.cpp. On Windows wait for event_handle().
 *
 * MEMORY
 *
 * Methods return copies. Pointers in an event are valid until its handler returns, and its texts
 * are NUL-terminated. A copy of an event owns its texts and its data, so it can be stored. A
 * std::string_view or bytes_view taken from an event cannot.
 */

#ifndef TFTPSERVER_HPP
#define TFTPSERVER_HPP

#if defined(_MSVC_LANG) ? _MSVC_LANG < 201703L : __cplusplus < 201703L
#error "tftpserver.hpp needs C++17"
#endif

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <istream>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#if __has_include(<version>)
#include <version>
#endif
#ifdef __cpp_lib_format
#include <format>
#endif

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

#include "tftpserver.h"

#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
#define TFTPSERVER_HPP_EXCEPTIONS 1
#else
#define TFTPSERVER_HPP_EXCEPTIONS 0
#endif

/*
 * For types that shared objects have in common, even if they hide their symbols
 * (-fvisibility=hidden).
 */
#if defined(__GNUC__) && !defined(_WIN32)
#define TFTPSERVER_HPP_COMMON __attribute__((visibility("default")))
#else
#define TFTPSERVER_HPP_COMMON
#endif

namespace tftp {

/* ---- errors ---- */

/** The library's error numbers. TFTPSERVER_ERROR_... in tftpserver.h document each. */
enum class errc : int {
    /* api: begin errors */
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
    system = TFTPSERVER_ERROR_SYSTEM,
    /* api: end errors */
};

} // namespace tftp

/** @cond Doxygen does not find the scope of a specialization of another namespace's template. */
template <> struct std::is_error_code_enum<tftp::errc> : std::true_type {};
/** @endcond */

namespace tftp {

namespace detail {

class TFTPSERVER_HPP_COMMON category_type final : public std::error_category {
public:
    const char *name() const noexcept override { return "tftpserver"; }

    std::string message(int code) const override { return ::tftpserver_strerror(code); }

    /* The like in the standard's own list, where there is one. */
    std::error_condition default_error_condition(int code) const noexcept override
    {
        switch (static_cast<errc>(code)) {
        /* api: begin conditions */
        case errc::timeout: return std::errc::timed_out;
        case errc::interrupted: return std::errc::interrupted;
        case errc::access_denied: return std::errc::permission_denied;
        case errc::bad_address: return std::errc::bad_address;
        case errc::invalid_argument: return std::errc::invalid_argument;
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
        case errc::connection_refused: return std::errc::connection_refused;
        case errc::host_unreachable: return std::errc::host_unreachable;
        case errc::invalid_value: return std::errc::invalid_argument;
        case errc::not_available: return std::errc::not_supported;
        /* api: end conditions */
        default: return std::error_condition(code, *this);
        }
    }
};

} // namespace detail

/** The category of the library's error numbers; its name is "tftpserver". */
TFTPSERVER_HPP_COMMON inline const std::error_category &error_category() noexcept
{
    static const detail::category_type category;
    return category;
}

/** Makes `std::error_code code = tftp::errc::busy` work. */
inline std::error_code make_error_code(errc code) noexcept
{
    return {static_cast<int>(code), error_category()};
}

/*
 * By the category's name, not by its address: shared objects that were linked apart may each have a
 * category of their own.
 */
inline bool operator==(const std::error_code &code, errc number) noexcept
{
    return code.value() == static_cast<int>(number)
        && (code.category() == error_category() || std::strcmp(code.category().name(), error_category().name()) == 0);
}
inline bool operator==(errc number, const std::error_code &code) noexcept
{
    return code == number;
}
inline bool operator!=(const std::error_code &code, errc number) noexcept
{
    return !(code == number);
}
inline bool operator!=(errc number, const std::error_code &code) noexcept
{
    return !(code == number);
}

/**
 * The exception of failed calls: code() is the library's number, what() its error text with
 * details.
 */
class TFTPSERVER_HPP_COMMON error : public std::system_error {
public:
    error(int code, const std::string &text)
        : std::system_error(code, error_category(), text), text_(std::make_shared<const std::string>(text))
    {
    }

    const char *what() const noexcept override { return text_->c_str(); }

private:
    std::shared_ptr<const std::string> text_; /* shared: copying an exception must not throw */
};

namespace detail {

/* Throws, or aborts a program that is built without exceptions. */
[[noreturn]] inline void raise(int code, const std::string &text)
{
#if TFTPSERVER_HPP_EXCEPTIONS
    throw error(code, text);
#else
    std::fprintf(stderr, "libtftpserver: error %d: %s\n", code, text.c_str());
    std::abort();
#endif
}

} // namespace detail

/* ---- data ---- */

/** Bytes that a method returns. */
using bytes = std::vector<std::uint8_t>;

/** A non-owning view of bytes, like std::span<const std::uint8_t> of C++20. */
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

    /** Views `size` bytes at `data`, which may be null if size is 0. */
    bytes_view(const void *data, std::size_t size) noexcept
        : data_(static_cast<const std::uint8_t *>(data)), size_(size)
    {
    }

    /** Views the characters of a text, without its NUL. */
    bytes_view(const char *text) noexcept : bytes_view(text, std::char_traits<char>::length(text)) {}

    /**
     * Views a std::string, std::string_view, std::vector, std::array or std::span of bytes or
     * characters.
     */
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

    /** Returns the bytes as characters, for streams and strings. */
    std::string_view text() const noexcept { return {reinterpret_cast<const char *>(data_), size_}; }

private:
    const std::uint8_t *data_ = nullptr;
    std::size_t size_ = 0;
};

/* ---- events ---- */

/**
 * The text or the data of an event: a View that refers to the library's memory. A copy owns its
 * memory, and copies of the copy share it.
 */
template <class View> class event_view : public View {
public:
    event_view() = default;
    event_view(View view) noexcept : View(view) {}
    /** A NUL-terminated text. */
    event_view(const char *text) noexcept : View(text) {}

    event_view(const event_view &other) : View(static_cast<const View &>(other)) { take(other, other.kept_); }
    event_view(event_view &&other) : View(static_cast<const View &>(other)) { take(other, std::move(other.kept_)); }

    event_view &operator=(const event_view &other)
    {
        if (this != &other) {
            take(other, other.kept_);
        }
        return *this;
    }

    event_view &operator=(event_view &&other)
    {
        if (this != &other) {
            take(other, std::move(other.kept_));
        }
        return *this;
    }

    ~event_view() = default;

private:
    using element = std::remove_pointer_t<decltype(std::declval<const View &>().data())>;

    void take(View view, std::shared_ptr<const std::string> kept)
    {
        if (!kept && view.data() != nullptr) {
            kept = std::make_shared<const std::string>(reinterpret_cast<const char *>(view.data()), view.size());
        }
        if (kept) {
            view = View(reinterpret_cast<element *>(kept->data()), kept->size());
        }
        View::operator=(view);
        kept_ = std::move(kept);
    }

    std::shared_ptr<const std::string> kept_;
};

/** Text of an event: a NUL-terminated std::string_view whose copies own their text. */
using event_text = event_view<std::string_view>;

/** Data of an event: a bytes_view whose copies own their data. */
using event_bytes = event_view<bytes_view>;

/** The direction of a transfer. */
enum class direction : std::int32_t {
    upload = TFTPSERVER_DIRECTION_UPLOAD,     /**< the client sends */
    download = TFTPSERVER_DIRECTION_DOWNLOAD, /**< the server sends */
};

/** The operation that a client requests. */
enum class operation : std::int32_t {
    read = TFTPSERVER_OPERATION_READ,   /**< RRQ */
    write = TFTPSERVER_OPERATION_WRITE, /**< WRQ */
};

/** The transfer mode. In the C interface it is the text "0" or "1". */
enum class transfer_mode : std::int32_t { octet = 0, netascii = 1 };

/* api: begin events */

/**
 * A connection was accepted (status 0), or refused. An accepted connection waits until the handler
 * has returned. Choose its source or destination here.
 */
struct connected_event {
    /** The connection's id. */
    std::int32_t connection_id;
    /**
     * 0, or an error number, such as 10013 (refused by ConnectionRequest) or 10068 (too many
     * connections).
     */
    std::int32_t status_code;
    /** "OK", or the error text. */
    event_text description;

    /** status_code as a std::error_code. */
    std::error_code code() const noexcept { return {status_code, error_category()}; }
};

/**
 * A client requests a transfer. Its connection waits until the handler has returned, or until a
 * deferred answer.
 */
struct connection_request_event {
    /** The client's IP address. */
    event_text remote_host;
    /** The client's UDP port. */
    std::int32_t remote_port;
    /** The file name as the client sent it. Untrusted input. */
    event_text filename;
    tftp::transfer_mode transfer_mode;
    tftp::operation operation;
    /** true on entry; false refuses */
    bool accept;
    /** The connection's id. Its record is already in the Conn arrays. */
    std::int32_t connection_id;
    /** The local address that the client sent to; "" if the system does not report it. */
    event_text local_host;
    bool deferred = false; /**< the answer is deferred: see defer() */

    /**
     * Defers the answer to server_base::accept and ignores `accept`. Only this client waits, at
     * most Timeout.
     */
    void defer() { deferred = true; }
};

/** A connection ended. Fires exactly once for each Connected with status 0. */
struct disconnected_event {
    /**
     * The connection's id. Its record is removed from the Conn arrays when the handler has
     * returned.
     */
    std::int32_t connection_id;
    /** 0 if the transfer is complete, otherwise the error number. */
    std::int32_t status_code;
    /** "OK", or the error text. */
    event_text description;

    /** status_code as a std::error_code. */
    std::error_code code() const noexcept { return {status_code, error_category()}; }
};

/** A transfer is complete. An uploaded file has its final name by then. */
struct end_transfer_event {
    /** The connection's id. */
    std::int32_t connection_id;
    tftp::direction direction;
};

/**
 * A transfer or a request failed. Fires before the Connected or Disconnected with the same number.
 */
struct error_event {
    /** The error number. */
    std::int32_t error_code;
    /** The error text. */
    event_text description;
    /** The connection's id, or 0 if the event belongs to no connection. */
    std::int32_t connection_id;

    /** error_code as a std::error_code. */
    std::error_code code() const noexcept { return {error_code, error_category()}; }
};

/**
 * A log message of a level that LogLevel enables. The only event that may be dropped if too many
 * are pending.
 */
struct log_event {
    /** The connection's id, or 0 if the event belongs to no connection. */
    std::int32_t connection_id;
    /** 1 Info, 2 Verbose, 3 Debug. */
    std::int32_t log_level;
    /** The message: one line, in which control characters are escaped. */
    event_text message;
    /** "Info", "Error", "Verbose", "Debug" or "PITrail". */
    event_text log_type;
};

/**
 * A transfer begins. The connection waits until the handler has returned. If no source or
 * destination was found yet, this is the last chance to set one.
 */
struct start_transfer_event {
    /** The connection's id. */
    std::int32_t connection_id;
    tftp::direction direction;
};

/** A block of data was transferred. A slow handler slows only its own connection. */
struct transfer_event {
    /** The connection's id. */
    std::int32_t connection_id;
    tftp::direction direction;
    /** Bytes transferred so far, including this block. */
    std::int64_t bytes_transferred;
    /** 0 to 100; -1 if the size is unknown. */
    std::int32_t percent_done;
    /** The data of this block; empty for an empty last block. */
    event_bytes text;
};

/**
 * A download that the program supplies needs `length` more bytes from `offset` on. Supply them in
 * the handler, later, or from another thread.
 */
struct data_wanted_event {
    /** The connection's id, or the id of one of those that share the source (ConnDataKey). */
    std::int32_t connection_id;
    /**
     * The position in the source of the first requested byte. Earlier bytes were requested before.
     */
    std::int64_t offset;
    /** The largest number of bytes to supply now. */
    std::int64_t length;
};

/* api: end events */

/**
 * The source of a download: a function that writes at most `size` next bytes to `data` and returns
 * their number, 0 at the end. It is called inside do_events.
 */
using source = std::function<std::size_t(char *data, std::size_t size)>;

/** A set of events: `tftp::events::connected | tftp::events::transfer`. */
enum class events : std::uint32_t {
    none = 0,
    /* api: begin event set */
    connected = 1u << TFTPSERVER_EVENT_CONNECTED,
    connection_request = 1u << TFTPSERVER_EVENT_CONNECTION_REQUEST,
    disconnected = 1u << TFTPSERVER_EVENT_DISCONNECTED,
    end_transfer = 1u << TFTPSERVER_EVENT_END_TRANSFER,
    error = 1u << TFTPSERVER_EVENT_ERROR,
    log = 1u << TFTPSERVER_EVENT_LOG,
    start_transfer = 1u << TFTPSERVER_EVENT_START_TRANSFER,
    transfer = 1u << TFTPSERVER_EVENT_TRANSFER,
    data_wanted = 1u << TFTPSERVER_EVENT_DATA_WANTED,
    all = connected | connection_request | disconnected | end_transfer | error | log |
        start_transfer | transfer | data_wanted,
    /* api: end event set */
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

/** Returns the version of the loaded library, such as "0.1.0". Static text. */
inline std::string_view library_version() noexcept
{
    return ::tftpserver_version();
}

class server_base;

namespace detail {

/* Returns major * 1000000 + minor * 1000 + patch, as TFTPSERVER_VERSION_NUMBER. */
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

/* The C interface only grows: a library serves programs built with a header of the same or an
 * older version, as long as the first part of the version, which is the SONAME's number, is
 * equal. */
inline bool is_compatible(long library) noexcept
{
    constexpr long header = TFTPSERVER_VERSION_NUMBER;
    constexpr long series = 1000000;
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

struct frame;

/* The context of the library's callbacks. Its address does not change when the server is moved,
 * and do_events keeps it alive when the server is destroyed. */
/* The sources that were passed to server_base::feed. A pass reads a source once from its
 * beginning. Downloads with the same key share their passes, and a pass is identified by its
 * current offset. */
class feeds {
public:
    struct pass {
        source read;
        std::int64_t at;     /* bytes read and supplied */
        std::int32_t reader; /* the connection of the latest request */
    };
    using pass_ptr = std::shared_ptr<pass>;

    void add(std::int32_t id, std::function<source()> open, const std::string &key, std::int64_t size)
    {
        std::lock_guard<std::mutex> lock(mutex_);
        std::weak_ptr<group> none, &known = key.empty() ? none : shared_[{key, size}];
        std::shared_ptr<group> its = known.lock();
        if (its == nullptr) {
            its = std::make_shared<group>();
            its->size = size;
            known = its;
        }
        entries_[id] = entry{std::move(its), std::move(open)};
    }

    bool knows(std::int32_t id)
    {
        std::lock_guard<std::mutex> lock(mutex_);
        return entries_.count(id) != 0;
    }

    bool any() noexcept
    {
        std::lock_guard<std::mutex> lock(mutex_);
        return !entries_.empty();
    }

    /* Returns true if this download was aborted. Data may have been requested before. */
    bool is_aborted(std::int32_t id) { return group_of(id)->aborted.count(id) != 0; }

    /* Returns the pass that continues or begins at this offset; null if there is none. */
    pass_ptr find(std::int32_t id, std::int64_t offset)
    {
        std::shared_ptr<group> its = group_of(id);
        pass_ptr found;
        if (offset == 0) {
            found = std::make_shared<pass>(pass{opener_of(id)(), 0, id});
            its->passes.push_back(found);
            its->opened++;
        } else {
            /* The library names the same connection for a pass as long as that reads it. */
            int best = 0;
            for (const pass_ptr &one : its->passes) {
                int fit = one->at != offset ? 0 : one->reader == id ? 3 : is_member(one->reader, its) ? 1 : 2;
                if (fit > best) {
                    best = fit;
                    found = one;
                }
            }
        }
        if (found != nullptr) {
            found->reader = id;
        }
        return found;
    }

    /* Returns true if all bytes of a source of known size were supplied. */
    bool is_whole(std::int32_t id, const pass_ptr &one) { return group_of(id)->size == one->at; }

    /* Removes a pass that has ended, or whose position is not known any more. */
    void drop(std::int32_t id, const pass_ptr &one)
    {
        std::vector<pass_ptr> &all = group_of(id)->passes;
        all.erase(std::remove(all.begin(), all.end(), one), all.end());
    }

    /* Removes a pass that has failed; null: one that could not be opened or continued. Returns the
     * connections to abort. `ends_pass`: the pass must be ended for its other connections, because
     * other passes of the key go on. */
    std::vector<std::int32_t> fail(std::int32_t id, const pass_ptr &one, bool &ends_pass)
    {
        std::shared_ptr<group> its = group_of(id);
        drop(id, one);
        bool for_all = its->opened <= (one == nullptr ? 0 : 1) || (one != nullptr && its->size < 0);
        /*
         * If none could be opened, the library requests the same of another connection, which may
         * have its own.
         */
        ends_pass = !for_all && one != nullptr;
        std::vector<std::int32_t> aborted{id};
        if (for_all) {
            std::lock_guard<std::mutex> lock(mutex_);
            for (const auto &other : entries_) {
                if (other.second.its == its && other.first != id) {
                    aborted.push_back(other.first);
                }
            }
        }
        its->aborted.insert(aborted.begin(), aborted.end());
        return aborted;
    }

    /* Removes an ended connection, and the passes that no other connection reads, as `is_read` of
     * their latest connection returns. */
    template <class IsRead> void forget(std::int32_t id, const IsRead &is_read)
    {
        entry gone; /* destroyed without the lock, because the program's destructors may call back */
        {
            std::lock_guard<std::mutex> lock(mutex_);
            auto own = entries_.find(id);
            if (own == entries_.end()) {
                return;
            }
            std::swap(gone, own->second);
            entries_.erase(own);
        }
        gone.its->aborted.erase(id);
        std::vector<pass_ptr> read;
        for (const pass_ptr &one : gone.its->passes) {
            if (is_member(one->reader, gone.its) || is_read(one->reader)) {
                read.push_back(one);
            }
        }
        std::swap(gone.its->passes, read);
        read.clear();
        gone = entry();
        std::lock_guard<std::mutex> lock(mutex_);
        for (auto known = shared_.begin(); known != shared_.end();) {
            known = known->second.expired() ? shared_.erase(known) : std::next(known);
        }
    }

private:
    /* All but the size is used by events only, one at a time. */
    struct group {
        std::int64_t size = -1;
        std::vector<pass_ptr> passes;
        int opened = 0; /* passes so far */
        std::set<std::int32_t> aborted;
    };

    struct entry {
        std::shared_ptr<group> its;
        std::function<source()> open;
    };

    std::shared_ptr<group> group_of(std::int32_t id)
    {
        std::lock_guard<std::mutex> lock(mutex_);
        return entries_.at(id).its;
    }

    std::function<source()> opener_of(std::int32_t id)
    {
        std::lock_guard<std::mutex> lock(mutex_);
        return entries_.at(id).open;
    }

    bool is_member(std::int32_t id, const std::shared_ptr<group> &its)
    {
        std::lock_guard<std::mutex> lock(mutex_);
        auto own = entries_.find(id);
        return own != entries_.end() && own->second.its == its;
    }

    std::mutex mutex_;
    std::map<std::int32_t, entry> entries_;
    std::map<std::pair<std::string, std::int64_t>, std::weak_ptr<group>> shared_;
};

struct state {
    detail::feeds feeds;
    ::tftpserver *handle = nullptr;
    std::atomic<server_base *> owner{nullptr};
    long process = process_id();
    std::mutex mutex; /* protects the members below */
    std::condition_variable left;
    frame *running = nullptr; /* the latest one; frame::next links the others */

    /* Returns the do_events that runs on this thread. Not a thread_local, because each shared
     * object may have its own. */
    frame *here();

    /* Waits until no do_events is running. */
    void await_idle()
    {
        std::unique_lock<std::mutex> lock(mutex);
        left.wait(lock, [this] { return running == nullptr; });
    }
};

/* A running do_events. */
struct frame {
    explicit frame(state &server) : server_(server)
    {
        std::lock_guard<std::mutex> lock(server_.mutex);
        next = server_.running;
        server_.running = this;
    }
    frame(const frame &) = delete;
    frame &operator=(const frame &) = delete;

    ~frame()
    {
        std::lock_guard<std::mutex> lock(server_.mutex);
        frame **place = &server_.running;
        while (*place != this) {
            place = &(*place)->next;
        }
        *place = next;
        server_.left.notify_all();
    }

    const std::thread::id thread = std::this_thread::get_id();
    std::exception_ptr thrown; /* by a handler */
    frame *next;

private:
    state &server_;
};

inline frame *state::here()
{
    std::lock_guard<std::mutex> lock(mutex);
    frame *found = running;
    while (found != nullptr && found->thread != std::this_thread::get_id()) {
        found = found->next;
    }
    return found;
}

} // namespace detail

/* ---- the server ---- */

/**
 * A server as a base class: override the Fire... methods. `tftp::server` has the same properties
 * and methods.
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
    template <class T> using if_number = std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, char>>;

public:
    /**
     * Opens a server that does not listen yet.
     *
     * @param wanted The events whose Fire... methods are called. Each has a cost, Transfer the
     *               highest: name those that you override.
     * @throws error 909 the library is older than this header; 908 internal error
     */
    explicit server_base(events wanted = events::all)
    {
        std::string text;
        if (std::int32_t code = open(wanted, text)) {
            detail::raise(code, text);
        }
    }

    /** The same; if `code` is an error, the object is like a moved-from one. */
    explicit server_base(std::error_code &code, events wanted = events::all)
    {
        std::string text;
        code = code_of(open(wanted, text));
    }

    server_base(server_base &&other) noexcept;
    server_base &operator=(server_base &&other) noexcept;

    /**
     * Ends every transfer and closes the server; inside a handler, when do_events returns. Waits
     * for a do_events that runs on another thread.
     */
    virtual ~server_base() { release(); }

    /**
     * Ends every transfer and closes the server. Waits for a handler that runs on another thread.
     *
     * @throws error 907 inside a handler; 901 already closed
     */
    void close() { check(::tftpserver_close(handle())); }
    void close(std::error_code &code) noexcept { code = code_of(::tftpserver_close(handle())); }

    /**
     * Returns the handle, for the functions of tftpserver.h; null after a move. Do not close it.
     */
    ::tftpserver *handle() const noexcept { return state_ ? state_->handle : nullptr; }

    /* -- methods -- */

    /**
     * Delivers the pending events: calls their handlers one after another on this thread. If no
     * event is pending, it waits for the first one, at most for the setting SelectWaitMillis (20).
     *
     * @throws error 907 inside a handler; 901 closed. Also rethrows the exception of a handler.
     */
    void do_events()
    {
        ::tftpserver *server = handle(); /* the object may be destroyed afterwards */
        check(server, pump());
    }

    /** The same; a failure is in `code`, and only a handler's exception is thrown. */
    void do_events(std::error_code &code) { code = code_of(pump()); }

    /**
     * Starts listening on LocalHost and LocalPort. @throws error 10048 the port is in use; 10013;
     * 10049; 11001; 905
     */
    void start_listening() { check(::tftpserver_do_startlistening(handle())); }
    void start_listening(std::error_code &code) noexcept
    {
        code = code_of(::tftpserver_do_startlistening(handle()));
    }

    /** Stops listening; running transfers continue to their end. */
    void stop_listening() { check(::tftpserver_do_stoplistening(handle())); }
    void stop_listening(std::error_code &code) noexcept
    {
        code = code_of(::tftpserver_do_stoplistening(handle()));
    }

    /** Stops listening and ends every transfer: Disconnected fires with 10053. */
    void shutdown() { check(::tftpserver_do_shutdown(handle())); }
    void shutdown(std::error_code &code) noexcept { code = code_of(::tftpserver_do_shutdown(handle())); }

    /** Ends one transfer: Disconnected fires with 10053. @throws error 903 no such connection */
    void disconnect(std::int32_t connection) { check(::tftpserver_do_disconnect(handle(), connection)); }
    void disconnect(std::int32_t connection, std::error_code &code) noexcept
    {
        code = code_of(::tftpserver_do_disconnect(handle(), connection));
    }

    /**
     * Answers a deferred request, from any thread; do_events delivers the events that follow.
     * @throws error 903 no such connection, or it has ended; 130 already answered, or not deferred
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

    /**
     * Holds a transfer (true) while the data that on_transfer delivered is stored elsewhere, until
     * it is stored (false): see tftpserver_do_hold. @throws error 903 no such connection
     */
    void hold(std::int32_t connection, bool on) { check(::tftpserver_do_hold(handle(), connection, on ? 1 : 0)); }
    void hold(std::int32_t connection, bool on, std::error_code &code) noexcept
    {
        code = code_of(::tftpserver_do_hold(handle(), connection, on ? 1 : 0));
    }

    /**
     * Serves a download from a function instead of a file. The function is called for the bytes
     * during the transfer, at most two windows ahead. Call feed() in on_connection_request,
     * on_connected or on_start_transfer, or before a deferred answer. An exception of the function,
     * or a result above `size`, ends the download with an ERROR, and do_events throws it. The
     * function is destroyed when its download has ended, and do_events waits while it waits.
     *
     *     server.feed(e.connection_id, [file = open_url(url)](char *data, std::size_t size) {
     *         return file->read(data, size);
     *     });
     *
     * @param connection the connection's id, from the event
     * @param from the function: it fills `data` with at most `size` bytes and returns their number,
     * 0 at the end
     * @param size the total number of bytes, or -1 if unknown; then clients get no tsize
     * @throws error 903 no such connection; 130 the transfer has begun, or is an upload
     */
    void feed(std::int32_t connection, source from, std::int64_t size = -1)
    {
        feed_shared(connection, once(std::move(from)), {}, size);
    }

    /**
     * The same with a stream, which is read to its end. Its mask of exceptions is cleared: the end
     * of a stream is no failure, but a stream that is bad, or was not opened, fails the download.
     * @throws error 905 the pointer is empty
     */
    void feed(std::int32_t connection, std::shared_ptr<std::istream> from, std::int64_t size = -1)
    {
        if (from == nullptr) {
            detail::raise(TFTPSERVER_ERROR_INVALID_VALUE, "There is no stream.");
        }
        feed(connection, reader(std::move(from)), size);
    }

    /**
     * The same for downloads that share a source: those with the same key and size are served by
     * one pass over it. `open` returns a source at its beginning, and is called once for each pass.
     */
    void feed_shared(std::int32_t connection, std::function<source()> open, std::string_view key, std::int64_t size = -1)
    {
        check(listen_to(TFTPSERVER_EVENT_DATA_WANTED, true));
        check(listen_to(TFTPSERVER_EVENT_CONNECTED, true));
        check(listen_to(TFTPSERVER_EVENT_DISCONNECTED, true));
        set_conn_data_key(connection, key);
        set_conn_data_size(connection, size);
        state_->feeds.add(connection, std::move(open), std::string(key), size);
    }

    /**
     * Supplies bytes that on_data_wanted requested, if feed() is not used: see
     * tftpserver_do_supply.
     * @throws error 905 more bytes than requested; 130 the program is not its source, or the source
     * has ended; 903
     */
    void supply(std::int32_t connection, bytes_view data, bool is_last = false)
    {
        check(::tftpserver_do_supply(handle(), connection, data.data(), data.size(), is_last ? 1 : 0));
    }
    void supply(std::int32_t connection, bytes_view data, bool is_last, std::error_code &code) noexcept
    {
        code = code_of(::tftpserver_do_supply(handle(), connection, data.data(), data.size(), is_last ? 1 : 0));
    }

    /**
     * Ends a transfer with an error code (0 to 8) and a text for its client. @throws error 903; 905
     * another code
     */
    void abort(std::int32_t connection, std::int32_t tftp_code, const std::string &text)
    {
        check(::tftpserver_do_abort(handle(), connection, tftp_code, text.c_str()));
    }
    void abort(std::int32_t connection, std::int32_t tftp_code, const std::string &text, std::error_code &code) noexcept
    {
        code = code_of(::tftpserver_do_abort(handle(), connection, tftp_code, text.c_str()));
    }

    /** Calls shutdown() and sets every property and setting to its default. Handlers stay. */
    void reset() { check(::tftpserver_do_reset(handle())); }
    void reset(std::error_code &code) noexcept { code = code_of(::tftpserver_do_reset(handle())); }

    /**
     * Makes a waiting do_events return at once, on any thread; if none is running, the next one.
     */
    void interrupt() { check(::tftpserver_do_interrupt(handle())); }
    void interrupt(std::error_code &code) noexcept { code = code_of(::tftpserver_do_interrupt(handle())); }

    /**
     * Returns a descriptor that is readable while an event is pending: poll it, and call do_events.
     * The library owns it: do nothing else with it. Classes that close their descriptor need a
     * dup() of it.
     */
    int event_fd() const
    {
        int descriptor = ::tftpserver_get_event_fd(handle());
        if (descriptor < 0) {
            fail();
        }
        return descriptor;
    }
    int event_fd(std::error_code &code) const noexcept
    {
        int descriptor = ::tftpserver_get_event_fd(handle());
        code = descriptor < 0 ? last_code() : std::error_code();
        return descriptor;
    }

    /**
     * On Windows returns a HANDLE that is signalled while an event is pending: wait for it, and
     * call do_events. The library owns it: do nothing else with it. @throws error 909 on other
     * systems
     */
    void *event_handle() const
    {
        void *event = ::tftpserver_get_event_handle(handle());
        if (event == nullptr) {
            fail();
        }
        return event;
    }
    void *event_handle(std::error_code &code) const noexcept
    {
        void *event = ::tftpserver_get_event_handle(handle());
        code = event == nullptr ? last_code() : std::error_code();
        return event;
    }

    /* -- settings: listed in tftpserver.h -- */

    /**
     * Returns a setting ("NAME"), or sets it and returns "" ("NAME=VALUE").
     * @throws error 906 unknown; 905; 904; 106, 107, 112, 113 or 117 while listening
     */
    std::string config(std::string_view text) { return value_or_raise(text, &server_base::configure); }
    std::string config(std::string_view text, std::error_code &code) { return configure(text, code); }

    /** Returns a setting. @throws error 906 unknown; 904 "NAME=VALUE" would set it */
    std::string config(std::string_view name) const { return value_or_raise(name, &server_base::read_setting); }
    std::string config(std::string_view name, std::error_code &code) const { return read_setting(name, code); }

    /** Sets a setting. */
    void config(std::string_view name, std::string_view value)
    {
        value_or_raise(assignment(name, value), &server_base::configure);
    }
    void config(std::string_view name, std::string_view value, std::error_code &code)
    {
        configure(assignment(name, value), code);
    }

    /** Sets a setting to a number or a Boolean. */
    template <class T, class = if_number<T>> void config(std::string_view name, T value)
    {
        config(name, std::string_view(written(value)));
    }
    template <class T, class = if_number<T>> void config(std::string_view name, T value, std::error_code &code)
    {
        config(name, std::string_view(written(value)), code);
    }

    /*
     * -- properties; `index` is a connection id as in the events, or a position below conn_count() --
     */

    std::string version() const { return get(TFTPSERVER_PROPERTY_VERSION); }
    std::string version(std::error_code &code) const { return get(TFTPSERVER_PROPERTY_VERSION, 0, code); }

    /* Figures are current at every read, on any thread, and final in on_disconnected. */
    /* api: begin properties */
    /** The connection's id, as in the events. */
    std::int32_t conn_connection_id(std::int32_t index) const
    {
        return number(TFTPSERVER_PROPERTY_CONN_CONNECTION_ID, index);
    }
    std::int32_t conn_connection_id(std::int32_t index, std::error_code &code) const
    {
        return number(TFTPSERVER_PROPERTY_CONN_CONNECTION_ID, index, code);
    }
    /**
     * Data that is sent in place of a file; empty: none. May be set until the transfer begins,
     * later 130.
     */
    bytes conn_file_data(std::int32_t index) const
    {
        return get_bytes(TFTPSERVER_PROPERTY_CONN_FILE_DATA, index);
    }
    bytes conn_file_data(std::int32_t index, std::error_code &code) const
    {
        return get_bytes(TFTPSERVER_PROPERTY_CONN_FILE_DATA, index, code);
    }
    void set_conn_file_data(std::int32_t index, bytes_view data)
    {
        set_bytes(TFTPSERVER_PROPERTY_CONN_FILE_DATA, data, index);
    }
    void set_conn_file_data(std::int32_t index, bytes_view data, std::error_code &code)
    {
        set_bytes(TFTPSERVER_PROPERTY_CONN_FILE_DATA, data, index, code);
    }
    /** The file name in the client's request. Untrusted input, not a path on this machine. */
    std::string conn_filename(std::int32_t index) const
    {
        return get(TFTPSERVER_PROPERTY_CONN_FILENAME, index);
    }
    std::string conn_filename(std::int32_t index, std::error_code &code) const
    {
        return get(TFTPSERVER_PROPERTY_CONN_FILENAME, index, code);
    }
    /**
     * The local file that is read or written: any path that the program chooses. May be set until
     * the transfer begins, later 130.
     */
    std::string conn_local_file(std::int32_t index) const
    {
        return get(TFTPSERVER_PROPERTY_CONN_LOCAL_FILE, index);
    }
    std::string conn_local_file(std::int32_t index, std::error_code &code) const
    {
        return get(TFTPSERVER_PROPERTY_CONN_LOCAL_FILE, index, code);
    }
    void set_conn_local_file(std::int32_t index, std::string_view path)
    {
        set(TFTPSERVER_PROPERTY_CONN_LOCAL_FILE, path, index);
    }
    void set_conn_local_file(std::int32_t index, std::string_view path, std::error_code &code)
    {
        set(TFTPSERVER_PROPERTY_CONN_LOCAL_FILE, path, index, code);
    }
    /** The client's IP address. */
    std::string conn_remote_host(std::int32_t index) const
    {
        return get(TFTPSERVER_PROPERTY_CONN_REMOTE_HOST, index);
    }
    std::string conn_remote_host(std::int32_t index, std::error_code &code) const
    {
        return get(TFTPSERVER_PROPERTY_CONN_REMOTE_HOST, index, code);
    }
    /** The client's UDP port. */
    std::int32_t conn_remote_port(std::int32_t index) const
    {
        return number(TFTPSERVER_PROPERTY_CONN_REMOTE_PORT, index);
    }
    std::int32_t conn_remote_port(std::int32_t index, std::error_code &code) const
    {
        return number(TFTPSERVER_PROPERTY_CONN_REMOTE_PORT, index, code);
    }
    tftp::transfer_mode conn_transfer_mode(std::int32_t index) const
    {
        return static_cast<tftp::transfer_mode>(number(TFTPSERVER_PROPERTY_CONN_TRANSFER_MODE, index));
    }
    tftp::transfer_mode conn_transfer_mode(std::int32_t index, std::error_code &code) const
    {
        return static_cast<tftp::transfer_mode>(number(TFTPSERVER_PROPERTY_CONN_TRANSFER_MODE, index, code));
    }
    tftp::operation conn_operation(std::int32_t index) const
    {
        return static_cast<tftp::operation>(number(TFTPSERVER_PROPERTY_CONN_OPERATION, index));
    }
    tftp::operation conn_operation(std::int32_t index, std::error_code &code) const
    {
        return static_cast<tftp::operation>(number(TFTPSERVER_PROPERTY_CONN_OPERATION, index, code));
    }
    /**
     * Bytes that the client has acknowledged (read) or the server has accepted (write). Current at
     * every read.
     */
    std::int64_t conn_bytes_transferred(std::int32_t index) const
    {
        return get_int(TFTPSERVER_PROPERTY_CONN_BYTES_TRANSFERRED, index);
    }
    std::int64_t conn_bytes_transferred(std::int32_t index, std::error_code &code) const
    {
        return get_int(TFTPSERVER_PROPERTY_CONN_BYTES_TRANSFERRED, index, code);
    }
    /** Bytes of the whole transfer. -1: not known. */
    std::int64_t conn_total_bytes(std::int32_t index) const
    {
        return get_int(TFTPSERVER_PROPERTY_CONN_TOTAL_BYTES, index);
    }
    std::int64_t conn_total_bytes(std::int32_t index, std::error_code &code) const
    {
        return get_int(TFTPSERVER_PROPERTY_CONN_TOTAL_BYTES, index, code);
    }
    /** Negotiated bytes per block; 0 before the negotiation. */
    std::int32_t conn_block_size(std::int32_t index) const
    {
        return number(TFTPSERVER_PROPERTY_CONN_BLOCK_SIZE, index);
    }
    std::int32_t conn_block_size(std::int32_t index, std::error_code &code) const
    {
        return number(TFTPSERVER_PROPERTY_CONN_BLOCK_SIZE, index, code);
    }
    /** Negotiated blocks per window; 0 before the negotiation. */
    std::int32_t conn_window_size(std::int32_t index) const
    {
        return number(TFTPSERVER_PROPERTY_CONN_WINDOW_SIZE, index);
    }
    std::int32_t conn_window_size(std::int32_t index, std::error_code &code) const
    {
        return number(TFTPSERVER_PROPERTY_CONN_WINDOW_SIZE, index, code);
    }
    /** Packets that the server has retransmitted. */
    std::int64_t conn_retransmissions(std::int32_t index) const
    {
        return get_int(TFTPSERVER_PROPERTY_CONN_RETRANSMISSIONS, index);
    }
    std::int64_t conn_retransmissions(std::int32_t index, std::error_code &code) const
    {
        return get_int(TFTPSERVER_PROPERTY_CONN_RETRANSMISSIONS, index, code);
    }
    /** Milliseconds since the request; final when the transfer has ended. */
    std::chrono::milliseconds conn_elapsed(std::int32_t index) const
    {
        return std::chrono::milliseconds(get_int(TFTPSERVER_PROPERTY_CONN_ELAPSED_MILLIS, index));
    }
    std::chrono::milliseconds conn_elapsed(std::int32_t index, std::error_code &code) const
    {
        return std::chrono::milliseconds(get_int(TFTPSERVER_PROPERTY_CONN_ELAPSED_MILLIS, index, code));
    }
    /**
     * The name to look up in LocalDir in place of the client's. May be set until the transfer
     * begins, later 130.
     */
    std::string conn_served_name(std::int32_t index) const
    {
        return get(TFTPSERVER_PROPERTY_CONN_SERVED_NAME, index);
    }
    std::string conn_served_name(std::int32_t index, std::error_code &code) const
    {
        return get(TFTPSERVER_PROPERTY_CONN_SERVED_NAME, index, code);
    }
    void set_conn_served_name(std::int32_t index, std::string_view name)
    {
        set(TFTPSERVER_PROPERTY_CONN_SERVED_NAME, name, index);
    }
    void set_conn_served_name(std::int32_t index, std::string_view name, std::error_code &code)
    {
        set(TFTPSERVER_PROPERTY_CONN_SERVED_NAME, name, index, code);
    }
    /**
     * The length of the data that the program supplies for this download. Setting it makes the
     * program the source. -1: not known.
     */
    std::int64_t conn_data_size(std::int32_t index) const
    {
        return get_int(TFTPSERVER_PROPERTY_CONN_DATA_SIZE, index);
    }
    std::int64_t conn_data_size(std::int32_t index, std::error_code &code) const
    {
        return get_int(TFTPSERVER_PROPERTY_CONN_DATA_SIZE, index, code);
    }
    void set_conn_data_size(std::int32_t index, std::int64_t length)
    {
        set_int(TFTPSERVER_PROPERTY_CONN_DATA_SIZE, length, index);
    }
    void set_conn_data_size(std::int32_t index, std::int64_t length, std::error_code &code)
    {
        set_int(TFTPSERVER_PROPERTY_CONN_DATA_SIZE, length, index, code);
    }
    /**
     * Downloads with the same key and size share the supplied data. May be set until the transfer
     * begins, later 130.
     */
    std::string conn_data_key(std::int32_t index) const
    {
        return get(TFTPSERVER_PROPERTY_CONN_DATA_KEY, index);
    }
    std::string conn_data_key(std::int32_t index, std::error_code &code) const
    {
        return get(TFTPSERVER_PROPERTY_CONN_DATA_KEY, index, code);
    }
    void set_conn_data_key(std::int32_t index, std::string_view name)
    {
        set(TFTPSERVER_PROPERTY_CONN_DATA_KEY, name, index);
    }
    void set_conn_data_key(std::int32_t index, std::string_view name, std::error_code &code)
    {
        set(TFTPSERVER_PROPERTY_CONN_DATA_KEY, name, index, code);
    }
    /* api: end properties */

    /* api: begin server properties */
    /** The number of records in the Conn arrays. It changes only inside DoEvents. */
    std::int32_t conn_count() const
    {
        return number(TFTPSERVER_PROPERTY_CONN_COUNT);
    }
    std::int32_t conn_count(std::error_code &code) const
    {
        return number(TFTPSERVER_PROPERTY_CONN_COUNT, 0, code);
    }
    /** True while the server listens. */
    bool listening() const
    {
        return number(TFTPSERVER_PROPERTY_LISTENING) != 0;
    }
    bool listening(std::error_code &code) const
    {
        return number(TFTPSERVER_PROPERTY_LISTENING, 0, code) != 0;
    }
    /** Starts or stops listening. */
    void set_listening(bool on)
    {
        set_int(TFTPSERVER_PROPERTY_LISTENING, on ? 1 : 0);
    }
    void set_listening(bool on, std::error_code &code)
    {
        set_int(TFTPSERVER_PROPERTY_LISTENING, on ? 1 : 0, 0, code);
    }
    /** The directory that is served; it must exist. "": none, handlers supply everything. */
    std::string local_dir() const
    {
        return get(TFTPSERVER_PROPERTY_LOCAL_DIR);
    }
    std::string local_dir(std::error_code &code) const
    {
        return get(TFTPSERVER_PROPERTY_LOCAL_DIR, 0, code);
    }
    void set_local_dir(std::string_view path)
    {
        set(TFTPSERVER_PROPERTY_LOCAL_DIR, path);
    }
    void set_local_dir(std::string_view path, std::error_code &code)
    {
        set(TFTPSERVER_PROPERTY_LOCAL_DIR, path, 0, code);
    }
    /**
     * The address or host name to listen on; "": every address. While listening, the bound address.
     */
    std::string local_host() const
    {
        return get(TFTPSERVER_PROPERTY_LOCAL_HOST);
    }
    std::string local_host(std::error_code &code) const
    {
        return get(TFTPSERVER_PROPERTY_LOCAL_HOST, 0, code);
    }
    void set_local_host(std::string_view host)
    {
        set(TFTPSERVER_PROPERTY_LOCAL_HOST, host);
    }
    void set_local_host(std::string_view host, std::error_code &code)
    {
        set(TFTPSERVER_PROPERTY_LOCAL_HOST, host, 0, code);
    }
    /**
     * The UDP port to listen on (69); 0: the system chooses one. While listening, the bound port.
     */
    std::int32_t local_port() const
    {
        return number(TFTPSERVER_PROPERTY_LOCAL_PORT);
    }
    std::int32_t local_port(std::error_code &code) const
    {
        return number(TFTPSERVER_PROPERTY_LOCAL_PORT, 0, code);
    }
    void set_local_port(std::int32_t port)
    {
        set_int(TFTPSERVER_PROPERTY_LOCAL_PORT, port);
    }
    void set_local_port(std::int32_t port, std::error_code &code)
    {
        set_int(TFTPSERVER_PROPERTY_LOCAL_PORT, port, 0, code);
    }
    /** How many times a packet is retransmitted before the transfer fails (3). */
    std::int32_t max_retransmits() const
    {
        return number(TFTPSERVER_PROPERTY_MAX_RETRANSMITS);
    }
    std::int32_t max_retransmits(std::error_code &code) const
    {
        return number(TFTPSERVER_PROPERTY_MAX_RETRANSMITS, 0, code);
    }
    void set_max_retransmits(std::int32_t times)
    {
        set_int(TFTPSERVER_PROPERTY_MAX_RETRANSMITS, times);
    }
    void set_max_retransmits(std::int32_t times, std::error_code &code)
    {
        set_int(TFTPSERVER_PROPERTY_MAX_RETRANSMITS, times, 0, code);
    }
    /** Seconds until a packet is retransmitted, at most (5). */
    std::chrono::seconds retransmit_timeout() const
    {
        return std::chrono::seconds(number(TFTPSERVER_PROPERTY_RETRANSMIT_TIMEOUT));
    }
    std::chrono::seconds retransmit_timeout(std::error_code &code) const
    {
        return std::chrono::seconds(number(TFTPSERVER_PROPERTY_RETRANSMIT_TIMEOUT, 0, code));
    }
    void set_retransmit_timeout(std::chrono::seconds seconds)
    {
        set_int(TFTPSERVER_PROPERTY_RETRANSMIT_TIMEOUT, seconds.count());
    }
    void set_retransmit_timeout(std::chrono::seconds seconds, std::error_code &code)
    {
        set_int(TFTPSERVER_PROPERTY_RETRANSMIT_TIMEOUT, seconds.count(), 0, code);
    }
    /** Seconds without progress after which a transfer fails (60); 0: no limit. */
    std::chrono::seconds timeout() const
    {
        return std::chrono::seconds(number(TFTPSERVER_PROPERTY_TIMEOUT));
    }
    std::chrono::seconds timeout(std::error_code &code) const
    {
        return std::chrono::seconds(number(TFTPSERVER_PROPERTY_TIMEOUT, 0, code));
    }
    void set_timeout(std::chrono::seconds seconds)
    {
        set_int(TFTPSERVER_PROPERTY_TIMEOUT, seconds.count());
    }
    void set_timeout(std::chrono::seconds seconds, std::error_code &code)
    {
        set_int(TFTPSERVER_PROPERTY_TIMEOUT, seconds.count(), 0, code);
    }
    /* api: end server properties */

    /* -- any property by its id, TFTPSERVER_PROPERTY_... -- */

    std::string get(int property, std::int32_t index = 0) const
    {
        const char *text = ::tftpserver_get(handle(), property, index);
        if (text == nullptr) {
            fail();
        }
        return text;
    }
    std::string get(int property, std::int32_t index, std::error_code &code) const
    {
        const char *text = ::tftpserver_get(handle(), property, index);
        code = text == nullptr ? last_code() : std::error_code();
        return text == nullptr ? std::string() : std::string(text);
    }

    std::int64_t get_int(int property, std::int32_t index = 0) const
    {
        std::error_code code;
        std::int64_t value = get_int(property, index, code);
        if (code) {
            fail();
        }
        return value;
    }
    std::int64_t get_int(int property, std::int32_t index, std::error_code &code) const noexcept
    {
        std::int64_t value = ::tftpserver_get_int(handle(), property, index);
        code = value == 0 ? last_code() : std::error_code();
        return value;
    }

    bytes get_bytes(int property, std::int32_t index = 0) const
    {
        std::error_code code;
        bytes data = get_bytes(property, index, code);
        if (code) {
            fail();
        }
        return data;
    }
    bytes get_bytes(int property, std::int32_t index, std::error_code &code) const
    {
        std::size_t length = 0;
        const void *data = ::tftpserver_get_bytes(handle(), property, index, &length);
        code = data == nullptr ? last_code() : std::error_code();
        const auto *first = static_cast<const std::uint8_t *>(data);
        return data == nullptr ? bytes() : bytes(first, first + length);
    }

    void set(int property, std::string_view value, std::int32_t index = 0) { set_bytes(property, value, index); }
    void set(int property, std::string_view value, std::int32_t index, std::error_code &code) noexcept
    {
        set_bytes(property, value, index, code);
    }

    void set_int(int property, std::int64_t value, std::int32_t index = 0)
    {
        check(::tftpserver_set_int(handle(), property, index, value));
    }
    void set_int(int property, std::int64_t value, std::int32_t index, std::error_code &code) noexcept
    {
        code = code_of(::tftpserver_set_int(handle(), property, index, value));
    }

    void set_bytes(int property, bytes_view value, std::int32_t index = 0)
    {
        check(::tftpserver_set_bytes(handle(), property, index, value.data(), value.size()));
    }
    void set_bytes(int property, bytes_view value, std::int32_t index, std::error_code &code) noexcept
    {
        code = code_of(::tftpserver_set_bytes(handle(), property, index, value.data(), value.size()));
    }

protected:
    /* -- handlers: return 0, or another value to end the connection -- */

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
     * This default ends an upload that has no file. With a Transfer callback the library delivers
     * such data to the program, and without an override the data would be lost.
     */
    virtual int FireTransfer(transfer_event &e);
    /** @see data_wanted_event */
    virtual int FireDataWanted(data_wanted_event &) { return 0; }

    /** Registers an event, or removes it; `event` is TFTPSERVER_EVENT_.... */
    void want(int event, bool wanted) { check(listen_to(event, wanted)); }
    void want(int event, bool wanted, std::error_code &code) noexcept { code = code_of(listen_to(event, wanted)); }

    /** Does the work of the destructor. Afterwards the object is like a moved-from one. */
    void release() noexcept;

private:
    /* Called by the C library. No exception may leave it. */
    static std::int32_t receive(::tftpserver *handle, ::tftpserver_event *event, void *context) noexcept;
    std::int32_t dispatch(::tftpserver_event &event);
    std::int32_t dispatch_and_feed(::tftpserver_event &event);

    std::int32_t pump();

    /* Supplies the requested bytes of a download for which feed() was called. */
    static std::int32_t serve(detail::state &self, const ::tftpserver_data_wanted_event &wanted);
    static std::int32_t read_and_supply(detail::state &self, const ::tftpserver_data_wanted_event &wanted,
                                        detail::feeds::pass_ptr &pass);
    static std::int32_t refuse_excess(detail::state &self, std::int32_t id, const detail::feeds::pass_ptr &pass);
    static void fail_source(detail::state &self, std::int32_t id, const detail::feeds::pass_ptr &pass,
                            const char *text);

    static std::function<source()> once(source from)
    {
        return [from = std::move(from)]() mutable { return std::move(from); };
    }

    static source reader(std::shared_ptr<std::istream> from)
    {
        return [from = std::move(from)](char *data, std::size_t size) {
            from->exceptions(std::ios_base::goodbit); /* the end of a stream is no error here */
            if (from->good()) {
                from->read(data, static_cast<std::streamsize>(size));
                if (!from->bad()) {
                    return static_cast<std::size_t>(from->gcount());
                }
            }
            if (!from->eof()) { /* also a file that could not be opened */
                detail::raise(TFTPSERVER_ERROR_CANNOT_READ_FILE, "The stream cannot be read.");
            }
            return std::size_t(0);
        };
    }

    /* Returns the library's number; `text` gets its error text. */
    std::int32_t open(events wanted, std::string &text);

    std::int32_t listen_to(int event, bool wanted) noexcept
    {
        bool of_feeds = event == TFTPSERVER_EVENT_DATA_WANTED || event == TFTPSERVER_EVENT_CONNECTED
            || event == TFTPSERVER_EVENT_DISCONNECTED;
        bool needed = wanted || (of_feeds && state_ != nullptr && state_->feeds.any());
        return ::tftpserver_register_callback(handle(), event, needed ? &server_base::receive : nullptr, state_.get());
    }

    static std::error_code code_of(std::int32_t code) noexcept { return {code, error_category()}; }

    /* Returns the error of this thread's last call. */
    std::error_code last_code() const noexcept { return code_of(::tftpserver_get_last_error_code(handle())); }

    static void check(::tftpserver *server, std::int32_t code)
    {
        if (code != 0) {
            detail::raise(code, ::tftpserver_get_last_error(server));
        }
    }

    void check(std::int32_t code) const { check(handle(), code); }

    /* For calls that return a value. */
    [[noreturn]] void fail() const
    {
        ::tftpserver *server = handle();
        detail::raise(::tftpserver_get_last_error_code(server), ::tftpserver_get_last_error(server));
    }

    std::int32_t number(int property, std::int32_t index = 0) const
    {
        return static_cast<std::int32_t>(get_int(property, index));
    }
    std::int32_t number(int property, std::int32_t index, std::error_code &code) const noexcept
    {
        return static_cast<std::int32_t>(get_int(property, index, code));
    }

    /* -- settings -- */

    /* Returns "NAME=VALUE"; "" if the name contains "=". */
    static std::string assignment(std::string_view name, std::string_view value)
    {
        return name.find('=') != name.npos ? std::string() : std::string(name).append("=").append(value);
    }

    template <class T> static std::string written(T value)
    {
        if constexpr (std::is_same_v<T, bool>) {
            return value ? "True" : "False";
        } else {
            return std::to_string(value);
        }
    }

    std::string configure(std::string_view text, std::error_code &code) const
    {
        if (text.find('\0') != text.npos) {
            code = errc::invalid_value;
            return {};
        }
        const char *value = ::tftpserver_do_config(handle(), std::string(text).c_str());
        code = value == nullptr ? last_code() : std::error_code();
        return value == nullptr ? std::string() : std::string(value);
    }

    std::string read_setting(std::string_view name, std::error_code &code) const
    {
        if (name.find('=') != name.npos) {
            code = errc::read_only;
            return {};
        }
        return configure(name, code);
    }

    std::string value_or_raise(std::string_view text,
                               std::string (server_base::*call)(std::string_view, std::error_code &) const) const
    {
        std::error_code code;
        std::string value = (this->*call)(text, code);
        if (code) {
            /*
             * The library's error text, unless the call was rejected before it reached the library.
             */
            bool is_last = code.value() == ::tftpserver_get_last_error_code(handle());
            detail::raise(code.value(), is_last ? ::tftpserver_get_last_error(handle()) : code.message().c_str());
        }
        return value;
    }

    std::shared_ptr<detail::state> state_;
};

inline std::int32_t server_base::open(events wanted, std::string &text)
{
    if (!detail::is_compatible(detail::version_number(library_version()))) {
        text = std::string("libtftpserver ").append(library_version())
            + " does not fit this program, which was built for " TFTPSERVER_VERSION_STRING;
        return TFTPSERVER_ERROR_NOT_AVAILABLE;
    }
    state_ = std::make_shared<detail::state>();
    state_->owner = this;
    state_->handle = ::tftpserver_open();
    std::int32_t code = state_->handle == nullptr ? static_cast<std::int32_t>(TFTPSERVER_ERROR_INTERNAL) : 0;
    for (int event = TFTPSERVER_EVENT_CONNECTED; event <= TFTPSERVER_EVENT_DATA_WANTED && code == 0; event++) {
        if ((wanted & static_cast<events>(1u << event)) != events::none) {
            code = listen_to(event, true);
        }
    }
    if (code != 0) {
        text = ::tftpserver_strerror(code);
        release();
    }
    return code;
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
    detail::state *self = state_.get();
    /* In a child process the server belongs to the parent. */
    if (self != nullptr && self->handle != nullptr && self->process == detail::process_id()) {
        if (::tftpserver_close(self->handle) == TFTPSERVER_ERROR_INSIDE_CALLBACK) {
            self->owner = nullptr;
            ::tftpserver_release(self->handle);
        } else {
            self->await_idle();
        }
    }
    state_.reset(); /* not earlier: a do_events on another thread reads it when it starts */
}

inline std::int32_t server_base::pump()
{
    std::shared_ptr<detail::state> self = state_; /* a handler may destroy or move this object */
    if (!self) {
        return ::tftpserver_do_doevents(nullptr); /* 901 */
    }
    std::exception_ptr thrown;
    std::int32_t code;
    {
        detail::frame own(*self);
        code = ::tftpserver_do_doevents(self->handle);
        thrown = std::move(own.thrown);
    }
#if TFTPSERVER_HPP_EXCEPTIONS
    if (thrown) {
        std::rethrow_exception(std::move(thrown));
    }
#endif
    return code;
}

inline std::int32_t server_base::receive(::tftpserver *handle, ::tftpserver_event *event, void *context) noexcept
{
    auto *self = static_cast<detail::state *>(context);
    server_base *owner = self->owner;
    if (owner == nullptr) {
        return TFTPSERVER_ERROR_ABORTED;
    }
#if TFTPSERVER_HPP_EXCEPTIONS
    try {
        return owner->dispatch_and_feed(*event);
    } catch (...) {
        detail::frame *frame = self->here();
        if (frame == nullptr) {
            std::terminate(); /* tftpserver_do_doevents was called directly: the exception cannot be rethrown */
        }
        frame->thrown = std::current_exception();
        ::tftpserver_do_interrupt(handle); /* let do_events return, and throw, at once */
        return TFTPSERVER_ERROR_ABORTED;
    }
#else
    (void)handle;
    return owner->dispatch_and_feed(*event);
#endif
}

inline std::int32_t server_base::dispatch_and_feed(::tftpserver_event &event)
{
    std::shared_ptr<detail::state> self = state_; /* a handler may destroy or move this object */
    if (event.id == TFTPSERVER_EVENT_DATA_WANTED && self->feeds.knows(event.data.data_wanted.connection_id)) {
        return serve(*self, event.data.data_wanted);
    }
    std::int32_t over = 0;
    if (event.id == TFTPSERVER_EVENT_CONNECTED && event.data.connected.status_code != 0) {
        over = event.data.connected.connection_id;
    } else if (event.id == TFTPSERVER_EVENT_DISCONNECTED) {
        over = event.data.disconnected.connection_id;
    }
    if (over != 0) { /* before the handler, which may throw or destroy this object */
        ::tftpserver *server = self->handle;
        self->feeds.forget(over, [server](std::int32_t id) {
            /* Nothing is taken as long as the pass is read. */
            return ::tftpserver_do_supply(server, id, nullptr, 0, 0) == 0;
        });
    }
    return dispatch(event);
}

inline std::int32_t server_base::serve(detail::state &self, const ::tftpserver_data_wanted_event &wanted)
{
    detail::feeds::pass_ptr pass;
#if TFTPSERVER_HPP_EXCEPTIONS
    try {
        return read_and_supply(self, wanted, pass);
    } catch (...) {
        fail_source(self, wanted.connection_id, pass, "The source of the file failed");
        throw;
    }
#else
    return read_and_supply(self, wanted, pass);
#endif
}

inline void server_base::fail_source(detail::state &self, std::int32_t id, const detail::feeds::pass_ptr &pass,
                                     const char *text)
{
    bool ends_pass = false;
    for (std::int32_t one : self.feeds.fail(id, pass, ends_pass)) {
        ::tftpserver_do_abort(self.handle, one, 0, text);
    }
    if (ends_pass) {
        ::tftpserver_do_supply(self.handle, id, nullptr, 0, 1); /* before its size: error 129 */
    }
}

inline std::int32_t server_base::read_and_supply(detail::state &self, const ::tftpserver_data_wanted_event &wanted,
                                                 detail::feeds::pass_ptr &pass)
{
    const std::int32_t id = wanted.connection_id;
    if (self.feeds.is_aborted(id)) {
        return 0;
    }
    pass = self.feeds.find(id, wanted.offset);
    if (pass == nullptr || !pass->read) { /* a source that can be read only once */
        fail_source(self, id, pass, "The source cannot be read again");
        return 0;
    }
    const std::size_t most = static_cast<std::size_t>(wanted.length < 65536 ? wanted.length : 65536);
    std::unique_ptr<char[]> room(new char[most]);
    std::int64_t left = wanted.length;
    while (left > 0) {
        std::size_t size = left < static_cast<std::int64_t>(most) ? static_cast<std::size_t>(left) : most;
        std::size_t length = pass->read(room.get(), size); /* may destroy the server */
        if (length > size) {
            return refuse_excess(self, id, pass);
        }
        pass->at += static_cast<std::int64_t>(length);
        left -= static_cast<std::int64_t>(length);
        std::int32_t code = ::tftpserver_do_supply(self.handle, id, room.get(), length, length == 0);
        if (code != 0 || length == 0) { /* a download that has ended meanwhile needs no data */
            left = -1;
        }
    }
    if (self.feeds.knows(id) && (left < 0 || self.feeds.is_whole(id, pass))) {
        self.feeds.drop(id, pass);
    }
    return 0;
}

/* Ends a download whose source claims to have written more than there was room for. */
inline std::int32_t server_base::refuse_excess(detail::state &self, std::int32_t id,
                                               const detail::feeds::pass_ptr &pass)
{
#if TFTPSERVER_HPP_EXCEPTIONS
    (void)self, (void)id, (void)pass; /* serve() ends it */
    detail::raise(TFTPSERVER_ERROR_CANNOT_READ_FILE, "The source returned more bytes than were requested.");
#else
    fail_source(self, id, pass, "The source of the file failed");
    return 0;
#endif
}

inline std::int32_t server_base::dispatch(::tftpserver_event &event)
{
    switch (event.id) {
    /* api: begin dispatch */
    case TFTPSERVER_EVENT_CONNECTED: {
        const ::tftpserver_connected_event &from = event.data.connected;
        connected_event to{from.connection_id, from.status_code, from.description};
        return FireConnected(to);
    }
    case TFTPSERVER_EVENT_CONNECTION_REQUEST: {
        ::tftpserver_connection_request_event &from = event.data.connection_request;
        connection_request_event to{from.remote_host, from.remote_port, from.filename,
                                    from.transfer_mode[0] == '1' ? transfer_mode::netascii : transfer_mode::octet,
                                    static_cast<operation>(from.operation), from.accept != 0,
                                    from.connection_id, from.local_host, false};
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
        transfer_event to{from.connection_id, static_cast<direction>(from.direction),
                          from.bytes_transferred, from.percent_done,
                          bytes_view(from.text, from.text_length)};
        return FireTransfer(to);
    }
    case TFTPSERVER_EVENT_DATA_WANTED: {
        const ::tftpserver_data_wanted_event &from = event.data.data_wanted;
        data_wanted_event to{from.connection_id, from.offset, from.length};
        return FireDataWanted(to);
    }
    /* api: end dispatch */
    default: return 0; /* an event of a later library */
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
 * The handler of one event: assign a function or nullptr to it. It may be replaced at any time,
 * also by itself.
 *
 * The function takes `Event &`, or `tftp::server &` and `Event &`. It returns nothing, or an int: a
 * value other than 0 ends the connection. (A bool does not compile, because true would end the
 * connection: set `accept` instead.)
 */
template <class Event> class handler {
    template <class Function>
    using if_handler = std::enable_if_t<std::is_invocable_v<std::decay_t<Function> &, server &, Event &>
                                        || std::is_invocable_v<std::decay_t<Function> &, Event &>>;

public:
    handler(const handler &) = delete;
    handler &operator=(const handler &) = delete;

    /** Sets the function, which may be move-only. @throws error 901 the server is closed */
    template <class Function, class = if_handler<Function>> handler &operator=(Function &&function)
    {
        return assign(wrap(std::forward<Function>(function)));
    }

    /** Removes the handler and the registration of the event. */
    handler &operator=(std::nullptr_t) { return assign(nullptr); }

    /** The same without an exception; on failure the previous function stays. */
    template <class Function, class = if_handler<Function>> void set(Function &&function, std::error_code &code)
    {
        assign(wrap(std::forward<Function>(function)), code);
    }
    void set(std::nullptr_t, std::error_code &code) { assign(nullptr, code); }

    /** Returns true if there is a handler. */
    explicit operator bool() const noexcept { return function_ != nullptr; }

private:
    friend class server;

    /* Like std::function, also for move-only functions. */
    struct callable {
        virtual ~callable() = default;
        virtual int call(server &owner, Event &event) = 0;
    };

    template <class Function> struct callable_of final : callable {
        static constexpr bool takes_server = std::is_invocable_v<Function &, server &, Event &>;

        template <class From> explicit callable_of(From &&from) : function(std::forward<From>(from)) {}

        int call(server &owner, Event &event) override
        {
            if constexpr (takes_server) {
                return result([&]() -> decltype(auto) { return std::invoke(function, owner, event); });
            } else {
                return result([&]() -> decltype(auto) { return std::invoke(function, event); });
            }
        }

        template <class Call> static int result(Call &&call)
        {
            using type = std::invoke_result_t<Call &>;
            static_assert(std::is_void_v<type> || std::is_same_v<type, int>, "a handler returns void or int");
            if constexpr (std::is_void_v<type>) {
                call();
                return 0;
            } else {
                return call();
            }
        }

        Function function;
    };

    template <class T> struct can_be_empty : std::is_pointer<T> {};
    template <class T> struct can_be_empty<std::function<T>> : std::true_type {};
#ifdef __cpp_lib_move_only_function
    template <class... T> struct can_be_empty<std::move_only_function<T...>> : std::true_type {};
#endif

    handler(server *owner, int event) noexcept : owner_(owner), event_(event) {}

    /* Null for an empty function. */
    template <class Function> static std::shared_ptr<callable> wrap(Function &&function)
    {
        using kept = std::decay_t<Function>;
        if constexpr (can_be_empty<kept>::value) {
            if (!function) {
                return nullptr;
            }
        }
        return std::make_shared<callable_of<kept>>(std::forward<Function>(function));
    }

    handler &assign(std::shared_ptr<callable> function);
    void assign(std::shared_ptr<callable> function, std::error_code &code);

    int call(server &owner, Event &event) const
    {
        std::shared_ptr<callable> running = function_; /* it may replace itself, or end the server */
        return running ? running->call(owner, event) : 0;
    }

    server *owner_;
    int event_;
    std::shared_ptr<callable> function_;
};

/** A server whose events are handled by functions. */
class server : public server_base {
public:
    /**
     * Opens a server that does not listen yet. @throws error 909 the library is older than this
     * header; 908
     */
    server() : server_base(events::none) {}

    /** The same; if `code` is an error, the object is like a moved-from one. */
    explicit server(std::error_code &code) : server_base(code, events::none) {}

    server(server &&other) noexcept : server_base(std::move(other)) { take(other); }

    server &operator=(server &&other) noexcept
    {
        if (this != &other) {
            server_base::operator=(std::move(other));
            take(other);
        }
        return *this;
    }

    ~server() override { release(); /* before the handlers are destroyed */ }

    /* api: begin handlers */
    handler<connected_event> on_connected{this, TFTPSERVER_EVENT_CONNECTED};
    handler<connection_request_event> on_connection_request{this, TFTPSERVER_EVENT_CONNECTION_REQUEST};
    handler<disconnected_event> on_disconnected{this, TFTPSERVER_EVENT_DISCONNECTED};
    handler<end_transfer_event> on_end_transfer{this, TFTPSERVER_EVENT_END_TRANSFER};
    handler<error_event> on_error{this, TFTPSERVER_EVENT_ERROR};
    handler<log_event> on_log{this, TFTPSERVER_EVENT_LOG};
    handler<start_transfer_event> on_start_transfer{this, TFTPSERVER_EVENT_START_TRANSFER};
    handler<transfer_event> on_transfer{this, TFTPSERVER_EVENT_TRANSFER};
    handler<data_wanted_event> on_data_wanted{this, TFTPSERVER_EVENT_DATA_WANTED};
    /* api: end handlers */

private:
    template <class Event> friend class handler;

    /* api: begin calls */
    int FireConnected(connected_event &e) final { return on_connected.call(*this, e); }
    int FireConnectionRequest(connection_request_event &e) final { return on_connection_request.call(*this, e); }
    int FireDisconnected(disconnected_event &e) final { return on_disconnected.call(*this, e); }
    int FireEndTransfer(end_transfer_event &e) final { return on_end_transfer.call(*this, e); }
    int FireError(error_event &e) final { return on_error.call(*this, e); }
    int FireLog(log_event &e) final { return on_log.call(*this, e); }
    int FireStartTransfer(start_transfer_event &e) final { return on_start_transfer.call(*this, e); }
    int FireTransfer(transfer_event &e) final { return on_transfer.call(*this, e); }
    int FireDataWanted(data_wanted_event &e) final { return on_data_wanted.call(*this, e); }
    /* api: end calls */

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

template <class Event> handler<Event> &handler<Event>::assign(std::shared_ptr<callable> function)
{
    owner_->want(event_, function != nullptr);
    function_ = std::move(function);
    return *this;
}

template <class Event> void handler<Event>::assign(std::shared_ptr<callable> function, std::error_code &code)
{
    owner_->want(event_, function != nullptr, code);
    if (!code) {
        function_ = std::move(function);
    }
}

} // namespace tftp

#ifdef __cpp_lib_format
/* std::format looks for the exact type. */
template <> struct std::formatter<tftp::event_text, char> : std::formatter<std::string_view, char> {};
#endif

#endif /* TFTPSERVER_HPP */
