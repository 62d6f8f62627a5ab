/*
 * Reproducible random numbers: one stream for each thread, so that no thread affects the numbers of
 * another.
 */
#ifndef CHANCE_H
#define CHANCE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct chance {
    uint64_t state;
} chance;

static inline uint64_t chance_next(chance *self)
{
    uint64_t mixed = self->state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

/* Returns a number from 0 to `below` - 1. */
static inline unsigned chance_below(chance *self, unsigned below)
{
    return (unsigned)(chance_next(self) % below);
}

/* Returns 1 in one of `times` cases on average, else 0. */
static inline int chance_one_in(chance *self, unsigned times)
{
    return chance_below(self, times) == 0;
}

/* Returns a separate stream for the n-th user of a seed. */
static inline chance chance_stream(uint64_t seed, uint64_t n)
{
    chance self = {seed ^ (n * UINT64_C(0xd1342543de82ef95))};
    chance_next(&self);
    return self;
}

/* Returns TFTP_SEED, or a seed from the clock, and prints it, so that a run can be repeated. */
static inline uint64_t chance_seed(void)
{
    const char *text = getenv("TFTP_SEED");
    struct timespec now;
    uint64_t seed;
    clock_gettime(CLOCK_REALTIME, &now);
    seed = text ? strtoull(text, NULL, 0) : (uint64_t)now.tv_sec * 1000000007u + (uint64_t)now.tv_nsec;
    printf("TFTP_SEED=%llu\n", (unsigned long long)seed);
    fflush(stdout);
    return seed;
}

/* Returns a whole number from the environment, such as the length of a run. */
static inline long chance_length(const char *name, long usual)
{
    const char *text = getenv(name);
    long value = text ? strtol(text, NULL, 10) : usual;
    return value > 0 ? value : usual;
}

#endif
