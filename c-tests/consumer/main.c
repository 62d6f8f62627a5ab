/*
 * Opens a server, sends it a request as a client would, and answers that request from a callback.
 */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tftpserver.h>

static int32_t on_connected(tftpserver *server, tftpserver_event *event, void *context)
{
    (void)context;
    return tftpserver_set(server, TFTPSERVER_PROPERTY_CONN_FILE_DATA, event->data.connected.connection_id, "it works");
}

int main(void)
{
    static const char request[] = "\0\1any name\0octet";
    struct sockaddr_in address;
    char answer[600];
    ssize_t length = -1;
    int fd = socket(AF_INET, SOCK_DGRAM, 0), round;
    tftpserver *server = tftpserver_open();

    alarm(60);
    if (server == NULL || fd < 0) {
        return 1;
    }
    tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_HOST, 0, "127.0.0.1");
    tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, 0);
    tftpserver_register_callback(server, TFTPSERVER_EVENT_CONNECTED, on_connected, NULL);
    if (tftpserver_do_startlistening(server) != 0) {
        fprintf(stderr, "%s\n", tftpserver_get_last_error(server));
        return 1;
    }
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)tftpserver_get_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0));
    sendto(fd, request, sizeof request, 0, (struct sockaddr *)&address, sizeof address);
    for (round = 0; round < 500 && length < 0; round++) {
        tftpserver_do_doevents(server);
        length = recv(fd, answer, sizeof answer, MSG_DONTWAIT);
    }
    close(fd);
    if (tftpserver_close(server) != 0 || length != 12 || memcmp(answer, "\0\3\0\1it works", 12) != 0) {
        fprintf(stderr, "no answer, or a wrong one\n");
        return 1;
    }
    printf("tftpserver %s works\n", tftpserver_version());
    return 0;
}
