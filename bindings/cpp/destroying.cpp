/*
 * Destruction while another thread is in do_events, under ThreadSanitizer. Tests the promises of
 * LIFETIME and THREADS in tftpserver.hpp. The library is not instrumented, so the test's
 * environment suppresses its calls.
 */
#include <tftpserver.hpp>

#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <memory>
#include <sys/socket.h>
#include <thread>

#include "../../c-tests/check.h"

namespace {

/* Requests a file without waiting for an answer. */
void ask(int port)
{
    static const char request[] = "\0\1f\0octet";
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(::sendto(fd, request, sizeof request, 0, reinterpret_cast<sockaddr *>(&address), sizeof address) > 0);
    ::close(fd);
}

/* Relaxed: the test must not order the threads itself. */
void await(const std::atomic<bool> &flag)
{
    while (!flag.load(std::memory_order_relaxed)) {
        std::this_thread::yield();
    }
}

/* The destructor waits for the running handler and its do_events. */
void destroyed_while_a_handler_runs()
{
    for (int round = 0; round < 20; round++) {
        auto server = std::make_unique<tftp::server>();
        std::atomic<bool> inside{false};
        bool finished = false;
        server->set_local_host("127.0.0.1");
        server->set_local_port(0);
        server->config("SelectWaitMillis", 60000);
        server->on_connected = [&](tftp::connected_event &) {
            inside.store(true, std::memory_order_relaxed);
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            finished = true;
        };
        server->start_listening();
        int port = server->local_port();
        std::thread delivering([raw = server.get()] { raw->do_events(); });
        ask(port);
        await(inside);
        server.reset();
        CHECK(finished);
        delivering.join();
    }
}

/* close() ends a loop on another thread, which is joined before the object is destroyed. */
void closed_joined_destroyed()
{
    for (int round = 0; round < 20; round++) {
        auto server = std::make_unique<tftp::server>();
        std::atomic<bool> running{false};
        std::error_code last;
        std::thread delivering([&, raw = server.get()] {
            std::error_code code;
            do {
                raw->do_events(code);
                running.store(true, std::memory_order_relaxed);
            } while (!code);
            last = code;
        });
        await(running);
        server->close();
        delivering.join();
        server.reset();
        CHECK(last == tftp::errc::not_a_handle);
    }
}

} // namespace

int main()
{
    check_begin(300);
    RUN(destroyed_while_a_handler_runs);
    RUN(closed_joined_destroyed);
    return check_end();
}
