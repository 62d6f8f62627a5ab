/*
 * Correct and wrong use of the class TFTPServer and the C layer by programs for IPWorks TFTPServer.
 */
/* Declares the wchar_t overloads, which are otherwise only declared on Windows. */
#define IPWORKS_WCHAR_T
#include <ipworks/ipworks.h>
#include <tftpserver.hpp>

#include <sys/stat.h>

#include <atomic>
#include <map>
#include <memory>
#include <stdexcept>
#include <thread>

#include "support.hpp"

using namespace support;

int (*library_fits_elsewhere())(); /* foreign_int64.cpp */

namespace {

void inline_functions_are_the_same_in_every_file()
{
    CHECK(library_fits_elsewhere() == &IPWorks_TFTPServer_LibraryFits);
}

/* Records every event; the hook runs in Connected. */
class recorder : public TFTPServer {
public:
    std::vector<std::string> seen;
    std::function<int(TFTPServerConnectedEventParams *)> hook;
    std::string uploaded;
    int status = -1, refuse = 0, error = 0;
    int64 bytes = 0;

    void do_events() { CHECK_INT(DoEvents(), 0); } /* for pump */

    bool await_end()
    {
        return pump(*this, [this] { return status >= 0; });
    }

    int FireConnected(TFTPServerConnectedEventParams *e) override
    {
        note("Connected");
        CHECK(e->reserved == 0 && e->Description != NULL);
        return hook ? hook(e) : 0;
    }
    int FireConnectionRequest(TFTPServerConnectionRequestEventParams *e) override
    {
        note("ConnectionRequest");
        CHECK_TEXT(e->RemoteHost, "127.0.0.1");
        CHECK_TEXT(e->TransferMode, "0");
        CHECK(e->RemotePort > 0 && e->Accept == 1 && (e->Operation == 1 || e->Operation == 2));
        e->Accept = !refuse;
        return 0;
    }
    int FireDisconnected(TFTPServerDisconnectedEventParams *e) override
    {
        note("Disconnected");
        status = e->StatusCode;
        return 0;
    }
    int FireEndTransfer(TFTPServerEndTransferEventParams *) override { return note("EndTransfer"); }
    int FireError(TFTPServerErrorEventParams *e) override
    {
        error = e->ErrorCode;
        return note("Error");
    }
    int FireLog(TFTPServerLogEventParams *e) override
    {
        CHECK(e->Message != NULL && e->LogType != NULL && e->LogLevel >= 1);
        return 0;
    }
    int FireStartTransfer(TFTPServerStartTransferEventParams *) override { return note("StartTransfer"); }
    int FireTransfer(TFTPServerTransferEventParams *e) override
    {
        note("Transfer");
        bytes = e->BytesTransferred;
        if (e->Direction == 0) {
            uploaded.append(e->Text, static_cast<size_t>(e->lenText));
        }
        return 0;
    }

private:
    int note(const char *name)
    {
        if (seen.empty() || seen.back() != name) {
            seen.push_back(name);
        }
        return 0;
    }
};

template <class Server> void listen(Server &server)
{
    CHECK_INT(server.SetLocalHost("127.0.0.1"), 0);
    CHECK_INT(server.SetLocalPort(0), 0);
    CHECK_INT(server.StartListening(), 0);
}

void a_download_fires_every_event()
{
    directory dir;
    recorder server;
    std::string data = noise(2000);
    dir.write("f", data);
    CHECK_INT(server.SetLocalDir(dir.path().c_str()), 0);
    listen(server);
    CHECK_INT(run(server, get(server.GetLocalPort(), "f", dir.path("got"))), CURL_GOOD);
    CHECK(server.await_end());
    CHECK(same(dir.read("got"), data));
    CHECK_INT(server.status, 0);
    CHECK_INT(server.bytes, 2000);
    std::vector<std::string> wanted{"ConnectionRequest", "Connected",   "StartTransfer",
                                    "Transfer",          "EndTransfer", "Disconnected"};
    CHECK(server.seen == wanted);
}

void an_upload_reaches_transfer()
{
    directory dir;
    recorder server;
    std::string data = noise(20000);
    dir.write("f", data);
    listen(server);
    CHECK_INT(run(server, put(server.GetLocalPort(), "new", dir.path("f"))), CURL_GOOD);
    CHECK(server.await_end());
    CHECK(same(server.uploaded, data));
}

void an_upload_without_a_destination_fails()
{
    struct idle : TFTPServer {
        void do_events() { DoEvents(); }
    } server;
    directory dir;
    dir.write("f", noise(300000));
    listen(server);
    CHECK(run(server, put(server.GetLocalPort(), "new", dir.path("f"))) != CURL_GOOD);
}

/* Without a valid LocalDir, FireTransfer may be for progress only, so uploads are refused. */
void an_upload_fails_until_local_dir_is_valid()
{
    directory dir;
    std::string data = noise(20000);
    dir.write("f", data);
    for (const std::string &wrong : {std::string(), dir.path("missing"), dir.path("f")}) {
        recorder server;
        listen(server);
        CHECK_INT(server.SetLocalDir(wrong.c_str()), wrong.empty() ? 0 : 905);
        CHECK(run(server, put(server.GetLocalPort(), "new", dir.path("f"))) != CURL_GOOD);
        CHECK(server.await_end());
        CHECK(server.status == 127 || server.status == 128);
        CHECK(server.error == server.status && server.uploaded.empty());
        server.status = -1;
        CHECK(run(server, get(server.GetLocalPort(), "f", dir.path("got"))) != CURL_GOOD);
        CHECK(server.await_end());
        CHECK_INT(server.status, 127);
        CHECK_TEXT(dir.read("new").c_str(), "(none)");
        /* An upload whose handler chooses a file succeeds. */
        server.hook = [&](TFTPServerConnectedEventParams *e) {
            return server.SetConnLocalFile(e->ConnectionId, dir.path("chosen").c_str());
        };
        CHECK_INT(run(server, put(server.GetLocalPort(), "new", dir.path("f"))), CURL_GOOD);
        CHECK(same(dir.read("chosen"), data));
        server.hook = nullptr;
        CHECK_INT(server.SetLocalDir(dir.path().c_str()), 0);
        CHECK_INT(run(server, put(server.GetLocalPort(), "new", dir.path("f"))), CURL_GOOD);
        CHECK(same(dir.read("new"), data));
        ::unlink(dir.path("new").c_str());
    }
}

void a_local_dir_may_come_later()
{
    directory dir;
    std::string later = dir.path("later");
    dir.write("f", "data");
    recorder server;
    CHECK_INT(server.SetLocalDir(dir.path().c_str()), 0);
    CHECK_INT(server.SetLocalDir(later.c_str()), 0);
    CHECK_TEXT(server.GetLocalDir(), later.c_str());
    server.SetLocalHost("127.0.0.1");
    server.SetLocalPort(0);
    CHECK_INT(server.StartListening(), 905); /* still missing */
    CHECK(strstr(server.GetLastError(), later.c_str()) != NULL);
    CHECK_INT(server.SetListening(1), 905);
    CHECK_INT(server.GetListening(), 0);
    CHECK_INT(::mkdir(later.c_str(), 0700), 0);
    CHECK_INT(server.StartListening(), 0);
    CHECK_TEXT(server.GetLocalDir(), later.c_str());
    CHECK_INT(run(server, put(server.GetLocalPort(), "new", dir.path("f"))), CURL_GOOD);
    CHECK_TEXT(dir.read("later/new").c_str(), "data");
    CHECK_INT(server.SetLocalDir(dir.path("never").c_str()), 905); /* refused while listening */
    CHECK_TEXT(server.GetLocalDir(), later.c_str());
    ::unlink((later + "/new").c_str());
    ::rmdir(later.c_str());
}

void accept_0_refuses()
{
    directory dir;
    recorder server;
    int status = 0;
    server.refuse = 1;
    server.hook = [&](TFTPServerConnectedEventParams *e) { return status = e->StatusCode, 0; };
    listen(server);
    CHECK_INT(run(server, get(server.GetLocalPort(), "f", dir.path("got"))), CURL_ERROR_2);
    CHECK(pump(server, [&] { return status != 0; }));
    CHECK_INT(status, 10013);
}

void the_conn_arrays()
{
    directory dir;
    recorder server;
    int seen = 0;
    server.hook = [&](TFTPServerConnectedEventParams *e) {
        std::string both;
        seen++;
        CHECK_INT(server.GetConnCount(), 1);
        CHECK_TEXT(server.GetConnConnectionId(0), std::to_string(e->ConnectionId).c_str());
        both = std::string(server.GetConnFilename(0)) + server.GetConnRemoteHost(e->ConnectionId)
             + server.GetConnFilename(e->ConnectionId) + server.GetConnTransferMode(0);
        CHECK_TEXT(both.c_str(), "f127.0.0.1f0");
        CHECK(server.GetConnRemotePort(0) == server.GetConnRemotePort(e->ConnectionId));
        char *data = NULL;
        int length = -1;
        CHECK_INT(server.SetConnFileData(e->ConnectionId, "a\0b", 3), 0);
        CHECK_INT(server.GetConnFileData(0, data, length), 0);
        CHECK_BYTES(data, static_cast<size_t>(length), "a\0b", 3);
        CHECK_INT(server.SetConnFileData(e->ConnectionId, NULL, 3), 905);
        CHECK_INT(server.SetConnFileData(e->ConnectionId, "x", -1), 905);
        CHECK_INT(server.SetConnFileData(7, "x", 1), 903);
        CHECK_INT(server.GetConnFileData(7, data, length), 903);
        CHECK(data == NULL && length == 0);
        CHECK_INT(server.SetConnLocalFile(e->ConnectionId, static_cast<const char *>(NULL)), 905);
        return 0;
    };
    listen(server);
    CHECK_INT(run(server, get(server.GetLocalPort(), "f", dir.path("got"))), CURL_GOOD);
    CHECK(server.await_end());
    CHECK(same(dir.read("got"), std::string("a\0b", 3)));
    CHECK_INT(seen, 1);
    CHECK_INT(server.GetConnCount(), 0);
}

void what_fails_says_so()
{
    TFTPServer server("a key");
    CHECK_INT(server.SetLocalDir(static_cast<const char *>(NULL)), 905);
    CHECK_INT(server.GetLastErrorCode(), 905);
    CHECK(strlen(server.GetLastError()) > 5);
    CHECK_INT(server.SetLocalHost(static_cast<const char *>(NULL)), 905);
    CHECK_TEXT(server.Config(static_cast<const char *>(NULL)), "");
    CHECK_INT(server.GetLastErrorCode(), 905);
    CHECK_TEXT(server.Config("Nonsense"), "");
    CHECK_INT(server.GetLastErrorCode(), 906);
    CHECK_TEXT(server.GetConnFilename(0), "");
    CHECK_INT(server.GetLastErrorCode(), 903);
    CHECK_INT(server.SetLocalPort(-1), 905);
    CHECK_TEXT(server.Config("MaxBlockSize=1000"), "");
    CHECK_INT(server.GetLastErrorCode(), 0);
    CHECK_TEXT(server.GetLastError(), "");
    CHECK_TEXT(server.Config("maxblocksize"), "1000");
    CHECK_TEXT(server.VERSION(), TFTPSERVER_VERSION_STRING);
    CHECK_TEXT(server.GetRuntimeLicense(), "");
    CHECK_INT(server.SetRuntimeLicense("mine"), 0);
    CHECK_TEXT(server.GetRuntimeLicense(), "mine");
    CHECK_INT(server.SetRuntimeLicense(L"\u00fc\u20ac"), 0); /* as on Windows */
    CHECK_TEXT(server.GetRuntimeLicense(), "\xc3\xbc\xe2\x82\xac");
    CHECK_INT(server.SetLocalHost(L"127.0.0.1"), 0);
    CHECK_TEXT(server.GetLocalHost(), "127.0.0.1");
    CHECK_INT(server.SetLocalHost(static_cast<const wchar_t *>(NULL)), 905);
    CHECK_TEXT(server.Config(L"LogLevel"), "1");
    CHECK_INT(server.SetRuntimeLicense(static_cast<const char *>(NULL)), 0);
    CHECK_INT(server.SetTimeout(9) + server.SetRetransmitTimeout(8) + server.SetMaxRetransmits(7), 0);
    CHECK(server.GetTimeout() == 9 && server.GetRetransmitTimeout() == 8 && server.GetMaxRetransmits() == 7);
}

void listening_and_ports()
{
    TFTPServer server, other;
    listen(server);
    CHECK_INT(server.GetListening(), 1);
    CHECK_INT(server.SetLocalPort(1), 106);
    other.SetLocalHost("127.0.0.1");
    CHECK_INT(other.SetLocalPort(server.GetLocalPort()), 0);
    CHECK_INT(other.StartListening(), 10048);
    CHECK(strstr(other.GetLastError(), "[10048]") != NULL);
    CHECK_INT(server.SetListening(0), 0);
    CHECK_INT(server.GetListening(), 0);
    CHECK_INT(other.SetListening(5), 0);
    CHECK_INT(other.Shutdown(), 0);
    CHECK_INT(other.StopListening(), 0);
}

/*
 * A getter's result stays valid after calls of other getters, and of the same one for other
 * connections.
 */
void several_texts_at_once()
{
    TFTPServer server, other;
    server.SetLocalHost("127.0.0.1");
    other.SetLocalHost("127.0.0.2");
    char text[100];
    char *held = server.GetLocalHost();
    snprintf(text, sizeof text, "%s %s %s %s", server.GetLocalHost(), other.GetLocalHost(),
             server.Config("MaxBlockSize"), server.Config("MaxWindowSize"));
    CHECK_TEXT(text, "127.0.0.1 127.0.0.2 65464 64");
    for (int i = 0; i < 100; i++) {
        server.GetLocalDir();
        server.VERSION();
    }
    CHECK_TEXT(held, "127.0.0.1");
}

void exceptions_come_out_of_doevents()
{
    directory dir;
    recorder server;
    std::string caught;
    dir.write("f", "data");
    server.SetLocalDir(dir.path().c_str());
    server.hook = [](TFTPServerConnectedEventParams *) -> int { throw std::runtime_error("mine"); };
    listen(server);
    client one(get(server.GetLocalPort(), "f", dir.path("got")));
    try {
        pump(server, [] { return false; });
    } catch (const std::runtime_error &e) {
        caught = e.what();
    }
    CHECK_TEXT(caught.c_str(), "mine");
    CHECK(server.await_end());
    CHECK_INT(server.status, 10053);
    server.hook = nullptr;
    CHECK_INT(run(server, get(server.GetLocalPort(), "f", dir.path("got"))), CURL_GOOD);
}

void deleted_in_a_handler()
{
    int descriptors = entries("/proc/self/fd");
    for (bool and_throws : {false, true}) {
        directory dir;
        recorder *server = new recorder;
        int nested = 0, caught = 0;
        bool gone = false;
        server->hook = [&, running = server](TFTPServerConnectedEventParams *) -> int {
            nested = running->DoEvents();
            auto keep = std::move(running->hook); /* this very function */
            delete server;
            gone = true;
            if (and_throws) {
                throw 42;
            }
            return 0;
        };
        listen(*server);
        client one(get(server->GetLocalPort(), "f", dir.path("got")));
        while (!gone) {
            try {
                CHECK_INT(server->DoEvents(), 0);
            } catch (int value) {
                caught = value;
            }
        }
        CHECK_INT(nested, 907);
        CHECK_INT(caught, and_throws ? 42 : 0);
    }
    CHECK_INT(entries("/proc/self/fd"), descriptors);
}

/*
 * The two classes are independent: a server destroyed in the other's handler is at least stopped.
 */
void the_other_class_in_a_handler()
{
    directory dir;
    recorder server;
    int port = 0;
    server.hook = [&](TFTPServerConnectedEventParams *) {
        tftp::server inner;
        inner.set_local_host("127.0.0.1");
        inner.set_local_port(0);
        inner.start_listening();
        port = inner.local_port();
        return 0;
    };
    listen(server);
    run(server, get(server.GetLocalPort(), "f", dir.path("got")));
    TFTPServer again;
    again.SetLocalHost("127.0.0.1");
    again.SetLocalPort(port);
    CHECK(port != 0);
    CHECK_INT(again.StartListening(), 0);
}

void many_threads()
{
    directory dir;
    recorder server;
    dir.write("f", noise(3000));
    server.SetLocalDir(dir.path().c_str());
    listen(server);
    std::atomic<int> failures{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++) {
        threads.emplace_back([&] {
            for (int turn = 0; turn < 300; turn++) {
                failures += server.GetLocalPort() > 0 && server.SetTimeout(30) == 0 ? 0 : 1;
                server.GetLocalDir(); /* its text is soon replaced by another thread */
            }
        });
    }
    CHECK_INT(run(server, get(server.GetLocalPort(), "f", dir.path("got"))), CURL_GOOD);
    for (std::thread &thread : threads) {
        thread.join();
    }
    CHECK_INT(failures.load(), 0);
}

void a_forked_child_may_destroy()
{
    directory dir;
    auto server = std::make_unique<recorder>();
    dir.write("f", "data");
    server->SetLocalDir(dir.path().c_str());
    listen(*server);
    pid_t child = ::fork();
    if (child == 0) {
        server.reset();
        end_child("7");
    }
    int status = 0;
    CHECK(::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7);
    CHECK_INT(run(*server, get(server->GetLocalPort(), "f", dir.path("got"))), CURL_GOOD);
}

/* ---- the C layer ---- */

enum { CONFIG = 2, DO_EVENTS = 3, START_LISTENING = 4, STOP_LISTENING = 5 };

struct sunk {
    void *server = NULL;
    std::map<int, int> events; /* number of parameters by event id */
    std::string data;
    int destroyed = 0, ended = 0;

