// The IPWorks header as programs for Windows use it: wide text, and the C layer with a sink that is
// __stdcall.
#include <winsock2.h>

#include <cstdio>
#include <cstring>
#include <string>

#include <ipworks/ipworks.h>

static int failed;

static void check(bool holds, int line, const char *what)
{
    if (!holds) {
        std::printf("line %d: failed: %s\n", line, what);
        failed++;
    }
}
#define CHECK(condition) check((condition), __LINE__, #condition)

struct Requests : TFTPServer {
    int requests = 0, ended = 0;
    int FireConnectionRequest(TFTPServerConnectionRequestEventParams *e) override
    {
        requests += std::strcmp(e->Filename, "Gr\xc3\xbc\xc3\x9f"
                                             "e")
                 == 0;
        return 0;
    }
    int FireDisconnected(TFTPServerDisconnectedEventParams *e) override
    {
        ended += e->StatusCode == 0;
        return 0;
    }
};

// One block, the whole file.
static std::string get(TFTPServer &server, const char *name, const int &ended)
{
    sockaddr_in to = {};
    int size = sizeof to;
    char packet[600] = "\0\1";
    std::string request = std::string("\0\1", 2) + name + std::string("\0octet", 7), got;
    SOCKET client = socket(AF_INET, SOCK_DGRAM, 0);
    u_long no_waiting = 1;
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<u_short>(server.GetLocalPort()));
    sendto(client, request.data(), static_cast<int>(request.size()), 0, reinterpret_cast<sockaddr *>(&to), size);
    ioctlsocket(client, FIONBIO, &no_waiting);
    for (int round = 0; round < 2000 && ended == 0; round++) {
        server.DoEvents();
        int length = recvfrom(client, packet, sizeof packet, 0, reinterpret_cast<sockaddr *>(&to), &size);
        if (length >= 4 && packet[1] == 3) {
            got.assign(packet + 4, static_cast<std::size_t>(length - 4));
            sendto(client, "\0\4\0\1", 4, 0, reinterpret_cast<sockaddr *>(&to), size);
        }
    }
    closesocket(client);
    return got;
}

static void wide_text()
{
    static const wchar_t directory[] = L"wide \u00e4\u4e2d\U0001f600";
    Requests server;
    FILE *file;
    CreateDirectoryW(directory, nullptr);
    file = _wfopen((std::wstring(directory) + L"\\Gr\u00fc\u00dfe").c_str(), L"wb");
    CHECK(file != nullptr && std::fputs("content", file) >= 0 && std::fclose(file) == 0);
    CHECK(server.SetRuntimeLicense(L"any") == 0);
    CHECK(server.SetLocalDir(directory) == 0);
    CHECK(std::strcmp(server.GetLocalDir(), "wide \xc3\xa4\xe4\xb8\xad\xf0\x9f\x98\x80") == 0);
    CHECK(server.SetLocalHost(L"127.0.0.1") == 0 && server.SetLocalPort(0) == 0);
    CHECK(std::strcmp(server.Config(L"SelectWaitMillis=10"), "") == 0);
    CHECK(std::strcmp(server.Config(L"SelectWaitMillis"), "10") == 0);
    CHECK(server.SetLocalDir(static_cast<const wchar_t *>(nullptr)) == TFTPSERVER_ERROR_INVALID_VALUE);
    // An unpaired surrogate is no text. A LocalDir that does not exist is kept until listening
    // starts.
    CHECK(server.SetLocalHost(L"127.0.0.1\xd800") == TFTPSERVER_ERROR_INVALID_VALUE);
    CHECK(server.SetLocalDir(L"wide\xdc00") == 0 && server.StartListening() == TFTPSERVER_ERROR_INVALID_VALUE);
    CHECK(server.SetLocalDir(directory) == 0);
    CHECK(server.StartListening() == 0);
    CHECK(get(server,
              "Gr\xc3\xbc\xc3\x9f"
              "e",
              server.ended)
          == "content");
    CHECK(server.requests == 1 && server.ended == 1);
}

static int __stdcall sink(void *context, int event_id, int cparam, void *param[], int cbparam[])
{
    (void)param;
    (void)cbparam;
    *static_cast<int *>(context) += event_id == EID_TFTPSERVER_ERROR && cparam == 2;
    return 0;
}

static void c_layer()
{
    int errors = 0;
    void *(__stdcall * create)(IPWorks_TFTPServer_Sink, void *, char *, int) = IPWorks_TFTPServer_Create;
    int(__stdcall * destroy)(void *) = IPWorks_TFTPServer_Destroy;
    void *object = create(sink, &errors, nullptr, 0);
    CHECK(object != nullptr);
    CHECK(IPWorks_TFTPServer_Set(object, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, reinterpret_cast<void *>(6969), 0) == 0);
    CHECK(IPWorks_TFTPServer_Get(object, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, nullptr, nullptr)
          == reinterpret_cast<void *>(6969));
    CHECK(IPWorks_TFTPServer_Do(object, IPWORKS_TFTPSERVER_DOEVENTS, 0, nullptr, nullptr, nullptr) == 0);
    CHECK(destroy(object) == 0);
}

int main()
{
    WSADATA data;
    WSAStartup(MAKEWORD(2, 2), &data);
    wide_text();
    c_layer();
    std::printf("%d failed\n", failed);
    return failed != 0;
}
