/*
 * Preloaded under valgrind: recvmmsg two messages at a time, until no more wait. The server offers room for 64 of the
 * longest datagrams at every call, and memcheck looks at each byte of that room each time: four megabytes for an ACK of
 * four bytes, which was four fifths of all that these tests computed. What comes, where, and what is returned are the
 * same. Now and then all the room is offered at once, so that all of it is looked at.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { AT_A_TIME = 2, WHOLE_EVERY = 64 };

static __thread unsigned calls;
/* What the kernel does with an error behind messages that came: the next call has it. */
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
