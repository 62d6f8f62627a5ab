/*
 * Says what hangs. Each thread notes what it is about to do; where the main thread's work makes no progress for too
 * long, what all of them were doing, what the kernel says of every thread and (with gdb) their stacks are printed,
 * and the test ends with 98.
 */
#ifndef WATCHDOG_H
#define WATCHDOG_H

#include <stdint.h>

enum { WATCHDOG_PLACES = 32 };

/* `seconds` without watchdog_alive are too long; stretched where the machine is slow. */
void watchdog_begin(int seconds);
void watchdog_end(void);
/* The work goes on: `round` is printed if it does not any more. */
void watchdog_alive(long round);
/* What this place (a thread's own number below WATCHDOG_PLACES) does from now on; a literal, NULL: nothing. */
void watchdog_doing(int place, const char *what);

#endif
