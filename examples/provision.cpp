// provision: boots the machines of a lab, and keeps their configuration. docs/tutorial.md explains it step by step.
//
//     provision ROOT BACKUPS [NAME=VALUE]...
#include <cctype>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <regex>
#include <string>

#include <tftpserver.hpp>

// Prints client, file and result. The name comes from the client: do not trust it.
static void tell(tftp::server &server, std::int32_t id, std::string_view what)
{
    static const std::regex control("[\\x01-\\x1f\\x7f]");
    std::cout << server.conn_remote_host(id) << ' ' << std::regex_replace(server.conn_filename(id), control, "?")
              << ": " << what << std::endl;
}

// PXELINUX, iPXE and U-Boot request pxelinux.cfg/01-aa-bb-cc-dd-ee-ff. A real lab would look the machine up here.
static std::string configuration(const std::string &name, std::string_view address)
{
    static const std::regex machine("/*pxelinux\\.cfg/01-([0-9a-fA-F]{2}(-[0-9a-fA-F]{2}){5})");
    std::smatch found;
    if (!std::regex_match(name, found, machine))
        return "";
    std::string mac = found[1];
    for (char &c : mac)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return "DEFAULT install\n"
           "LABEL install\n"
           "  KERNEL vmlinuz\n"
           "  INITRD initrd.img\n"
           "  APPEND ip=dhcp hostname=node-"
         + mac + " lab.address=" + std::string(address) + "\n";
}

// Stores uploads in BACKUPS/address/name, and nowhere else.
static void keep(tftp::server &server, tftp::connection_request_event &e, const std::filesystem::path &backups)
{
    static const std::regex plain("[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}");
    const std::string name(e.filename);
    const auto directory = backups / std::string(e.remote_host);
    std::error_code code;
    std::filesystem::create_directory(directory, code);
    if (!std::regex_match(name, plain)
        || !std::filesystem::is_directory(std::filesystem::symlink_status(directory, code)))
        e.accept = false; // the client gets an ERROR, Connected the number 10013
    else
        server.set_conn_local_file(e.connection_id, (directory / name).string());
}

static volatile std::sig_atomic_t stop;

static int provision(const std::string &root, const std::filesystem::path &backups, int argc, char **argv)
{
    tftp::server server;
    server.on_connection_request = [&](tftp::server &self, tftp::connection_request_event &e) {
        if (e.operation == tftp::operation::write)
            return keep(self, e, backups);
        const std::string text = configuration(std::string(e.filename), e.remote_host);
        if (!text.empty())
            self.set_conn_file_data(e.connection_id, text);
    };
    server.on_connected = [](tftp::server &self, tftp::connected_event &e) {
        if (e.status_code != 0) // it never began, so it has no Disconnected
            tell(self, e.connection_id, e.description);
    };
    server.on_disconnected = [](tftp::server &self, tftp::disconnected_event &e) {
        tell(self, e.connection_id, e.description);
    };
    server.config("SelectWaitMillis", 500);
    server.set_local_dir(root);
    for (int i = 0; i < argc; i++)
        server.config(argv[i]);
    server.start_listening();
    std::cout << "serving " << root << " on port " << server.local_port() << std::endl;
    while (!stop)
        server.do_events();
    // Accepts no new clients; running transfers may finish within ten seconds.
    server.stop_listening();
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (server.conn_count() > 0 && std::chrono::steady_clock::now() < end)
        server.do_events();
    std::cout << server.config("Statistics") << std::endl;
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        std::cerr << "usage: provision ROOT BACKUPS [NAME=VALUE]...\n";
        return 2;
    }
    std::signal(SIGINT, [](int) { stop = 1; });
    std::signal(SIGTERM, [](int) { stop = 1; });
    try {
        return provision(argv[1], argv[2], argc - 3, argv + 3);
    } catch (const std::exception &e) {
        std::cerr << "provision: " << e.what() << '\n';
        return 1;
    }
}
