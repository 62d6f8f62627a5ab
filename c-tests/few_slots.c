/*
 * Preloaded under valgrind: calls recvmmsg for two messages at a time, until none is queued. The
 * server offers room for 64 of the longest datagrams at every call, and memcheck checks each byte
 * of that room: four megabytes for an ACK of four bytes, which took four fifths of the run time of
 * these tests. The messages, their places and the results are the same. Now and then all the room
 * is offered at once, so that all of it is checked.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { AT_A_TIME = 2, WHOLE_EVERY = 64 };

static __thread unsigned calls;
/* As in the kernel, an error after received messages is kept, and the next call returns it. */
static __thread int kept_error, kept_for = -1;

static int after(int fd, unsigned taken)
{
    if (taken > 0 && errno != EAGAIN) {
        kept_error = errno;
        kept_for = fd;
    }
    return taken > 0 ? (int)taken : -1;
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout)
{
    unsigned taken = 0;
    long got = AT_A_TIME;
    if (kept_for == fd) {
        kept_for = -1;
        errno = kept_error;
        return -1;
    }
    if (timeout != NULL || !(flags & MSG_DONTWAIT) || calls++ % WHOLE_EVERY == 0) {
        return (int)syscall(SYS_recvmmsg, fd, messages, count, flags, timeout);
    }
    while (taken < count && got == AT_A_TIME) {
        unsigned part = count - taken < AT_A_TIME ? count - taken : AT_A_TIME;
        got = syscall(SYS_recvmmsg, fd, messages + taken, part, flags, NULL);
        if (got < 0) {
            return after(fd, taken);
        }
        taken += (unsigned)got;
    }
    return (int)taken;
}
