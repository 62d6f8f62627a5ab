/* What a process holds: descriptors, threads, memory, temporary files. */
#ifndef RESOURCES_H
#define RESOURCES_H

typedef struct resources {
    int descriptors, threads;
    long rss;                    /* KiB */
    long heap;                   /* KiB that malloc has given out; 0 where the C library does not tell */
} resources;

resources resources_now(void);
/* Has the C library give big blocks back at once and spread the others less: what is resident then says what is used,
   not what was. To be called before anything else. */
void resources_begin(void);
/* Waits until no more descriptors and threads are there than before: a thread that was joined is listed a moment
   longer. 1 when that came. */
int resources_are_back(const resources *before);
/* Files of unfinished uploads in a directory. */
int resources_temporary(const char *dir);

#endif
