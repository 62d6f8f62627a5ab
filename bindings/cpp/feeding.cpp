/* Downloads from streams and functions, and uploads to a slow program. */
#include <tftpserver.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <memory>
#include <netinet/in.h>
#include <sstream>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>

#include "support.hpp"

using namespace support;

namespace {

/* A shared source keeps its first megabyte for downloads that come late. */
const std::string data = noise(2000000);
constexpr std::size_t BEYOND = 1200000;

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

/* A client that reads as far as a test wants, while the test delivers the events. */
class slow_reader {
public:
    slow_reader(int port, std::function<void()> pump)
        : pump_(std::move(pump)), socket_(::socket(AF_INET, SOCK_DGRAM, 0))
    {
        peer_.sin_family = AF_INET;
        peer_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        peer_.sin_port = htons(static_cast<std::uint16_t>(port));
        send(std::string("\0\1any\0octet\0blksize\0008192\0", 25));
        CHECK(receive(std::string("\0\6", 2)));
    }
    slow_reader(const slow_reader &) = delete;
    slow_reader &operator=(const slow_reader &) = delete;
    ~slow_reader() { ::close(socket_); }

    const std::string &got() const { return got_; }

    /*
     * Reads at least so many bytes, or to the end of the file. Returns false if the server sent an
     * ERROR.
     */
    bool read(std::size_t end)
    {
        while (got_.size() < end) {
            send(packet(4, block_));
            if (!receive(packet(3, ++block_))) {
                return false;
            }
            got_.append(packet_, 4);
            if (packet_.size() < 8196) {
                send(packet(4, block_));
                return true;
            }
        }
        return true;
    }

    void leave() { send(packet(5, 0) + std::string("enough\0", 7)); }

private:
    static std::string packet(int opcode, int number)
    {
        const char bytes[] = {0, static_cast<char>(opcode), static_cast<char>(number >> 8), static_cast<char>(number)};
        return std::string(bytes, sizeof bytes);
    }

    void send(const std::string &bytes)
    {
        ::sendto(socket_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr *>(&peer_), sizeof peer_);
    }

    bool receive(const std::string &begin)
    {
        auto end = std::chrono::steady_clock::now() + patience();
        while (std::chrono::steady_clock::now() < end) {
            pump_();
            char room[9000];
            sockaddr_in from{};
            socklen_t size = sizeof from;
            ssize_t length =
                ::recvfrom(socket_, room, sizeof room, MSG_DONTWAIT, reinterpret_cast<sockaddr *>(&from), &size);
            if (length > 0) {
                peer_ = from;
                packet_.assign(room, static_cast<std::size_t>(length));
                if (packet_.compare(0, begin.size(), begin) == 0) {
                    return true;
                }
                if (packet_[1] == 5) {
                    return false;
                }
            }
        }
        return false;
    }

