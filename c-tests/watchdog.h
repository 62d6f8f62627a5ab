/*
 * Reports a hanging test. Each thread notes its next action. If the main thread makes no progress
 * for too long, the watchdog prints the actions of all threads, the kernel's state of each and
 * (with gdb) their stacks, and ends the test with 98.
 */
#ifndef WATCHDOG_H
#define WATCHDOG_H

#include <stdint.h>

enum { WATCHDOG_PLACES = 32 };

/*
 * Starts the watchdog: `seconds` without watchdog_alive are too long; stretched on slow machines.
 */
void watchdog_begin(int seconds);
void watchdog_end(void);
/* Reports progress. `round` is printed if it was the last one. */
void watchdog_alive(long round);
/*
 * Sets the current action of `place`, a thread's own number below WATCHDOG_PLACES; `what`: a
 * literal, NULL: nothing.
 */
void watchdog_doing(int place, const char *what);

#endif
