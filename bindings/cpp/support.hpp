/*
 * Shared by the C++ tests: temporary directories, real clients, and time limits that grow on slow
 * machines.
 */
#ifndef SUPPORT_HPP
#define SUPPORT_HPP

#include <chrono>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <iterator>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "../../c-tests/check.h"

extern char **environ;

namespace support {

inline std::chrono::seconds patience()
{
    return std::chrono::seconds(30 * check_slowness());
}

/* A temporary directory, removed with its contents. */
class directory {
public:
    directory()
    {
        char name[] = "/tmp/tftpserver-cpp-XXXXXX";
        path_ = ::mkdtemp(name);
    }
    directory(const directory &) = delete;
    directory &operator=(const directory &) = delete;

    ~directory()
    {
        if (DIR *open = ::opendir(path_.c_str())) {
            while (const dirent *entry = ::readdir(open)) {
                ::unlink(path(entry->d_name).c_str());
            }
            ::closedir(open);
        }
        ::rmdir(path_.c_str());
    }

    const std::string &path() const { return path_; }
    std::string path(const std::string &name) const { return path_ + "/" + name; }

    void write(const std::string &name, const std::string &data) const
    {
        std::ofstream(path(name), std::ios::binary).write(data.data(), static_cast<std::streamsize>(data.size()));
    }

    /* Returns the file's content; "(none)" if the file does not exist. */
    std::string read(const std::string &name) const
    {
        std::ifstream file(path(name), std::ios::binary);
        return file ? std::string(std::istreambuf_iterator<char>(file), {}) : "(none)";
    }

private:
    std::string path_;
};

/* Returns `length` pseudo-random bytes, the same each time. */
inline std::string noise(std::size_t length)
{
    std::string data(length, '\0');
    std::uint32_t seed = 1;
    for (char &c : data) {
        seed = seed * 1664525u + 1013904223u;
        c = static_cast<char>(seed >> 24);
    }
    return data;
}

/* Like CHECK_BYTES for strings: on a failure it prints lengths instead of a megabyte. */
inline bool same(const std::string &got, const std::string &wanted)
{
    if (got != wanted) {
        std::printf("%zu bytes, wanted %zu\n", got.size(), wanted.size());
    }
    return got == wanted;
}

/* A program that runs in parallel with the test. */
class client {
public:
    explicit client(const std::vector<std::string> &words)
    {
        std::vector<char *> argv;
        for (const std::string &word : words) {
            argv.push_back(const_cast<char *>(word.c_str()));
        }
        argv.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
        if (::posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ) != 0) {
            pid_ = 0;
        }
        ::posix_spawn_file_actions_destroy(&actions);
    }
    client(const client &) = delete;
    client &operator=(const client &) = delete;

    ~client()
    {
        if (running()) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
    }

    bool running()
    {
        int status = 0;
        if (pid_ > 0 && code_ < 0 && ::waitpid(pid_, &status, WNOHANG) == pid_) {
            code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
        }
        return pid_ > 0 && code_ < 0;
    }

    /* Returns the exit code of an ended program, otherwise -1. */
    int code() const { return code_; }

private:
    pid_t pid_ = 0;
    int code_ = -1;
};

/* curl's exit codes for the errors of TFTP. */
enum { CURL_GOOD = 0, CURL_ERROR_1 = 68, CURL_ERROR_2 = 69 };

inline std::vector<std::string> curl(int port, const std::string &name, const std::string &more,
                                     const std::string &file, long seconds = patience().count())
{
    return {"curl",
            "--silent",
            "--max-time",
            std::to_string(seconds),
            more,
            file,
            "tftp://127.0.0.1:" + std::to_string(port) + "/" + name};
}

inline std::vector<std::string> get(int port, const std::string &name, const std::string &to)
{
    return curl(port, name, "--output", to);
}

inline std::vector<std::string> put(int port, const std::string &name, const std::string &from)
{
    return curl(port, name, "--upload-file", from);
}

/* Delivers events until the condition holds; returns false on timeout. */
template <class Server, class Condition> bool pump(Server &server, Condition &&condition)
{
    auto end = std::chrono::steady_clock::now() + patience();
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) {
            return false;
        }
        server.do_events();
    }
    return true;
}

/* Runs a client to its end while the server's events are delivered; returns its exit code. */
template <class Server> int run(Server &server, const std::vector<std::string> &words)
{
    client one(words);
    pump(server, [&] { return !one.running(); });
    return one.code();
}

/* The same without delivering events. */
inline int run(const std::vector<std::string> &words)
{
    client one(words);
    auto end = std::chrono::steady_clock::now() + patience();
    while (one.running() && std::chrono::steady_clock::now() < end) {
        ::usleep(2000);
    }
    return one.code();
}

/*
 * Ends a child process after fork by exec, because memcheck would report the memory of the parent's
 * threads as leaks in it.
 */
[[noreturn]] inline void end_child(const char *exit_code)
{
    ::execl("/bin/sh", "sh", "-c", (std::string("exit ") + exit_code).c_str(), static_cast<char *>(nullptr));
    ::_exit(99);
}

/* Counts the entries of a directory such as /proc/self/fd. */
inline int entries(const char *path)
{
    int count = 0;
    if (DIR *open = ::opendir(path)) {
        while (::readdir(open) != nullptr) {
            count++;
        }
        ::closedir(open);
    }
    return count;
}

/*
 * Returns whether a program is installed. With TFTP_CLIENTS_REQUIRED, a missing one fails the test.
 */
inline bool have(const char *program)
{
    bool found = ::system((std::string("command -v ") + program + " >/dev/null 2>&1").c_str()) == 0;
    if (!found) {
        std::printf("NOT RUN: %s is not installed\n", program);
        if (std::getenv("TFTP_CLIENTS_REQUIRED") != nullptr) {
            CHECK(!"a client that must be there");
        }
    }
    return found;
}

} // namespace support

#endif
