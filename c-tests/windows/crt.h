/* What msvc.c and the headers that it includes use of Microsoft's C library, whose headers are not available here. The
   step `msvc` of scripts/test-systems.sh gives it the names of those headers. */
#ifndef CRT_H
#define CRT_H

#include <stddef.h>

#define ENOENT 2
#define errno (*_errno())

struct stat {
    char content[128];
};

__declspec(dllimport) int *_errno(void);
__declspec(dllimport) void *malloc(size_t size);
__declspec(dllimport) void *calloc(size_t count, size_t size);
__declspec(dllimport) void free(void *memory);
__declspec(dllimport) void *memchr(const void *memory, int byte, size_t size);
void *memcpy(void *to, const void *from, size_t size);
size_t strlen(const char *text);
__declspec(dllimport) long strtol(const char *text, char **end, int base);
__declspec(dllimport) int puts(const char *text);
__declspec(dllimport) int _stat64i32(const char *path, struct stat *status);

static __inline int stat(const char *path, struct stat *status)
{
    return _stat64i32(path, status);
}

#endif
