/*
 * Errors, exceptions and destruction across shared objects that hide their symbols. The argument is
 * the shared object of plugin.cpp, which is loaded with RTLD_LOCAL.
 */
#include <tftpserver.hpp>

#include <dlfcn.h>
#include <stdexcept>

#include "support.hpp"

using namespace support;

namespace {

void *plugin;

template <class Function> Function *find(const char *name)
{
    void *symbol = ::dlsym(plugin, name);
    CHECK(symbol != nullptr);
    return reinterpret_cast<Function *>(symbol);
}

void error_codes_are_equal()
{
    bool caught = false;
    try {
        find<void()>("plugin_listen_twice")();
    } catch (const tftp::error &e) {
        caught = true;
        CHECK(e.code() == tftp::errc::address_in_use && tftp::errc::address_in_use == e.code());
        CHECK(!(e.code() != tftp::errc::address_in_use) && e.code() != tftp::errc::timeout);
        CHECK(e.code() == std::errc::address_in_use);
    }
    CHECK(caught);
    std::error_code code = find<std::error_code()>("plugin_code")();
    CHECK(code == tftp::errc::timeout && code == std::errc::timed_out);
    CHECK(std::error_code(301, std::generic_category()) != tftp::errc::timeout);
}

void exceptions_come_out_of_do_events()
{
    directory dir;
    std::string caught;
    tftp::server *server = find<tftp::server *()>("plugin_make")();
    find<void(tftp::server *)>("plugin_throws_from_its_handler")(server);
    client one(get(server->local_port(), "f", dir.path("got")));
    try {
        pump(*server, [] { return false; });
    } catch (const std::runtime_error &e) {
        caught = e.what();
    }
    CHECK_TEXT(caught.c_str(), "from the plug-in");
    delete server;
}

/*
 * A handler in one object destroys a server of another and its own; all threads and descriptors
 * must be gone then.
 */
void destruction_inside_a_handler_is_whole()
{
    directory dir;
    int threads = entries("/proc/self/task"), descriptors = entries("/proc/self/fd");
    auto *destroy = find<void(tftp::server *)>("plugin_destroy");
    tftp::server *victim = find<tftp::server *()>("plugin_make")();
    tftp::server *own = find<tftp::server *()>("plugin_make")();
    own->on_connected = [&](tftp::connected_event &) {
        destroy(victim);
        destroy(own);
        own = nullptr;
    };
    client one(get(own->local_port(), "f", dir.path("got")));
    while (own != nullptr) {
        own->do_events();
    }
    auto end = std::chrono::steady_clock::now() + patience();
    while (entries("/proc/self/task") > threads && std::chrono::steady_clock::now() < end) {
        ::usleep(1000); /* a joined thread stays listed for a moment */
    }
    CHECK_INT(entries("/proc/self/task"), threads);
    CHECK_INT(entries("/proc/self/fd"), descriptors);
}

} // namespace

int main(int count, char **words)
{
    check_begin(120);
    plugin = count > 1 ? ::dlopen(words[1], RTLD_NOW | RTLD_LOCAL) : nullptr;
    if (plugin == nullptr) {
        std::printf("usage: across PLUGIN: %s\n", count > 1 ? ::dlerror() : "no argument");
        return 2;
    }
    RUN(error_codes_are_equal);
    if (!have("curl")) {
        return check_failed != 0 ? 1 : 77;
    }
    RUN(exceptions_come_out_of_do_events);
    RUN(destruction_inside_a_handler_is_whole);
    return check_end();
}
