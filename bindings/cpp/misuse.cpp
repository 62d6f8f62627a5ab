/*
 * Misuse of tftpserver.hpp: handlers that throw, destroy, move and replace; many threads;
 * moved-from objects.
 */
#include <tftpserver.hpp>

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

#include "support.hpp"

using namespace support;
using namespace std::chrono_literals;

namespace {

void listen(tftp::server_base &server)
{
    server.set_local_host("127.0.0.1");
    server.set_local_port(0);
    server.start_listening();
}

template <class Function> int code_of(Function &&function)
{
    try {
        function();
        return 0;
    } catch (const tftp::error &e) {
        return e.code().value();
    }
}

/* Calls do_events until it throws a T, and returns that exception. */
template <class T> std::optional<T> thrown(tftp::server_base &server)
{
    try {
        pump(server, [] { return false; });
    } catch (const T &value) {
        return value;
    }
    return std::nullopt;
}

/* A directory with a file "f", and a server of it. */
struct fixture {
    directory dir;
    std::string data = noise(3000);
    tftp::server server;
    int port;

    fixture()
    {
        dir.write("f", data);
        server.set_local_dir(dir.path());
        listen(server);
        port = server.local_port();
    }

    std::vector<std::string> get() const { return support::get(port, "f", dir.path("got")); }

    bool serves() { return run(server, get()) == CURL_GOOD && same(dir.read("got"), data); }
};

template <class Event> void throws_from(tftp::handler<Event> tftp::server::*handler)
{
    fixture self;
    self.server.config("LogLevel", 3);
    self.server.*handler = [](Event &) { throw 42; };
    client one(support::get(self.port, std::is_same_v<Event, tftp::error_event> ? "none" : "f", self.dir.path("got")));
    CHECK_INT(thrown<int>(self.server).value_or(0), 42);
    self.server.*handler = nullptr;
    CHECK(self.serves());
}

void every_handler_may_throw()
{
    throws_from(&tftp::server::on_connected);
    throws_from(&tftp::server::on_connection_request);
    throws_from(&tftp::server::on_disconnected);
    throws_from(&tftp::server::on_end_transfer);
    throws_from(&tftp::server::on_error);
    throws_from(&tftp::server::on_log);
    throws_from(&tftp::server::on_start_transfer);
    throws_from(&tftp::server::on_transfer);
}

/* Also with an error code argument: a handler's exception is not an error of do_events. */
void what_is_thrown_comes_out_one_at_a_time()
{
    fixture self;
    std::vector<std::string> caught;
    int status = 0;
    self.server.on_connected = [](tftp::connected_event &) { throw std::runtime_error("first"); };
    self.server.on_disconnected = [&](tftp::disconnected_event &e) {
        status = e.status_code;
        throw std::logic_error("second");
    };
    client one(self.get());
    while (caught.size() < 2) {
        std::error_code code;
        try {
            self.server.do_events(code);
            CHECK(!code);
        } catch (const std::exception &e) {
            caught.push_back(e.what());
        }
    }
    CHECK(caught[0] == "first" && caught[1] == "second");
    CHECK_INT(status, 10053);
}

void a_result_ends_the_connection()
{
    fixture self;
    int status = 0;
    /*
     * More data than may wait for the handler, so the client cannot have all of it before the first
     * refusal.
     */
    self.dir.write("f", noise(1000000));
    self.server.on_transfer = [](tftp::transfer_event &) { return 5; };
    self.server.on_disconnected = [&](tftp::disconnected_event &e) {
        status = e.status_code;
        CHECK(e.description.find("5") != e.description.npos);
    };
    CHECK(run(self.server, self.get()) != CURL_GOOD);
    CHECK(pump(self.server, [&] { return status != 0; }));
    CHECK_INT(status, 10053);
}

void a_handler_destroys_its_server()
{
    int descriptors = entries("/proc/self/fd");
    directory dir;
    dir.write("f", noise(3000));
    for (bool and_throws : {false, true}) {
        auto server = std::make_unique<tftp::server>();
        server->set_local_dir(dir.path());
        listen(*server);
        int port = server->local_port(), events = 0;
        std::shared_ptr<int> alive = std::make_shared<int>(7);
        server->on_transfer = [&, alive](tftp::transfer_event &) {
            events++;
            server.reset();
            CHECK_INT(*alive, 7); /* the running handler is still there */
            CHECK(code_of([] {
                      tftp::server inner;
                      inner.close();
                  })
                  == 907);
            if (and_throws) {
                throw 42;
            }
        };
        client one(get(port, "f", dir.path("got")));
        int caught = 0;
        while (server) {
            try {
                server->do_events();
            } catch (int value) {
                caught = value;
            }
        }
        CHECK_INT(caught, and_throws ? 42 : 0);
        CHECK_INT(events, 1);
        CHECK_INT(alive.use_count(), 1); /* and is destroyed now */
        tftp::server again; /* the port is free */
        again.set_local_host("127.0.0.1");
        again.set_local_port(port);
        CHECK_INT(code_of([&] { again.start_listening(); }), 0);
    }
    CHECK_INT(entries("/proc/self/fd"), descriptors);
}

void a_handler_destroys_another_server()
{
    fixture self;
    auto other = std::make_unique<tftp::server>();
    other->on_log = [](tftp::log_event &) {};
    listen(*other);
    self.server.on_connected = [&](tftp::connected_event &) {
        other.reset();
        tftp::server made_and_gone;
    };
    CHECK(self.serves());
    CHECK(!other);
}

struct subclass : tftp::server_base {
    std::vector<std::string> seen;
    std::function<void()> hook;