    void do_events() { IPWorks_TFTPServer_Do(server, DO_EVENTS, 0, NULL, NULL, NULL); }
};

int sink(void *context, int event_id, int cparam, void *param[], int cbparam[])
{
    sunk *self = static_cast<sunk *>(context);
    self->events[event_id] = cparam;
    if (event_id == EID_TFTPSERVER_CONNECTED && reinterpret_cast<intptr_t>(param[1]) == 0) {
        self->destroyed = IPWorks_TFTPServer_Destroy(self->server);
        int id = static_cast<int>(reinterpret_cast<intptr_t>(param[0])), length = -1;
        CHECK_INT(IPWorks_TFTPServer_CheckIndex(self->server, 5, id), 0);
        CHECK_INT(IPWorks_TFTPServer_CheckIndex(self->server, 5, 1), 903);
        CHECK_INT(IPWorks_TFTPServer_Set(self->server, 4, id, "a\0b", 3), 0);
        const void *data = IPWorks_TFTPServer_Get(self->server, 4, id, &length, NULL);
        CHECK_BYTES(data, static_cast<size_t>(length), "a\0b", 3);
        CHECK(IPWorks_TFTPServer_Get(self->server, 8, id, NULL, NULL) != NULL);
    }
    if (event_id == EID_TFTPSERVER_TRANSFER) {
        self->data.append(static_cast<char *>(param[4]), static_cast<size_t>(cbparam[4]));
        CHECK_INT(*static_cast<int64 *>(param[2]), self->data.size());
    }
    if (event_id == EID_TFTPSERVER_CONNECTIONREQUEST && strcmp(static_cast<char *>(param[2]), "no") == 0) {
        param[5] = NULL;
    }
    self->ended += event_id == EID_TFTPSERVER_DISCONNECTED;
    return 0;
}

void the_c_layer_serves()
{
    directory dir;
    sunk self;
    CHECK_INT(IPWorks_TFTPServer_StaticInit(NULL), 0);
    self.server = IPWorks_TFTPServer_Create(sink, &self, NULL, 0);
    CHECK(self.server != NULL);
    CHECK_INT(IPWorks_TFTPServer_Set(self.server, 13, 0, "127.0.0.1", 0), 0);
    CHECK_INT(IPWorks_TFTPServer_Set(self.server, 14, 0, reinterpret_cast<void *>(intptr_t(0)), 0), 0);
    CHECK_INT(IPWorks_TFTPServer_Do(self.server, START_LISTENING, 0, NULL, NULL, NULL), 0);
    int64 port = 0;
    int length = -1;
    CHECK_TEXT(static_cast<char *>(IPWorks_TFTPServer_Get(self.server, 13, 0, &length, NULL)), "127.0.0.1");
    CHECK_INT(length, 9);
    IPWorks_TFTPServer_Get(self.server, 14, 0, NULL, &port);
    CHECK(port > 0);
    CHECK_INT(run(self, get(static_cast<int>(port), "f", dir.path("got"))), CURL_GOOD);
    CHECK(pump(self, [&] { return self.ended == 1; }));
    CHECK(same(dir.read("got"), std::string("a\0b", 3)));
    CHECK(same(self.data, std::string("a\0b", 3)));
    CHECK_INT(self.destroyed, 907);
    CHECK_INT(run(self, get(static_cast<int>(port), "no", dir.path("got"))), CURL_ERROR_2);
    self.events.erase(EID_TFTPSERVER_LOG);
    CHECK(self.events == (std::map<int, int>{{1, 3}, {2, 6}, {3, 3}, {4, 2}, {7, 2}, {8, 5}}));
    CHECK_INT(IPWorks_TFTPServer_Do(self.server, STOP_LISTENING, 0, NULL, NULL, NULL), 0);
    CHECK_INT(IPWorks_TFTPServer_Destroy(self.server), 0);
    CHECK_INT(IPWorks_TFTPServer_StaticDestroy(), 0);
}

void the_c_layer_waits_for_its_directory()
{
    directory dir;
    std::string later = dir.path("later"), data = noise(5000);
    dir.write("f", data);
    sunk self;
    int length = -1;
    self.server = IPWorks_TFTPServer_Create(sink, &self, NULL, 0);
    CHECK_INT(IPWorks_TFTPServer_Set(self.server, 13, 0, "127.0.0.1", 0), 0);
    CHECK_INT(IPWorks_TFTPServer_Set(self.server, 14, 0, NULL, 0), 0);
    CHECK_INT(IPWorks_TFTPServer_Set(self.server, 12, 0, later.c_str(), 0), 0);
    CHECK_TEXT(static_cast<char *>(IPWorks_TFTPServer_Get(self.server, 12, 0, &length, NULL)), later.c_str());
    CHECK_INT(length, later.size());
    CHECK_INT(IPWorks_TFTPServer_Do(self.server, START_LISTENING, 0, NULL, NULL, NULL), 905);
    CHECK_INT(::mkdir(later.c_str(), 0700), 0);
    CHECK_INT(IPWorks_TFTPServer_Do(self.server, START_LISTENING, 0, NULL, NULL, NULL), 0);
    int port = static_cast<int>(reinterpret_cast<intptr_t>(IPWorks_TFTPServer_Get(self.server, 14, 0, NULL, NULL)));
    CHECK_INT(run(self, put(port, "new", dir.path("f"))), CURL_GOOD);
    CHECK(same(dir.read("later/new"), data));
    CHECK_INT(IPWorks_TFTPServer_Set(self.server, 12, 0, "", 0), 0);
    CHECK(run(self, put(port, "new", dir.path("f"))) != CURL_GOOD);
    CHECK_INT(IPWorks_TFTPServer_Destroy(self.server), 0);
    ::unlink((later + "/new").c_str());
    ::rmdir(later.c_str());
}

void the_c_layer_misused()
{
    void *param[2] = {const_cast<char *>("MaxBlockSize"), NULL};
    int cbparam[2] = {0, 0};
    int length = -1;
    CHECK_INT(IPWorks_TFTPServer_Do(NULL, DO_EVENTS, 0, NULL, NULL, NULL), 901);
    CHECK_INT(IPWorks_TFTPServer_Do(NULL, 77, 0, NULL, NULL, NULL), 901);
    CHECK_INT(IPWorks_TFTPServer_Set(NULL, 12, 0, "/", 0), 901);
    CHECK(IPWorks_TFTPServer_Get(NULL, 12, 0, &length, NULL) == NULL && length == 0);
    CHECK_INT(IPWorks_TFTPServer_GetLastErrorCode(NULL), 901);
    CHECK(strlen(IPWorks_TFTPServer_GetLastError(NULL)) > 5);
    CHECK_INT(IPWorks_TFTPServer_CheckIndex(NULL, 12, 0), 901);
    CHECK_INT(IPWorks_TFTPServer_Destroy(NULL), 901);
    void *server = IPWorks_TFTPServer_Create(NULL, NULL, const_cast<char *>("a key"), 5);
    CHECK_INT(IPWorks_TFTPServer_Do(server, CONFIG, 1, param, cbparam, NULL), 0);
    CHECK_TEXT(static_cast<char *>(param[1]), "65464");
    CHECK_INT(cbparam[1], 5);
    CHECK_INT(IPWorks_TFTPServer_Do(server, CONFIG, 1, param, NULL, NULL), 0);
    CHECK_INT(IPWorks_TFTPServer_Do(server, CONFIG, 0, NULL, NULL, NULL), 905);
    param[0] = NULL;
    CHECK_INT(IPWorks_TFTPServer_Do(server, CONFIG, 1, param, cbparam, NULL), 905);
    CHECK(param[1] == NULL);
    CHECK_INT(IPWorks_TFTPServer_Do(server, 77, 0, NULL, NULL, NULL), 909);
    CHECK_INT(IPWorks_TFTPServer_Set(server, 12, 0, NULL, 0), 905);
    CHECK_INT(IPWorks_TFTPServer_Set(server, 12, 0, NULL, 5), 905);
    CHECK_INT(IPWorks_TFTPServer_Set(server, 12, 0, "/", -1), 905);
    CHECK_INT(IPWorks_TFTPServer_Set(server, 12, 0, "/tmp/else", 4), 0);
    CHECK_TEXT(static_cast<char *>(IPWorks_TFTPServer_Get(server, 12, 0, NULL, NULL)), "/tmp");
    CHECK_INT(IPWorks_TFTPServer_Set(server, 99, 0, "x", 0), 902);
    CHECK(IPWorks_TFTPServer_Get(server, 3, 0, NULL, NULL) == NULL);
    CHECK_INT(IPWorks_TFTPServer_GetLastErrorCode(server), 902);
    CHECK_INT(IPWorks_TFTPServer_CheckIndex(server, 5, 0), 903);
    CHECK_INT(IPWorks_TFTPServer_CheckIndex(server, 12, 5), 0);
    CHECK_INT(IPWorks_TFTPServer_Destroy(server), 0);
}

} // namespace

int main()
{
    check_begin(600);
    RUN(what_fails_says_so);
    RUN(listening_and_ports);
    RUN(several_texts_at_once);
    RUN(inline_functions_are_the_same_in_every_file);
    RUN(the_c_layer_misused);
    if (!have("curl")) {
        return check_failed != 0 ? 1 : 77;
    }
    RUN(a_download_fires_every_event);
    RUN(an_upload_reaches_transfer);
    RUN(an_upload_without_a_destination_fails);
    RUN(an_upload_fails_until_local_dir_is_valid);
    RUN(a_local_dir_may_come_later);
    RUN(accept_0_refuses);
    RUN(the_conn_arrays);
    RUN(exceptions_come_out_of_doevents);
    RUN(deleted_in_a_handler);
    RUN(the_other_class_in_a_handler);
    RUN(many_threads);
    RUN(a_forked_child_may_destroy);
    RUN(the_c_layer_serves);
    RUN(the_c_layer_waits_for_its_directory);
    return check_end();
}
