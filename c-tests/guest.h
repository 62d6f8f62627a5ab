/*
 * A client that acts at random: it reads or writes, with and without options, gives up in the
 * middle, sends an ERROR or falls silent, and it compares every byte that it gets with the expected
 * content.
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
    const uint8_t *content;      /* the content of every file, up to its size */
    size_t sizes[4];             /* of the files f0, f1, f2, f3 to read; an upload sends one of these */
    int number;                  /* uploads go to up<number> */
    unsigned abandons_one_in;    /* packets after which it gives up; 0: never */
    /* The outcomes, counted. */
    long reads, writes, whole, abandoned, refused, silent, wrong;
} guest;

/* Runs one transfer on a new socket with the server at `port`. Gives up after `millis` without a packet, or when *stop
   is set. */
void guest_visit(guest *self, int port, int millis, const int *stop);

#endif
