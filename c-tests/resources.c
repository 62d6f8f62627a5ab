#define _GNU_SOURCE
#include "resources.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "check.h"

enum { PATIENCE_MILLIS = 20000 };

static int entries(const char *path)
{
    DIR *dir = opendir(path);
    int count = -3; /* ".", ".." and the directory itself */
    while (dir && readdir(dir)) {
        count++;
    }
    if (dir) {
        closedir(dir);
    }
    return count;
}

static long resident(void)
{
    long size, pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file) {
        if (fscanf(file, "%ld %ld", &size, &pages) != 2) {
            pages = 0;
        }
        fclose(file);
    }
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static long given_out(void)
{
#if defined(__GLIBC__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 33)
    struct mallinfo2 all = mallinfo2();
    return (long)((all.uordblks + all.hblkhd) / 1024);
#else
    return 0;
#endif
#else
    return 0;
#endif
}

void resources_begin(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    mallopt(M_ARENA_MAX, 2);
#endif
}

resources resources_now(void)
{
    resources now;
    now.descriptors = entries("/proc/self/fd");
    now.threads = entries("/proc/self/task") + 1;
    now.rss = resident();
    now.heap = given_out();
    return now;
}

int resources_are_back(const resources *before)
{
    int left = PATIENCE_MILLIS * check_slowness();
    for (;;) {
        struct timespec moment = {0, 1000000};
        resources now = resources_now();
        if (now.descriptors <= before->descriptors && now.threads <= before->threads) {
            return 1;
        }
        if (left-- <= 0) {
            printf("%d descriptors, %d threads; before: %d, %d\n", now.descriptors, now.threads, before->descriptors,
                   before->threads);
            return 0;
        }
        nanosleep(&moment, NULL);
    }
}

int resources_temporary(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    int count = 0;
    while (dir && (entry = readdir(dir)) != NULL) {
        count += strncmp(entry->d_name, ".tftpserver-", 12) == 0;
    }
    if (dir) {
        closedir(dir);
    }
    return count;
}
