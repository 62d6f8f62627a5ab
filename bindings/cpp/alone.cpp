/* The headers need no other includes, and may be included twice and in any order. */
#include <ipworks/ipworks.h>
#include <ipworks/ipworks.h>

#if __cplusplus >= 201703L
#include <tftpserver.hpp>
#include <tftpserver.hpp>

/* Two files of a program may include them: nothing is defined twice. */
static_assert(static_cast<int>(tftp::errc::address_in_use) == 10048, "as in the C interface");

int use_cpp(tftp::server &server);
int use_cpp(tftp::server &server)
{
    server.on_log = [](tftp::server &, const tftp::log_event &) { return 1; };
    server.on_log = [](auto &) {};
    server.on_transfer = [](const tftp::transfer_event &e) {
        tftp::transfer_event kept = e, moved = std::move(kept);
        kept = moved;
        return static_cast<int>(kept.text.size());
    };
    server.do_events();
    return server.local_port();
}
#endif

int use_ipworks(TFTPServer &server);
int use_ipworks(TFTPServer &server)
{
    return server.DoEvents();
}