    explicit subclass(tftp::events wanted = tftp::events::all) : server_base(wanted) {}

protected:
    int FireConnected(tftp::connected_event &) override { return note("Connected"); }
    int FireTransfer(tftp::transfer_event &) override { return note("Transfer"); }
    int FireDisconnected(tftp::disconnected_event &) override { return note("Disconnected"); }

private:
    int note(const char *name)
    {
        seen.push_back(name);
        if (auto running = std::move(hook)) {
            running();
        }
        return 0;
    }
};

void a_derived_class_is_destroyed_by_its_handler()
{
    directory dir;
    dir.write("f", "data");
    auto server = std::make_unique<subclass>();
    server->set_local_dir(dir.path());
    listen(*server);
    server->hook = [&] { server.reset(); };
    client one(get(server->local_port(), "f", dir.path("got")));
    while (server) {
        server->do_events();
    }
    CHECK(!server);
}

void overrides_move_along()
{
    directory dir;
    dir.write("f", "data");
    subclass first;
    first.set_local_dir(dir.path());
    listen(first);
    subclass second = std::move(first);
    std::optional<subclass> third;
    second.hook = [&] { third.emplace(std::move(second)); }; /* inside a handler */
    int port = second.local_port();
    client one(get(port, "f", dir.path("got")));
    while (!third) {
        second.do_events();
    }
    CHECK(pump(*third, [&] { return third->seen.back() == "Disconnected"; }));
    CHECK(third->seen == (std::vector<std::string>{"Connected", "Transfer", "Disconnected"}));
    CHECK_INT(third->local_port(), port);
    CHECK_INT(code_of([&] { second.do_events(); }), 901);
}

void only_what_is_wanted_is_told()
{
    directory dir;
    dir.write("f", "data");
    subclass server(tftp::events::disconnected);
    server.set_local_dir(dir.path());
    listen(server);
    CHECK_INT(run(get(server.local_port(), "f", dir.path("got"))), CURL_GOOD); /* no connection is held */
    CHECK(pump(server, [&] { return !server.seen.empty(); }));
    CHECK(server.seen == std::vector<std::string>{"Disconnected"});
    CHECK((~tftp::events::none) == tftp::events::all && (tftp::events::all & ~tftp::events::log) != tftp::events::all);
}

/* All events are registered, no handler is overridden: an upload must not be lost. */
void an_upload_without_a_destination_fails()
{
    directory dir;
    std::string data = noise(300000);
    dir.write("f", data);
    tftp::server_base server;
    listen(server);
    CHECK(run(server, put(server.local_port(), "new", dir.path("f"))) != CURL_GOOD);
    server.set_local_dir(dir.path());
    CHECK_INT(run(server, put(server.local_port(), "new", dir.path("f"))), CURL_GOOD);
    CHECK(same(dir.read("new"), data));
}

void handlers_move_along()
{
    fixture self;
    int seen = 0;
    const tftp::server *serving = nullptr;
    self.server.on_connected = [&](tftp::server &server, tftp::connected_event &) {
        serving = &server;
        seen++;
    };
    tftp::server second = std::move(self.server);
    CHECK(second.on_connected && !self.server.on_connected);
    CHECK_INT(run(second, self.get()), CURL_GOOD);
    CHECK(serving == &second && seen == 1);
    tftp::server third;
    third = std::move(second);
    tftp::server &same_server = third;
    third = std::move(same_server);
    std::swap(third, self.server);
    CHECK_INT(run(self.server, self.get()), CURL_GOOD);
    CHECK(serving == &self.server && seen == 2);
    third = tftp::server();
    CHECK(third.handle() != nullptr);
}

void a_handler_replaces_itself()
{
    fixture self;
    int first = 0, second = 0;
    std::array<char, 200> big{}; /* so that the function lives on the heap */
    self.server.on_transfer = [&, big](tftp::server &server, tftp::transfer_event &) {
        server.on_transfer = [&](tftp::transfer_event &) { second++; };
        first += 1 + big[0];
    };
    CHECK(self.serves());
    CHECK(pump(self.server, [&] { return first + second >= 6; })); /* 3000 bytes are six blocks of 512 */
    CHECK_INT(first, 1);
    self.server.on_transfer = std::function<void(tftp::transfer_event &)>();
    CHECK(!self.server.on_transfer);
    self.server.on_transfer = static_cast<int (*)(tftp::transfer_event &)>(nullptr);
    CHECK(!self.server.on_transfer);
    CHECK(self.serves());
}

void what_is_refused_inside_a_handler()
{
    fixture self;
    int nested = 0, closed = 0, other = 0;
    tftp::server idle;
    self.server.on_connected = [&](tftp::server &server, tftp::connected_event &) {
        nested = code_of([&] { server.do_events(); });
        closed = code_of([&] { server.close(); });
        other = code_of([&] { idle.do_events(); });
    };
    CHECK(self.serves());
    CHECK(nested == 907 && closed == 907 && other == 907);
    CHECK_INT(code_of([&] { idle.do_events(); }), 0);
}

void moved_from_objects_fail()
{
    tftp::server server;
    tftp::server taken = std::move(server);
    CHECK(server.handle() == nullptr);
    CHECK_INT(code_of([&] { server.do_events(); }), 901);
    CHECK_INT(code_of([&] { server.close(); }), 901);
    CHECK_INT(code_of([&] { server.start_listening(); }), 901);
    CHECK_INT(code_of([&] { server.stop_listening(); }), 901);
    CHECK_INT(code_of([&] { server.shutdown(); }), 901);
    CHECK_INT(code_of([&] { server.reset(); }), 901);
    CHECK_INT(code_of([&] { server.disconnect(0); }), 901);
    CHECK_INT(code_of([&] { server.set_local_dir("/"); }), 901);
    CHECK_INT(code_of([&] { server.conn_file_data(0); }), 901);
    CHECK_INT(code_of([&] { server.listening(); }), 901);
    CHECK_INT(code_of([&] { server.config("LogLevel"); }), 901);
    CHECK_INT(code_of([&] { server.event_fd(); }), 901);
    CHECK_INT(code_of([&] { server.on_log = [](tftp::log_event &) {}; }), 901);
    std::error_code code;
    server.do_events(code);
    CHECK(code == tftp::errc::not_a_handle);
    server = std::move(taken);
    CHECK_INT(code_of([&] { server.do_events(); }), 0);
}

void many_threads()
{
    fixture self;
    std::atomic<int> blocks{0}, failures{0};
    std::atomic<bool> done{false};
    self.server.on_transfer = [&](tftp::transfer_event &) { blocks++; };
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++) {
        threads.emplace_back([&] {
            while (!done) {
                std::error_code code;
                self.server.do_events(code);
                failures += code ? 1 : 0;
                failures += self.server.local_port() == self.port ? 0 : 1;
                failures += self.server.config("SelectWaitMillis") == "20" ? 0 : 1;
                failures += self.server.local_dir() == self.dir.path() ? 0 : 1;
            }
        });
    }
    CHECK_INT(run(self.get()), CURL_GOOD);
    done = true;
    for (std::thread &thread : threads) {
        thread.join();
    }
    CHECK_INT(failures.load(), 0);
    CHECK(blocks >= 5);
}