    std::function<void()> pump_;
    int socket_;
    sockaddr_in peer_{};
    std::string got_, packet_;
    int block_ = 0;
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

/* Counts the sources that exist. */
using counter = std::shared_ptr<int>;

/* Returns a source of `data`, and counts it while it exists. */
tftp::source counted(const counter &all, std::size_t piece = 65536)
{
    auto at = std::make_shared<std::size_t>(0);
    return [all, at, piece](char *room, std::size_t size) {
        std::size_t length = std::min({size, piece, data.size() - *at});
        std::memcpy(room, data.data() + *at, length);
        *at += length;
        return length;
    };
}

/*
 * Fetches a file while do_events may throw. Returns true if it arrived whole; counts the
 * exceptions.
 */
bool arrives(fixture &self, int &thrown)
{
    client one(support::get(self.port, "any", self.dir.path("got")));
    std::size_t ends = self.ends.size();
    auto end = std::chrono::steady_clock::now() + patience();
    while ((one.running() || self.ends.size() == ends) && std::chrono::steady_clock::now() < end) {
        try {
            self.server.do_events();
        } catch (const std::exception &) {
            thrown++;
        }
    }
    CHECK(self.ends.size() == ends + 1);
    return one.code() == 0;
}

void one_that_returns_too_much_fails()
{
    for (std::size_t excess : {std::size_t(1), std::size_t(1) << 20, static_cast<std::size_t>(-1)}) {
        fixture self;
        int thrown = 0;
        self.server.on_connection_request = [excess](tftp::server &server, tftp::connection_request_event &e) {
            server.feed(e.connection_id, [excess](char *, std::size_t size) {
                return excess == static_cast<std::size_t>(-1) ? excess : size + excess;
            });
        };
        CHECK(!arrives(self, thrown));
        CHECK_INT(thrown, 1);
        CHECK(self.ends == std::vector<std::int32_t>{TFTPSERVER_ERROR_ABORTED});
    }
}

void streams_that_throw_at_their_end_arrive_and_broken_ones_fail()
{
    fixture self;
    std::shared_ptr<std::istream> stream;
    self.server.on_connection_request = [&](tftp::server &server, tftp::connection_request_event &e) {
        server.feed(e.connection_id, stream);
    };
    int thrown = 0;
    stream = std::make_shared<std::istringstream>(data);
    stream->exceptions(std::ios_base::badbit | std::ios_base::failbit | std::ios_base::eofbit);
    CHECK(arrives(self, thrown));
    CHECK(same(self.dir.read("got"), data));
    CHECK_INT(thrown, 0);
    stream = std::make_shared<std::ifstream>(self.dir.path("none"));
    CHECK(!arrives(self, thrown));
    CHECK_INT(thrown, 1);
    stream = nullptr;
    client none(support::get(self.port, "any", self.dir.path("got")));
    auto end = std::chrono::steady_clock::now() + patience();
    while (none.running() && std::chrono::steady_clock::now() < end) {
        try {
            self.server.do_events();
        } catch (const tftp::error &error) {
            thrown += error.code() == tftp::errc::invalid_value;
        }
    }
    CHECK_INT(thrown, 2);
    CHECK(none.code() != 0);
}

void a_source_may_destroy_its_server()
{
    directory dir;
    auto server = std::make_unique<tftp::server>();
    server->set_local_host("127.0.0.1");
    server->set_local_port(0);
    auto reads = std::make_shared<int>(0);
    server->on_connection_request = [&, reads](tftp::server &, tftp::connection_request_event &e) {
        server->feed(e.connection_id, [&, reads](char *room, std::size_t size) {
            server.reset();
            ++*reads;
            std::memset(room, 'x', size);
            return size;
        });
    };
    server->start_listening();
    client one(support::get(server->local_port(), "any", dir.path("got")));
    auto end = std::chrono::steady_clock::now() + patience();
    while (server != nullptr && std::chrono::steady_clock::now() < end) {
        std::error_code code;
        server->do_events(code);
    }
    CHECK_INT(*reads, 1);
}

void a_source_is_destroyed_although_the_handler_of_its_end_throws()
{
    fixture self;
    counter all = std::make_shared<int>(0);
    self.server.on_connection_request = [all](tftp::server &server, tftp::connection_request_event &e) {
        server.feed(e.connection_id, counted(all));
    };
    self.server.on_disconnected = [&](tftp::disconnected_event &e) {
        self.ends.push_back(e.status_code);
        throw std::runtime_error("mine");
    };
    for (int turn = 0; turn < 3; turn++) {
        int thrown = 0;
        CHECK(arrives(self, thrown));
        CHECK_INT(thrown, 1);
    }
    CHECK_INT(all.use_count(), 2);
}

void each_pass_ends_with_its_readers_and_one_that_fails_ends_no_other()
{
    fixture self;
    counter all = std::make_shared<int>(0);
    int opened = 0;
    self.server.on_connection_request = [&](tftp::server &server, tftp::connection_request_event &e) {
        auto open = [&, all] {
            if (++opened == 3) {
                throw std::runtime_error("cannot be opened again");
            }
            return counted(all);
        };
        server.feed_shared(e.connection_id, open, "k", static_cast<std::int64_t>(data.size()));
    };
    slow_reader first(self.port, [&] { self.server.do_events(); });
    CHECK(first.read(BEYOND));
    long alone = all.use_count();
    int thrown = 0;
    CHECK(arrives(self, thrown));
    CHECK(same(self.dir.read("got"), data));
    CHECK_INT(opened, 2);
    CHECK_INT(thrown, 0);
    CHECK(all.use_count() <= alone + 1); /* without the second pass; with its own copy of `open` no more */
    CHECK(!arrives(self, thrown));
    CHECK_INT(thrown, 1);
    CHECK(first.read(data.size()));
    CHECK(same(first.got(), data));
}

void nothing_is_left_of_aborted_downloads()
{
    fixture self;
    counter all = std::make_shared<int>(0);
    self.server.on_connection_request = [all](tftp::server &server, tftp::connection_request_event &e) {
        server.feed(e.connection_id, counted(all, 1000));
    };
    for (std::size_t turn = 1; turn <= 1000; turn++) {
        slow_reader(self.port, [&] { self.server.do_events(); }).leave();
        if (turn % 50 == 0) {
            CHECK(pump(self.server, [&] { return self.ends.size() == turn; }));
        }
    }
    CHECK_INT(all.use_count(), 2);
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
    RUN(one_that_returns_too_much_fails);
    RUN(streams_that_throw_at_their_end_arrive_and_broken_ones_fail);
    RUN(a_source_may_destroy_its_server);
    RUN(a_source_is_destroyed_although_the_handler_of_its_end_throws);
    RUN(each_pass_ends_with_its_readers_and_one_that_fails_ends_no_other);
    RUN(nothing_is_left_of_aborted_downloads);
    RUN(the_event_and_the_methods_beneath);
    RUN(the_client_of_a_slow_program_waits_and_memory_is_bounded);
    return check_end();
}
