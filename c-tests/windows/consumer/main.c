/*
 * Opens a server, sends it a request as a client would, and answers that request from a callback.
 */
#include <winsock2.h>

#include <stdio.h>
#include <string.h>

#include <tftpserver.h>

static int32_t on_connected(tftpserver *server, tftpserver_event *event, void *context)
{
    (void)context;
    return tftpserver_set(server, TFTPSERVER_PROPERTY_CONN_FILE_DATA, event->data.connected.connection_id, "it works");
}

static int ask(tftpserver *server, char *answer, int room)
{
    static const char request[] = "\0\1any name\0octet";
    struct sockaddr_in address = {0};
    DWORD patience = 20000;
    HANDLE waiting = tftpserver_get_event_handle(server);
    SOCKET client = socket(AF_INET, SOCK_DGRAM, 0);
    int length;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((u_short)tftpserver_get_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0));
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, (const char *)&patience, sizeof patience);
    sendto(client, request, sizeof request, 0, (struct sockaddr *)&address, sizeof address);
    if (waiting == NULL || WaitForSingleObject(waiting, patience) != WAIT_OBJECT_0
        || tftpserver_do_doevents(server) != 0)
        return -1;
    length = recv(client, answer, room, 0);
    closesocket(client);
    return length;
}

int main(void)
{
    WSADATA data;
    char answer[600];
    int length;
    tftpserver *server = tftpserver_open();
    if (server == NULL || WSAStartup(MAKEWORD(2, 2), &data) != 0)
        return 1;
    tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_HOST, 0, "127.0.0.1");
    tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, 0);
    tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTED, on_connected, NULL);
    if (tftpserver_do_startlistening(server) != 0) {
        fprintf(stderr, "%s\n", tftpserver_get_last_error(server));
        return 1;
    }
    length = ask(server, answer, sizeof answer);
    if (tftpserver_close(server) != 0 || length != 12 || memcmp(answer, "\0\3\0\1it works", 12) != 0) {
        fprintf(stderr, "no answer, or a wrong one\n");
        return 1;
    }
    printf("tftpserver %s works\n", tftpserver_version());
    return 0;
}
