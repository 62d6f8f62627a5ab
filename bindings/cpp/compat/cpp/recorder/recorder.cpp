/* Without a directory: downloads come from memory, uploads go to a vector. */
#include <stdio.h>
#include <stdlib.h>
#include <string>
#include <vector>

#include "../../include/ipworks.h"

class Recorder : public TFTPServer {
    std::vector<char> received;

public:
    bool done;

    Recorder() : done(false) {}

    int FireConnected(TFTPServerConnectedEventParams *e) override
    {
        std::string text = std::string("for ") + GetConnRemoteHost(e->ConnectionId) + ": "
            + GetConnFilename(e->ConnectionId) + '\0' + "\n";
        if (e->StatusCode == 0 && SetConnFileData(e->ConnectionId, text.data(), (int)text.size()) != 0)
            printf("Error: %d - %s\n", GetLastErrorCode(), GetLastError());
        char *data = NULL;
        int length = -1;
        if (GetConnFileData(e->ConnectionId, data, length) != 0 || std::string(data, length) != text)
            printf("Error: the data is not what was set\n");
        return 0;
    }

    int FireTransfer(TFTPServerTransferEventParams *e) override
    {
        if (e->Direction == 0)
            received.insert(received.end(), e->Text, e->Text + e->lenText);
        return 0;
    }

    int FireEndTransfer(TFTPServerEndTransferEventParams *e) override
    {
        if (e->Direction == 0) {
            unsigned sum = 0;
            for (size_t i = 0; i < received.size(); i++)
                sum = sum * 31 + (unsigned char)received[i];
            printf("Upload: %s, %d bytes, sum %u\n", GetConnFilename(e->ConnectionId), (int)received.size(), sum);
            done = true;
        }
        return 0;
    }
};

int main(int argc, char **argv)
{
    Recorder *recorder = new Recorder;

    recorder->SetLocalPort(argc > 1 ? atoi(argv[1]) : 69);
    recorder->Config("LogLevel=0");
    if (recorder->StartListening()) {
        printf("Error: %i - %s\n", recorder->GetLastErrorCode(), recorder->GetLastError());
        exit(1);
    }
    printf("Listening on port %d\n", recorder->GetLocalPort());
    fflush(stdout);
    while (!recorder->done)
        recorder->DoEvents();
    recorder->StopListening();
    delete recorder;
    return 0;
}
