#include <iostream>
#include <tftpserver.hpp>

int main()
{
    tftp::server server;
    server.set_local_dir("examples/files");
    server.set_local_port(6969);
    server.on_disconnected = [](const tftp::disconnected_event &e) {
        std::cout << e.connection_id << ": " << e.description << std::endl;
    };
    server.start_listening();
    for (;;)
        server.do_events();
}
