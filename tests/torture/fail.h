/* torture/fail.h: the n-th allocation, SQLite call or file operation fails on cue.
 *
 * A program that links this has malloc(), sqlite3_step(), write() and their like stood in for, in its own code and in
 * every library. They pass calls through until a plan is armed; then calls of the plan's kinds are counted, and those
 * that are due fail as they would in life: no memory, no space, an error of the disk. Only the thread that armed it is
 * concerned. */
#ifndef KK_TORTURE_FAIL_H
#define KK_TORTURE_FAIL_H

#include <stdbool.h>
#include <stdint.h>

enum fail_kind {
    FAIL_MEMORY = 1,
    FAIL_SQLITE = 2, /* its calls */
    FAIL_FILE = 4,
    FAIL_SQLITE_MEMORY = 8 /* apart, because it asks a hundred times as often as we do */
};

struct fail_plan {
    unsigned kinds;
    int64_t nth;     /* counted from 1; 0: none fails, they are only counted */
    bool is_lasting; /* all from the nth on */
    bool is_partial; /* a write writes half first; an SQLite step does its work and then says that it failed */
};

void fail_arm(const struct fail_plan *plan); /* counts anew */
void fail_disarm(void);
int64_t fail_seen(void);   /* calls of the plan's kinds so far */
int64_t fail_failed(void); /* those of them that were made to fail */
/* What belongs to the test and not to the program under it is spared; nests. */
void fail_spare(bool is_spared);

/* Once, before SQLite is used: its memory is of a kind of its own. */
void fail_sqlite_apart(void);

/* For the stand-ins: counts a call; true when it is to fail. */
bool fail_is_due(enum fail_kind kind);
bool fail_is_partial(void);

#endif
