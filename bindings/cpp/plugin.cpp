/* A shared object that hides its symbols, as plug-ins do. across.cpp loads it with RTLD_LOCAL. */
#include <tftpserver.hpp>

#include <stdexcept>

#define EXPORTED extern "C" __attribute__((visibility("default")))

static void listen(tftp::server &server)
{
    server.set_local_host("127.0.0.1");
    server.set_local_port(0);
    server.start_listening();
}

EXPORTED tftp::server *plugin_make()
{
    auto *server = new tftp::server;
    listen(*server);
    return server;
}

EXPORTED void plugin_destroy(tftp::server *server)
{
    delete server;
}

/* Throws 10048. */
EXPORTED void plugin_listen_twice()
{
    tftp::server first, second;
    listen(first);
    second.set_local_host("127.0.0.1");
    second.set_local_port(first.local_port());
    second.start_listening();
}

EXPORTED std::error_code plugin_code()
{
    return tftp::errc::timeout;
}

EXPORTED void plugin_throws_from_its_handler(tftp::server *server)
{
    server->on_connected = [](tftp::connected_event &) { throw std::runtime_error("from the plug-in"); };
}
