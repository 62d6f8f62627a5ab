/*
 * asio_cpp: a server in the event loop of Asio, on the thread of the loop.
 *
 *     asio_cpp DIR [PORT]
 *     c++ -std=c++17 asio.cpp $(pkg-config --cflags --libs tftpserver) -pthread
 *
 * With Boost's Asio: <boost/asio.hpp>, and boost::asio instead of asio.
 */
#define ASIO_STANDALONE
#include <asio.hpp>
#include <tftpserver.hpp>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <unistd.h>

namespace {

class service {
public:
    service(asio::io_context &loop, const std::string &directory, int port)
        : events_(loop), signals_(loop, SIGINT, SIGTERM)
    {
        server_.set_local_dir(directory);
        server_.set_local_port(port);
        server_.config("SelectWaitMillis", 0); /* do_events must not wait: the loop does */
        server_.on_disconnected = [](tftp::server &self, const tftp::disconnected_event &e) {
            std::cout << self.conn_remote_host(e.connection_id) << ": " << e.description << std::endl;
        };
        server_.start_listening();
        std::cout << "listening on port " << server_.local_port() << std::endl;
        /* A duplicate, because Asio closes its descriptor, and the library closes its own. */
        events_.assign(::dup(server_.event_fd()));
        wait();
        signals_.async_wait([this](const asio::error_code &failed, int) {
            if (!failed) {
                server_.shutdown(); /* its clients get an ERROR packet */
                events_.close();
            }
        });
    }

private:
    void wait()
    {
        events_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const asio::error_code &failed) {
            if (!failed) {
                server_.do_events(); /* io_context::run throws an exception of a handler */
                wait();
            }
        });
    }

    tftp::server server_;
    asio::posix::stream_descriptor events_; /* closed before the server */
    asio::signal_set signals_;
};

} // namespace

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        std::cerr << "usage: asio_cpp DIR [PORT]\n";
        return 2;
    }
    try {
        asio::io_context loop;
        service tftp(loop, argv[1], argc > 2 ? std::atoi(argv[2]) : 69);
        loop.run();
    } catch (const std::exception &e) {
        std::cerr << "asio_cpp: " << e.what() << '\n';
        return 1;
    }
}
