/*
 * The POSIX functions that the test programs use and MinGW-w64 lacks, on top of Winsock. Included
 * before everything else (gcc -include), so that the programs are unchanged. In wine the current
 * drive is the one of the system's root, so that /tmp is there.
 */
#ifndef WINDOWS_POSIX_H
#define WINDOWS_POSIX_H

#define WIN32_LEAN_AND_MEAN
#define NOGDI
#define NOMINMAX
#define _CRT_RAND_S
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>

#include <direct.h>
#include <errno.h>
#include <io.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

typedef unsigned nfds_t;
#define MSG_DONTWAIT 0 /* every receive follows a poll */
#define SIGALRM 14
#define SIGPIPE 13
#define lstat stat
#define mkdir(path, mode) _mkdir(path)

struct iovec {
    void *iov_base;
    size_t iov_len;
};

struct msghdr {
    void *msg_name;
    socklen_t msg_namelen;
    struct iovec *msg_iov;
    size_t msg_iovlen;
    void *msg_control;
    size_t msg_controllen;
    int msg_flags;
};

__attribute__((constructor)) static void posix_begin(void)
{
    WSADATA data;
    WSAStartup(MAKEWORD(2, 2), &data);
}

/* In place of SIGALRM: a thread that ends the program. */
static void *posix_alarm(void *seconds)
{
    Sleep((DWORD)(size_t)seconds * 1000);
    fputs("the test hangs: stopped by its alarm\n", stdout);
    fflush(stdout);
    _exit(99);
    return NULL;
}

static inline unsigned alarm(unsigned seconds)
{
    pthread_t thread;
    if (seconds > 0 && pthread_create(&thread, NULL, posix_alarm, (void *)(size_t)seconds) == 0)
        pthread_detach(thread);
    return 0;
}

static inline int posix_errno(int result)
{
    if (result < 0) {
        int code = WSAGetLastError();
        errno = code == WSAEWOULDBLOCK ? EAGAIN : code == WSAECONNRESET ? ECONNREFUSED : code;
    }
    return result;
}

static inline int poll(struct pollfd *entries, nfds_t count, int milliseconds)
{
    nfds_t at, real = 0;
    for (at = 0; at < count; at++)
        real += (intptr_t)(int)entries[at].fd >= 0;
    if (real == 0) {
        Sleep(milliseconds > 0 ? (DWORD)milliseconds : 0);
        return 0;
    }
    return posix_errno(WSAPoll(entries, count, milliseconds));
}

static inline ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    WSABUF parts[16];
    DWORD sent = 0;
    size_t at;
    for (at = 0; at < message->msg_iovlen && at < 16; at++) {
        parts[at].buf = message->msg_iov[at].iov_base;
        parts[at].len = (ULONG)message->msg_iov[at].iov_len;
    }
    if (posix_errno(WSASendTo((SOCKET)fd, parts, (DWORD)at, &sent, (DWORD)flags, message->msg_name,
                              message->msg_namelen, NULL, NULL))
        < 0)
        return -1;
    return (ssize_t)sent;
}

/* POSIX's socket functions take void pointers. */
#define sendto(fd, bytes, length, flags, to, size) \
    ((ssize_t)posix_errno(sendto((SOCKET)(fd), (const char *)(bytes), (int)(length), (flags), (to), (size))))
#define send(fd, bytes, length, flags) \
    ((ssize_t)posix_errno(send((SOCKET)(fd), (const char *)(bytes), (int)(length), (flags))))
#define recvfrom(fd, bytes, length, flags, from, size) \
    ((ssize_t)posix_errno(recvfrom((SOCKET)(fd), (char *)(bytes), (int)(length), (flags), (from), (size))))
#define recv(fd, bytes, length, flags) \
    ((ssize_t)posix_errno(recv((SOCKET)(fd), (char *)(bytes), (int)(length), (flags))))
#define setsockopt(fd, level, name, value, size) \
    setsockopt((SOCKET)(fd), (level), (name), (const char *)(value), (int)(size))
#define socket(family, kind, protocol) ((int)socket((family), (kind), (protocol)))
#define bind(fd, to, size) posix_errno(bind((SOCKET)(fd), (to), (size)))
#define connect(fd, to, size) posix_errno(connect((SOCKET)(fd), (to), (size)))

/* Files and sockets both have small numbers as descriptors: one of the two calls closes it. */
static inline int posix_close(int fd)
{
    return closesocket((SOCKET)fd) == 0 ? 0 : _close(fd);
}
#define close posix_close

static inline char *mkdtemp(char *path)
{
    char *end = path + strlen(path) - 6;
    int attempt;
    for (attempt = 0; attempt < 100; attempt++) {
        unsigned random = 0;
        rand_s(&random);
        snprintf(end, 7, "%06x", random & 0xffffff);
        if (_mkdir(path) == 0)
            return path;
    }
    return NULL;
}

#endif
