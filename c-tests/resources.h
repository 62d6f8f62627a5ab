/* The resources of this process: descriptors, threads, memory, temporary files. */
#ifndef RESOURCES_H
#define RESOURCES_H

typedef struct resources {
    int descriptors, threads;
    long rss;                    /* KiB */
    long heap;                   /* KiB that malloc has given out; 0 if the C library does not report it */
} resources;

resources resources_now(void);
/* Makes the C library return big blocks at once and spread the others less, so that the resident size follows current
   use, not past use. Call it before anything else. */
void resources_begin(void);
/* Waits until there are no more descriptors and threads than before, because a joined thread is listed a moment longer.
   Returns 1 if that happened in time. */
int resources_are_back(const resources *before);
/* Returns the number of temporary files of unfinished uploads in a directory. */
int resources_temporary(const char *dir);

#endif