/* Each thread gets the exception of its own handler. */
void exceptions_stay_on_their_thread()
{
    fixture self;
    std::atomic<int> wrong{0}, caught{0};
    self.server.on_transfer = [](tftp::transfer_event &) { throw std::this_thread::get_id(); };
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; i++) {
        threads.emplace_back([&] {
            while (caught < 6) {
                try {
                    self.server.do_events();
                } catch (std::thread::id thrower) {
                    caught++;
                    wrong += thrower == std::this_thread::get_id() ? 0 : 1;
                }
            }
        });
    }
    while (caught < 6) {
        run(curl(self.port, "f", "--output", self.dir.path("got"), 5));
    }
    for (std::thread &thread : threads) {
        thread.join();
    }
    CHECK_INT(wrong.load(), 0);
}

void close_while_another_thread_waits()
{
    tftp::server server;
    std::atomic<bool> inside{false};
    server.config("SelectWaitMillis", 60000);
    listen(server);
    int code = -1;
    std::thread waiting([&] {
        inside = true;
        do {
            code = code_of([&] { server.do_events(); });
        } while (code == 0);
    });
    while (!inside) {
        std::this_thread::yield();
    }
    std::this_thread::sleep_for(50ms);
    server.close();
    waiting.join();
    CHECK_INT(code, 901);
}

