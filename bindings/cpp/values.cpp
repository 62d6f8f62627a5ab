/*
 * Values that tftpserver.hpp returns and accepts: stored events, error codes, handlers that cannot
 * be copied. Built twice, with and without exceptions: nothing here throws.
 */
#include <tftpserver.hpp>

#include <memory>
#include <optional>
#include <sstream>

#include "support.hpp"

using namespace support;

namespace {

/* A server with its own directory. Errors are codes, not exceptions. */
struct fixture {
    directory dir;
    tftp::server server;
    std::error_code code;
    int port = 0;

    fixture()
    {
        dir.write("f", noise(1500));
        server.set_local_dir(dir.path(), code);
        CHECK(!code);
        server.set_local_host("127.0.0.1", code);
        CHECK(!code);
        server.set_local_port(0, code);
        CHECK(!code);
        server.start_listening(code);
        CHECK(!code);
        port = server.local_port(code);
        CHECK(!code && port > 0);
    }

    int get(const std::string &name) { return run(server, support::get(port, name, dir.path("got"))); }
};

/* Stores copies of events, and reads them after the originals and the server are gone. */
void copies_of_events_own_what_they_say()
{
    std::vector<tftp::connection_request_event> requests;
    std::vector<tftp::connected_event> connected;
    std::vector<tftp::transfer_event> blocks;
    std::optional<tftp::disconnected_event> ended;
    std::optional<tftp::error_event> failed;
    std::vector<tftp::log_event> logged;
    std::string data;
    {
        auto self = std::make_unique<fixture>();
        data = self->dir.read("f");
        self->server.on_connection_request = [&](const tftp::connection_request_event &e) { requests.push_back(e); };
        self->server.on_connected = [&](const tftp::connected_event &e) { connected.emplace_back(e); };
        self->server.on_transfer = [&](tftp::transfer_event &e) { blocks.push_back(std::move(e)); };
        self->server.on_disconnected = [&](const tftp::disconnected_event &e) { ended = e; };
        self->server.on_error = [&](const tftp::error_event &e) { failed.emplace(e); };
        self->server.on_log = [&](const tftp::log_event &e) { logged.push_back(e); };
        CHECK_INT(self->get("f"), CURL_GOOD);
        CHECK(pump(self->server, [&] { return ended.has_value(); }));
        CHECK(ended && ended->status_code == 0 && !ended->code());
        ended.reset();
        CHECK_INT(self->get("none"), CURL_ERROR_1);
        CHECK(pump(self->server, [&] { return ended.has_value(); }));
    }
    CHECK_INT(requests.size(), 2);
    CHECK(requests.at(0).filename == "f" && requests.at(0).remote_host == "127.0.0.1");
    CHECK(requests.at(1).filename == "none" && requests.at(1).local_host == "127.0.0.1");
    CHECK(connected.at(0).description == "OK" && !connected.at(0).code());
    CHECK_INT(connected.at(0).description.data()[2], 0); /* still a text that ends with a NUL */
    std::string whole;
    for (const tftp::transfer_event &block : blocks) {
        whole += block.text.text();
    }
    CHECK(same(whole, data));
    CHECK(failed && failed->code() == tftp::errc::cannot_open_file && failed->description.size() > 5);
    CHECK(ended && ended->code() == tftp::errc::cannot_open_file && tftp::errc::cannot_open_file == ended->code());
    CHECK(ended && ended->code() != tftp::errc::timeout && tftp::errc::timeout != ended->code());
    CHECK(!logged.empty() && logged.front().log_type == "Info" && !logged.front().message.empty());
}

void a_text_of_an_event_is_a_string_view()
{
    char characters[] = "text";
    tftp::event_text seen(characters), kept(seen), again(kept), other;
    characters[0] = 'T';
    CHECK(seen == "Text" && kept == "text" && again == "text");
    CHECK(kept.data() != seen.data() && again.data() == kept.data()); /* a copy of a copy shares */
    std::string_view view = kept;
    std::string string(kept);
    CHECK(view == string && string == "text" && kept.find('x') == 2 && kept.substr(1) == "ext");
    other = std::move(kept);
    CHECK(other == "text" && other.data() == again.data());
    const tftp::event_text &same_object = other;
    other = same_object;
    CHECK(other == "text" && tftp::event_text().empty() && tftp::event_text(tftp::event_text()).empty());
    std::ostringstream stream;
    stream << other << '|' << tftp::event_text("");
    CHECK(stream.str() == "text|");
#ifdef __cpp_lib_format
    CHECK(std::format("{:>6}", other) == "  text");
#endif
    unsigned char bytes[] = {1, 0, 3};
    tftp::event_bytes data(tftp::bytes_view(bytes, 3)), copy(data);
    bytes[2] = 4;
    CHECK(data[2] == 4 && copy.size() == 3 && copy[1] == 0 && copy[2] == 3);
    tftp::bytes_view narrow = copy;
    CHECK(narrow.size() == 3 && narrow.data() == copy.data());
}

/* A move-only function object, like a lambda that owns something. */
struct counter {
    std::unique_ptr<int> count;
    int *seen;

