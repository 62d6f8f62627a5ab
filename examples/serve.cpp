/*
 * serve_cpp: serves a directory to any TFTP client, and one generated file: "motd", which contains the current time.
 *
 *     serve_cpp DIR [PORT]
 */
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <string>

#include <tftpserver.hpp>

namespace {

/* Set by SIGINT and SIGTERM; the loop below checks it. */
volatile std::sig_atomic_t stop_requested = 0;

std::string message_of_today()
{
    std::time_t now = std::time(nullptr);
    return std::string("Welcome! It is ") + std::ctime(&now);
}

/* Replaces control characters: a client may put a terminal's control codes into a file name. */
std::string printable(std::string_view name)
{
    std::string text(name);
    for (char &c : text) {
        c = static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    }
    return text;
}

/* Handlers get the server as an argument, so they stay valid when it is moved. */
tftp::server make_server(const std::string &directory, int port)
{
    tftp::server server;
    server.set_local_dir(directory);
    server.set_local_port(port);
    server.config("ReadOnly", true);

    server.on_connection_request = [](tftp::connection_request_event &request) {
        std::cout << request.remote_host << " asks for " << printable(request.filename) << std::endl;
        request.accept = request.filename.substr(0, 1) != "."; /* false: the client gets "access violation" */
    };
    server.on_connected = [](tftp::server &self, const tftp::connected_event &connected) {
        if (connected.status_code == 0 && self.conn_filename(connected.connection_id) == "motd") {
            self.set_conn_file_data(connected.connection_id, message_of_today());
        }
    };
    server.on_disconnected = [](tftp::server &self, const tftp::disconnected_event &end) {
        std::cout << printable(self.conn_filename(end.connection_id)) << ": " << end.description << std::endl;
    };
    return server;
}

} // namespace

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        std::cerr << "usage: serve_cpp DIR [PORT]\n";
        return 2;
    }
    std::signal(SIGINT, [](int) { stop_requested = 1; });
    std::signal(SIGTERM, [](int) { stop_requested = 1; });
    try {
        tftp::server server = make_server(argv[1], argc > 2 ? std::atoi(argv[2]) : 69);
        server.start_listening();
        std::cout << "listening on port " << server.local_port() << std::endl;
        while (stop_requested == 0) {
            server.do_events();
        }
    } catch (const tftp::error &e) {
        std::cerr << "serve_cpp: error " << e.code().value() << ": " << e.what() << '\n';
        return 1;
    }
}