void bad_values()
{
    tftp::server server;
    CHECK_INT(code_of([&] { server.set_local_dir("/no/such/directory"); }), 905);
    CHECK_INT(code_of([&] { server.set_local_dir("\xff\xfe"); }), 905);
    CHECK_INT(code_of([&] { server.set_local_dir(std::string_view("/tmp\0x", 6)); }), 905);
    CHECK_INT(code_of([&] { server.set_local_port(70000); }), 905);
    CHECK_INT(code_of([&] { server.set_timeout(-1s); }), 905);
    CHECK_INT(code_of([&] { server.conn_filename(0); }), 903);
    CHECK_INT(code_of([&] { server.set_conn_file_data(-1, "data"); }), 903);
    CHECK_INT(code_of([&] { server.get(3); }), 902);
    CHECK_INT(code_of([&] { server.set_int(TFTPSERVER_PROPERTY_CONN_COUNT, 1); }), 904);
    server.set_timeout(2min);
    server.set_retransmit_timeout(7s);
    server.set_max_retransmits(2);
    CHECK(server.timeout() == 120s && server.retransmit_timeout() == 7s && server.max_retransmits() == 2);
    server.set_local_dir(std::string_view());
    CHECK(server.local_dir().empty());
    server.reset();
    CHECK(server.timeout() == 60s);
    CHECK(server.event_fd() >= 0);
    CHECK_INT(code_of([&] { server.event_handle(); }), 909); // Windows has it
}

void views_and_codes()
{
    const std::array<std::uint8_t, 3> array{1, 2, 3};
    const std::vector<char> vector{'a', 'b'};
    tftp::bytes_view none, text("ab"), three(array), two = vector, view = std::string_view("a\0b", 3);
    CHECK(none.empty() && none.begin() == none.end() && text.text() == "ab" && three.size() == 3 && three[2] == 3);
    CHECK(two.text() == "ab" && view.size() == 3);
    CHECK(std::vector<std::uint8_t>(three.begin(), three.end()).size() == 3);
    static_assert(!std::is_convertible_v<std::vector<int>, tftp::bytes_view>);
    static_assert(!std::is_copy_constructible_v<tftp::server> && !std::is_copy_assignable_v<tftp::server>);
    static_assert(std::is_nothrow_move_constructible_v<tftp::server>);
    static_assert(std::is_error_code_enum_v<tftp::errc>);
    std::error_code code = tftp::errc::timeout;
    CHECK(code.value() == 301 && code == std::errc::timed_out && code.category() == tftp::error_category());
    CHECK(tftp::make_error_code(tftp::errc::cannot_open_file).message() == tftpserver_strerror(127));
    CHECK(tftp::make_error_code(tftp::errc::busy) != std::errc::timed_out);
}

} // namespace

int main()
{
    check_begin(600);
    RUN(bad_values);
    RUN(views_and_codes);
    RUN(moved_from_objects_fail);
    RUN(close_while_another_thread_waits);
    if (!have("curl")) {
        return check_failed != 0 ? 1 : 77;
    }
    RUN(every_handler_may_throw);
    RUN(what_is_thrown_comes_out_one_at_a_time);
    RUN(a_result_ends_the_connection);
    RUN(a_handler_destroys_its_server);
    RUN(a_handler_destroys_another_server);
    RUN(a_derived_class_is_destroyed_by_its_handler);
    RUN(overrides_move_along);
    RUN(only_what_is_wanted_is_told);
    RUN(an_upload_without_a_destination_fails);
    RUN(handlers_move_along);
    RUN(a_handler_replaces_itself);
    RUN(what_is_refused_inside_a_handler);
    RUN(many_threads);
    RUN(exceptions_stay_on_their_thread);
    return check_end();
}
