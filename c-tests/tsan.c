/*
 * Functions that a library instrumented by LLVM calls and that GCC's ThreadSanitizer runtime lacks,
 * because it intercepts the functions of the C library themselves. They are weak: a runtime that
 * has them takes precedence.
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
