/*
 * What a library instrumented by LLVM calls and GCC's runtime of ThreadSanitizer has not: it sees the functions of the C
 * library themselves. A runtime that has them goes first.
 */
#include <stddef.h>
#include <string.h>

void *__tsan_memcpy(void *to, const void *from, size_t length);
void *__tsan_memmove(void *to, const void *from, size_t length);
void *__tsan_memset(void *to, int byte, size_t length);

__attribute__((weak)) void *__tsan_memcpy(void *to, const void *from, size_t length)
{
    return memcpy(to, from, length);
}

__attribute__((weak)) void *__tsan_memmove(void *to, const void *from, size_t length)
{
    return memmove(to, from, length);
}

__attribute__((weak)) void *__tsan_memset(void *to, int byte, size_t length)
{
    return memset(to, byte, length);
}
