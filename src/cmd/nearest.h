/* cmd/nearest.h: what a person may have meant. */
#ifndef KK_CMD_NEAREST_H
#define KK_CMD_NEAREST_H

#include "base/bytes.h"

/* Single-letter edits (insert, remove, change, swap of neighbours) from a to b; at most 64 bytes of each are looked at.
 */
int edit_distance(struct kk_sv a, struct kk_sv b);

/* Keeps the nearest of several names; zeroed before the first. */
struct nearest {
    const char *name;
    int distance;
};
/* A name is near when at most a third of it, and at least two letters, may be mistyped. */
void nearest_try(struct nearest *nearest, struct kk_sv typed, const char *name);

#endif
