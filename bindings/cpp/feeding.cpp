/* Downloads from streams and functions, and uploads to a slow program. */
#include <tftpserver.hpp>

#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "support.hpp"

using namespace support;

namespace {

const std::string data = noise(600000);

struct fixture {
    directory dir;
    tftp::server server;
    std::vector<std::int32_t> ends;
    int port = 0;

    fixture()
    {
        server.set_local_host("127.0.0.1");
        server.set_local_port(0);
        server.on_disconnected = [this](tftp::disconnected_event &e) { ends.push_back(e.status_code); };
        server.start_listening();
        port = server.local_port();
    }

    /* Returns the client's exit code when its Disconnected was delivered. */
    int get()
    {
        ends.clear();
        int code = run(server, support::get(port, "any", dir.path("got")));
        CHECK(pump(server, [this] { return server.conn_count() == 0; }));
        return code;
    }
};

/* Returns a source that reads `data` in pieces of at most 1000 bytes. */
tftp::source pieces(std::shared_ptr<std::size_t> at = std::make_shared<std::size_t>(0))
{
    return [at](char *room, std::size_t size) {
        std::size_t length = std::min({size, std::size_t(1000), data.size() - *at});
        std::memcpy(room, data.data() + *at, length);
        *at += length;
        return length;
    };
}

void streams_and_functions_arrive_whole()
{
    for (int kind = 0; kind < 4; kind++) {
        fixture self;
        self.server.on_connection_request = [kind](tftp::server &server, tftp::connection_request_event &e) {
            std::int64_t size = kind % 2 == 0 ? -1 : static_cast<std::int64_t>(data.size());
            if (kind < 2) {
                server.feed(e.connection_id, std::make_shared<std::istringstream>(data), size);
            } else {
                server.feed(e.connection_id, pieces(), size);
            }
            CHECK_INT(server.conn_data_size(e.connection_id), size);
        };
        CHECK_INT(self.get(), 0);
        CHECK(same(self.dir.read("got"), data));
        CHECK(self.ends == std::vector<std::int32_t>{0});
    }
}

void many_with_one_key_cause_one_pass()
{
    fixture self;
    int opened = 0;
    self.server.on_connection_request = [&](tftp::server &server, tftp::connection_request_event &e) {
        server.feed_shared(
            e.connection_id,
            [&] {
                opened++;
                return pieces();
            },
            "image", static_cast<std::int64_t>(data.size()));
    };
    std::vector<std::unique_ptr<client>> clients;
    for (const char *name : {"1", "2", "3", "4"}) {
        clients.push_back(std::make_unique<client>(support::get(self.port, "any", self.dir.path(name))));
    }
    for (auto &one : clients) {
        CHECK(pump(self.server, [&] { return !one->running(); }));
    }
    CHECK_INT(opened, 1);
    for (const char *name : {"1", "2", "3", "4"}) {
        CHECK(same(self.dir.read(name), data));
    }
}

void what_a_source_throws_ends_its_download_and_comes_out()
{
    fixture self;
    self.server.on_connection_request = [](tftp::server &server, tftp::connection_request_event &e) {
        auto at = std::make_shared<std::size_t>(0);
        server.feed(e.connection_id, [at, read = pieces(at)](char *room, std::size_t size) {
            if (*at > 100000) {
                throw std::runtime_error("the origin is gone");
            }
            return read(room, size);
        });
    };
    client one(support::get(self.port, "any", self.dir.path("got")));
    int thrown = 0;
    auto end = std::chrono::steady_clock::now() + patience();
    while ((one.running() || self.ends.empty()) && std::chrono::steady_clock::now() < end) {
        try {
            self.server.do_events();
        } catch (const std::runtime_error &error) {
            thrown += std::string(error.what()) == "the origin is gone";
        }
    }
    CHECK_INT(thrown, 1);
    CHECK(self.ends == std::vector<std::int32_t>{TFTPSERVER_ERROR_ABORTED});
}

void one_that_ends_early_fails()
{
    fixture self;
    self.server.on_connection_request = [](tftp::server &server, tftp::connection_request_event &e) {
        server.feed(e.connection_id, std::make_shared<std::istringstream>("short"), 6);
    };
    CHECK(self.get() != 0);
    CHECK(self.ends == std::vector<std::int32_t>{TFTPSERVER_ERROR_CANNOT_READ_FILE});
}

void the_event_and_the_methods_beneath()
{
    fixture self;
    std::int64_t asked = 0;
    self.server.on_connection_request = [](tftp::server &server, tftp::connection_request_event &e) {
        server.set_conn_data_size(e.connection_id, static_cast<std::int64_t>(data.size()));
    };
    self.server.on_data_wanted = [&](tftp::server &server, tftp::data_wanted_event &e) {
        asked += e.length;
        std::string piece = data.substr(static_cast<std::size_t>(e.offset), static_cast<std::size_t>(e.length));
        std::error_code code;
        server.supply(e.connection_id, piece + "x", false, code);
        CHECK(code == tftp::errc::invalid_value);
        server.supply(e.connection_id, piece);
    };
    CHECK_INT(self.get(), 0);
    CHECK(same(self.dir.read("got"), data));
    CHECK_INT(asked, static_cast<std::int64_t>(data.size()));
    self.server.on_connection_request = [](tftp::server &server, tftp::connection_request_event &e) {
        server.abort(e.connection_id, 2, "not for you");
    };
    CHECK_INT(self.get(), 69);
}

void the_client_of_a_slow_program_waits_and_memory_is_bounded()
{
    fixture self;
    std::string taken;
    self.server.on_connected = [](tftp::connected_event &) {};
    self.server.on_transfer = [&](tftp::transfer_event &e) {
        taken.append(reinterpret_cast<const char *>(e.text.data()), e.text.size());
    };
    self.dir.write("up", data);
    client one(support::put(self.port, "up", self.dir.path("up")));
    CHECK(pump(self.server, [&] { return self.server.conn_count() != 0; }));
    /* Without deliveries, no data counts as consumed. */
    std::int64_t before = -1;
    while (self.server.conn_bytes_transferred(0) != before) {
        before = self.server.conn_bytes_transferred(0);
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
    }
    CHECK(before < 400000);
    CHECK(one.running());
    CHECK(pump(self.server, [&] { return !self.ends.empty(); }));
    CHECK(same(taken, data));
}

} // namespace

int main()
{
    check_begin(300);
    if (!have("curl")) {
        return 77;
    }
    RUN(streams_and_functions_arrive_whole);
    RUN(many_with_one_key_cause_one_pass);
    RUN(what_a_source_throws_ends_its_download_and_comes_out);
    RUN(one_that_ends_early_fails);
    RUN(the_event_and_the_methods_beneath);
    RUN(the_client_of_a_slow_program_waits_and_memory_is_bounded);
    return check_end();
}
