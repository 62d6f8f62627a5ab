/*
 * A client with whims: it reads and writes by chance, with and without options, gives up in the middle, sends an
 * ERROR, falls silent, and holds every byte that it gets against what it must be.
 */
#ifndef GUEST_H
#define GUEST_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "chance.h"
#include "client.h"

typedef struct guest {
    chance chance;
    const uint8_t *content;      /* what every file holds, as far as it goes */
    size_t sizes[4];             /* of the files f0, f1, f2, f3 to read; an upload sends one of these */
    int number;                  /* uploads go to up<number> */
    unsigned abandons_one_in;    /* packets after which it gives up; 0: never */
    /* What it did. */
    long reads, writes, whole, abandoned, refused, silent, wrong;
} guest;

/* One transfer on a new socket with the server at `port`; gives up for good after `millis` without a packet, or when
   *stop is set. */
void guest_visit(guest *self, int port, int millis, const int *stop);

#endif
