/* The C layer: one sink for every event. */
#include <stdint.h>
#include <stdio.h>

#include "../../include/ipworks.h"

static int done;

static int sink(void *context, int event_id, int cparam, void *param[], int cbparam[])
{
    switch (event_id) {
    case 2:
        printf("%s asks for %s\n", (char *)param[0], (char *)param[2]);
        param[5] = (void *)(intptr_t)(((char *)param[2])[0] != '.');
        break;
    case 3:
        printf("%d disconnected: %d %s\n", (int)(intptr_t)param[0], (int)(intptr_t)param[1], (char *)param[2]);
        done = 1;
        break;
    case 8:
        *(int64 *)context += cbparam[4];
        if (*(int64 *)context != *(int64 *)param[2] || cparam != 5)
            printf("Error: %lld bytes, not %lld\n", *(int64 *)context, *(int64 *)param[2]);
        break;
    }
    return 0;
}

int main(int argc, char **argv)
{
    int64 bytes = 0;
    void *config[2] = {(void *)"MaxWindowSize", NULL};
    int lengths[2] = {0, 0};
    void *server = IPWorks_TFTPServer_Create(sink, &bytes, NULL, 0);

    if (server == NULL || argc < 2)
        return 2;
    IPWorks_TFTPServer_StaticInit(NULL);
    IPWorks_TFTPServer_Set(server, 12, 0, argv[1], 0);
    IPWorks_TFTPServer_Set(server, 14, 0, (void *)(intptr_t)0, 0);
    if (IPWorks_TFTPServer_Do(server, 2, 1, config, lengths, NULL) == 0)
        printf("MaxWindowSize is %s\n", (char *)config[1]);
    if (IPWorks_TFTPServer_Do(server, 4, 0, NULL, NULL, NULL) != 0) {
        printf("Error: %i - %s\n", IPWorks_TFTPServer_GetLastErrorCode(server),
               IPWorks_TFTPServer_GetLastError(server));
        return 1;
    }
    printf("Listening on port %d\n", (int)(intptr_t)IPWorks_TFTPServer_Get(server, 14, 0, NULL, NULL));
    fflush(stdout);
    while (!done)
        IPWorks_TFTPServer_Do(server, 3, 0, NULL, NULL, NULL);
    IPWorks_TFTPServer_Do(server, 5, 0, NULL, NULL, NULL);
    printf("%lld bytes\n", bytes);
    IPWorks_TFTPServer_Destroy(server);
    IPWorks_TFTPServer_StaticDestroy();
    return 0;
}
