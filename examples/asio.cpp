/*
 * asio_cpp: a server in the event loop of Asio, on one thread beside everything else that the loop does.
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
        server_.config("SelectWaitMillis", 0); /* do_events must not wait: that is the loop's part */
        server_.on_disconnected = [](tftp::server &self, const tftp::disconnected_event &e) {
            std::cout << self.conn_remote_host(e.connection_id) << ": " << e.description << std::endl;
        };
        server_.start_listening();
        std::cout << "listening on port " << server_.local_port() << std::endl;
        /* Asio closes what it is given; the library's own descriptor stays the library's. */
        events_.assign(::dup(server_.event_fd()));
        wait();
        signals_.async_wait([this](const asio::error_code &failed, int) {
            if (!failed) {
                server_.shutdown(); /* its clients get an ERROR */
                events_.close();
            }
        });
    }

private:
    void wait()
    {
        events_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const asio::error_code &failed) {
            if (!failed) {
                server_.do_events(); /* what a handler throws comes out of io_context::run */
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
