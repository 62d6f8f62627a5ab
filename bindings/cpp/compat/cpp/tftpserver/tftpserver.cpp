/* A server as programs written for IPWorks TFTPServer look: a class with handlers, and a loop over DoEvents. */
#include <stdio.h>
#include <stdlib.h>

#include "../../include/ipworks.h"

class MyServer : public TFTPServer {
public:
    virtual int FireConnectionRequest(TFTPServerConnectionRequestEventParams *e)
    {
        printf("%s:%d asks for %s (mode %s, operation %d)\n", e->RemoteHost, e->RemotePort, e->Filename,
               e->TransferMode, e->Operation);
        if (e->Filename[0] == '.')
            e->Accept = 0;
        return 0;
    }

    virtual int FireConnected(TFTPServerConnectedEventParams *e)
    {
        printf("%d connected: %d %s\n", e->ConnectionId, e->StatusCode, e->Description);
        return 0;
    }

    virtual int FireStartTransfer(TFTPServerStartTransferEventParams *e)
    {
        printf("%d %s begins: %s for %s\n", e->ConnectionId, e->Direction == 0 ? "Upload" : "Download",
               GetConnFilename(e->ConnectionId), GetConnRemoteHost(e->ConnectionId));
        return 0;
    }

    virtual int FireTransfer(TFTPServerTransferEventParams *e)
    {
        if (e->PercentDone == 100)
            printf("%d %lld bytes, the last block has %d\n", e->ConnectionId, e->BytesTransferred, e->lenText);
        return 0;
    }

    virtual int FireEndTransfer(TFTPServerEndTransferEventParams *e)
    {
        printf("%d %s ends\n", e->ConnectionId, e->Direction == 0 ? "Upload" : "Download");
        return 0;
    }

    virtual int FireDisconnected(TFTPServerDisconnectedEventParams *e)
    {
        printf("%d disconnected: %d %s\n", e->ConnectionId, e->StatusCode, e->Description);
        fflush(stdout);
        return 0;
    }

    virtual int FireError(TFTPServerErrorEventParams *e)
    {
        printf("error %d: %s\n", e->ErrorCode, e->Description);
        return 0;
    }
};

int main(int argc, char **argv)
{
    MyServer server;
    int ret;

    if (argc < 2) {
        fprintf(stderr, "usage: tftpserver DIRECTORY [PORT]\n");
        return 1;
    }
    ret = server.SetLocalDir(argv[1]);
    if (ret == 0 && argc > 2)
        ret = server.SetLocalPort(atoi(argv[2]));
    if (ret == 0)
        ret = server.StartListening();
    if (ret != 0) {
        printf("Error: %i - %s\n", ret, server.GetLastError());
        return ret;
    }
    printf("Listening on port %d, serving %s\n", server.GetLocalPort(), server.GetLocalDir());
    fflush(stdout);
    while (true) {
        server.DoEvents();
    }
}