    void operator()(tftp::server &, tftp::disconnected_event &) { *seen = ++*count; }
};

void handlers_may_own_what_cannot_be_copied()
{
    fixture self;
    int seen = 0, lengths = 0;
    auto owned = std::make_unique<int>(41);
    self.server.on_connected = [owned = std::move(owned), &seen](tftp::connected_event &) { seen = ++*owned; };
    self.server.on_disconnected = counter{std::make_unique<int>(6), &lengths};
    CHECK_INT(self.get("f"), CURL_GOOD);
    CHECK(pump(self.server, [&] { return lengths != 0; }));
    CHECK(seen == 42 && lengths == 7);
    tftp::server moved = std::move(self.server);
    CHECK_INT(run(moved, support::get(self.port, "f", self.dir.path("got"))), CURL_GOOD);
    CHECK(pump(moved, [&] { return lengths != 7; }));
    CHECK(seen == 43 && lengths == 8);
    std::weak_ptr<int> gone;
    {
        auto kept = std::make_shared<int>(0);
        gone = kept;
        moved.on_log = [kept, only = std::make_unique<int>(1)](tftp::log_event &) { return *kept; };
    }
    CHECK(!gone.expired());
    moved.on_log = nullptr;
    CHECK(gone.expired()); /* a function that was replaced is destroyed */
    std::error_code code;
    moved.on_log.set([only = std::make_unique<int>(1)](tftp::log_event &) {}, code);
    CHECK(!code && moved.on_log);
    moved.on_log.set(nullptr, code);
    CHECK(!code && !moved.on_log);
    moved.close(code);
    moved.on_log.set([](tftp::log_event &) {}, code);
    CHECK(code == tftp::errc::not_a_handle && !moved.on_log);
}

template <class Server, class = void> struct sets_through_const : std::false_type {};
template <class Server>
struct sets_through_const<Server, std::void_t<decltype(std::declval<const Server &>().config("ReadOnly", "True"))>>
    : std::true_type {};

void a_const_server_is_only_read()
{
    tftp::server server;
    const tftp::server &looked_at = server;
    std::error_code code;
    static_assert(!sets_through_const<tftp::server>::value);
    CHECK(looked_at.config("maxwindowsize") == "64");
    CHECK(looked_at.config("MaxWindowSize", code) == "64" && !code);
    CHECK(looked_at.config("MaxWindowSize=32", code).empty() && code == tftp::errc::read_only);
    CHECK(server.config("MaxWindowSize") == "64"); /* unchanged */
    CHECK(server.config("MaxWindowSize=32", code).empty() && !code && server.config("MaxWindowSize") == "32");
}

void codes_instead_of_exceptions()
{
    std::error_code code = tftp::errc::busy;
    tftp::server server(code);
    CHECK(!code && server.handle() != nullptr);
    server.set_local_dir("/no/such/directory", code);
    CHECK(code == tftp::errc::invalid_value && code == std::errc::invalid_argument);
    server.set_local_dir("/", code);
    CHECK(!code && server.local_dir(code) == "/" && !code);
    server.set_local_port(70000, code);
    CHECK(code == tftp::errc::invalid_value);
    CHECK_INT(server.local_port(code), 69);
    CHECK(!code);
    server.set_max_retransmits(0, code); /* 0 is a value, not a failure */
    CHECK(!code && server.max_retransmits(code) == 0 && !code);
    server.set_timeout(std::chrono::seconds(7), code);
    CHECK(!code && server.timeout(code).count() == 7 && !code);
    CHECK(server.conn_filename(0, code).empty() && code == tftp::errc::index_out_of_range);
    CHECK(server.conn_elapsed(5, code).count() == 0 && code == tftp::errc::index_out_of_range);
    CHECK(server.conn_file_data(5, code).empty() && code == tftp::errc::index_out_of_range);
    server.set_conn_file_data(5, "data", code);
    CHECK(code == tftp::errc::index_out_of_range);
    CHECK(server.config("Nonsense", code).empty() && code == tftp::errc::unknown_setting);
    CHECK(server.config(std::string_view("Max\0", 4), code).empty() && code == tftp::errc::invalid_value);
    server.config("MaxWindowSize", 16, code);
    CHECK(!code && server.config("MaxWindowSize", code) == "16");
    server.config("ReadOnly", true, code);
    CHECK(!code && server.config("ReadOnly", code) == "True");
    server.config("ReadOnly=", "True", code);
    CHECK(code == tftp::errc::unknown_setting);
    CHECK(server.get(3, 0, code).empty() && code == tftp::errc::unknown_property);
    server.set_int(TFTPSERVER_PROPERTY_CONN_COUNT, 1, 0, code);
    CHECK(code == tftp::errc::read_only);
    CHECK(server.event_fd(code) >= 0 && !code);
    CHECK(server.event_handle(code) == nullptr && code == tftp::errc::not_available);
    server.do_events(code);
    CHECK(!code);
    server.close(code);
    CHECK(!code);
    server.do_events(code);
    CHECK(code == tftp::errc::not_a_handle);
    CHECK(server.event_fd(code) < 0 && code == tftp::errc::not_a_handle);
    server.close(code);
    CHECK(code == tftp::errc::not_a_handle);
    struct derived : tftp::server_base {
        explicit derived(std::error_code &failed) : server_base(failed, tftp::events::log) {}
    } other(code);
    CHECK(!code && other.handle() != nullptr);
}

} // namespace

int main()
{
    check_begin(300);
    RUN(a_text_of_an_event_is_a_string_view);
    RUN(a_const_server_is_only_read);
    RUN(codes_instead_of_exceptions);
    if (!have("curl")) {
        return check_failed != 0 ? 1 : 77;
    }
    RUN(copies_of_events_own_what_they_say);
    RUN(handlers_may_own_what_cannot_be_copied);
    return check_end();
}
