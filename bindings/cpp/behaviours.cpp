/*
 * The behaviours that every language must show, in C++: one function for each name in
 * ../behaviours.json, which is this program's argument. The program fails unless the names match
 * exactly.
 */
#include <tftpserver.hpp>

#include <atomic>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <thread>

#include "support.hpp"

using namespace support;
using namespace std::chrono_literals;

namespace {

void listen(tftp::server &server)
{
    server.set_local_host("127.0.0.1");
    server.set_local_port(0);
    server.start_listening();
}

/* A server for a directory of its own. */
struct fixture {
    directory dir;
    tftp::server server;
    int port = 0;
    std::optional<int> ended; /* the status of Disconnected */

    explicit fixture(bool with_directory = true)
    {
        if (with_directory) {
            server.set_local_dir(dir.path());
        }
        listen(server);
        port = server.local_port();
        server.on_disconnected = [this](tftp::disconnected_event &e) { ended = e.status_code; };
    }

    int get(const std::string &name) { return run(server, support::get(port, name, dir.path("got"))); }
    int put(const std::string &name, const std::string &from)
    {
        return run(server, support::put(port, name, dir.path(from)));
    }
    bool await_end()
    {
        return pump(server, [this] { return ended.has_value(); });
    }
};

template <class Function> int code_of(Function &&function)
{
    try {
        function();
        return 0;
    } catch (const tftp::error &e) {
        return e.code().value();
    }
}

void download_from_local_dir()
{
    fixture self;
    std::string data = noise(1000000);
    self.dir.write("f", data);
    CHECK_INT(self.get("f"), CURL_GOOD);
    CHECK(same(self.dir.read("got"), data));
}

void upload_to_local_dir()
{
    fixture self;
    std::string data = noise(1000000);
    directory other;
    other.write("f", data);
    CHECK_INT(run(self.server, put(self.port, "new", other.path("f"))), CURL_GOOD);
    CHECK(same(self.dir.read("new"), data));
}

void download_with_a_window()
{
    if (!have("atftp")) {
        return;
    }
    fixture self;
    std::string data = noise(3000000);
    self.dir.write("f", data);
    int code = run(self.server, {"atftp", "--option", "blksize 1428", "--option", "windowsize 16", "--get", "-r", "f",
                                 "-l", self.dir.path("got"), "127.0.0.1", std::to_string(self.port)});
    CHECK_INT(code, 0);
    CHECK(same(self.dir.read("got"), data));
}

void missing_file()
{
    fixture self;
    int error = 0;
    self.server.on_error = [&](const tftp::error_event &e) { error = e.error_code; };
    CHECK_INT(self.get("none"), CURL_ERROR_1);
    CHECK(self.await_end());
    CHECK_INT(error, 127);
    CHECK_INT(self.ended.value_or(0), 127);
}

void refuse_a_request()
{
    fixture self;
    int status = 0;
    self.dir.write("f", "data");
    self.server.on_connection_request = [](tftp::connection_request_event &e) { e.accept = false; };
    self.server.on_connected = [&](const tftp::connected_event &e) { status = e.status_code; };
    CHECK_INT(self.get("f"), CURL_ERROR_2);
    CHECK(pump(self.server, [&] { return status != 0; }));
    CHECK_INT(status, 10013);
    for (int i = 0; i < 5; i++) {
        self.server.do_events();
    }
    CHECK(!self.ended);
}

void data_from_the_application()
{
    fixture self(false);
    std::string data;
    for (int i = 0; i < 1024; i++) {
        data += static_cast<char>(i & 255);
    }
    self.server.on_connected = [&](tftp::server &server, const tftp::connected_event &e) {
        server.set_conn_file_data(e.connection_id, data);
        tftp::bytes kept = server.conn_file_data(e.connection_id);
        CHECK(same(std::string(kept.begin(), kept.end()), data));
    };
    CHECK_INT(self.get("anything"), CURL_GOOD);
    CHECK(same(self.dir.read("got"), data));
}

void file_chosen_by_the_application()
{
    fixture self;
    directory other;
    other.write("chosen", "from elsewhere");
    self.server.on_connected = [&](tftp::server &server, const tftp::connected_event &e) {
        server.set_conn_local_file(e.connection_id, other.path("chosen"));
    };
    CHECK_INT(self.get("anything"), CURL_GOOD);
    CHECK(same(self.dir.read("got"), "from elsewhere"));
}

void name_chosen_by_the_application()
{
    fixture self;
    std::string chosen = "chosen";
    self.dir.write("chosen", "inside");
    self.server.on_connected = [&](tftp::server &server, const tftp::connected_event &e) {
        server.set_conn_served_name(e.connection_id, chosen);
        CHECK(server.conn_served_name(e.connection_id) == chosen);
    };
    CHECK_INT(self.get("anything"), CURL_GOOD);
    CHECK(same(self.dir.read("got"), "inside"));
    chosen = "../outside";
    CHECK_INT(self.get("anything"), CURL_ERROR_2);
}

void upload_through_transfer_alone()
{
    fixture self(false);
    std::string data = noise(200000), got;
    self.dir.write("f", data);
    self.server.on_transfer = [&](const tftp::transfer_event &e) {
        CHECK(e.direction == tftp::direction::upload);
        got += e.text.text();
        CHECK_INT(e.bytes_transferred, got.size());
    };
    CHECK_INT(self.put("new", "f"), CURL_GOOD);
    CHECK(same(got, data));
}

void nobody_answers()
{
    tftp::server server;
    directory dir;
    listen(server);
    CHECK_INT(run(get(server.local_port(), "f", dir.path("got"))), CURL_ERROR_1); /* without do_events */
    dir.write("f", "data");
    CHECK_INT(run(put(server.local_port(), "f", dir.path("f"))), CURL_ERROR_1);
}

void order_of_events()
{
    fixture self;
    std::vector<std::string> order;
    auto note = [&](const std::string &name) {
        if (order.empty() || order.back() != name) {
            order.push_back(name);
        }
    };
    self.dir.write("f", noise(2000));
    self.server.on_connection_request = [&](tftp::connection_request_event &) { note("ConnectionRequest"); };
    self.server.on_connected = [&](tftp::connected_event &e) {
        note("Connected");
        CHECK(e.status_code == 0 && e.description == "OK");
    };
    self.server.on_start_transfer = [&](tftp::start_transfer_event &) { note("StartTransfer"); };
    self.server.on_transfer = [&](tftp::transfer_event &) { note("Transfer"); };
    self.server.on_end_transfer = [&](tftp::end_transfer_event &) { note("EndTransfer"); };
    self.server.on_disconnected = [&](tftp::disconnected_event &e) {
        note("Disconnected");
        CHECK(e.status_code == 0 && e.description == "OK");
        self.ended = e.status_code;
    };
    CHECK_INT(self.get("f"), CURL_GOOD);
    CHECK(self.await_end());
    std::vector<std::string> wanted{"ConnectionRequest", "Connected",   "StartTransfer",
                                    "Transfer",          "EndTransfer", "Disconnected"};
    CHECK(order == wanted);
}

void fields_of_events()
{
    fixture self;
    std::optional<tftp::transfer_event> last; /* read after the library has freed its text */
    self.dir.write("f", noise(1500));
    self.server.on_connection_request = [&](tftp::connection_request_event &e) {
        CHECK(e.remote_host == "127.0.0.1" && e.remote_port > 0 && e.remote_port < 65536);
        CHECK(e.filename == "f" && e.local_host == "127.0.0.1" && e.accept && e.connection_id >= 1000001);
        CHECK_INT(e.transfer_mode, 0);
        CHECK_TEXT(self.server.get(TFTPSERVER_PROPERTY_CONN_TRANSFER_MODE, e.connection_id).c_str(), "0");
        CHECK_INT(e.operation, 1);
    };
    self.server.on_transfer = [&](const tftp::transfer_event &e) { last = e; };
    CHECK_INT(self.get("f"), CURL_GOOD);
    CHECK(self.await_end());
    CHECK(last.has_value());
    if (last) {
        CHECK_INT(last->bytes_transferred, 1500);
        CHECK_INT(last->percent_done, 100);
        CHECK_INT(last->direction, 1);
    }
}

void conn_arrays()
{
    fixture self;
    int seen = 0;
    self.dir.write("f", "data");
    self.server.on_connected = [&](tftp::server &server, const tftp::connected_event &e) {
        seen++;
        CHECK_INT(server.conn_count(), 1);
        CHECK_INT(server.conn_connection_id(0), e.connection_id);
        for (std::int32_t index : {0, e.connection_id}) {
            CHECK(server.conn_filename(index) == "f");
            CHECK(server.conn_remote_host(index) == "127.0.0.1");
            CHECK(server.conn_transfer_mode(index) == tftp::transfer_mode::octet);
            CHECK(server.conn_remote_port(index) > 0);
        }
    };
    CHECK_INT(self.get("f"), CURL_GOOD);
    CHECK(self.await_end());
    CHECK_INT(seen, 1);
    CHECK_INT(self.server.conn_count(), 0);
}

void answer_given_later()
{
    fixture self;
    std::int32_t asked = 0;
    std::set<std::int32_t> connected;
    self.dir.write("fast", "data");
    self.server.on_connected = [&](const tftp::connected_event &e) { connected.insert(e.connection_id); };
    self.server.on_connection_request = [&](tftp::connection_request_event &e) {
        if (e.filename == "slow") {
            asked = e.connection_id;
            e.defer();
        }
    };
    client slow(get(self.port, "slow", self.dir.path("late")));
    CHECK(pump(self.server, [&] { return asked != 0; }));
    CHECK_INT(self.get("fast"), CURL_GOOD);
    CHECK(slow.running());
    CHECK_INT(connected.count(asked), 0);
    self.server.set_conn_file_data(asked, std::string("at last"));
    self.server.accept(asked);
    CHECK_INT(code_of([&] { self.server.accept(asked, false); }), 130);
    CHECK(pump(self.server, [&] { return !slow.running(); }));
    CHECK_INT(slow.code(), CURL_GOOD);
    CHECK(self.dir.read("late") == "at last");
    CHECK_INT(connected.count(asked), 1);
    CHECK(pump(self.server, [&] { return self.server.conn_count() == 0; }));
    std::error_code code;
    self.server.accept(asked, true, code);
    CHECK_INT(code.value(), 903);
}

void figures_of_a_transfer()
{
    fixture self;
    int looked = 0;
    self.dir.write("f", noise(1000000));
    self.server.on_connection_request = [&](tftp::server &server, tftp::connection_request_event &e) {
        looked++;
        CHECK_INT(server.conn_block_size(e.connection_id), 0);
        CHECK_INT(server.conn_total_bytes(e.connection_id), -1);
    };
    self.server.on_disconnected = [&](tftp::server &server, tftp::disconnected_event &e) {
        std::int32_t id = e.connection_id;
        looked++;
        CHECK(server.conn_operation(id) == tftp::operation::read);
        CHECK_INT(server.conn_bytes_transferred(id), 1000000);
        CHECK_INT(server.conn_total_bytes(id), 1000000);
        CHECK_INT(server.conn_block_size(id), 512);
        CHECK_INT(server.conn_window_size(id), 1);
        CHECK(server.conn_retransmissions(id) >= 0 && server.conn_elapsed(id).count() >= 0);
    };
    CHECK_INT(self.get("f"), CURL_GOOD);
    CHECK(pump(self.server, [&] { return looked == 2; }));
}

void several_addresses()
{
    directory dir;
    tftp::server server;
    dir.write("f", "data");
    server.set_local_dir(dir.path());
    server.config("ListenOn", "127.0.0.1:0");
    listen(server);
    std::string all = server.config("ListenAddresses");
    int other = std::stoi(all.substr(all.rfind(':') + 1));
    CHECK(other != server.local_port());
    for (int port : {server.local_port(), other}) {
        CHECK_INT(run(server, support::get(port, "f", dir.path("got"))), CURL_GOOD);
        CHECK(dir.read("got") == "data");
        dir.write("got", "");
    }
}

void exception_in_a_handler()
{
    fixture self;
    std::string caught;
    self.dir.write("f", "data");
    self.server.on_start_transfer = [](tftp::start_transfer_event &) { throw std::runtime_error("mine"); };
    client one(get(self.port, "f", self.dir.path("got")));
    try {
        pump(self.server, [] { return false; });
    } catch (const std::runtime_error &e) {
        caught = e.what();
    }
    CHECK_TEXT(caught.c_str(), "mine");
    CHECK(self.await_end());
    CHECK_INT(self.ended.value_or(0), 10053);
    CHECK(pump(self.server, [&] { return !one.running(); }));
    CHECK(one.code() != CURL_GOOD);
    self.server.on_start_transfer = nullptr;
    CHECK_INT(self.get("f"), CURL_GOOD);
    CHECK(same(self.dir.read("got"), "data"));
}

void error_number_and_text()
{
    fixture self;
    tftp::server other;
    other.set_local_host("127.0.0.1");
    other.set_local_port(self.port);
    try {
        other.start_listening();
        CHECK(!"a port in use");
    } catch (const std::system_error &e) {
        CHECK(e.code() == tftp::errc::address_in_use && e.code() == std::errc::address_in_use);
        CHECK_INT(e.code().value(), 10048);
        CHECK(std::string(e.what()).find("[10048] Address already in use.") != std::string::npos);
        CHECK_TEXT(e.code().category().name(), "tftpserver");
        CHECK(e.code().message() == "[10048] Address already in use.");
    }
    std::error_code code;
    other.start_listening(code);
    CHECK_INT(code.value(), 10048);
    CHECK_INT(code_of([&] { self.server.set_local_port(1); }), 106);
    CHECK_INT(self.server.local_port(), self.port);
}

void config()
{
    tftp::server server;
    server.config("MaxBlockSize", 1000);
    CHECK(server.config("maxblocksize") == "1000" && server.config("MAXBLOCKSIZE=1100").empty());
    CHECK(server.config("MaxBlockSize") == "1100");
    server.config("ReadOnly", true);
    server.config("TransferPorts", "40000-40100");
    CHECK(server.config("ReadOnly") == "True" && server.config("TransferPorts") == "40000-40100");
    CHECK_INT(code_of([&] { server.config("Nonsense"); }), 906);
    CHECK_INT(code_of([&] { server.config("Non=sense", 1); }), 906);
    CHECK_INT(code_of([&] { server.config("MaxBlockSize", "many"); }), 905);
    CHECK_INT(code_of([&] { server.config(std::string_view("MaxBlockSize=1\0", 15)); }), 905);
    CHECK(server.config("MaxBlockSize") == "1100");
}

void stop_listening()
{
    fixture self;
    self.dir.write("f", "data");
    self.server.stop_listening();
    CHECK(!self.server.listening());
    int code = run(self.server, curl(self.port, "f", "--output", self.dir.path("got"), 2));
    CHECK(code != CURL_GOOD && code != CURL_ERROR_1 && code != CURL_ERROR_2);
    CHECK(!self.ended);
    self.server.set_local_port(self.port);
    self.server.set_listening(true);
    CHECK_INT(self.get("f"), CURL_GOOD);
    CHECK(same(self.dir.read("got"), "data"));
}

/* close() is refused and destruction is deferred. More in misuse.cpp. */
void close_inside_a_handler()
{
    fixture self;
    int code = 0;
    self.dir.write("f", "data");
    self.server.on_connected = [&](tftp::server &server, tftp::connected_event &) {
        code = code_of([&] { server.close(); });
    };
    CHECK_INT(self.get("f"), CURL_GOOD);
    CHECK_INT(code, 907);

    auto gone = std::make_unique<tftp::server>();
    gone->set_local_dir(self.dir.path());
    listen(*gone);
    gone->on_connected = [&](tftp::connected_event &) { gone.reset(); };
    client one(get(gone->local_port(), "f", self.dir.path("got")));
    while (gone) {
        gone->do_events();
    }
    CHECK_INT(self.get("f"), CURL_GOOD);
}

void use_after_close()
{
    tftp::server server;
    server.close();
    CHECK_INT(code_of([&] { server.close(); }), 901);
    CHECK_INT(code_of([&] { server.do_events(); }), 901);
    CHECK_INT(code_of([&] { server.start_listening(); }), 901);
    CHECK_INT(code_of([&] { server.local_dir(); }), 901);
    CHECK_INT(code_of([&] { server.local_port(); }), 901);
    CHECK_INT(code_of([&] { server.conn_file_data(0); }), 901);
    CHECK_INT(code_of([&] { server.set_local_port(1); }), 901);
    CHECK_INT(code_of([&] { server.config("LogLevel"); }), 901);
    CHECK_INT(code_of([&] { server.event_fd(); }), 901);
    CHECK_INT(code_of([&] { server.interrupt(); }), 901);
    CHECK_INT(code_of([&] { server.on_log = [](tftp::log_event &) {}; }), 901);
    CHECK(!server.on_log);
}

void interrupt()
{
    fixture self;
    self.server.config("SelectWaitMillis", 60000);
    auto begin = std::chrono::steady_clock::now();
    std::thread other([&] {
        std::this_thread::sleep_for(100ms);
        self.server.interrupt();
    });
    self.server.do_events();
    other.join();
    auto took = std::chrono::steady_clock::now() - begin;
    CHECK(took >= 100ms && took < 20s);
}

void several_servers()
{
    fixture one, other;
    one.dir.write("f", "one");
    other.dir.write("f", "other");
    client first(get(one.port, "f", one.dir.path("got"))), second(get(other.port, "f", other.dir.path("got")));
    CHECK(pump(one.server, [&] {
        other.server.do_events();
        return !first.running() && !second.running();
    }));
    CHECK(same(one.dir.read("got"), "one"));
    CHECK(same(other.dir.read("got"), "other"));
}

void collected_during_a_transfer()
{
    int descriptors = entries("/proc/self/fd"), threads = entries("/proc/self/task");
    directory dir;
    dir.write("f", noise(20000000));
    {
        tftp::server server;
        bool moving = false;
        server.set_local_dir(dir.path());
        listen(server);
        server.on_transfer = [&](tftp::transfer_event &) { moving = true; };
        client one(get(server.local_port(), "f", dir.path("got")));
        CHECK(pump(server, [&] { return moving; }));
        CHECK(one.running());
    }
    CHECK_INT(entries("/proc/self/fd"), descriptors);
    CHECK_INT(entries("/proc/self/task"), threads);
}

void fork_after_open()
{
    auto self = std::make_unique<fixture>();
    self->dir.write("f", "data");
    pid_t child = ::fork();
    if (child == 0) {
        tftp::server taken = std::move(self->server);
        {
            tftp::server destroyed = std::move(taken);
        }
        end_child("7");
    }
    int status = 0;
    CHECK(::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7);
    CHECK_INT(self->get("f"), CURL_GOOD);
    CHECK(same(self->dir.read("got"), "data"));
}

/* The refusal itself is tested in old_library.cpp. */
void version_is_checked()
{
    tftp::server server;
    CHECK(tftp::library_version() == TFTPSERVER_VERSION_STRING);
    CHECK(server.version() == tftp::library_version());
    CHECK(tftp::detail::version_number("2.13.4-rc1") == 2013004 && tftp::detail::version_number("") == 0);
    CHECK(tftp::detail::is_compatible(TFTPSERVER_VERSION_NUMBER));
    CHECK(tftp::detail::is_compatible(TFTPSERVER_VERSION_NUMBER + 1));
    CHECK(!tftp::detail::is_compatible(TFTPSERVER_VERSION_NUMBER - 1));
    CHECK(!tftp::detail::is_compatible(TFTPSERVER_VERSION_NUMBER + 1000000));
}

/* ---- the table ---- */

#define BEHAVIOUR(name) {#name, name}
const std::map<std::string, void (*)()> behaviours{
    BEHAVIOUR(download_from_local_dir),
    BEHAVIOUR(upload_to_local_dir),
    BEHAVIOUR(download_with_a_window),
    BEHAVIOUR(missing_file),
    BEHAVIOUR(refuse_a_request),
    BEHAVIOUR(data_from_the_application),
    BEHAVIOUR(file_chosen_by_the_application),
    BEHAVIOUR(name_chosen_by_the_application),
    BEHAVIOUR(upload_through_transfer_alone),
    BEHAVIOUR(nobody_answers),
    BEHAVIOUR(order_of_events),
    BEHAVIOUR(fields_of_events),
    BEHAVIOUR(conn_arrays),
    BEHAVIOUR(answer_given_later),
    BEHAVIOUR(figures_of_a_transfer),
    BEHAVIOUR(several_addresses),
    BEHAVIOUR(exception_in_a_handler),
    BEHAVIOUR(error_number_and_text),
    BEHAVIOUR(config),
    BEHAVIOUR(stop_listening),
    BEHAVIOUR(close_inside_a_handler),
    BEHAVIOUR(use_after_close),
    BEHAVIOUR(interrupt),
    BEHAVIOUR(several_servers),
    BEHAVIOUR(collected_during_a_transfer),
    BEHAVIOUR(fork_after_open),
    BEHAVIOUR(version_is_checked),
};

/* The names in the common table. */
std::set<std::string> names_in(const char *path)
{
    std::ifstream file(path);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    std::set<std::string> names;
    const std::string before = "\"name\": \"";
    for (std::size_t at = text.find(before); at != text.npos; at = text.find(before, at)) {
        at += before.size();
        names.insert(text.substr(at, text.find('"', at) - at));
    }
    return names;
}

} // namespace

int main(int argc, char **argv)
{
    check_begin(600);
    check_test = "the common table";
    std::set<std::string> wanted = names_in(argc > 1 ? argv[1] : "bindings/behaviours.json"), here;
    for (const auto &[name, test] : behaviours) {
        here.insert(name);
    }
    CHECK(!wanted.empty() && here == wanted);
    for (const std::string &name : wanted) {
        if (here.count(name) == 0) {
            std::printf("no test for %s\n", name.c_str());
        }
    }
    if (!have("curl")) {
        return check_failed != 0 ? 1 : 77;
    }
    for (const auto &[name, test] : behaviours) {
        if (argc > 2 && name != argv[2]) {
            continue;
        }
        check_test = name.c_str();
        try {
            test();
        } catch (const std::exception &e) {
            std::printf("%s: %s\n", name.c_str(), e.what());
            CHECK(!"an exception that nobody expected");
        }
    }
    return check_end();
}
